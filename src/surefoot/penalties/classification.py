"""Penalties for targets that are classes: cross-entropy, and the Kullback-Leibler divergence from a distribution."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from surefoot.errors import refuse
from surefoot.penalties.penalty import Penalty
from surefoot.penalties.targets import Classes, Distributions, entropy


@final
@dataclass(frozen=True)
class _Surprise:
    weights: tuple[float, ...]
    smoothing: float

    def at_start(self, targets: Classes) -> float:
        spread = math.fsum(self._spread(targets)) if self.smoothing else 0.0
        return math.log(len(targets.prior)) * (1.0 - self.smoothing + spread)  # equal outputs cost ln K each

    def chance_level(self, targets: Classes) -> float:
        prior = targets.weighted(self.weights).prior
        pairs = zip(prior, self._spread(targets), strict=True)
        counted = [(1.0 - self.smoothing) * share + spread for share, spread in pairs]
        total = math.fsum(counted)
        return total * entropy([share / total for share in counted])

    def _spread(self, targets: Classes) -> list[float]:
        """Return what smoothing adds to each class: torch weighs it by that class, and divides by the targets' own."""
        count = len(targets.prior)
        weights = self.weights or (1.0,) * count
        divisor = count * math.fsum(share * weight for share, weight in zip(targets.prior, weights, strict=True))
        return [self.smoothing * weight / divisor for weight in weights]


@final
@dataclass(frozen=True)
class _Divergence:
    def at_start(self, targets: Distributions) -> float:
        return math.log(len(targets.prior)) - targets.entropy

    def chance_level(self, targets: Distributions) -> float:
        return max(0.0, entropy(targets.prior) - targets.entropy)


def weight_faults(class_weights: Sequence[float]) -> list[str]:
    """Say what is wrong with class weights; none given is right."""
    wrong = [weight for weight in class_weights if not 0.0 <= weight < math.inf]
    if wrong:
        return [f"class_weights hold {wrong[0]}; each must be finite and at least 0, what its class counts"]
    if class_weights and (len(class_weights) < 2 or not any(class_weights)):
        return [f"class_weights are {tuple(class_weights)}; give one for each class, two or more, not all of them 0"]
    return []


def cross_entropy(class_weights: Sequence[float] = (), label_smoothing: float = 0.0) -> Penalty[Classes]:
    """Return the facts of the cross-entropy of outputs before any softmax.

    Args:
        class_weights: what an example of each class counts [K numbers, at least 0]; none weighs all alike.
        label_smoothing: the share of each target that is spread over all classes evenly [at least 0, below 1].

    Errors: InvalidValue if weights or smoothing are out of bounds.

    >>> round(cross_entropy(class_weights=(1.0, 3.0)).chance_level(Classes((0.75, 0.25))), 6)  # balanced: ln 2
    0.693147
    """
    faults = weight_faults(class_weights)
    if not 0.0 <= label_smoothing < 1.0:
        faults.append(f"label_smoothing is {label_smoothing}; it must be at least 0 and below 1, and 0.1 is usual")
    refuse("CrossEntropy", faults)
    return Penalty(
        key="cross_entropy",
        name="cross-entropy",
        says="For one class out of several: the outputs are the logits of the classes.",
        formula="mean(ln(sum_k exp(f_k)) - f_y)",
        tex=r"-\frac{1}{n} \sum_{i=1}^{n} \ln \frac{e^{f_{i, y_i}}}{\sum_{k=1}^{K} e^{f_{ik}}}",
        mean_over="the examples and positions that are not ignored; with class weights divided by the sum of theirs "
        "(with probabilities as targets by the number of examples)",
        lower_bound=0.0,
        reached="never, only approached, as the right class's output outgrows the others; for probabilities as targets "
        "the least value is their entropy, and so it is with label smoothing",
        differentiable="everywhere, as often as wanted",
        expected=_Surprise(tuple(class_weights), label_smoothing),
        last_layer="linear, K outputs, no softmax: the penalty contains it, and a second one flattens the gradient",
        targets="class ids from 0 to K - 1 (int64), one an example, or K probabilities an example, summing to 1",
        link="softmax: the softmax of the outputs is the probability of each class, and the best one is the true one",
        source="Bridle 1990, Probabilistic Interpretation of Feedforward Classification Network Outputs; Good 1952",
    )


CROSS_ENTROPY = cross_entropy()

KULLBACK_LEIBLER = Penalty(
    key="kullback_leibler",
    name="Kullback-Leibler divergence",
    says="For targets that are distributions, as another net gives them: 0 when the output is the target's.",
    formula="mean(sum_k y_k (ln y_k - ln p_k)), p = softmax(f)",
    tex=r"\frac{1}{n} \sum_{i=1}^{n} \sum_{k=1}^{K} y_{ik} \left( \ln y_{ik} - \ln p_{ik} \right), \quad "
    r"p_{ik} = \frac{e^{f_{ik}}}{\sum_{j=1}^{K} e^{f_{ij}}}",
    mean_over="the examples and positions (torch's batchmean, not its mean, which divides by K too)",
    lower_bound=0.0,
    reached="the softmax of the outputs equals the target",
    differentiable="everywhere, as often as wanted",
    expected=_Divergence(),
    last_layer="linear, K outputs; log-softmax does no harm (taking it twice changes nothing), softmax does",
    targets="K probabilities an example, at least 0 and summing to 1, of exactly the output's shape",
    link="softmax: the softmax of the outputs is the distribution, and the best one is the mean target given the input",
    source="Kullback & Leibler 1951, On Information and Sufficiency; Hinton, Vinyals & Dean 2015, Distilling the "
    "Knowledge in a Neural Network",
)
