"""The optimizers that torch.optim has too: the same arguments, defaults, trajectory and `state_dict` layout.

Beside torch's words each takes ours: `step_size` for `lr`, `beta1` and `beta2` for `betas`, `decay` for decoupled
weight decay (AdamW's `weight_decay`; in SGD and RMSprop `weight_decay` is torch's L2 term, another thing). `foreach`,
`fused` and `capturable` are accepted and change nothing: every step here is fused.
"""

from torch import Tensor
from torch.optim.optimizer import ParamsT

from surefoot.errors import refuse
from surefoot.pytorch.optimizer import Optimizer
from surefoot.pytorch.spelling import Group, Reading, Spelling, chosen, number
from surefoot.rules.adam import ADAMW, AMSGRADW
from surefoot.rules.rmsprop import RMSPROP, RMSPROP_CENTERED, RMSPROP_CENTERED_MOMENTUM, RMSPROP_MOMENTUM
from surefoot.rules.sgd import MOMENTUM, NESTEROV
from surefoot.rules.sgd import SGD as PLAIN
from surefoot.schedules import Schedule

Number = float | Tensor


def _decay_or_l2(where: str, decay: float, weight_decay: Number) -> None:
    if decay and number(weight_decay):
        refuse(
            where,
            ["decay (decoupled) and weight_decay (torch's L2 term) are two different things; give one"],
        )


def _read_sgd(group: Group) -> Reading:
    constants = {"decay": group["decay"]}
    rule = PLAIN
    if group["momentum"] != 0:
        rule = NESTEROV if group["nesterov"] else MOMENTUM
        constants |= {"momentum": number(group["momentum"]), "dampening": number(group["dampening"])}
    return Reading(rule, constants, number(group["weight_decay"]), -1.0 if group["maximize"] else 1.0)


class SGD(Optimizer):
    """Stochastic gradient descent with momentum, as torch.optim.SGD; see `surefoot.rules.sgd` for the formulas.

    Args:
        params: parameters, named parameters or groups.
        lr: the peak step size, 1e-3 [> = 0]; also spelled `step_size`.
        momentum: [>= 0]; 0 for none.
        dampening: share of each later gradient that the buffer leaves out.
        weight_decay: torch's L2 term [>= 0].
        nesterov: look ahead; needs momentum above 0 and dampening 0.
        maximize: ascend.
        foreach: accepted for torch's sake, as is `fused`.
        differentiable: step inside autograd's graph (eagerly).
        fused: accepted for torch's sake.
        step_size: our word for `lr`.
        decay: decoupled weight decay [1 per step size, >= 0]; not together with `weight_decay`.
        schedule: factor of the step size by step.
        clip: largest global norm of the gradients.

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
        schedule: Schedule | None = None,
        clip: float | None = None,
    ) -> None:
        _decay_or_l2("SGD", decay, weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            refuse(
                "SGD", [f"nesterov needs momentum above 0 and dampening 0; given are {momentum:g} and {dampening:g}"]
            )
        defaults = {
            "lr": chosen("SGD", 1e-3, lr=lr, step_size=step_size), "momentum": momentum, "dampening": dampening,
            "weight_decay": weight_decay, "nesterov": nesterov, "maximize": maximize, "foreach": foreach,
            "differentiable": differentiable, "fused": fused, "decay": decay,
        }  # fmt: skip
        super().__init__(params, defaults, schedule, clip)

    spelling = Spelling(
        _read_sgd,
        ("momentum", "dampening", "weight_decay", "nesterov", "maximize", "decay"),
        {"b": "momentum_buffer"},
        counted=False,
        words={"step_size": "lr"},
    )


_RMSPROPS = {
    (False, False): RMSPROP, (False, True): RMSPROP_MOMENTUM,
    (True, False): RMSPROP_CENTERED, (True, True): RMSPROP_CENTERED_MOMENTUM,
}  # fmt: skip


def _read_rmsprop(group: Group) -> Reading:
    heavy = group["momentum"] > 0
    constants = {"alpha": group["alpha"], "eps": group["eps"], "decay": group["decay"]}
    if heavy:
        constants["momentum"] = group["momentum"]
    rule = _RMSPROPS[bool(group["centered"]), heavy]
    return Reading(rule, constants, group["weight_decay"], -1.0 if group["maximize"] else 1.0)


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
        capturable: accepted for torch's sake, as is `foreach`.
        foreach: accepted for torch's sake.
        maximize: ascend.
        differentiable: step inside autograd's graph (eagerly).
        step_size: our word for `lr`.
        decay: decoupled weight decay [1 per step size, >= 0]; not together with `weight_decay`.
        schedule: factor of the step size by step.
        clip: largest global norm of the gradients.

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
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        *,
        step_size: Number | None = None,
        decay: float = 0.0,
        schedule: Schedule | None = None,
        clip: float | None = None,
    ) -> None:
        _decay_or_l2("RMSprop", decay, weight_decay)
        defaults = {
            "lr": chosen("RMSprop", 1e-2, lr=lr, step_size=step_size), "momentum": momentum, "alpha": alpha, "eps": eps,
            "centered": centered, "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "decay": decay,
        }  # fmt: skip
        super().__init__(params, defaults, schedule, clip)

    spelling = Spelling(
        _read_rmsprop,
        ("alpha", "eps", "weight_decay", "momentum", "centered", "maximize", "decay"),
        {"v": "square_avg", "b": "momentum_buffer", "m": "grad_avg"},
        counted=True,
        words={"step_size": "lr"},
    )


def _read_adamw(group: Group) -> Reading:
    beta1, beta2 = group["betas"]
    constants = {
        "beta1": number(beta1), "beta2": number(beta2), "eps": group["eps"],
        "decay": group["weight_decay"],
    }  # fmt: skip
    return Reading(AMSGRADW if group["amsgrad"] else ADAMW, constants, 0.0, -1.0 if group["maximize"] else 1.0)


class AdamW(Optimizer):
    """Adam with decoupled weight decay, as torch.optim.AdamW; see `surefoot.rules.adam` for the formula.

    Args:
        params: parameters, named parameters or groups.
        lr: the peak step size, 1e-3 [>= 0]; also spelled `step_size`.
        betas: memory of gradients and of their squares [each >= 0, below 1]; also spelled `beta1`, `beta2`.
        eps: floor of the divisor [unit of g, >= 0].
        weight_decay: decoupled weight decay, 1e-2 [1 per step size, >= 0]; also spelled `decay`.
        amsgrad: divide by the largest mean square so far.
        maximize: ascend.
        foreach: accepted for torch's sake, as are `capturable` and `fused`.
        capturable: accepted for torch's sake.
        differentiable: step inside autograd's graph (eagerly).
        fused: accepted for torch's sake.
        step_size: our word for `lr`.
        beta1: our word for `betas[0]`.
        beta2: our word for `betas[1]`.
        decay: our word for `weight_decay`.
        schedule: factor of the step size by step.
        clip: largest global norm of the gradients.

    Errors: `InvalidValue` for a value out of bounds or two spellings of one thing.

    >>> import torch
    >>> p = torch.nn.Parameter(torch.tensor([1.0])); p.grad = torch.tensor([2.0])
    >>> AdamW([p], step_size=0.01, decay=0.0).step(); round(p.item(), 6)
    0.99
    """

    def __init__(
        self,
        params: ParamsT,
        lr: Number | None = None,
        betas: tuple[Number, Number] | None = None,
        eps: float = 1e-8,
        weight_decay: float | None = None,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        step_size: Number | None = None,
        beta1: float | None = None,
        beta2: float | None = None,
        decay: float | None = None,
        schedule: Schedule | None = None,
        clip: float | None = None,
    ) -> None:
        if betas is not None and (beta1 is not None or beta2 is not None):
            refuse("AdamW", ["betas and beta1 or beta2 are two spellings of one thing; give one"])
        first, second = betas or (0.9 if beta1 is None else beta1, 0.999 if beta2 is None else beta2)
        defaults = {
            "lr": chosen("AdamW", 1e-3, lr=lr, step_size=step_size), "betas": (number(first), number(second)),
            "eps": eps,
            "weight_decay": chosen("AdamW", 1e-2, weight_decay=weight_decay, decay=decay), "amsgrad": amsgrad,
            "maximize": maximize, "foreach": foreach, "capturable": capturable, "differentiable": differentiable,
            "fused": fused, "decoupled_weight_decay": True,
        }  # fmt: skip
        super().__init__(params, defaults, schedule, clip)

    spelling = Spelling(
        _read_adamw,
        ("betas", "eps", "weight_decay", "amsgrad", "maximize"),
        {"m": "exp_avg", "v": "exp_avg_sq", "w": "max_exp_avg_sq"},
        counted=True,
        words={"step_size": "lr", "decay": "weight_decay"},
    )
