"""What a penalty is, as a value: its formula and all that is known of it before any training."""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, final

T = TypeVar("T", contravariant=True)


class Expected(Protocol[T]):
    """What can be expected of a penalty from what is known of the targets; a frozen value that holds its constants."""

    def at_start(self, targets: T) -> float:
        """Return the value for outputs that are all 0."""
        ...

    def chance_level(self, targets: T) -> float:
        """Return the least value that an output which ignores the input can have."""
        ...


@final
@dataclass(frozen=True)
class Penalty(Generic[T]):
    """The facts of one penalty, averaged over the elements or examples of a batch.

    Args:
        key: its name in text and files; an identifier.
        name: its name, in words.
        says: what it is for, in one line.
        formula: its formula as plain text; f is the output, y the target, p a probability.
        tex: the same in TeX.
        mean_over: what the mean is taken over.
        lower_bound: the value that it never goes below; minus infinity where that depends on the targets.
        reached: when it has that value.
        differentiable: where it has a derivative with respect to the output.
        expected: its value at the start and by chance, from what is known of the targets; see the two methods.
        last_layer: what the last layer must be.
        targets: which targets are legal.
        link: how a prediction is read from the output.
        source: where it is defined.

    >>> from surefoot.penalties import MEAN_SQUARED_ERROR, Numbers
    >>> MEAN_SQUARED_ERROR.at_start(Numbers(mean=3.0, variance=4.0))
    13.0
    """

    key: str
    name: str
    says: str
    formula: str
    tex: str
    mean_over: str
    lower_bound: float
    reached: str
    differentiable: str
    expected: Expected[T]
    last_layer: str
    targets: str
    link: str
    source: str

    def at_start(self, targets: T) -> float:
        """Return the value expected of an untrained net, whose outputs are near 0.

        Errors: InvalidValue if more must be known of the targets than is given.
        """
        return self.expected.at_start(targets)

    def chance_level(self, targets: T) -> float:
        """Return the least value for an output that ignores the input: a net above it has learnt nothing.

        Errors: InvalidValue if more must be known of the targets than is given.
        """
        return self.expected.chance_level(targets)
