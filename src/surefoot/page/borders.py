"""Where two phases of a schedule meet: how far that can be moved, and which numbers change if it is."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import TypeAlias, final

from surefoot.page.pieces import Piece
from surefoot.page.rungs import FINEST, length_at, rung
from surefoot.page.spelling import Number

Change: TypeAlias = tuple[Number, Decimal]


@final
@dataclass(frozen=True)
class Border:
    """Where a phase ends and the next begins.

    Args:
        grows: what says its end, and the step from which that counts; None if it takes what others leave.
        shrinks: what falls by as much in the next.
        place: where it is now [steps].
        end: of the next phase, or of the run.
        least, most: where it may be.
        steps: of the run.
        last: whether nothing follows.
    """

    grows: tuple[Number, int] | None
    shrinks: tuple[Number, ...]
    place: int
    end: int
    least: int
    most: int
    steps: int
    last: bool

    @property
    def lead(self) -> Number:
        """The number that is rounded; a share before steps, since any whole number of steps goes beside it."""
        numbers = [self.grows[0]] if self.grows else []
        numbers += self.shrinks
        return next((each for each in numbers if each.unit == "share"), numbers[0])

    @property
    def moves(self) -> tuple[float, float, float, float]:
        """Where small moves lead, back and forth, and large ones."""
        return self._beside(-1), self._beside(1), self._beside(-5), self._beside(5)

    def _beside(self, rungs: int) -> float:
        """Return the place so many rungs away; as many more as it takes to come to another step."""
        each = float(self._length_of(rung(self.lead.amount, self.lead.unit, self.steps), self.lead))
        places = [min(max(self.place + each * rungs * more, self.least), self.most) for more in (1, 2, 3)]
        return next((place for place in places if self._step_of(place) != self.place), places[-1])

    def _step_of(self, place: float) -> int:
        lead = self.lead
        length = self._length_of(next(amount for number, amount in self.changes(place) if number is lead), lead)
        begins = self.grows is not None and lead is self.grows[0]
        at = self.grows[1] + length if begins and self.grows else self.end - length
        return int(at.quantize(Decimal(1), ROUND_HALF_UP))

    def changes(self, place: float) -> list[Change]:
        """Return what is to be written for it to be at a place within its limits."""
        lead = self.lead
        amount = length_at(self._amount(lead, self._length(lead, place)), lead.unit, self.steps)
        lowest, highest = sorted(self._amount(lead, self._length(lead, end)) for end in (self.least, self.most))
        if lead.unit == "share":  # a run of millions would leave 0.00001 % to the others, which nobody writes
            lowest, highest = lowest.quantize(FINEST, ROUND_CEILING), highest.quantize(FINEST, ROUND_FLOOR)
        amount = min(max(amount, lowest), highest)
        if self.grows is None:
            return [(each, each.amount + amount - lead.amount) for each in self.shrinks]
        grows = self.grows[0]
        if all(each.unit == grows.unit for each in self.shrinks):
            return [(grows, amount), *((each, each.amount - amount + grows.amount) for each in self.shrinks)]
        steps = self._length_of(amount, lead).quantize(Decimal(1), ROUND_HALF_UP)
        rest = self.end - self.grows[1] - steps
        return [(grows, amount), (self.shrinks[0], rest)] if lead is grows else [(grows, rest), (lead, amount)]

    def _length(self, number: Number, place: float) -> Decimal:
        """Return the steps that a number says if the border is at a place."""
        begins = self.grows is not None and number is self.grows[0]
        at = Decimal(repr(place))
        return at - self.grows[1] if begins and self.grows else self.end - at

    def _amount(self, number: Number, steps: Decimal) -> Decimal:
        return steps if number.unit == "steps" else steps * 100 / self.steps

    def _length_of(self, amount: Decimal, number: Number) -> Decimal:
        return amount if number.unit == "steps" else amount * self.steps / 100


def border_of(left: Piece, right: Piece | None, steps: int, *, alone: bool) -> Border | None:
    """Return where two phases meet, or the last ends; None if what says the length of either cannot be changed.

    Args:
        left: the phase that ends there.
        right: the one that begins there; None if nothing follows.
        steps: of the run.
        alone: whether there are no other phases. Else one in steps beside one in shares stays as it is: their sum would
            not be the same to a fraction of a step, and what follows would move.
    """
    grows, shrinks = left.ends if left.own else None, right.shrinks if right is not None and right.own else ()
    fixed = (left.own and grows is None) or shrinks is None or (grows is None and not shrinks)
    if fixed or shrinks is None:
        return None
    mixed = grows is not None and any(each.unit != grows[0].unit for each in shrinks)
    end = steps if right is None else right.end
    least, most = left.first + left.fewest, end - (right.fewest if right is not None else 0)
    if (mixed and (len(shrinks) > 1 or not alone)) or least > most:
        return None
    return Border(grows, shrinks, left.end, end, least, most, steps, right is None)
