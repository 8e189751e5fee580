"""Penalties for classes: cross-entropy and the Kullback-Leibler divergence."""

from collections.abc import Sequence
from typing import ClassVar, final

from torch import Tensor, nn
from torch.nn import functional

from surefoot.errors import refuse
from surefoot.penalties import CROSS_ENTROPY, KULLBACK_LEIBLER, Classes, Distributions, Penalty, cross_entropy
from surefoot.pytorch.penalties.class_ids import (
    IDS,
    class_faults,
    fitted,
    kept_weights,
    refuse_ids,
    refuse_nothing,
    single_class_faults,
    weight_count_faults,
    without_classes,
)
from surefoot.pytorch.penalties.refusals import (
    alike,
    distribution_faults,
    number_faults,
    output_faults,
    usable,
)


@final
class CrossEntropy(nn.Module):
    """The mean, over the examples, of minus the logarithm of the probability that the output gives the target.

    With further dimensions it is the mean over examples and positions. With class weights torch divides by the sum of
    the weights of the targets, but for probabilities as targets by the number of examples. Softmax before it is the
    doctor's to find: to see it, all outputs would have to be read in every step.

    Source: torch.nn.functional.cross_entropy, which computes it; its facts are
    `surefoot.penalties.cross_entropy(class_weights, label_smoothing)`.

    Args:
        class_weights: what an example of each class counts [K numbers, at least 0]; a buffer, so it moves with `to`.
        label_smoothing: the share of each target that is spread over all classes evenly [at least 0, below 1].
        ignore_index: examples with this id as target are left out, as in torch; -100 marks padding.

    Errors: InvalidValue if there are fewer than two classes; if ids are not int64 (or uint8), are out of range (told on
    the CPU) or have not the output's shape without its classes; if probabilities have not the output's shape or (told
    on the CPU) do not sum to 1; if there is nothing to average, the batch being empty or (told on the CPU) all of it
    ignored; if weights or smoothing are out of bounds, or there is not a weight for each class.

    Laws: on what it accepts it equals torch's. An untrained net is near ln K. Adding a constant to all outputs of an
    example changes nothing.

    >>> import torch
    >>> CrossEntropy()(torch.zeros(2, 10), torch.tensor([3, 7]))  # ln 10
    tensor(2.3026)
    """

    facts: Penalty[Classes] = CROSS_ENTROPY
    class_weights: Tensor | None

    def __init__(
        self,
        class_weights: Sequence[float] | Tensor | None = None,
        label_smoothing: float = 0.0,
        ignore_index: int = -100,
    ) -> None:
        super().__init__()
        numbers, weights = kept_weights(class_weights)
        self.facts = cross_entropy(numbers, label_smoothing)
        self.register_buffer("class_weights", weights, persistent=False)
        self.label_smoothing = label_smoothing
        self.ignore_index = ignore_index

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the cross-entropy as a tensor of one number.

        Args:
            output: a number for each class, before any softmax [(N, K), (N, K, ...) or (K,), floating].
            target: class ids [the output's shape without K, int64] or probabilities [the output's shape, floating].
        """
        self._refuse(output, target)
        weights = fitted(self.class_weights, output)
        try:
            value = functional.cross_entropy(
                output, target, weights, ignore_index=self.ignore_index, label_smoothing=self.label_smoothing
            )
        except IndexError as error:
            refuse_ids("CrossEntropy", target, output.shape[without_classes(output)[0]], self.ignore_index, error)
        refuse_nothing("CrossEntropy", value, target, self.ignore_index, weights)
        return value

    def extra_repr(self) -> str:
        """Return what torch prints between the brackets."""
        told = [] if self.class_weights is None else [f"class_weights={self.class_weights.tolist()}"]
        told += [f"label_smoothing={self.label_smoothing}"] if self.label_smoothing else []
        return ", ".join(told + ([f"ignore_index={self.ignore_index}"] if self.ignore_index != -100 else []))

    def _refuse(self, output: Tensor, target: Tensor) -> None:
        classes, without = without_classes(output)
        soft = target.is_floating_point()
        wanted = without if target.dtype in IDS else output.shape if soft else None
        counts = weight_count_faults(self.class_weights, output)
        if target.shape != wanted or without == output.shape or output.shape[classes] == 1 or not usable(output):
            refuse("CrossEntropy", output_faults(output) + class_faults(output, target, without) + counts)
        if soft and self.ignore_index >= 0:
            counts.append(f"ignore_index is {self.ignore_index} and the target holds probabilities; give class ids")
        refuse("CrossEntropy", counts + (distribution_faults(target, classes) if soft else []))


@final
class KullbackLeibler(nn.Module):
    """How far the output's distribution is from the target's, the mean over the examples (and positions).

    The output is logits: its log-softmax is taken here. Since the log-softmax of log-probabilities is themselves, those
    are right too, and no output can be wrong but a softmax. (Torch's kl_div takes log-probabilities, cannot know, and
    gives a wrong number, even below 0, for logits.) The mean is torch's `batchmean`; torch's `mean` divides by K too.

    Source: torch.nn.functional.kl_div, which computes it; its facts are `surefoot.penalties.KULLBACK_LEIBLER`.

    Errors: InvalidValue if there are fewer than two classes; if the shapes differ; if either is not floating-point; if
    the batch is empty; or (told on the CPU) if a target is negative, NaN or does not sum to 1.

    Laws: on what it accepts it equals torch's. It is the cross-entropy less the entropy of the targets. It is 0 where
    the softmax of the output is the target, and never below.

    >>> import torch
    >>> KullbackLeibler()(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]))  # ln 2
    tensor(0.6931)
    """

    facts: ClassVar[Penalty[Distributions]] = KULLBACK_LEIBLER

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the divergence as a tensor of one number.

        Args:
            output: a number for each class, logits or log-probabilities [(N, K), (N, K, ...) or (K,), floating].
            target: the probability of each class [the output's shape, floating].
        """
        classes, without = without_classes(output)
        if not alike(output, target) or without == output.shape or output.shape[classes] == 1:
            advice = "use CrossEntropy for class ids, and give target.float() if it is one-hot"
            faults = output_faults(output) + single_class_faults(output)
            refuse("KullbackLeibler", faults + number_faults(output, target, as_numbers=advice))
        refuse("KullbackLeibler", distribution_faults(target, classes))
        total = functional.kl_div(output.log_softmax(classes), target, reduction="sum")
        return total / without.numel()
