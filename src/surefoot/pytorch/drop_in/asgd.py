"""ASGD as torch.optim has it."""

from torch.optim.optimizer import ParamsT

from surefoot.feedback import Plateau
from surefoot.pytorch.drop_in.reading import Number, decay_or_l2, decayed
from surefoot.pytorch.optimizer import Optimizer
from surefoot.pytorch.spelling import Group, Reading, Spelling, chosen
from surefoot.pytorch.step_size import Scheduled
from surefoot.rules.asgd import ASGD as AVERAGED


def _read(group: Group) -> Reading:
    return decayed(group, AVERAGED, {"pull": group["lambd"], "slowness": group["alpha"], "averaged_from": group["t0"]})


class ASGD(Optimizer):
    """Averaged stochastic gradient descent, as torch.optim.ASGD; see `surefoot.rules.asgd` for the formula.

    The mean of the parameters is in `state[p]["ax"]`.

    Args:
        params: parameters, named parameters or groups.
        lr: the peak step size, 1e-2 [>= 0]; also spelled `step_size`.
        lambd: pull towards 0 [1 per step size, >= 0]; our word is `pull`.
        alpha: how fast the step size falls; our word is `slowness`.
        t0: the gradient from which on the mean is taken; our word is `averaged_from`.
        weight_decay: torch's L2 term [>= 0].
        foreach: accepted for torch's sake.
        maximize: ascend.
        differentiable: step inside autograd's graph (eagerly).
        capturable: accepted for torch's sake.
        step_size: our word for `lr`.
        decay: decoupled weight decay [1 per step size, >= 0]; not together with `weight_decay`.
        schedule: factor of the step size by step, or schedules by hyperparameter.
        clip: largest global norm of the gradients.
        feedback: how `optimizer.feedback.observe` changes the step size.

    Errors: `InvalidValue` for a value out of bounds or two spellings of one thing.

    >>> import torch
    >>> p = torch.nn.Parameter(torch.tensor([1.0])); p.grad = torch.tensor([2.0])
    >>> ASGD([p], step_size=0.25, lambd=0.0).step(); p.item()
    0.5
    """

    def __init__(
        self,
        params: ParamsT,
        lr: Number | None = None,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: Number = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
        *,
        step_size: Number | None = None,
        decay: float = 0.0,
        schedule: Scheduled = None,
        clip: float | None = None,
        feedback: Plateau | None = None,
    ) -> None:
        decay_or_l2("ASGD", decay, weight_decay)
        defaults = {
            "lr": chosen("ASGD", 1e-2, lr=lr, step_size=step_size), "lambd": lambd, "alpha": alpha, "t0": t0,
            "weight_decay": weight_decay, "foreach": foreach, "maximize": maximize, "differentiable": differentiable,
            "capturable": capturable, "decay": decay,
        }  # fmt: skip
        super().__init__(params, defaults, schedule, clip, feedback)

    spelling = Spelling(
        _read,
        ("lambd", "alpha", "t0", "weight_decay", "maximize", "decay"),
        {"a": "ax"},
        counted=True,
        words={"step_size": "lr", "pull": "lambd", "slowness": "alpha", "averaged_from": "t0"},
        carried={"stride": "eta", "weight": "mu"},
    )
