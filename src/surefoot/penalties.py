"""Penalties: what is known of each before any training, as values that the doctor, the docs and the cards read.

The mathematics of a penalty is torch's (`surefoot.pytorch.penalties`); here stand its facts. What can be expected of a
penalty depends on the targets: `Classes` says how often each class occurs, `Numbers` gives mean and variance. A further
penalty is one more value at the end of this file.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar, final

from surefoot.errors import refuse

T = TypeVar("T", contravariant=True)


@final
@dataclass(frozen=True)
class Classes:
    """Targets that are classes, by how often each occurs.

    Args:
        prior: the share of each class [K numbers, at least 0, summing to 1].

    Errors: InvalidValue if the shares are fewer than two, negative, or do not sum to 1 within one in a million.

    >>> round(Classes((0.5, 0.25, 0.25)).entropy, 6)  # in nats
    1.039721
    """

    prior: tuple[float, ...]

    def __post_init__(self) -> None:
        faults = []
        if len(self.prior) < 2:
            faults.append(f"prior has {len(self.prior)} classes; there must be at least 2")
        if not all(share >= 0.0 for share in self.prior):
            faults.append(f"prior has the share {min(self.prior)}; a share is at least 0")
        if not abs(math.fsum(self.prior) - 1.0) <= 1e-6:
            faults.append(f"prior sums to {math.fsum(self.prior)}; divide counts by their sum, so that it is 1")
        refuse("Classes", faults)

    @classmethod
    def equal(cls, count: int) -> "Classes":
        """Return so many classes, each as frequent as any other."""
        refuse("Classes.equal", [f"count is {count}; there must be at least 2 classes"] if count < 2 else [])
        return cls((1.0 / count,) * count)

    @property
    def entropy(self) -> float:
        """The entropy of the prior [nats]: what is left of the cross-entropy when only the prior is known."""
        return -math.fsum(share * math.log(share) for share in self.prior if share > 0.0)


@final
@dataclass(frozen=True)
class Numbers:
    """Targets that are numbers, by their first two moments over all elements.

    Args:
        mean: their mean [unit of the target].
        variance: their mean squared distance from it [unit of the target squared, at least 0].

    Errors: InvalidValue if the variance is negative or either is not finite.

    >>> Numbers(mean=3.0, variance=4.0)
    Numbers(mean=3.0, variance=4.0)
    """

    mean: float
    variance: float

    def __post_init__(self) -> None:
        faults = [] if math.isfinite(self.mean) else [f"mean is {self.mean}; it must be finite"]
        if not (math.isfinite(self.variance) and self.variance >= 0.0):
            faults.append(f"variance is {self.variance}; it must be finite and at least 0")
        refuse("Numbers", faults)


@final
@dataclass(frozen=True)
class Penalty(Generic[T]):
    """The facts of one penalty, averaged over the elements or examples of a batch.

    Args:
        name: its name, in words.
        tex: its formula; f is the output, y the target.
        lower_bound: the value that it never goes below.
        reached: when it has that value.
        differentiable: where it has a derivative with respect to the output.
        at_start: its expected value for an untrained net whose outputs are near 0, from what is known of the targets.
        chance_level: its least value for an output that ignores the input: a net above it has learnt nothing.
        last_layer: what the last layer must be.
        targets: which targets are legal.
        link: how a prediction is read from the output.
        source: where it is defined.

    >>> MEAN_SQUARED_ERROR.at_start(Numbers(mean=3.0, variance=4.0))
    13.0
    """

    name: str
    tex: str
    lower_bound: float
    reached: str
    differentiable: str
    at_start: Callable[[T], float]
    chance_level: Callable[[T], float]
    last_layer: str
    targets: str
    link: str
    source: str


def _second_moment(targets: Numbers) -> float:
    return targets.variance + targets.mean**2


def _variance(targets: Numbers) -> float:
    return targets.variance


def _log_count(targets: Classes) -> float:
    return math.log(len(targets.prior))  # equal outputs cost ln K whatever the prior is


def _entropy(targets: Classes) -> float:
    return targets.entropy


MEAN_SQUARED_ERROR = Penalty(
    name="mean squared error",
    tex=r"\frac{1}{n} \sum_{i=1}^{n} (f_i - y_i)^2",
    lower_bound=0.0,
    reached="every output equals its target",
    differentiable="everywhere, as often as wanted",
    at_start=_second_moment,
    chance_level=_variance,
    last_layer="linear, one output for each target number, no activation: a bounded one cannot reach every target",
    targets="floating-point numbers of exactly the output's shape, best scaled to mean 0 and variance 1",
    link="identity: the output is the prediction, and the best one is the mean of the targets given the input",
    source="Gauss 1809, Theoria motus corporum coelestium; Bishop 2006, Pattern Recognition, section 1.5.5",
)

CROSS_ENTROPY = Penalty(
    name="cross-entropy",
    tex=r"-\frac{1}{n} \sum_{i=1}^{n} \ln \frac{e^{f_{i, y_i}}}{\sum_{k=1}^{K} e^{f_{ik}}}",
    lower_bound=0.0,
    reached="never, only approached, as the right class's output outgrows the others; for probabilities as targets the "
    "least value is their entropy",
    differentiable="everywhere, as often as wanted",
    at_start=_log_count,
    chance_level=_entropy,
    last_layer="linear, K outputs, no softmax: the penalty contains it, and a second one flattens the gradient",
    targets="class ids from 0 to K - 1 (int64), one an example, or K probabilities an example, summing to 1",
    link="softmax: the softmax of the outputs is the probability of each class, and the best one is the true one",
    source="Bridle 1990, Probabilistic Interpretation of Feedforward Classification Network Outputs; Good 1952",
)

PENALTIES = (MEAN_SQUARED_ERROR, CROSS_ENTROPY)
