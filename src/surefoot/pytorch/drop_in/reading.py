"""What the classes of torch's names have in common: how they read a group, and what they refuse."""

from typing import TypeAlias

from torch import Tensor

from surefoot.errors import refuse
from surefoot.pytorch.spelling import Group, Reading, number
from surefoot.rules.rule import Rule

Number: TypeAlias = float | Tensor


def decay_or_l2(where: str, decay: float, weight_decay: Number) -> None:
    """Refuse decoupled decay and torch's L2 term together."""
    if decay and number(weight_decay):
        refuse(where, ["decay (decoupled) and weight_decay (torch's L2 term) are two different things; give one"])


def chosen_betas(
    where: str, betas: tuple[Number, Number] | None, beta1: float | None, beta2: float | None
) -> tuple[float, float]:
    """Return both memories of the Adams, by whichever spelling they are given."""
    if betas is not None and (beta1 is not None or beta2 is not None):
        refuse(where, ["betas and beta1 or beta2 are two spellings of one thing; give one"])
    first, second = betas or (0.9 if beta1 is None else beta1, 0.999 if beta2 is None else beta2)
    return number(first), number(second)


def sign(group: Group) -> float:
    """Return what the gradient is multiplied with: -1 to ascend."""
    return -1.0 if group["maximize"] else 1.0


def memories(group: Group) -> dict[str, float]:
    """Return the constants that the Adams share."""
    beta1, beta2 = group["betas"]
    return {"beta1": number(beta1), "beta2": number(beta2), "eps": group["eps"]}


def decayed(group: Group, rule: Rule, constants: dict[str, float]) -> Reading:
    """Return the reading of a group whose `weight_decay` may be torch's L2 term or, by its flag, decoupled."""
    coupled = not group.get("decoupled_weight_decay", False)
    given = number(group["weight_decay"])
    return Reading(
        rule, {**constants, "decay": group["decay"] if coupled else given}, given if coupled else 0.0, sign(group)
    )
