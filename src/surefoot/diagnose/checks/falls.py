"""Falls: a run that left the ground again and again, whatever was done."""

from collections.abc import Sequence

from surefoot.diagnose.check import Check
from surefoot.diagnose.finding import Finding, Seen, Where

FALLS = Check(
    "falls", "the run fell and fell again", "certain", "fault", "does the run stay on its feet?",
    "A run that diverges goes back to its best weights with a smaller step size. Where that has not helped several "
    "times over, more steps will not either.",
    "The run comes to its end with the change made.",
    "a fit, which keeps its best weights and can go back to them",
    example="""
x = torch.randn(256, 8)
data = sf.Batches(x, x @ torch.randn(8, 1), size=32)
task = sf.Task(model=lambda: torch.nn.Linear(8, 1), penalty=torch.nn.MSELoss(), train=data, validation=data)
run = sf.fit(task, steps=400, rule="sgd", step_size=1e6)
""",
    at="fit",
)  # fmt: skip

CHECKS: tuple[Check, ...] = (FALLS,)

LESS = 10.0
"""By how much the step size is to be smaller than the last one that failed."""


def falls(steps: Sequence[int], peak: float, skipped: str) -> Finding:
    """Return the finding of a run that was given up.

    Args:
        steps: at which steps it fell.
        peak: the peak of the step size that the last fall was with.
        skipped: which steps were not finite though the weights were sound, in words; "" if there were none.

    >>> falls([100, 220, 340], 0.03, "").change
    'step_size=0.003'
    """
    once = len(steps) == 1
    times = f"{'once' if once else f'{len(steps)} times'}, at step{'' if once else 's'} {', '.join(map(str, steps))}"
    if skipped:
        return FALLS.finding(
            f"The run fell {times}: from sound weights too, no step had a finite penalty and gradient. It is the "
            "batches or the model that are at fault, whatever the step size.",
            f"# look at {skipped}: surefoot check TASK",
            [Seen("steps not taken", skipped, "none")],
            Where(steps[-1]),
        )
    return FALLS.finding(
        f"The run fell {times}{'' if once else ', each time with a smaller step size than before'}.",
        f"step_size={peak / LESS:.2g}",
        [Seen("peak of the step size at the last fall", peak, f"below {peak:.2g}")],
        Where(steps[-1]),
    )
