"""RMSprop as torch.optim has it."""

from torch.optim.optimizer import ParamsT

from surefoot.feedback import Plateau
from surefoot.pytorch.drop_in.reading import Number, decay_or_l2, decayed
from surefoot.pytorch.optimizer import Optimizer
from surefoot.pytorch.spelling import Group, Reading, Spelling, chosen
from surefoot.pytorch.step_size import Scheduled
from surefoot.rules.rmsprop import RMSPROP, RMSPROP_CENTERED, RMSPROP_CENTERED_MOMENTUM, RMSPROP_MOMENTUM

_RULES = {
    (False, False): RMSPROP, (False, True): RMSPROP_MOMENTUM,
    (True, False): RMSPROP_CENTERED, (True, True): RMSPROP_CENTERED_MOMENTUM,
}  # fmt: skip


def _read(group: Group) -> Reading:
    heavy = group["momentum"] > 0
    momentum = {"momentum": group["momentum"]} if heavy else {}
    rule = _RULES[bool(group["centered"]), heavy]
    return decayed(group, rule, {"alpha": group["alpha"], "eps": group["eps"], **momentum})


class RMSprop(Optimizer):
    """RMSprop, as torch.optim.RMSprop; see `surefoot.rules.rmsprop` for the formula.

    Args:
        params: parameters, named parameters or groups.
        lr: the peak step size, 1e-2 [>= 0]; also spelled `step_size`.
        alpha: memory of squared gradients [>= 0].
        eps: floor of the divisor [unit of g, >= 0].
        weight_decay: torch's L2 term [>= 0].
        momentum: [>= 0]; 0 for none.
        centered: divide by the standard deviation and not by the root mean square.
        capturable: accepted for torch's sake.
        foreach: accepted for torch's sake.
        maximize: ascend.
        differentiable: step inside autograd's graph (eagerly).
        step_size: our word for `lr`.
        decay: decoupled weight decay [1 per step size, >= 0]; not together with `weight_decay`.
        schedule: factor of the step size by step, or schedules by hyperparameter.
        clip: largest global norm of the gradients.
        feedback: how `optimizer.feedback.observe` changes the step size.

    Errors: `InvalidValue` for a value out of bounds or two spellings of one thing.

    >>> import torch
    >>> p = torch.nn.Parameter(torch.tensor([1.0])); p.grad = torch.tensor([2.0])
    >>> RMSprop([p], step_size=0.01).step(); round(p.item(), 6)
    0.9
    """

    def __init__(
        self,
        params: ParamsT,
        lr: Number | None = None,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: Number = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        *,
        step_size: Number | None = None,
        decay: float = 0.0,
        schedule: Scheduled = None,
        clip: float | None = None,
        feedback: Plateau | None = None,
    ) -> None:
        decay_or_l2("RMSprop", decay, weight_decay)
        defaults = {
            "lr": chosen("RMSprop", 1e-2, lr=lr, step_size=step_size), "momentum": momentum, "alpha": alpha, "eps": eps,
            "centered": centered, "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "decay": decay,
        }  # fmt: skip
        super().__init__(params, defaults, schedule, clip, feedback)

    spelling = Spelling(
        _read,
        ("alpha", "eps", "weight_decay", "momentum", "centered", "maximize", "decay"),
        {"v": "square_avg", "b": "momentum_buffer", "m": "grad_avg"},
        counted=True,
        words={"step_size": "lr"},
    )
