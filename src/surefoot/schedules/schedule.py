"""The value: phases that are joined by `>>`, multiplied by `*`, called with a step, and sized by `over`."""

import math
import operator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, SupportsIndex, final, overload

from surefoot.errors import refuse
from surefoot.schedules.lengths import share_of, spread, takes_rest
from surefoot.schedules.phase import Phases, product, steps_of
from surefoot.schedules.values import highest, unknown, value_at, values_at
from surefoot.schedules.writing import data_of, text_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@final
@dataclass(frozen=True, repr=False)
class Schedule:
    """A pure function from the step of a run to a factor of the peak step size.

    Args:
        phases: what is done one after the other; the shapes, `>>`, `*`, `parse` and `from_json` make them.

    Errors: InvalidValue if two phases want the rest of the run, the shares come to more than all of it, or a product is
        too large for a float.

    Laws: joining and multiplying are associative, and multiplying is commutative in value; what is joined or multiplied
        has the values that it has alone. A value does not depend on earlier calls. Text and JSON are read back exactly.

    >>> from surefoot.schedules import linear, warmup
    >>> schedule = (warmup(0.5) >> linear(to=0.0)).over(steps=8)
    >>> schedule, [schedule(step) for step in range(10)]
    (warmup(4) >> linear(4, to=0.0), [0.25, 0.5, 0.75, 1.0, 0.75, 0.5, 0.25, 0.0, 0.0, 0.0])
    """

    phases: Phases
    known: bool = field(init=False, compare=False)  # whether it can be called, asked at every step

    def __post_init__(self) -> None:
        rests = [text_of((phase,)) for phase in self.phases if takes_rest(phase)]
        shares = share_of(self.phases)
        faults = [] if self.phases else ["it has no phase; give it one, such as constant()"]
        if len(rests) > 1:
            faults.append(f"{' and '.join(rests)} have no length; only one phase can take the rest of the run")
        if shares > 1 + Fraction(1, 10**9):  # five sixths and one sixth, as floats, are a little more than one
            faults.append(f"its shares come to {float(shares):.6g} of the run; make them at most 1 (100%) together")
        if self.phases and math.isinf(highest(self.phases)):
            faults.append("its factors multiply to more than a float holds; lower the values of its constants")
        refuse(str(self) or "Schedule", faults)
        object.__setattr__(self, "known", not unknown(self.phases))

    @overload
    def __call__(self, step: "NDArray[np.integer[Any]]") -> "NDArray[np.float64]": ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, step: SupportsIndex) -> float: ...
    def __call__(self, step: "SupportsIndex | NDArray[np.integer[Any]]") -> "float | NDArray[np.float64]":
        """Return the factor at a step, or those at a numpy array of steps.

        It needs every length known, but for a `constant()`, `power`, `inverse_sqrt` or half-life without a length that
        ends the schedule: these go on for ever.
        """
        if type(step) is not int:
            return self._converted(step)
        if step < 0 or not self.known:  # asked first, since writing out the schedule costs more than its value
            self._refuse(step)
        return value_at(self.phases, step)

    def _converted(self, step: "SupportsIndex | NDArray[np.integer[Any]]") -> "float | NDArray[np.float64]":
        import numpy as np  # a schedule of plain steps does without

        if not isinstance(step, np.ndarray):
            return self(operator.index(step))
        if step.dtype.kind not in "iu":
            refuse(str(self), [f"the steps are an array of {step.dtype}; steps are whole numbers: give integers"])
        self._refuse(int(step.min()) if step.size else 0)
        return values_at(self.phases, step)

    def _refuse(self, step: int) -> None:
        faults = [f"the step is {step}; the first step is 0"] if step < 0 else []
        if not self.known and not faults:
            advice = "not yet a number of steps; say how long the run is with .over(steps=...)"
            faults.append(f"{' and '.join(unknown(self.phases))}: {advice}")
        refuse(str(self), faults)

    def __rshift__(self, after: object) -> "Schedule":
        """Return this schedule and then the other; one phase of the two at most may take the rest of the run."""
        return Schedule(self.phases + after.phases) if isinstance(after, Schedule) else NotImplemented

    def __mul__(self, beside: object) -> "Schedule":
        """Return the product of two schedules that run side by side: a single phase, whose values multiply.

        It is as long as the longer of them, or takes the rest of the run if one of them does, and that one then ends
        where the product does; the other holds its last value. Shares within are shares of the run, as everywhere.

        >>> from surefoot.schedules import linear, warmup
        >>> [(warmup(2) * linear(4))(step) for step in range(5)]
        [0.375, 0.5, 0.25, 0.0, 0.0]
        """
        return Schedule((product([self.phases, beside.phases]),)) if isinstance(beside, Schedule) else NotImplemented

    def __repr__(self) -> str:
        return text_of(self.phases)

    def to_json(self) -> list[dict[str, Any]]:
        """Return plain data with explicit units, which `from_json` reads back exactly.

        >>> from surefoot.schedules import linear, warmup
        >>> (warmup(0.05) >> linear(100)).to_json()[1]
        {'shape': 'linear', 'length': {'steps': 100}, 'to': 0.0}
        """
        return data_of(self.phases)

    @property
    def steps(self) -> int | None:
        """The number of steps that its phases take, or None while one of them is a share or without a length."""
        return steps_of(self.phases)

    def over(self, *, steps: int) -> "Schedule":
        """Return this schedule with every length a whole number of steps, for a run of so many steps.

        Lengths given in steps stay as they are. Of the others, the places where they end are rounded, halves up, not
        their lengths, so the sum is right and phases that claim the whole run fill it exactly; each has at least one
        step. Shares are taken as written (0.1 is a tenth). Phases that claim less end early, and the last value holds.
        Shares that are knobs (a half-life, a span) are rounded by themselves, to a step at least.

        Errors: InvalidValue if the phases take more than the run, or leave nothing to the one without a length.

        >>> from surefoot.schedules import constant, linear, warmup
        >>> (warmup(0.25) >> constant() >> linear(0.25)).over(steps=10)
        warmup(3) >> constant(5) >> linear(2, to=0.0)
        """
        return Schedule(spread(self.phases, steps))
