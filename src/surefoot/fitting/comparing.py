"""`compare`: one task, several rules, each with the step size that its own search finds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from time import perf_counter
from typing import cast, final

import torch

from surefoot.errors import TaskError, refuse
from surefoot.fitting.attempts import PENALTY, Attempt, Entry
from surefoot.fitting.comparison import Comparison
from surefoot.fitting.mistakes import count_faults, length_faults, value_faults
from surefoot.fitting.plan import SEARCH
from surefoot.fitting.run import Run, RunFailed
from surefoot.fitting.whole_run import fit
from surefoot.schedules import Schedule
from surefoot.search.held_back import judged
from surefoot.search.start import unmarked
from surefoot.trace import Series
from surefoot.training.choices import no_choice
from surefoot.training.compute import compute_faults
from surefoot.training.generators import seeded
from surefoot.training.loop import usual_check
from surefoot.training.sources import MEMORY, again
from surefoot.training.task import Task

STATISTICS = 10
"""Batches that the average of a very short run reads, where a model has batch norms."""


def compare(
    task: Task,
    *,
    rules: Sequence[str],
    steps: int,
    seeds: int = 1,
    seed: int = 0,
    schedule: Schedule | None = None,
    device: str | torch.device | None = None,
    precision: str = "float32",
    accumulate: int = 1,
    search: float = SEARCH,
    memory: int = MEMORY,
    progress: bool = True,
) -> Comparison:
    """Train a task with several rules and return what each reached, with a plain word on whether it is chance.

    Each rule is given its own `fit`: its step size comes from its own search, with the first seed, and is kept for the
    other seeds. With one seed all rules start from the same weights and see the same batches. The first seed goes
    through all the rules before the second begins, so that Ctrl-C leaves something to compare; it returns what is done.
    Afterwards the task's model, the random generators and the place in the data are as they were, bit for bit.

    Args:
        task: what to train; without validation batches a fifth of `train` is held back to judge by, where it can be.
        rules: names of rules, as in `fit` [2 at least].
        steps: length of each run [>= 1].
        seeds: how many, following one another [>= 1]. From two on the verdict is Welch's t test at one in twenty; the
            luck of the search is no part of what it weighs.
        seed: the first [0 to 2**32 - 1].
        schedule: as in `fit`.
        device: as in `fit`.
        precision: as in `fit`.
        accumulate: batches in a step [>= 1].
        search: the most that each search may take, as a part of the run's steps [0 to 1]; at 0 each rule has its usual
            step size.
        memory: bytes of batches that may be kept, of a source that cannot be begun again.
        progress: show a line while it runs, if standard error is a terminal.

    Errors: InvalidValue naming every fault of the call; TaskError if the task's code raises with every rule.

    >>> data = [(torch.tensor([[1.0]]), torch.tensor([[2.0]]))]
    >>> line = Task(model=lambda: torch.nn.Linear(1, 1), penalty=torch.nn.MSELoss(), train=data, validation=data)
    >>> found = compare(line, rules=["adamw", "nadam"], steps=40)
    >>> [entry.rule for entry in found.entries], found.verdict.endswith("means nothing")
    (['adamw', 'nadam'], True)
    """
    faults = _faults(task, rules, steps, seeds, seed, search, accumulate)
    refuse("compare", faults + compute_faults(device, precision))
    done, where, interrupted = list[_Done](), "while the batches were read", False
    with unmarked(task) as before:
        try:
            ready, every = _ready(task, steps, seed, accumulate, memory)
            way = _Way(ready, every, steps, schedule, device, precision, accumulate, search, progress)
            for number, name in product(range(seed, seed + seeds), rules):
                if any(each.error for each in done if each.attempt.rule == name):
                    continue  # what failed once would fail again
                before.restore()
                where = f"{name}, seed {number}"
                known = [each.attempt.step_size for each in done if each.attempt.rule == name]
                done.append(way.attempted(name, number, known[0] if known else None))
                if interrupted := done[-1].attempt.ended == "interrupted":
                    break
        except KeyboardInterrupt:
            interrupted = True
    if done and all(each.error for each in done):
        raise cast("TaskError", done[0].error)
    return _compared(task, steps, rules, [each.attempt for each in done], where if interrupted else None)


@final
@dataclass(frozen=True, eq=False)
class _Done:
    """An attempt, and what was raised in it."""

    attempt: Attempt
    error: TaskError | None = None


@final
@dataclass(frozen=True, eq=False)
class _Way:
    """What all attempts have in common; the fields are `fit`'s."""

    task: Task
    check_every: int
    steps: int
    schedule: Schedule | None
    device: str | torch.device | None
    precision: str
    accumulate: int
    search: float
    progress: bool

    def attempted(self, rule: str, seed: int, step_size: float | None) -> _Done:
        """Fit once; what the task's code raises is held, and so is a Ctrl-C."""
        begun = perf_counter()
        try:
            return _Done(_attempt(rule, seed, self._run(rule, seed, step_size)))
        except RunFailed as error:
            return _Done(_attempt(rule, seed, error.run), error)
        except TaskError as error:  # in the search, before there was a run
            seconds = perf_counter() - begun
            return _Done(Attempt(rule, seed, None, None, "failed", str(error), 0, {}, _NO_CURVE, 0, seconds), error)

    def _run(self, rule: str, seed: int, step_size: float | None) -> Run:
        return fit(
            replace(self.task, name=f"{self.task.name}, {rule}, seed {seed}"), steps=self.steps, rule=rule, seed=seed,
            step_size=step_size, schedule=self.schedule, check_every=self.check_every, device=self.device,
            precision=self.precision, accumulate=self.accumulate, search=self.search, progress=self.progress,
        )  # fmt: skip


_NO_CURVE = Series([], [])


def _ready(task: Task, steps: int, seed: int, accumulate: int, memory: int) -> tuple[Task, int]:
    """Return a task with something to judge by and batches that can be begun again, and the steps between checks."""
    seeded(seed)  # a source that has to be kept is read now, and may draw
    held = judged(task, seed)
    needed = max(steps * accumulate, STATISTICS)
    return replace(held, train=again(held.train, needed, memory)), usual_check(held, steps, accumulate)


def _attempt(rule: str, seed: int, run: Run) -> Attempt:
    """Return what came of a run, without its model: several would need several times the memory."""
    step_size, decay = (cast("float", run.settings[name]) for name in ("step_size", "decay"))
    kind, cost = run.ending.kind, 0 if run.search is None else run.search.cost
    best = {} if kind == "failed" else run.best
    curve = run.trace[PENALTY]
    return Attempt(rule, seed, step_size, decay, kind, run.reason, run.ending.step, best, curve, cost, run.seconds)


def _compared(
    task: Task, steps: int, rules: Sequence[str], attempts: list[Attempt], interrupted: str | None
) -> Comparison:
    """Return the comparison; an attempt that was interrupted before its first step has nothing to show."""
    shown = [each for each in attempts if each.ended != "interrupted" or each.steps]
    of = {name: tuple(each for each in shown if each.rule == name) for name in rules}
    entries = tuple(Entry(name, found) for name, found in of.items() if found)
    return Comparison(task.name, steps, entries, tuple(task.metrics), interrupted, task.validation is None)


def _faults(
    task: Task, rules: Sequence[str], steps: int, seeds: int, seed: int, search: float, accumulate: int
) -> list[str]:
    faults = length_faults(task, steps, None, None, None) + value_faults(None, None, seed, search)
    faults += count_faults(None, accumulate)
    if isinstance(rules, str) or len(rules) < 2:
        faults.append(f"rules is {rules!r}; name two at least, as in ['adamw', 'nadam']")
    else:
        faults += [fault for name in dict.fromkeys(rules) if (fault := no_choice(name))]
        twice = sorted({name for name in rules if list(rules).count(name) > 1})
        faults += [f"rules has {name} more than once; name each once" for name in twice]
    if not isinstance(seeds, int) or seeds < 1:
        faults.append(f"seeds is {seeds}; it is how many there are, a whole number, 1 at least")
    elif seed >= 0 and seed + seeds > 2**32:
        faults.append(f"seed is {seed} and seeds {seeds}; the last must be 2**32 - 1 at most")
    return faults
