"""How large a step size may be where the penalty is curved: beyond it a path grows from step to step."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import final

KNOWN = ("sgd", "momentum", "momentum_keras", "momentum_mean", "nesterov", "nesterov_keras")
"""Rules whose steps are linear in the gradients, so that their limit is a formula."""

ADAPTS = "not known: it divides by the size of gradients or takes their sign, so its steps need not grow with them"


@final
@dataclass(frozen=True)
class Limit:
    """The step size from which on a rule diverges on a quadratic penalty, or why there is none to tell.

    Args:
        step_size: the limit; inf where no such is known.
        says: the formula, or the reason.
    """

    step_size: float
    says: str

    @property
    def known(self) -> bool:
        """Whether there is one."""
        return self.step_size < inf


def limit(rule: str, settings: Mapping[str, float], curvature: float) -> Limit:
    """Return the stability limit of a rule where the greatest curvature is given.

    The rules in `KNOWN` are two linear recursions a direction; the limit is where an eigenvalue of theirs leaves the
    unit circle, at -1.

    Source: Polyak 1964, theorem 9, for momentum; the same polynomial for the others.

    Args:
        rule: its name.
        settings: its constants; `momentum`, `dampening` and `decay` matter.
        curvature: the greatest [above 0].

    Laws: a path on a quadratic shrinks below the limit and grows above it.

    >>> limit("sgd", {}, 10.0).step_size, limit("momentum", {"momentum": 0.9}, 10.0).says
    (0.2, '2 (1 + momentum) / curvature')
    >>> limit("adam", {}, 10.0).known
    False
    """
    if rule not in KNOWN:
        return Limit(inf, ADAPTS)
    mu, intake = settings.get("momentum", 0.0), 1.0 - settings.get("dampening", 0.0)
    if rule == "sgd":
        return Limit(2.0 / (curvature + settings.get("decay", 0.0)), "2 / curvature")
    if not 0.0 <= mu < 1.0 or settings.get("decay", 0.0) or intake <= 0.0 or (intake != 1.0 and rule == "nesterov"):
        return Limit(inf, "not known for these settings")
    if rule == "momentum_mean":
        return Limit(
            2.0 * (1.0 + mu) / (1.0 - mu) / curvature, "2 (1 + momentum) / (1 - momentum) / curvature, once warm"
        )
    if rule.startswith("nesterov"):
        return Limit(2.0 * (1.0 + mu) / (1.0 + 2.0 * mu) / curvature, "2 (1 + momentum) / (1 + 2 momentum) / curvature")
    return Limit(2.0 * (1.0 + mu) / intake / curvature, "2 (1 + momentum) / curvature")
