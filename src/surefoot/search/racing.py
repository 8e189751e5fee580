"""The race over a task: the range test that places it, the short runs, and the step size for the run."""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import astuple, replace
from itertools import chain

import torch

from surefoot.errors import refuse
from surefoot.race import Line, Race
from surefoot.schedules import Schedule
from surefoot.search.found import Found
from surefoot.search.held_back import judged
from surefoot.search.ranging import Range, range_test
from surefoot.search.start import Way, before, started, unmarked
from surefoot.search.trial import Outcome, Trials, outcomes
from surefoot.training.choices import FIELD, SCHEDULE, choice_of, no_choice
from surefoot.training.compute import Compute, compute_faults
from surefoot.training.sources import MEMORY, again
from surefoot.training.task import Task

SHARE = 0.25
"""Part of the run's steps that a search may take, all counted."""

RAMP = 60
"""Steps of a ramp that places a grid: thirty were too few with sgd, and a hundred did no better."""

WITHIN = 30.0
"""Factor from the rule's usual step size to both ends of a ramp: three decades, of twenty steps each."""

RAMPS = 3
"""Ramps for each rule where they take at most half of the search; otherwise there is one."""


def race(
    task: Task,
    *,
    steps: int,
    rule: str | Sequence[str] = FIELD,
    decay: float | Sequence[float] | None = None,
    schedule: Schedule | None = None,
    share: float = SHARE,
    seed: int = 0,
    device: str | torch.device | None = None,
    precision: str = "float32",
    accumulate: int = 1,
    memory: int = MEMORY,
    executor: Executor | None = None,
    known: Sequence[Outcome] = (),
    tell: Callable[[Outcome], None] = lambda _: None,
) -> Found:
    """Find the step size for a run of so many steps, by an annealed race (`surefoot.race` says how).

    Afterwards the task's model, the random generators and the place in the data are as they were, bit for bit; what
    cannot be begun again is kept in memory, or refused. The same seed gives the same answer, whoever carries it out. A
    run too short to be searched for gets the rule's usual step size, at no cost.

    Args:
        task: what to train; without validation batches a fifth of `train` is held back to judge by, where it can be.
        steps: length of the run that the step size is for [>= 1].
        rule: the name of any rule, as in `fit`, or several: they race against each other.
        decay: decoupled weight decay, or several; what `fit` takes for the rule if None.
        schedule: the course of the step size, with shares of the run: each short run has it whole; `SCHEDULE` if None.
        share: the most that the search may take, as a part of the run's steps [0 to 1].
        seed: of the model, the batches, and what is held back [0 to 2**32 - 1].
        device: as in `fit`.
        precision: as in `fit`.
        accumulate: batches in a step [>= 1].
        memory: bytes of batches that may be kept, of a source that cannot be begun again.
        executor: who carries out the short runs; this process if None. Processes must be started anew ("spawn").
        known: outcomes of this very race from before, which are not tried again.
        tell: given the outcome of each short run as it comes.

    Errors: InvalidValue naming every fault of the call; TaskError if the task's code raises.

    >>> data = [(torch.tensor([[1.0]]), torch.tensor([[2.0]]))]
    >>> line = Task(model=lambda: torch.nn.Linear(1, 1), penalty=torch.nn.MSELoss(), train=data, validation=data)
    >>> found = race(line, steps=800, rule="sgd")
    >>> found.rule, found.cost <= 200, 0.01 < found.step_size < 1
    ('sgd', True, True)
    """
    rules = [rule] if isinstance(rule, str) else [*rule]
    refuse("race", _faults(rules, steps, share, seed, accumulate) + compute_faults(device, precision))
    usual = {name: choice_of(name) for name in rules}
    way = Way(seed, Compute(device, precision), accumulate, memory)
    budget = int(share * steps)
    with unmarked(task):
        held = judged(task, seed)
        ready = replace(held, train=again(held.train, batches_needed(steps, share) * accumulate, memory))
        ranges = _ranges(ready, way, rules, budget)
        centres = {found.rule: found.step_size for found in ranges if found.step_size is not None}
        lines = [
            Line(name, each, centres.get(name, usual[name].step_size), usual[name].anchor)
            for name in rules for each in _decays(decay, usual[name].decay)
        ]  # fmt: skip
        spent = sum(found.steps for found in ranges)
        field = Race(tuple(lines), steps, budget - spent)
        over, taken = _run(field, ready, way, schedule or SCHEDULE, executor, known, tell)
    return Found(task.name, over, over.verdict(), ranges, spent + taken)


def can_race(rules: Sequence[str], steps: int, share: float) -> bool:
    """Return whether the part of a run that a search may take is long enough for one."""
    lines = tuple(Line(name, choice_of(name).decay, choice_of(name).step_size) for name in rules)
    return Race(lines, steps, int(share * steps)).field is not None


def batches_needed(steps: int, share: float) -> int:
    """Return how many batches the longest of a search's short runs reads, where a step takes one."""
    return max(RAMP, int(share * steps) // 3)


def _run(
    field: Race, task: Task, way: Way, schedule: Schedule, executor: Executor | None, known: Sequence[Outcome],
    tell: Callable[[Outcome], None],
) -> tuple[Race, int]:  # fmt: skip
    """Carry out a race; return it at its end, and the steps it took."""
    taken = 0
    if not field.ask():
        return field, taken
    start = started(task, way)
    field = replace(field, start=before(start))
    carried_out = outcomes(Trials(start, schedule), executor)
    there = {astuple(each.candidate): each for each in known}
    while asked := field.ask():
        old = [there[astuple(each)] for each in asked if astuple(each) in there]
        for outcome in chain(old, carried_out([each for each in asked if astuple(each) not in there])):
            tell(outcome)
            field, taken = field.tell(outcome.candidate, outcome.penalty), taken + outcome.steps
    return field, taken


def _ranges(task: Task, way: Way, rules: Sequence[str], budget: int) -> tuple[Range, ...]:
    """Return a range test for each rule without a usual step size; none where the budget has too few steps for them."""
    rules = [name for name in rules if choice_of(name).anchor is None]
    if RAMP * len(rules) > budget:
        return ()
    ramps = RAMPS if 2 * RAMPS * RAMP * len(rules) <= budget else 1
    return tuple(
        range_test(
            task, rule=name, low=choice_of(name).step_size / WITHIN, high=choice_of(name).step_size * WITHIN,
            steps=RAMP, ramps=ramps, seed=way.seed, device=way.compute.device, precision=way.compute.precision,
            accumulate=way.accumulate, memory=way.memory,
        )
        for name in rules
    )  # fmt: skip


def _decays(given: float | Sequence[float] | None, usual: float) -> list[float]:
    if given is None:
        return [usual]
    return [*given] if isinstance(given, Sequence) else [given]


def _faults(rules: Sequence[str], steps: int, share: float, seed: int, accumulate: int) -> list[str]:
    faults = [fault for name in rules if (fault := no_choice(name))] or ([] if rules else ["rule names none"])
    faults += [
        f"{name} is {n}; it must be at least 1" for name, n in (("steps", steps), ("accumulate", accumulate)) if n < 1
    ]
    if not (math.isfinite(share) and 0.0 <= share <= 1.0):
        faults.append(f"share is {share}; it is the part of the run that the search may take, from 0 to 1")
    if not 0 <= seed < 2**32:
        faults.append(f"seed is {seed}; it must be from 0 to 2**32 - 1")
    return faults
