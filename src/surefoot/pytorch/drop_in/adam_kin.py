"""Adamax, NAdam and RAdam as torch.optim has them."""

from torch.optim.optimizer import ParamsT

from surefoot.feedback import Plateau
from surefoot.pytorch.drop_in.reading import Number, chosen_betas, decay_or_l2, decayed, memories
from surefoot.pytorch.optimizer import Optimizer
from surefoot.pytorch.spelling import Group, Reading, Spelling, chosen
from surefoot.pytorch.step_size import Scheduled
from surefoot.rules.adamax import ADAMAX
from surefoot.rules.nadam import NADAM
from surefoot.rules.radam import RADAM


def _read_adamax(group: Group) -> Reading:
    return decayed(group, ADAMAX, memories(group))


class Adamax(Optimizer):
    """Adamax, as torch.optim.Adamax; see `surefoot.rules.adamax` for the formula.

    Args:
        params: parameters, named parameters or groups.
        lr: the peak step size, 2e-3 [>= 0]; also spelled `step_size`.
        betas: memory of gradients and of their squares [each >= 0, below 1]; also spelled `beta1`, `beta2`.
        eps: floor of the divisor [unit of g, >= 0].
        weight_decay: torch's L2 term [>= 0].
        foreach: accepted for torch's sake.
        maximize: ascend.
        differentiable: step inside autograd's graph (eagerly).
        capturable: accepted for torch's sake.
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
    >>> Adamax([p], step_size=0.25).step(); p.item()
    0.75
    """

    def __init__(
        self,
        params: ParamsT,
        lr: Number | None = None,
        betas: tuple[Number, Number] | None = None,
        eps: float = 1e-8,
        weight_decay: Number = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
        step_size: Number | None = None,
        beta1: float | None = None,
        beta2: float | None = None,
        decay: float = 0.0,
        schedule: Scheduled = None,
        clip: float | None = None,
        feedback: Plateau | None = None,
    ) -> None:
        decay_or_l2("Adamax", decay, weight_decay)
        defaults = {
            "lr": chosen("Adamax", 2e-3, lr=lr, step_size=step_size),
            "betas": chosen_betas("Adamax", betas, beta1, beta2), "eps": eps,
            "weight_decay": weight_decay, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "capturable": capturable, "decay": decay,
        }  # fmt: skip
        super().__init__(params, defaults, schedule, clip, feedback)

    spelling = Spelling(
        _read_adamax,
        ("betas", "eps", "weight_decay", "maximize", "decay"),
        {"m": "exp_avg", "u": "exp_inf"},
        counted=True,
        words={"step_size": "lr"},
    )


def _read_nadam(group: Group) -> Reading:
    return decayed(group, NADAM, {**memories(group), "momentum_decay": group["momentum_decay"]})


class NAdam(Optimizer):
    """Nadam, as torch.optim.NAdam; see `surefoot.rules.nadam` for the formula.

    Args:
        params: parameters, named parameters or groups.
        lr: the peak step size, 2e-3 [>= 0]; also spelled `step_size`.
        betas: memory of gradients and of their squares [each >= 0, below 1]; also spelled `beta1`, `beta2`.
        eps: floor of the divisor [unit of g, >= 0].
        weight_decay: torch's L2 term [>= 0].
        momentum_decay: how soon the momentum rises to beta1 [per gradient, >= 0].
        decoupled_weight_decay: let `weight_decay` be decoupled, as `decay` is.
        foreach: accepted for torch's sake.
        maximize: ascend.
        capturable: accepted for torch's sake.
        differentiable: step inside autograd's graph (eagerly).
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
    >>> NAdam([p], step_size=0.01).step(); round(p.item(), 6)
    0.989435
    """

    def __init__(
        self,
        params: ParamsT,
        lr: Number | None = None,
        betas: tuple[Number, Number] | None = None,
        eps: float = 1e-8,
        weight_decay: Number = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        step_size: Number | None = None,
        beta1: float | None = None,
        beta2: float | None = None,
        decay: float = 0.0,
        schedule: Scheduled = None,
        clip: float | None = None,
        feedback: Plateau | None = None,
    ) -> None:
        decay_or_l2("NAdam", decay, weight_decay)
        defaults = {
            "lr": chosen("NAdam", 2e-3, lr=lr, step_size=step_size),
            "betas": chosen_betas("NAdam", betas, beta1, beta2), "eps": eps,
            "weight_decay": weight_decay, "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "differentiable": differentiable, "decay": decay,
        }  # fmt: skip
        super().__init__(params, defaults, schedule, clip, feedback)

    spelling = Spelling(
        _read_nadam,
        ("betas", "eps", "weight_decay", "momentum_decay", "maximize", "decay", "decoupled_weight_decay"),
        {"m": "exp_avg", "v": "exp_avg_sq"},
        counted=True,
        words={"step_size": "lr"},
        carried={"mu_product": "mu_product"},
    )


def _read_radam(group: Group) -> Reading:
    return decayed(group, RADAM, memories(group))


class RAdam(Optimizer):
    """RAdam, as torch.optim.RAdam; see `surefoot.rules.radam` for the formula.

    Args:
        params: parameters, named parameters or groups.
        lr: the peak step size, 1e-3 [>= 0]; also spelled `step_size`.
        betas: memory of gradients and of their squares [each >= 0, below 1]; also spelled `beta1`, `beta2`.
        eps: floor of the divisor [unit of g, >= 0].
        weight_decay: torch's L2 term [>= 0].
        decoupled_weight_decay: let `weight_decay` be decoupled, as `decay` is.
        foreach: accepted for torch's sake.
        maximize: ascend.
        capturable: accepted for torch's sake.
        differentiable: step inside autograd's graph (eagerly).
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
    >>> RAdam([p], step_size=0.25).step(); p.item()
    0.5
    """

    def __init__(
        self,
        params: ParamsT,
        lr: Number | None = None,
        betas: tuple[Number, Number] | None = None,
        eps: float = 1e-8,
        weight_decay: Number = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        step_size: Number | None = None,
        beta1: float | None = None,
        beta2: float | None = None,
        decay: float = 0.0,
        schedule: Scheduled = None,
        clip: float | None = None,
        feedback: Plateau | None = None,
    ) -> None:
        decay_or_l2("RAdam", decay, weight_decay)
        defaults = {
            "lr": chosen("RAdam", 1e-3, lr=lr, step_size=step_size),
            "betas": chosen_betas("RAdam", betas, beta1, beta2), "eps": eps,
            "weight_decay": weight_decay, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable, "decay": decay,
        }  # fmt: skip
        super().__init__(params, defaults, schedule, clip, feedback)

    spelling = Spelling(
        _read_radam,
        ("betas", "eps", "weight_decay", "maximize", "decay", "decoupled_weight_decay"),
        {"m": "exp_avg", "v": "exp_avg_sq"},
        counted=True,
        words={"step_size": "lr"},
    )
