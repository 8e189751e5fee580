"""The precision: whether the numbers of a run are too small for the format that they are kept in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from surefoot.diagnose.check import Check
from surefoot.diagnose.finding import Finding, Seen, Where, listed

FLOAT16_UNDERFLOW = Check(
    "float16-underflow", "gradients too small for float16", "certain", "fault", "are the gradients precise?",
    "Below 6.1e-5 float16 loses one bit at every halving, and below 3e-8 everything becomes 0: what is left of these "
    "gradients is rounding, and the layers below learn nothing from it.",
    "The gradients are as large in float16 as they are in float32, before any unscaling.",
    "a forward pass under autocast to float16, or a model in float16",
    source="Micikevicius et al. 2018, arXiv 1710.03740, section 3.2",
    example="""
model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
doctor = sf.Doctor(model, optimizer)
for _ in range(20):
    with torch.autocast("cpu", dtype=torch.float16):
        penalty = 1e-6 * (model(torch.randn(256, 64)) - 1.0).square().mean()
    doctor.observe(penalty)
    optimizer.zero_grad()
    penalty.backward()
    optimizer.step()
""",
)  # fmt: skip

CHECKS: tuple[Check, ...] = (FLOAT16_UNDERFLOW,)

SUBNORMAL = 2.0**-14
"""The smallest float16 with all its bits."""

QUANTUM = 2.0**-24
"""What float16 rounds to below that: its smallest number above 0."""

LOST = 0.25
"""Part of a gradient's norm from which on its rounding alone makes a step go astray; above `SUBNORMAL` it is 0.0003."""

TIMES = 5
"""Backwards in a row before it is said."""


@final
@dataclass(frozen=True)
class Small:
    """How much of a gradient float16 has rounded away.

    Args:
        parameter: its name; "" for the gradient of the model's output on its way from float32 to float16.
        lost: norm of what was rounded away, in parts of the gradient's own; of a parameter, what is to be expected.
        times: backwards in a row with so large a part that it counts.
    """

    parameter: str
    lost: float
    times: int


def float16_underflow(seen: Sequence[Small], step: int) -> Finding | None:
    """Return a finding if the output's gradient or those of most weights were rounded away, several times in a row.

    >>> float16_underflow([Small("0.weight", 0.9, 5)], 5).code
    'float16-underflow'
    """
    low = [each for each in seen if each.times >= TIMES]
    weights = [each for each in low if each.parameter]
    if len(low) == len(weights) and (not low or 2 * len(low) <= sum(bool(each.parameter) for each in seen)):
        return None
    names = tuple(each.parameter for each in weights)
    whose = f"the gradients of {listed(names)}" if len(low) == len(weights) else "the gradients of the model's output"
    most = max(each.lost for each in low)
    return FLOAT16_UNDERFLOW.finding(
        f"{whose.capitalize()} are too small for float16: {most:.0%} of their size is rounded away.",
        "scaler = torch.amp.GradScaler(init_scale=2.0**32)  # scaler.scale(penalty).backward(), then scaler.step and "
        "scaler.update; or dtype=torch.bfloat16",
        [Seen("part of the gradient that is rounded away", most, f"below {LOST:g}")],
        Where(step, names),
    )
