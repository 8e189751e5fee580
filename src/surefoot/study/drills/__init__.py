"""Drills: questions with fresh numbers, computed by the library's own formulas, so that they cannot be memorised."""

from random import Random

from surefoot.errors import InvalidValue
from surefoot.study.drills.adaptive import bias_correction, decay_against_l2
from surefoot.study.drills.averages import average_of, stop_at
from surefoot.study.drills.exercise import Exercise as Exercise
from surefoot.study.drills.exercise import Maker
from surefoot.study.drills.nets import gradient_through, init_scale, noise_of_batch
from surefoot.study.drills.penalties import chance_level, penalty_of
from surefoot.study.drills.schedules import factor_at, which_curve
from surefoot.study.drills.stability import diverges, effective_step, stability_limit
from surefoot.study.drills.steps import one_step, several_steps
from surefoot.study.note import Drill

DRILLS: dict[str, Maker] = {
    "one_step": one_step,
    "several_steps": several_steps,
    "factor_at": factor_at,
    "which_curve": which_curve,
    "penalty_of": penalty_of,
    "chance_level": chance_level,
    "diverges": diverges,
    "stability_limit": stability_limit,
    "effective_step": effective_step,
    "bias_correction": bias_correction,
    "stop_at": stop_at,
    "average_of": average_of,
    "gradient_through": gradient_through,
    "init_scale": init_scale,
    "decay_against_l2": decay_against_l2,
    "noise_of_batch": noise_of_batch,
}
"""What makes the questions of each kind of drill."""


def exercise_of(drill: Drill, seed: int) -> Exercise:
    """Return a drill's question with the numbers of a seed; the same seed gives the same numbers.

    Errors: InvalidValue if there is no such kind, or if what it needs is not given.

    >>> exercise_of(Drill("chance_level"), 1) == exercise_of(Drill("chance_level"), 1)
    True
    """
    if drill.kind not in DRILLS:
        raise InvalidValue(f"a drill's kind is {drill.kind!r}; it is one of {', '.join(DRILLS)}")
    return DRILLS[drill.kind](drill.given, Random(f"{drill.kind} {seed}"))
