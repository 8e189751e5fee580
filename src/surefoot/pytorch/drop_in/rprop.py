"""Rprop as torch.optim has it."""

from torch.optim.optimizer import ParamsT

from surefoot.errors import refuse
from surefoot.feedback import Plateau
from surefoot.pytorch.drop_in.reading import Number, sign
from surefoot.pytorch.optimizer import Optimizer
from surefoot.pytorch.spelling import Group, Reading, Spelling, chosen
from surefoot.pytorch.step_size import Scheduled
from surefoot.rules.signs import RPROP


def _read(group: Group) -> Reading:
    (shrink, grow), (least, most) = group["etas"], group["step_sizes"]
    constants = {"shrink": shrink, "grow": grow, "least": least, "most": float(most), "decay": group["decay"]}
    return Reading(RPROP, constants, 0.0, sign(group))


class Rprop(Optimizer):
    """Rprop, as torch.optim.Rprop; see `surefoot.rules.signs` for the formula.

    Args:
        params: parameters, named parameters or groups.
        lr: the first length of every step, 1e-2 [>= 0]; also spelled `step_size`.
        etas: what a length is multiplied with where the gradient turns, and where not; ours: `shrink`, `grow`.
        step_sizes: the least and the largest length; our words are `least` and `most`.
        capturable: accepted for torch's sake.
        foreach: accepted for torch's sake.
        maximize: ascend.
        differentiable: step inside autograd's graph (eagerly).
        step_size: our word for `lr`.
        decay: decoupled weight decay [1 per step size, >= 0].
        schedule: factor of the step size by step, or schedules by hyperparameter.
        clip: largest global norm of the gradients.
        feedback: how `optimizer.feedback.observe` changes the step size.

    Errors: `InvalidValue` for a value out of bounds or two spellings of one thing.

    >>> import torch
    >>> p = torch.nn.Parameter(torch.tensor([1.0])); p.grad = torch.tensor([2.0])
    >>> Rprop([p], step_size=0.25).step(); p.item()
    0.75
    """

    def __init__(
        self,
        params: ParamsT,
        lr: Number | None = None,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        step_size: Number | None = None,
        decay: float = 0.0,
        schedule: Scheduled = None,
        clip: float | None = None,
        feedback: Plateau | None = None,
    ) -> None:
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            refuse("Rprop", [f"etas are {etas}; the first must be above 0 and below 1, the second above 1"])
        defaults = {
            "lr": chosen("Rprop", 1e-2, lr=lr, step_size=step_size), "etas": etas, "step_sizes": step_sizes,
            "foreach": foreach, "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
            "decay": decay,
        }  # fmt: skip
        super().__init__(params, defaults, schedule, clip, feedback)

    spelling = Spelling(
        _read,
        ("etas", "step_sizes", "maximize", "decay"),
        {"q": "prev", "s": "step_size"},
        counted=True,
        words={"step_size": "lr"},
    )
