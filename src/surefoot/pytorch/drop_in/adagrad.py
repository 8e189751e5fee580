"""Adagrad and Adadelta as torch.optim has them."""

from torch.optim.optimizer import ParamsT

from surefoot.feedback import Plateau
from surefoot.pytorch.drop_in.reading import Number, decay_or_l2, decayed
from surefoot.pytorch.optimizer import Optimizer
from surefoot.pytorch.spelling import Group, Reading, Spelling, chosen
from surefoot.pytorch.step_size import Scheduled
from surefoot.rules.adagrad import ADADELTA, ADAGRAD


def _read_adagrad(group: Group) -> Reading:
    start = group["initial_accumulator_value"]
    return decayed(group, ADAGRAD, {"start": start, "step_decay": group["lr_decay"], "eps": group["eps"]})


class Adagrad(Optimizer):
    """Adagrad, as torch.optim.Adagrad; see `surefoot.rules.adagrad` for the formula.

    As in torch, every parameter has its state from the start.

    Args:
        params: parameters, named parameters or groups.
        lr: the peak step size, 1e-2 [>= 0]; also spelled `step_size`.
        lr_decay: extra slowing by the number of gradients [>= 0]; our word is `step_decay`.
        weight_decay: torch's L2 term [>= 0].
        initial_accumulator_value: what the sum of squares starts at [>= 0]; our word is `start`.
        eps: floor of the divisor [unit of g, >= 0].
        foreach: accepted for torch's sake.
        maximize: ascend.
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
    >>> Adagrad([p], step_size=0.25).step(); p.item()
    0.75
    """

    def __init__(
        self,
        params: ParamsT,
        lr: Number | None = None,
        lr_decay: float = 0,
        weight_decay: Number = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        step_size: Number | None = None,
        decay: float = 0.0,
        schedule: Scheduled = None,
        clip: float | None = None,
        feedback: Plateau | None = None,
    ) -> None:
        decay_or_l2("Adagrad", decay, weight_decay)
        defaults = {
            "lr": chosen("Adagrad", 1e-2, lr=lr, step_size=step_size), "lr_decay": lr_decay, "eps": eps,
            "weight_decay": weight_decay, "initial_accumulator_value": initial_accumulator_value, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "fused": fused, "decay": decay,
        }  # fmt: skip
        super().__init__(params, defaults, schedule, clip, feedback)
        self.prepare()

    spelling = Spelling(
        _read_adagrad,
        ("lr_decay", "eps", "weight_decay", "initial_accumulator_value", "maximize", "decay"),
        {"v": "sum"},
        counted=True,
        words={"step_size": "lr", "step_decay": "lr_decay", "start": "initial_accumulator_value"},
    )


def _read_adadelta(group: Group) -> Reading:
    return decayed(group, ADADELTA, {"rho": group["rho"], "eps": group["eps"]})


class Adadelta(Optimizer):
    """Adadelta, as torch.optim.Adadelta; see `surefoot.rules.adagrad` for the formula.

    Args:
        params: parameters, named parameters or groups.
        lr: the peak step size, 1.0 [>= 0]; also spelled `step_size`.
        rho: memory of squares, of gradients and of steps [0 to 1].
        eps: what the roots start from [unit of g squared, >= 0].
        weight_decay: torch's L2 term [>= 0].
        foreach: accepted for torch's sake.
        capturable: accepted for torch's sake.
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
    >>> Adadelta([p]).step(); round(p.item(), 6)
    0.996838
    """

    def __init__(
        self,
        params: ParamsT,
        lr: Number | None = None,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: Number = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
        step_size: Number | None = None,
        decay: float = 0.0,
        schedule: Scheduled = None,
        clip: float | None = None,
        feedback: Plateau | None = None,
    ) -> None:
        decay_or_l2("Adadelta", decay, weight_decay)
        defaults = {
            "lr": chosen("Adadelta", 1.0, lr=lr, step_size=step_size), "rho": rho, "eps": eps,
            "weight_decay": weight_decay, "maximize": maximize, "capturable": capturable, "foreach": foreach,
            "differentiable": differentiable, "decay": decay,
        }  # fmt: skip
        super().__init__(params, defaults, schedule, clip, feedback)

    spelling = Spelling(
        _read_adadelta,
        ("rho", "eps", "weight_decay", "maximize", "decay"),
        {"v": "square_avg", "d": "acc_delta"},
        counted=True,
        words={"step_size": "lr"},
    )
