"""The rules that `fit` and the search know by name, what they take for each, and the optimizer that is made of it."""

from dataclasses import dataclass
from typing import final

from torch import nn

from surefoot.errors import TaskError
from surefoot.feedback import Plateau
from surefoot.pytorch.groups import groups
from surefoot.pytorch.matrices.hybrid import MuonAdamW
from surefoot.pytorch.optimizer import Optimizer
from surefoot.pytorch.rule_optimizer import RuleOptimizer, named
from surefoot.rules import unknown
from surefoot.schedules import Schedule, linear, warmup

SCHEDULE = warmup(0.05) >> linear(to=0.0)
"""The default schedule: up for 5 % of the run, then straight down to nothing."""


HYBRID = "muon"
"""`MuonAdamW`: Muon on hidden matrices and AdamW elsewhere; it needs the model, so it is no rule of one tensor."""


@final
@dataclass(frozen=True)
class Choice:
    """The defaults of one rule in `fit`.

    Args:
        step_size: the peak.
        decay: decoupled decay of the matrices, per unit of step size.
        steady: whether that step size does well on most tasks, as it does where steps do not grow with the gradient.
    """

    step_size: float
    decay: float
    steady: bool = True

    @property
    def anchor(self) -> float | None:
        """The step size if it does well on most tasks."""
        return self.step_size if self.steady else None


CHOICES = {
    "muon": Choice(step_size=1.2e-2, decay=0.1),
    "adamw": Choice(step_size=1e-2, decay=0.1), "adam": Choice(step_size=1e-2, decay=0.0),
    "amsgradw": Choice(step_size=1e-2, decay=0.1), "nadamw": Choice(step_size=1e-2, decay=0.1),
    "radam": Choice(step_size=3e-2, decay=0.1), "adamax": Choice(step_size=3e-2, decay=0.1),
    "rmsprop": Choice(step_size=3e-3, decay=0.1), "rmsprop_momentum": Choice(step_size=3e-4, decay=0.1),
    "adagrad": Choice(step_size=3e-2, decay=0.1), "adadelta": Choice(step_size=3.0, decay=1e-3, steady=False),
    "lion": Choice(step_size=3e-4, decay=0.1), "rprop": Choice(step_size=1e-3, decay=0.0),
    "sgd": Choice(step_size=1e-1, decay=1e-3, steady=False),
    "momentum": Choice(step_size=1e-1, decay=1e-3, steady=False),
    "nesterov": Choice(step_size=1e-1, decay=1e-3, steady=False),
    "momentum_mean": Choice(step_size=1.0, decay=1e-3, steady=False),
    "asgd": Choice(step_size=0.3, decay=1e-3, steady=False),
}  # fmt: skip
"""By rule, where it is not the rule's own; `sgd` is `momentum` here.

Measured on the digits (`benchmarks/choices.py`, its figures beside it): an MLP and a conv net, 200 and 800 steps of 64,
half-decade grid, best validation penalty as a geometric mean over the four. Rules that normalise take half a decade
below the best, since too high costs more than too low on other tasks; adamw 0.0003 to 0.1: .54 .14 .074 .038 .023 .037.
The others, whose penalty halves from one grid point to the next, take the best: sgd 0.01 to 0.3: .48 .11 .040 .14.
Adamw's decay 0, 0.1, 0.3: at 0.01 .043 .042 .045, at 0.03 .044 .031 .035.
"""


FIELD = ("muon",)
"""The rules that race where none is named; the first is the one that trains where there is no race.

Adamw was no better on any of fourteen workloads (`benchmarks/tuning`), and would have won races of a few percent of a
run's length on some of them."""


def meant(rule: str) -> str:
    """Return the rule that a fit's `rule` names: sgd has momentum there, which is what people mean by it."""
    return "momentum" if rule == "sgd" else rule


def no_choice(rule: str) -> str | None:
    """Say that `fit` knows no rule of a name, and which are near, or None if it does.

    >>> no_choice("muon"), no_choice("sgd")
    (None, None)
    """
    return None if rule == HYBRID else unknown(meant(rule))


def choice_of(rule: str) -> Choice:
    """Return a rule's defaults in `fit`: measured ones, or its own."""
    found = CHOICES.get(rule)
    if found is not None:
        return found
    constants = named(meant(rule)).constants
    return Choice(constants["step_size"], constants["decay"], steady=False)


def optimizer_of(
    model: nn.Module, rule: str, step_size: float, decay: float, *, schedule: Schedule, feedback: Plateau | None = None
) -> Optimizer:
    """Return a rule's optimizer over a model, with decay on its matrices only.

    Args:
        model: what is trained.
        rule: any that `no_choice` lets pass.
        step_size: the peak [> 0].
        decay: decoupled, of matrices [>= 0].
        schedule: the course of the step size.
        feedback: cuts it.

    Errors: TaskError if the model has nothing to train.
    """
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise TaskError("the model has no parameter that can be trained; check requires_grad")
    if rule == HYBRID:
        return MuonAdamW(model, step_size, decay=decay, schedule=schedule, feedback=feedback)
    return RuleOptimizer(groups(model, decay=decay), meant(rule), step_size, schedule=schedule, feedback=feedback)
