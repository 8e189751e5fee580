"""The pace of a task: how long a step takes, measured on a few that leave no mark."""

from dataclasses import replace
from time import perf_counter

from surefoot.errors import TaskError
from surefoot.schedules import constant
from surefoot.search.start import Way, begun, failed, unmarked
from surefoot.training.best import no_weights
from surefoot.training.choices import choice_of, optimizer_of
from surefoot.training.compute import Compute
from surefoot.training.loop import descend
from surefoot.training.sources import again
from surefoot.training.task import Task

STEPS = 16
"""Steps that are taken; the first half loads kernels and fills caches and is not timed."""


def seconds_of_step(
    task: Task, rule: str, *, seed: int = 0, compute: Compute | None = None, accumulate: int = 1
) -> float:
    """Return how long a step of a task takes, without its checks [s].

    Args:
        task: what is trained; afterwards it is as it was.
        rule: the name of any rule, as in `fit`.
        seed: of the model and the batches.
        compute: where, and in which precision.
        accumulate: batches in a step [>= 1].

    Errors: TaskError if the task's code raises; KeyboardInterrupt.
    """
    usual, times = choice_of(rule), list[float]()
    with unmarked(task):
        kept = replace(task, train=again(task.train, STEPS * accumulate), validation=None, metrics={})
        way = Way(seed, compute or Compute(), accumulate)
        model = begun(kept, way)
        optimizer = optimizer_of(model, rule, usual.step_size, usual.decay, schedule=constant())
        ending = descend(
            kept, model, optimizer, steps=STEPS, check_every=STEPS, seed=seed, compute=way.compute,
            accumulate=accumulate, best=no_weights(), tick=lambda _: times.append(perf_counter()),
        )  # fmt: skip
    if ending.kind == "interrupted":
        raise KeyboardInterrupt
    if ending.kind == "failed" or len(times) < STEPS:
        raise failed(task, ending.reason, ending.error) if ending.error else TaskError(f"{task.name}: {ending.reason}")
    return (times[-1] - times[STEPS // 2 - 1]) / (STEPS // 2)
