"""The race as a value: asked for candidates, told their penalties, in the end asked for its verdict."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import final

from surefoot.errors import refuse
from surefoot.race.candidate import Candidate, Line, Result
from surefoot.race.stages import STAGES, Field, Spot, Told, landscape, leader
from surefoot.race.verdict import Verdict, unraced, verdict_on

GRIDS = (5, 3)
"""Step sizes on a line at the start; the second number where the budget is too small for the first."""

LEAST = 4
"""Steps of the shortest run that says anything."""

LONGER = 4
"""How much longer the second length is than the first."""


@final
@dataclass(frozen=True)
class Race:
    """A race: who starts, for how long the winner will train, and what has been told so far.

    It keeps nothing but the results, sorted; what to ask next is computed from them.

    Args:
        lines: rules, decays and where their grids are placed [at least 1]; of level lines the first wins.
        steps: the length of the run that the winner is for [>= 1].
        budget: steps that all candidates may take together [>= 0]; where it is too small to race, none is asked.
        start: the validation penalty before any step, if known: what is level, and what ran away, is measured by it.
        results: what has been told, sorted.

    Errors: InvalidValue if a bound above is broken.

    Laws: the order in which results are told changes nothing. All that is asked never takes more than the budget.

    >>> race = Race((Line("adamw", 0.1, centre=0.01),), steps=2000, budget=400)
    >>> [candidate.step_size for candidate in race.ask()]
    [0.001, 0.00316, 0.01, 0.0316, 0.1]
    """

    lines: tuple[Line, ...]
    steps: int
    budget: int
    start: float = math.inf
    results: tuple[Result, ...] = ()

    def __post_init__(self) -> None:
        faults = [] if self.lines else ["lines is empty; give one at least"]
        if self.steps < 1:
            faults.append(f"steps is {self.steps}; the run has at least 1")
        if self.budget < 0:
            faults.append(f"budget is {self.budget}; it must be at least 0")
        refuse("Race", faults)

    @property
    def field(self) -> Field | None:
        """Who starts, and for how long; None if the budget is too small for any race."""
        for grid in GRIDS:
            short = self.budget // Field(len(self.lines), grid, 1, LONGER).units
            if short >= LEAST:
                return Field(len(self.lines), grid, short, LONGER * short, self.start)
        return None

    @property
    def told(self) -> dict[Candidate, float]:
        """The penalties by candidate."""
        return {result.candidate: result.penalty for result in self.results}

    def ask(self) -> tuple[Candidate, ...]:
        """Return the candidates to run now, in any order; none when the race is over."""
        told = self.told
        for asked in self._rounds():
            if missing := tuple(candidate for candidate in asked if candidate not in told):
                return missing
        return ()

    def tell(self, candidate: Candidate, penalty: float) -> "Race":
        """Return the race with one result more.

        Args:
            candidate: one of those asked.
            penalty: the validation penalty at its end; nan and inf are worse than any number.

        Errors: InvalidValue if it was not asked, or told before.
        """
        asked = candidate in self.ask()
        refuse("Race", [] if asked else [f"{candidate} was not asked; tell what ask() returns, each once"])
        return replace(self, results=tuple(sorted((*self.results, Result(candidate, penalty)))))

    def verdict(self) -> Verdict:
        """Return who has won so far, and the step size for the run."""
        if not self.results:
            few = f"{self.budget} steps are too few to race in, so it is the grid's centre"
            return unraced(self.lines[0], self.lines[0].step_size(0), few)
        first = self.leader
        line = self.lines[first.line]
        if not math.isfinite(self.told[first]):
            none = f"no penalty was finite; {first.step_size:g} is the lowest step size that was tried"
            return unraced(line, first.step_size, none)
        lengths = sorted({each.length for each in self.told if each.line == first.line and each.length <= first.length})
        landscapes = {each: landscape(self.told, first.line, each) for each in lengths}
        return verdict_on(line, landscapes, self.start, self.steps)

    @property
    def leader(self) -> Candidate:
        """The best at the longest length at which any was finite; the lowest step size if none was.

        Errors: InvalidValue if nothing has been told.
        """
        refuse("Race", [] if self.results else ["nothing has been told, so nobody leads"])
        finite = [each.length for each, penalty in self.told.items() if math.isfinite(penalty)]
        if not finite or self.field is None:
            return min(self.told, key=lambda each: each.step_size)
        line, notch = leader(self.field, self.told, max(finite)) or (0, 0)
        return next(each for each in self.told if (each.line, each.notch, each.length) == (line, notch, max(finite)))

    def _rounds(self) -> Iterator[tuple[Candidate, ...]]:
        """Go through the rounds as far as their results are known, and one further."""
        field, known, told = self.field, self.told, dict[Candidate, float]()
        for stage in STAGES if field is not None else ():
            assert field is not None
            asked = self._affordable(stage(field, told), told)
            yield asked
            if any(candidate not in known for candidate in asked):
                return
            told |= {candidate: known[candidate] for candidate in asked}

    def _affordable(self, spots: Sequence[Spot], told: Told) -> tuple[Candidate, ...]:
        """Return the candidates at those spots that are new, as many as the budget still allows."""
        left = self.budget - sum(candidate.length for candidate in told)
        fresh = [each for each in map(self._candidate, spots) if each not in told]
        return tuple(each for place, each in enumerate(fresh, 1) if place * each.length <= left)

    def _candidate(self, spot: Spot) -> Candidate:
        line = self.lines[spot.line]
        return Candidate(*spot, rule=line.rule, step_size=line.step_size(spot.notch), decay=line.decay)
