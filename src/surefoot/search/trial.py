"""One candidate's short run, in whatever process, and who carries several of them out."""

import math
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Lock
from typing import final

import torch

from surefoot.errors import InvalidValue, TaskError
from surefoot.race import Candidate
from surefoot.schedules import Schedule
from surefoot.search.start import Start, failed
from surefoot.trace import Trace, joined
from surefoot.training.best import no_weights
from surefoot.training.loop import descend

_HERE = os.getpid()

_ONE = Lock()
"""Held by the one trial of a process that runs: torch's global generators and the model are the process's own."""


@final
@dataclass(frozen=True)
class Outcome:
    """What came of one candidate.

    Args:
        candidate: which.
        penalty: the validation penalty at its end; inf if it diverged.
        steps: what it took.
    """

    candidate: Candidate
    penalty: float
    steps: int

    def __str__(self) -> str:
        each = self.candidate
        return f"{each.rule} at {each.step_size:g}, {each.length} steps: {self.penalty:.4g}"


@final
@dataclass(frozen=True, eq=False)
class Trials:
    """What all candidates of a race have in common.

    Args:
        start: where they start.
        schedule: the course of their step sizes, over the length of each.
    """

    start: Start
    schedule: Schedule

    def run(self, candidate: Candidate) -> Outcome:
        """Train a candidate from the start to its end and judge it.

        Errors: TaskError if the task's code raises; KeyboardInterrupt.
        """
        start, way, length, pieces = self.start, self.start.way, candidate.length, list[Trace]()
        with _ONE:
            start.snapshot.restore()
            model = start.task.make()
            sized = self.schedule.over(steps=length)
            optimizer = start.optimizer(candidate.rule, candidate.step_size, candidate.decay, sized)
            ending = descend(
                start.task, model, optimizer, steps=length, check_every=length, seed=way.seed, compute=way.compute,
                accumulate=way.accumulate, tell=pieces.append, best=no_weights(),
            )  # fmt: skip
        trace = joined(pieces)
        if ending.kind == "interrupted":
            raise KeyboardInterrupt
        if ending.kind == "failed" and all(map(math.isfinite, trace["penalty"].values)):
            raise failed(start.task, ending.reason, ending.error)
        judged = trace["validation_penalty"].values
        return Outcome(candidate, float(judged[-1]) if len(judged) else math.inf, ending.step)


def outcomes(trials: Trials, executor: Executor | None) -> Callable[[Sequence[Candidate]], Iterator[Outcome]]:
    """Return what carries candidates out and gives their outcomes, in the order in which they come.

    Args:
        trials: what they have in common.
        executor: None for this process, one after another. Threads take turns too, since torch's generators are one for
            all of them. A pool of processes must start them anew ("spawn" or "forkserver").

    Errors: InvalidValue if the task cannot be sent to other processes.
    """
    if executor is None:
        return lambda candidates: map(trials.run, candidates)
    if isinstance(executor, ThreadPoolExecutor):
        return lambda candidates: _gathered([executor.submit(trials.run, each) for each in candidates])
    packed = _packed(trials)
    return lambda candidates: _gathered([executor.submit(run_elsewhere, packed, each) for each in candidates])


def run_elsewhere(packed: bytes, candidate: Candidate) -> Outcome:
    """Run a candidate in another process, with as many threads as there are in the first.

    Errors: TaskError if the process is a fork: torch's threads do not survive one.
    """
    trials = pickle.loads(packed)
    if trials.start.process == _HERE != os.getpid():
        raise TaskError(
            "the executor forks, and torch's threads do not survive that; give "
            "ProcessPoolExecutor(mp_context=multiprocessing.get_context('spawn'))"
        )
    torch.set_num_threads(trials.start.threads)
    outcome: Outcome = trials.run(candidate)
    return outcome


def _gathered(futures: list[Future[Outcome]]) -> Iterator[Outcome]:
    """Return outcomes as they come; whatever happens, nothing is left running behind the search's back."""
    left = set(futures)
    try:
        while left:
            done, left = wait(left, return_when="FIRST_COMPLETED")
            for future in done:
                yield future.result()
    finally:
        for future in left:
            future.cancel()
        wait(left)


def _packed(trials: Trials) -> bytes:
    try:
        return pickle.dumps(trials)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise InvalidValue(
            f"search: {trials.start.task.name} cannot be sent to another process ({error}); define its functions in a "
            f"file and not as lambdas, or leave executor out"
        ) from error
