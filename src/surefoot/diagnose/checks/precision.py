"""The precision: whether the numbers of a run are too small for the format that they are kept in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from surefoot.diagnose.check import Check
from surefoot.diagnose.finding import Finding, Seen, Where, listed

FLOAT16_UNDERFLOW = Check(
    "float16-underflow", "gradients too small for float16", "certain", "fault", "are the gradients precise?",
    "Below 6.1e-5 float16 loses one bit at every halving, and below 3e-8 everything becomes 0: what is left of these "
    "gradients is mostly rounding.",
    "Most gradients are above 6.1e-5 where backward computes them, before any unscaling.",
    "a forward pass under autocast to float16, or a model in float16",
    source="Micikevicius et al. 2018, arXiv 1710.03740, section 3.2",
    example="""
model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
doctor = sf.Doctor(model, optimizer)
for _ in range(20):
    with torch.autocast("cpu", dtype=torch.float16):
        penalty = 1e-4 * (model(torch.randn(256, 64)) - 1.0).square().mean()
    doctor.observe(penalty)
    optimizer.zero_grad()
    penalty.backward()
    optimizer.step()
""",
)  # fmt: skip

CHECKS: tuple[Check, ...] = (FLOAT16_UNDERFLOW,)

SUBNORMAL = 2.0**-14
"""The smallest float16 with all its bits."""


@final
@dataclass(frozen=True)
class Small:
    """How many entries of a gradient that is not 0 are below the smallest float16 with all its bits.

    Args:
        parameter: its name.
        share: of the entries that are not 0.
        times: backwards in a row with such a share above a half.
    """

    parameter: str
    share: float
    times: int


def float16_underflow(seen: Sequence[Small], step: int) -> Finding | None:
    """Return a finding if most entries of most gradients looked at were too small, several times in a row.

    >>> float16_underflow([Small("0.weight", 0.9, 5)], 5).code
    'float16-underflow'
    """
    low = [each for each in seen if each.times >= 5 and each.share > 0.5]
    if not low or 2 * len(low) <= len(seen):
        return None
    names = tuple(each.parameter for each in low)
    return FLOAT16_UNDERFLOW.finding(
        f"Computed in float16, most entries of the gradients of {listed(names)} are below 6.1e-5, where float16 loses "
        "its bits.",
        "scaler = torch.amp.GradScaler()  # scaler.scale(penalty).backward(); or dtype=torch.bfloat16",
        [Seen(f"share of small entries in the gradient of {low[0].parameter}", low[0].share, "below 0.5")],
        Where(step, names),
    )
