"""Muon as torch.optim has it."""

from torch.optim.optimizer import ParamsT

from surefoot.errors import refuse
from surefoot.feedback import Plateau
from surefoot.pytorch.drop_in.reading import Number
from surefoot.pytorch.matrices.muon import COEFFICIENTS, ROUNDS, muon_rule
from surefoot.pytorch.matrices.shapes import shape_faults
from surefoot.pytorch.optimizer import Optimizer
from surefoot.pytorch.spelling import Group, Reading, Spelling, chosen, number
from surefoot.pytorch.step_size import Scheduled


def _read(group: Group) -> Reading:
    scale, coefficients = group["adjust_lr_fn"] or "original", tuple(group["ns_coefficients"])
    rule = muon_rule(scale, group["ns_steps"], coefficients, group["precision"], ahead=bool(group["nesterov"]))
    constants = {"momentum": number(group["momentum"]), "decay": number(group["weight_decay"]), "eps": group["eps"]}
    return Reading(rule, constants)


class Muon(Optimizer):
    """Muon, as torch.optim.Muon, for parameters of two axes; see `surefoot.pytorch.matrices.muon` for the formula.

    Vectors, embeddings and the last layer are not for Muon: `MuonAdamW` takes a whole model and finds out.

    Args:
        params: parameters, named parameters or groups.
        lr: the peak step size, 1e-3 [>= 0]; also spelled `step_size`.
        weight_decay: decoupled weight decay, 0.1 [1 per step size, >= 0]; also spelled `decay`.
        momentum: memory of the mean gradient [>= 0].
        nesterov: look ahead.
        ns_coefficients: of x, x³ and x⁵ in the polynomial that makes a matrix orthogonal.
        eps: the least norm that a gradient is divided by [unit of g, >= 0].
        ns_steps: rounds of the polynomial [0 to 99].
        adjust_lr_fn: how a step is scaled by its matrix's shape: "original" (None) or "match_rms_adamw".
        precision: of the rounds: "bfloat16" as torch's, "float32" (on many CPUs faster, and exact) or "float64".
        step_size: our word for `lr`.
        decay: our word for `weight_decay`.
        schedule: factor of the step size by step, or schedules by hyperparameter.
        clip: largest global norm of the gradients.
        feedback: how `optimizer.feedback.observe` changes the step size.

    Errors: `InvalidValue` for a value out of bounds, two spellings of one thing, or a parameter that is no matrix.

    >>> import torch
    >>> p = torch.nn.Parameter(torch.zeros(1, 2)); p.grad = torch.tensor([[3.0, 4.0]])
    >>> Muon([p], step_size=0.1, precision="float32").step(); p.data
    tensor([[-0.0..., -0.0...]])
    """

    def __init__(
        self,
        params: ParamsT,
        lr: Number | None = None,
        weight_decay: float | None = None,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = COEFFICIENTS,
        eps: float = 1e-7,
        ns_steps: int = ROUNDS,
        adjust_lr_fn: str | None = None,
        *,
        precision: str = "bfloat16",
        step_size: Number | None = None,
        decay: float | None = None,
        schedule: Scheduled = None,
        clip: float | None = None,
        feedback: Plateau | None = None,
    ) -> None:
        defaults = {
            "lr": chosen("Muon", 1e-3, lr=lr, step_size=step_size),
            "weight_decay": chosen("Muon", 0.1, weight_decay=weight_decay, decay=decay),
            "momentum": momentum, "nesterov": nesterov, "ns_coefficients": ns_coefficients, "eps": eps,
            "ns_steps": ns_steps, "adjust_lr_fn": adjust_lr_fn, "precision": precision, "differentiable": False,
        }  # fmt: skip
        super().__init__(params, defaults, schedule, clip, feedback)

    def add_param_group(self, param_group: Group) -> None:
        """Add a group; see `Optimizer.add_param_group`.

        Errors: `InvalidValue` too if it has a parameter that is no matrix.
        """
        super().add_param_group(param_group)
        faults = shape_faults(self.param_groups[-1], most=2)
        if faults:
            self.param_groups.pop()
            refuse("Muon", faults)

    spelling = Spelling(
        _read,
        ("weight_decay", "momentum", "nesterov", "ns_coefficients", "eps", "ns_steps", "adjust_lr_fn", "precision"),
        {"b": "momentum_buffer"},
        counted=False,
        words={"step_size": "lr", "decay": "weight_decay"},
    )
