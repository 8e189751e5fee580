"""`python -m surefoot.workers.curves sizes|schedules RULE STEP_SIZE STEPS`: a small net on the digits, several times.

Either at a step size, a tenth of it, ten times it, and farther to both sides; or at one step size with each schedule.
STEP_SIZE may be `usual`: what `fit` takes for the rule. A line for every ten steps of each run.
"""

import math
import sys
from collections.abc import Iterator
from dataclasses import replace

from surefoot.catalogue.schedules import SETTINGS
from surefoot.errors import InvalidValue
from surefoot.schedules import Schedule, parse
from surefoot.workers.telling import tell, told

FACTORS = (0.01, 0.1, 1.0, 10.0, 100.0)
"""Of the step size, those that are trained at: two decades to each side hold what is too low and what is too high."""

EVERY = 10
"""Steps of a run that are told of at once."""

WIDTH = 48
"""Neurons of the net: a run of 150 steps takes a second or less."""


def runs(what: str, step_size: float) -> Iterator[tuple[str, float, Schedule]]:
    """Go through the runs: what each is called, its step size and its schedule, with shares of the run.

    >>> [label for label, _, _ in runs("sizes", 0.01)]
    ['0.0001', '0.001', '0.01', '0.1', '1']
    >>> next(runs("schedules", 0.01))[0]
    'warmup(10%)'
    """
    if what == "sizes":
        course = parse("warmup(5%) >> linear()")
        yield from ((f"{step_size * factor:.3g}", step_size * factor, course) for factor in FACTORS)
    else:
        texts = [examples[0] for examples in SETTINGS.values()]
        yield from ((text, step_size, parse(text)) for text in texts)


def train(what: str, rule: str, size: str, steps: int) -> None:
    """Train all runs from one start, and tell of each as it goes on.

    Args:
        what: sizes or schedules.
        rule: as in `fit`.
        size: the step size, or `usual`.
        steps: of each run.

    Errors: InvalidValue if something is not allowed; MissingPackage if the digits are not installed.
    """
    from torch import nn

    from surefoot.search.start import Way, started
    from surefoot.tasks import load
    from surefoot.trace import Trace
    from surefoot.training.choices import choice_of, no_choice
    from surefoot.training.compute import Compute
    from surefoot.training.loop import descend

    fault = no_choice(rule)
    if fault or what not in ("sizes", "schedules") or not 1 <= steps <= 2000:
        raise InvalidValue(fault or f"{what}, {steps} steps: give sizes or schedules, and 1 to 2000 steps")
    choice = choice_of(rule)
    step_size = choice.step_size if size == "usual" else float(size)

    def net() -> nn.Module:
        hidden = (nn.Linear(64, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU())
        return nn.Sequential(*hidden, nn.Linear(WIDTH, 10))

    start = started(replace(load("digits"), model=net, validation=None, metrics={}), Way(0, Compute()))
    planned = list(runs(what, step_size))
    tell(runs=[label for label, _, _ in planned], steps=steps, step_size=step_size)
    for number, (_, peak, course) in enumerate(planned):

        def piece(trace: Trace, number: int = number) -> None:
            if "penalty" in trace.series:
                values = [float(value) for value in trace["penalty"].values]
                tell(run=number, penalties=[value if math.isfinite(value) else None for value in values])

        start.snapshot.restore()
        optimizer = start.optimizer(rule, peak, choice.decay, course.over(steps=steps))
        descend(start.task, start.task.make(), optimizer, steps=steps, check_every=EVERY, seed=0, tell=piece)
        tell(done=number)


if __name__ == "__main__":
    sys.exit(told(lambda: train(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))))
