"""The focal penalty: cross-entropy that makes little of what is already right."""

from collections.abc import Sequence
from typing import final

from torch import Tensor, expm1, finfo, nn, where
from torch.nn import functional

from surefoot.errors import refuse
from surefoot.penalties import FOCAL, Classes, Penalty, focal
from surefoot.pytorch.penalties.class_ids import (
    IDS,
    fitted,
    id_faults,
    kept_weights,
    refuse_ids,
    refuse_nothing,
    single_class_faults,
    weight_count_faults,
    without_classes,
)
from surefoot.pytorch.penalties.refusals import dtype, output_faults, usable


@final
class Focal(nn.Module):
    """The cross-entropy of each example times (1 - its class's probability) to the power gamma, the mean of these.

    On logits of several classes; yes or no is two classes. The mean is over examples and positions that are not
    ignored; with class weights (the paper's alpha) it is divided by the sum of theirs, so that gamma 0 is the
    cross-entropy. (The paper divides by the number of positive anchors instead, which only detectors have.)

    Source: Lin, Goyal, Girshick, He & Dollar 2017, equation 4; its facts are
    `surefoot.penalties.focal(gamma, class_weights)`.

    Args:
        gamma: how strongly examples that are right are made little of [at least 0].
        class_weights: what an example of each class counts [K numbers, at least 0]; a buffer, so it moves with `to`.
        ignore_index: examples with this id as target are left out; -100 marks padding.

    Errors: InvalidValue as `CrossEntropy`, and for probabilities as targets: the factor needs the one right class.

    Laws: gamma 0 is the cross-entropy. It is never above the cross-entropy, and falls as gamma grows. Adding a constant
    to all outputs of an example changes nothing.

    >>> import torch
    >>> Focal(gamma=2.0)(torch.zeros(1, 2), torch.tensor([0]))  # a quarter of ln 2
    tensor(0.1733)
    """

    facts: Penalty[Classes] = FOCAL
    class_weights: Tensor | None

    def __init__(
        self, gamma: float = 2.0, class_weights: Sequence[float] | Tensor | None = None, ignore_index: int = -100
    ) -> None:
        super().__init__()
        numbers, weights = kept_weights(class_weights)
        self.facts = focal(gamma, numbers)
        self.register_buffer("class_weights", weights, persistent=False)
        self.gamma = gamma
        self.ignore_index = ignore_index

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the focal penalty as a tensor of one number.

        Args:
            output: a number for each class, before any softmax [(N, K), (N, K, ...) or (K,), floating].
            target: class ids [the output's shape without K, int64].
        """
        self._refuse(output, target)
        try:
            cost = functional.cross_entropy(output, target, ignore_index=self.ignore_index, reduction="none")
        except IndexError as error:
            refuse_ids("Focal", target, output.shape[without_classes(output)[0]], self.ignore_index, error)
        value = self._mean(self._focused(cost), target)
        refuse_nothing("Focal", value, target, self.ignore_index, self.class_weights)
        return value

    def extra_repr(self) -> str:
        """Return what torch prints between the brackets."""
        told = [f"gamma={self.gamma}"]
        told += [] if self.class_weights is None else [f"class_weights={self.class_weights.tolist()}"]
        return ", ".join(told + ([f"ignore_index={self.ignore_index}"] if self.ignore_index != -100 else []))

    def _focused(self, cost: Tensor) -> Tensor:
        if self.gamma == 0.0:
            return cost
        wrong = -expm1(-cost)  # 1 - p without losing the digits of a p near 1
        return wrong.clamp_min(finfo(wrong.dtype).tiny) ** self.gamma * cost  # at 0 a root has no slope

    def _mean(self, cost: Tensor, target: Tensor) -> Tensor:
        ids = target.long()  # for torch, 156 in uint8 equals -100
        kept = ids != self.ignore_index
        weights = kept.to(cost.dtype)
        given = fitted(self.class_weights, cost)
        if given is not None:
            weights = weights * given[where(kept, ids, 0)]
        return (weights * cost).mean() / weights.mean()

    def _refuse(self, output: Tensor, target: Tensor) -> None:
        classes, without = without_classes(output)
        counts = weight_count_faults(self.class_weights, output)
        legal = target.dtype in IDS and target.shape == without and without != output.shape
        if legal and output.shape[classes] != 1 and usable(output) and not counts:
            return
        faults = output_faults(output) + single_class_faults(output)
        if target.is_floating_point():
            advice = "target.argmax(1)" if target.shape == output.shape else "target.long()"
            faults.append(f"the target is {dtype(target)}; it must be class ids, int64: give {advice} if it holds them")
        else:
            faults += id_faults(output, target, without)
        refuse("Focal", faults + counts)
