"""Adam and AdamW as torch.optim has them."""

from torch.optim.optimizer import ParamsT

from surefoot.feedback import Plateau
from surefoot.pytorch.drop_in.reading import Number, chosen_betas, decay_or_l2, decayed, memories, sign
from surefoot.pytorch.optimizer import Optimizer
from surefoot.pytorch.spelling import Group, Reading, Spelling, chosen
from surefoot.pytorch.step_size import Scheduled
from surefoot.rules.adam import ADAM, ADAMW, AMSGRAD, AMSGRADW


def _read_adam(group: Group) -> Reading:
    return decayed(group, AMSGRAD if group["amsgrad"] else ADAM, memories(group))


class Adam(Optimizer):
    """Adam, as torch.optim.Adam; see `surefoot.rules.adam` for the formula.

    Args:
        params: parameters, named parameters or groups.
        lr: the peak step size, 1e-3 [>= 0]; also spelled `step_size`.
        betas: memory of gradients and of their squares [each >= 0, below 1]; also spelled `beta1`, `beta2`.
        eps: floor of the divisor [unit of g, >= 0].
        weight_decay: torch's L2 term [>= 0].
        amsgrad: divide by the largest mean square so far.
        foreach: accepted for torch's sake.
        maximize: ascend.
        capturable: accepted for torch's sake.
        differentiable: step inside autograd's graph (eagerly).
        fused: accepted for torch's sake.
        decoupled_weight_decay: let `weight_decay` be decoupled, as `decay` is.
        step_size: our word for `lr`.
        beta1: our word for `betas[0]`.
        beta2: our word for `betas[1]`.
        decay: decoupled weight decay [1 per step size, >= 0]; not together with `weight_decay`.
        schedule: factor of the step size by step, or schedules by hyperparameter.
        clip: largest global norm of the gradients.
        feedback: how `optimizer.feedback.observe` changes the step size.

    Errors: `InvalidValue` for a value out of bounds or two spellings of one thing.

    >>> import torch
    >>> p = torch.nn.Parameter(torch.tensor([1.0])); p.grad = torch.tensor([2.0])
    >>> Adam([p], step_size=0.01).step(); round(p.item(), 6)
    0.99
    """

    def __init__(
        self,
        params: ParamsT,
        lr: Number | None = None,
        betas: tuple[Number, Number] | None = None,
        eps: float = 1e-8,
        weight_decay: Number = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
        step_size: Number | None = None,
        beta1: float | None = None,
        beta2: float | None = None,
        decay: float = 0.0,
        schedule: Scheduled = None,
        clip: float | None = None,
        feedback: Plateau | None = None,
    ) -> None:
        decay_or_l2("Adam", decay, weight_decay)
        defaults = {
            "lr": chosen("Adam", 1e-3, lr=lr, step_size=step_size),
            "betas": chosen_betas("Adam", betas, beta1, beta2), "eps": eps,
            "weight_decay": weight_decay, "amsgrad": amsgrad, "maximize": maximize,
            "foreach": foreach, "capturable": capturable, "differentiable": differentiable, "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay, "decay": decay,
        }  # fmt: skip
        super().__init__(params, defaults, schedule, clip, feedback)

    spelling = Spelling(
        _read_adam,
        ("betas", "eps", "weight_decay", "amsgrad", "maximize", "decay", "decoupled_weight_decay"),
        {"m": "exp_avg", "v": "exp_avg_sq", "w": "max_exp_avg_sq"},
        counted=True,
        words={"step_size": "lr"},
    )


def _read_adamw(group: Group) -> Reading:
    constants = {**memories(group), "decay": group["weight_decay"]}
    return Reading(AMSGRADW if group["amsgrad"] else ADAMW, constants, 0.0, sign(group))


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
        foreach: accepted for torch's sake.
        capturable: accepted for torch's sake.
        differentiable: step inside autograd's graph (eagerly).
        fused: accepted for torch's sake.
        step_size: our word for `lr`.
        beta1: our word for `betas[0]`.
        beta2: our word for `betas[1]`.
        decay: our word for `weight_decay`.
        schedule: factor of the step size by step, or schedules by hyperparameter.
        clip: largest global norm of the gradients.
        feedback: how `optimizer.feedback.observe` changes the step size.

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
        schedule: Scheduled = None,
        clip: float | None = None,
        feedback: Plateau | None = None,
    ) -> None:
        defaults = {
            "lr": chosen("AdamW", 1e-3, lr=lr, step_size=step_size),
            "betas": chosen_betas("AdamW", betas, beta1, beta2), "eps": eps,
            "weight_decay": chosen("AdamW", 1e-2, weight_decay=weight_decay, decay=decay),
            "amsgrad": amsgrad, "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "differentiable": differentiable, "fused": fused, "decoupled_weight_decay": True,
        }  # fmt: skip
        super().__init__(params, defaults, schedule, clip, feedback)

    spelling = Spelling(
        _read_adamw,
        ("betas", "eps", "weight_decay", "amsgrad", "maximize"),
        {"m": "exp_avg", "v": "exp_avg_sq", "w": "max_exp_avg_sq"},
        counted=True,
        words={"step_size": "lr", "decay": "weight_decay"},
    )
