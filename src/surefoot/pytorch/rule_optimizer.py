"""An optimizer for any rule, a user's own included."""

from collections.abc import Mapping

from torch.optim.optimizer import ParamsT

from surefoot.errors import refuse
from surefoot.feedback import Plateau
from surefoot.pytorch.optimizer import Optimizer
from surefoot.pytorch.spelling import Group, Reading, Spelling
from surefoot.pytorch.step_size import Scheduled
from surefoot.rules import RULES, unknown
from surefoot.rules.rule import Rule


def _spelling(rule: Rule) -> Spelling:
    constants = tuple(name for name in rule.constants if name != "step_size")

    def read(group: Group) -> Reading:
        return Reading(rule, {name: group[name] for name in constants}, group["l2"], -1.0 if group["maximize"] else 1.0)

    keys = (*constants, "l2", "maximize")
    return Spelling(
        read, keys, {slot: slot for slot in rule.slots}, counted=rule.counts, words={"step_size": "lr"},
        carried={name: name for name in rule.carried},
    )  # fmt: skip


def named(rule: Rule | str) -> Rule:
    """Return a rule, looked up if it is given by name.

    Errors: `InvalidValue` if there is none of that name.
    """
    if isinstance(rule, Rule):
        return rule
    fault = unknown(rule)
    refuse("RuleOptimizer", [fault] if fault else [])
    return RULES[rule]


class RuleOptimizer(Optimizer):
    """Steps by any rule: `RuleOptimizer(model.parameters(), "lion", step_size=1e-4)`.

    Args:
        params: parameters, named parameters or groups.
        rule: the rule, or the name of one of `surefoot.rules.RULES`; the kernel of your own is written, compiled and
            remembered on first use (about a second).
        step_size: the peak step size, the rule's own default if None [>= 0].
        constants: other constants of the rule that differ from its defaults.
        l2: an L2 term added to the gradient [>= 0].
        maximize: ascend.
        differentiable: step inside autograd's graph (eagerly).
        schedule: factor of the step size by step, or schedules by hyperparameter.
        clip: largest global norm of the gradients.
        feedback: how `optimizer.feedback.observe` changes the step size.

    Errors: `InvalidValue` for a constant the rule does not have, or out of bounds.

    >>> import torch
    >>> p = torch.nn.Parameter(torch.tensor([1.0])); p.grad = torch.tensor([2.0])
    >>> RuleOptimizer([p], "sgd", step_size=0.25).step(); p.item()
    0.5
    """

    def __init__(
        self,
        params: ParamsT,
        rule: Rule | str,
        step_size: float | None = None,
        constants: Mapping[str, float] | None = None,
        *,
        l2: float = 0.0,
        maximize: bool = False,
        differentiable: bool = False,
        schedule: Scheduled = None,
        clip: float | None = None,
        feedback: Plateau | None = None,
    ) -> None:
        rule = named(rule)
        given = dict(constants or {})
        own = {name: value for name, value in rule.constants.items() if name != "step_size"}
        known = ", ".join(own) or "none"
        refuse(
            f"rule {rule.name}", [f"it has no constant {name!r}; it has {known}" for name in given if name not in own]
        )
        self.rule = rule
        self.spelling = _spelling(rule)
        peak = rule.constants["step_size"] if step_size is None else step_size
        defaults = {"lr": peak, **own, **given, "l2": l2, "maximize": maximize, "differentiable": differentiable}
        super().__init__(params, defaults, schedule, clip, feedback)

    def __getstate__(self) -> dict[str, object]:
        """Return what a copy or a pickle keeps: the rule too."""
        return {**super().__getstate__(), "rule": self.rule}

    def __setstate__(self, state: dict[str, object]) -> None:
        """Take over the state of a copy or of a checkpoint."""
        rule = state.get("rule", self.__dict__.get("rule"))
        assert isinstance(rule, Rule)
        self.rule = rule
        self.spelling = _spelling(rule)
        super().__setstate__(state)
