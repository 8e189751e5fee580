"""SGD as torch.optim has it."""

from torch.optim.optimizer import ParamsT

from surefoot.errors import refuse
from surefoot.feedback import Plateau
from surefoot.pytorch.drop_in.reading import Number, decay_or_l2, sign
from surefoot.pytorch.optimizer import Optimizer
from surefoot.pytorch.spelling import Group, Reading, Spelling, chosen, number
from surefoot.pytorch.step_size import Scheduled
from surefoot.rules.sgd import MOMENTUM, NESTEROV
from surefoot.rules.sgd import SGD as PLAIN


def _read(group: Group) -> Reading:
    constants = {"decay": group["decay"]}
    rule = PLAIN
    if group["momentum"] != 0:
        rule = NESTEROV if group["nesterov"] else MOMENTUM
        constants |= {"momentum": number(group["momentum"]), "dampening": number(group["dampening"])}
    return Reading(rule, constants, number(group["weight_decay"]), sign(group))


class SGD(Optimizer):
    """Stochastic gradient descent with momentum, as torch.optim.SGD; see `surefoot.rules.sgd` for the formulas.

    Args:
        params: parameters, named parameters or groups.
        lr: the peak step size, 1e-3 [>= 0]; also spelled `step_size`.
        momentum: [>= 0]; 0 for none.
        dampening: share of each later gradient that the buffer leaves out.
        weight_decay: torch's L2 term [>= 0].
        nesterov: look ahead; needs momentum above 0 and dampening 0.
        maximize: ascend.
        foreach: accepted for torch's sake.
        differentiable: step inside autograd's graph (eagerly).
        fused: accepted for torch's sake.
        step_size: our word for `lr`.
        decay: decoupled weight decay [1 per step size, >= 0]; not together with `weight_decay`.
        schedule: factor of the step size by step, or schedules by hyperparameter.
        clip: largest global norm of the gradients.
        feedback: how `optimizer.feedback.observe` changes the step size.

    Errors: `InvalidValue` for a value out of bounds or two spellings of one thing.

    >>> import torch
    >>> p = torch.nn.Parameter(torch.tensor([1.0])); p.grad = torch.tensor([2.0])
    >>> SGD([p], step_size=0.1).step(); p.item()
    0.800000011920929
    """

    def __init__(
        self,
        params: ParamsT,
        lr: Number | None = None,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: Number = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
        step_size: Number | None = None,
        decay: float = 0.0,
        schedule: Scheduled = None,
        clip: float | None = None,
        feedback: Plateau | None = None,
    ) -> None:
        decay_or_l2("SGD", decay, weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            given = f"given are {momentum:g} and {dampening:g}"
            refuse("SGD", [f"nesterov needs momentum above 0 and dampening 0; {given}"])
        defaults = {
            "lr": chosen("SGD", 1e-3, lr=lr, step_size=step_size), "momentum": momentum, "dampening": dampening,
            "weight_decay": weight_decay, "nesterov": nesterov, "maximize": maximize, "foreach": foreach,
            "differentiable": differentiable, "fused": fused, "decay": decay,
        }  # fmt: skip
        super().__init__(params, defaults, schedule, clip, feedback)

    spelling = Spelling(
        _read,
        ("momentum", "dampening", "weight_decay", "nesterov", "maximize", "decay"),
        {"b": "momentum_buffer"},
        counted=False,
        words={"step_size": "lr"},
    )
