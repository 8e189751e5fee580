"""The search in a fit: which rule and step size the run gets, and what is told of it."""

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

from surefoot.errors import InvalidValue
from surefoot.fitting.plan import Plan
from surefoot.fitting.search_log import SearchLog
from surefoot.search import Found, race
from surefoot.search.held_back import judged
from surefoot.search.pace import seconds_of_step
from surefoot.search.racing import batches_needed, can_race
from surefoot.search.trial import Outcome
from surefoot.training.generators import seeded
from surefoot.training.sources import again
from surefoot.training.task import Task


def unsearched(task: Task, plan: Plan) -> str | None:
    """Return why a run has its step size without a search, or None if it is to be searched for."""
    if plan.step_size is not None:
        return f"the step size {plan.step_size:g} was given"
    if not can_race(plan.field, plan.supposed, plan.search):
        return f"{plan.search:g} of {plan.supposed} steps are too few to search in, so the step size is the usual one"
    try:
        judged(task, plan.seed)
    except InvalidValue:
        return "there is nothing to judge a search by, so the step size is the usual one; give the task validation=..."
    return None


def ready(task: Task, plan: Plan) -> Task:
    """Return a task whose training batches can be begun again: none is lost to a search."""
    seeded(plan.seed)  # a source that has to be kept is read now, and may draw
    return replace(task, train=again(task.train, batches_needed(plan.supposed, plan.search) * plan.accumulate))


def searched(task: Task, plan: Plan, log: SearchLog, tell: Callable[[Outcome], None] = lambda _: None) -> Found:
    """Return what a race has found for a planned run.

    Args:
        task: as `ready` returns it.
        plan: the run's.
        log: knows what was tried before the run was resumed, and writes down what is tried now.
        tell: given the outcome of each short run.

    Errors: TaskError if the task's code raises; KeyboardInterrupt.
    """
    minutes = None if plan.end is None else plan.end.minutes
    steps = plan.supposed if minutes is None else log.steps(lambda: _within(task, plan, minutes))

    def told(outcome: Outcome) -> None:
        log.add(outcome)
        tell(outcome)

    return race(
        task, steps=steps, rule=plan.field, share=plan.search, seed=plan.seed, device=plan.compute.device,
        precision=plan.compute.precision, accumulate=plan.accumulate, known=log.known, tell=told, schedule=plan.course,
    )  # fmt: skip


def _within(task: Task, plan: Plan, minutes: float) -> int:
    """Return about how many steps a run of so many minutes will have, its search taken off."""
    begun = perf_counter()
    each = seconds_of_step(task, plan.rule, seed=plan.seed, compute=plan.compute, accumulate=plan.accumulate)
    left = 60.0 * minutes - (perf_counter() - begun)
    return max(1, min(plan.steps, int(left / each / (1.0 + plan.search))))
