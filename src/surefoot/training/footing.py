"""The footing of a run: bad batches are left out, and after a fall it gets up again from its best weights.

All that is decided here follows from steps and values, never from a clock, so a run repeats bit for bit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import isfinite
from statistics import median
from typing import Any, final

from torch import Tensor, nn

from surefoot.diagnose.checks.falls import falls
from surefoot.diagnose.finding import Finding, as_events
from surefoot.pytorch.guard import Guard, Skip
from surefoot.pytorch.optimizer import Optimizer
from surefoot.stopping.fall import IN_A_ROW, STRETCH, Level, fallen, highest, level_of
from surefoot.trace import Event, Series

CUTS = (0.3, 0.1)
"""What the step size is multiplied with at the first fall, and at the second: a race errs by half a decade, and a
second fall says that it was more."""

MOST = len(CUTS) + 1
"""Falls that end a run: from the earlier ones it gets up again."""

LATEST = 10
"""Finite penalties by which it is judged whether a run stands at this moment."""

Place = tuple[int, int, int]
"""Of a step: its epoch, the first of its batches there, and how many it has."""


@final
class Footing:
    """Guards the steps of one run, notices when it falls, and helps it up; `descend` takes it as `guard`.

    Args:
        model: what is trained.
        optimizer: one of ours, over it.

    Errors: InvalidValue for an optimizer whose steps cannot be left out.

    >>> from surefoot.pytorch.rule_optimizer import RuleOptimizer
    >>> model = nn.Linear(1, 1); optimizer = RuleOptimizer(model.parameters(), "sgd", 0.5)
    >>> footing = Footing(model, optimizer); footing.note((0, 0, 1))
    >>> footing.observe(float("nan")); optimizer.step()
    >>> footing.read(Series([0], [float("nan")]), last=False), [event.text for event in footing.events()]
    ('', ['step 0 was not taken: the penalty not finite (batch 1 of epoch 1)'])
    """

    def __init__(self, model: nn.Module, optimizer: Optimizer) -> None:
        self.guard = Guard(optimizer, model)
        self._optimizer = optimizer
        self._places: list[Place] = []
        self._first = 0  # what the optimizer's clock said at the first of them
        self._unread: list[Skip] = []
        self._events: list[Event] = []
        self.fell: list[int] = []
        self.skipped = 0
        self.closed = False
        self.findings: list[Finding] = []
        self._blind = ""  # where the skipped steps are of a fall from sound weights
        self._begin()

    def _begin(self) -> None:
        """Know nothing of the penalties so far."""
        self._levels: list[Level] = []
        self._part: list[float] = []
        self._latest: list[float] = []
        self._start = 0.0  # the first of them
        self._row, self._sound = 0, False  # steps in a row that were not taken; whether any was since the beginning

    # At every step

    def observe(self, penalty: Tensor | float) -> None:
        """Take note of a penalty of the coming step."""
        self.guard.observe(penalty)

    def note(self, place: Place) -> None:
        """Take note of where in the data the coming step is."""
        if not self._places:
            self._first = int(self._optimizer.param_groups[0]["t"])
        self._places.append(place)

    # At every reading

    def read(self, penalties: Series, *, last: bool) -> str:
        """Take in the penalties since the last reading; return how the run has fallen, in words, if it has.

        Args:
            penalties: by step.
            last: whether there are no more steps.
        """
        steps = penalties.steps.tolist()
        skips = {skip.step - self._first: skip for skip in [*self._unread, *self.guard.read()]}
        places, self._places, self._unread = self._places, [], []
        self.skipped += len(skips)
        if skips:
            told = [f"{steps[at]} was not taken: {skip} ({_place(places[at])})" for at, skip in skips.items()]
            self._events.append(
                Event(steps[min(skips)], "skipped", f"step {'; step '.join(told[:4])}{_more(told[4:])}")
            )
        for at, value in enumerate(penalties.values.tolist()):
            if why := self._judged(value, skipped=at in skips):
                return why
        if self._row >= IN_A_ROW or (last and self._row and not self._sound):
            return f"none of the last {_steps(self._row)} was finite"
        return ""

    def _judged(self, value: float, *, skipped: bool) -> str:
        """Take in one step's penalty; return how the run has fallen with it, if it has."""
        self._row = self._row + 1 if skipped else 0
        self._sound = self._sound or not skipped
        if isfinite(value):
            self._start = self._start if self._latest else value
            self._latest = [*self._latest[1 - LATEST :], value]
            self._part.append(value)
        if len(self._part) < STRETCH:
            return ""
        self._levels.append(level_of(self._part))
        self._part = []
        return fallen(self._levels)

    def events(self) -> tuple[Event, ...]:
        """Return what there is to tell since the last time."""
        events, self._events = tuple(self._events), []
        return events

    def shaken(self, validation: Sequence[float] = ()) -> bool:
        """Return whether a run does not stand, just now: its penalties are up, or validation is finite no more."""
        lost = len(validation) > 0 and not isfinite(validation[-1])
        lost = lost and (self._row > 0 or any(map(isfinite, validation)))  # else the validation data may be at fault
        high = len(self._latest) > 0 and median(self._latest) > highest(self._levels, self._start)
        return lost or high or 2 * self._row >= IN_A_ROW

    @property
    def steady(self) -> bool:
        """Whether none of the last penalties was high: these weights are sound as far as anyone can see."""
        return not self.shaken() and all(each <= highest(self._levels, self._start) for each in self._latest[-3:])

    # At a fall

    def falls(self, taken: int) -> bool:
        """Take note of a fall; return whether the run is to get up again."""
        self.fell.append(taken)
        self._blind = f"the batches of the last {_steps(self._row)}" if self._row and not self._sound else ""
        return len(self.fell) < MOST

    def rise(self, taken: int, best: int, why: str) -> None:
        """Begin anew from the best weights, which the caller has put back: with no state and a smaller step size."""
        cut = CUTS[len(self.fell) - 1]
        for group in self._optimizer.param_groups:
            group["relative"] *= cut
        self._optimizer.state.clear()
        self.guard.renew()
        self._begin()
        told = f"fall {len(self.fell)}: {why}; back to the weights of step {best} with {cut:g} times the step size"
        self._events.append(Event(taken, "fell", told))

    def give_up(self, taken: int, why: str) -> Finding:
        """Return what is to be said of a run that is not to get up again."""
        group = self._optimizer.param_groups[0]
        found = falls(self.fell, float(group["lr"]) * group["relative"], self._blind)
        self.findings.append(found)
        self._events += [Event(taken, "fell", f"fall {len(self.fell)}: {why}; the run ends with its best weights")]
        self._events += as_events(found, taken)
        return found

    def close(self) -> None:
        """Let the optimizer step unguarded."""
        self.closed = True
        self.guard.close()

    # For a checkpoint

    def state_dict(self) -> dict[str, Any]:
        """Return all that the next decisions depend on, as plain values."""
        self._unread += self.guard.read()
        return {
            "fell": self.fell, "skipped": self.skipped, "levels": [list(each) for each in self._levels],
            "part": self._part, "latest": self._latest, "start": self._start, "row": self._row, "sound": self._sound,
            "places": [list(each) for each in self._places], "first": self._first,
            "unread": [asdict(each) for each in self._unread],
        }  # fmt: skip

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on as another would have; weights, buffers and the optimizer's state are to be loaded before."""
        self.fell, self.skipped = [*state["fell"]], state["skipped"]
        self._levels = [Level(*each) for each in state["levels"]]
        self._part, self._latest, self._start = [*state["part"]], [*state["latest"]], state["start"]
        self._row, self._sound, self._first = state["row"], state["sound"], state["first"]
        self._places = [(each[0], each[1], each[2]) for each in state["places"]]
        self._unread = [Skip(each["step"], tuple(each["parameters"]), each["penalty"]) for each in state["unread"]]
        self.guard.renew()


def _place(place: Place) -> str:
    """Return where in the data a step was, in words.

    >>> _place((1, 4, 1)), _place((0, 4, 2))
    ('batch 5 of epoch 2', 'batches 5 to 6 of epoch 1')
    """
    epoch, first, size = place
    which = f"batch {first + 1}" if size == 1 else f"batches {first + 1} to {first + size}"
    return f"{which} of epoch {epoch + 1}"


def _more(rest: Sequence[str]) -> str:
    return f"; and {_steps(len(rest))} more" if rest else ""


def _steps(count: int) -> str:
    return f"{count} step{'' if count == 1 else 's'}"
