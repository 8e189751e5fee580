"""Penalties for yes or no, one label an example or several: binary cross-entropy and hinge."""

from collections.abc import Sequence
from typing import ClassVar, final

from torch import Tensor, get_default_dtype, nn, tensor
from torch.nn import functional

from surefoot.errors import refuse
from surefoot.penalties import BINARY_CROSS_ENTROPY, HINGE, Labels, Penalty, binary_cross_entropy
from surefoot.pytorch.penalties.refusals import alike, extremes, number_faults, output_faults, span, visible


@final
class BinaryCrossEntropy(nn.Module):
    """The mean of minus the logarithm of the probability that the output gives the target, over all elements.

    The output is a logit, before any sigmoid. A sigmoid before it cannot be told from one batch, so the doctor looks
    for that.

    Source: torch.nn.functional.binary_cross_entropy_with_logits, which computes it; its facts are
    `surefoot.penalties.binary_cross_entropy(positive_weight)`.

    Args:
        positive_weight: what a yes counts against a no [above 0; one, or one for each label, the last dimension].

    Errors: InvalidValue if the weights are out of bounds or not one for each label, if the shapes differ, if either is
    not floating-point, if the batch is empty, or (told on the CPU) if a target is outside 0 to 1 or NaN.

    Laws: on what it accepts it equals torch's. Outputs of 0 cost ln 2. It equals the cross-entropy of two classes with
    the outputs 0 and f.

    >>> import torch
    >>> BinaryCrossEntropy()(torch.zeros(2), torch.tensor([0.0, 1.0]))  # ln 2
    tensor(0.6931)
    """

    facts: Penalty[Labels] = BINARY_CROSS_ENTROPY
    positive_weight: Tensor | None

    def __init__(self, positive_weight: float | Sequence[float] | Tensor = 1.0) -> None:
        super().__init__()
        given = positive_weight.tolist() if isinstance(positive_weight, Tensor) else positive_weight
        self.facts = binary_cross_entropy(given)
        plain = given == 1.0
        weight = (
            positive_weight.detach().clone()
            if isinstance(positive_weight, Tensor)
            else tensor(given, dtype=get_default_dtype())
        )
        self.register_buffer("positive_weight", None if plain else weight, persistent=False)

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the binary cross-entropy as a tensor of one number.

        Args:
            output: a number for each label, before any sigmoid [any shape, floating].
            target: 0 for no, 1 for yes, or a probability of yes [the output's shape, floating].
        """
        weight = self.positive_weight
        if not alike(output, target) or not _one_each(weight, output):
            advice = "give target.float() if it holds 0 and 1, and use CrossEntropy if it holds class ids"
            faults = output_faults(output) + number_faults(output, target, as_numbers=advice)
            refuse("BinaryCrossEntropy", faults + _weight_faults(weight, output))
        found = extremes(target)
        if found and not (found[0] >= 0.0 and found[1] <= 1.0):
            refuse("BinaryCrossEntropy", [f"{span(found)}; 0 is no and 1 is yes: {_label_advice(found)}"])
        moved = None if weight is None else weight.to(output.device, non_blocking=True)
        return functional.binary_cross_entropy_with_logits(output, target, pos_weight=moved)

    def extra_repr(self) -> str:
        """Return what torch prints between the brackets."""
        return "" if self.positive_weight is None else f"positive_weight={self.positive_weight.tolist()}"


@final
class Hinge(nn.Module):
    """How far each output falls short of its target's side by 1, the mean over all elements.

    For yes and no only. Torch's multi_margin_loss extends it to more classes in a way that can prefer a wrong class
    even with endless data (Liu 2007, Fisher Consistency of Multicategory Support Vector Machines): there, use
    CrossEntropy.

    Source: Cortes & Vapnik 1995; its facts are `surefoot.penalties.HINGE`. (Torch's hinge_embedding_loss is another.)

    Errors: InvalidValue if the shapes differ, if either is not floating-point, if the batch is empty, or (told on the
    CPU) if a target is neither -1 nor 1.

    Laws: outputs of 0 cost exactly 1. It is 0 once every output is on its target's side by 1. Swapping yes and no and
    the sign of the output changes nothing.

    >>> import torch
    >>> Hinge()(torch.tensor([0.5, 3.0]), torch.tensor([-1.0, 1.0]))  # 1 + 0.5 and 0, halved
    tensor(0.7500)
    """

    facts: ClassVar[Penalty[Labels]] = HINGE

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the hinge penalty as a tensor of one number.

        Args:
            output: a number for each label, any sign and size [any shape, floating].
            target: -1 for no, 1 for yes [the output's shape, floating].
        """
        if not alike(output, target):
            advice = "give target.float() if it holds -1 and 1, 2.0 * target - 1.0 if it holds 0 and 1"
            refuse("Hinge", output_faults(output) + number_faults(output, target, as_numbers=advice))
        if visible(target):
            refuse("Hinge", _side_faults(target))
        return functional.relu(1.0 - target * output).mean()


def _side_faults(target: Tensor) -> list[str]:
    sizes = extremes(target.abs())
    found = extremes(target) if sizes != (1.0, 1.0) else None
    if found is None:
        return []
    zero_and_one = found[0] == 0.0 and found[1] <= 1.0
    advice = "give 2 * target - 1 if it holds 0 and 1" if zero_and_one else "use BinaryCrossEntropy for shares"
    between = " with sizes between" if found == (-1.0, 1.0) else ""
    return [f"{span(found)}{between}; -1 is no and 1 is yes: {advice}"]


def _one_each(weight: Tensor | None, output: Tensor) -> bool:
    return weight is None or weight.dim() == 0 or weight.shape == output.shape[-1:]


def _weight_faults(weight: Tensor | None, output: Tensor) -> list[str]:
    if weight is None or _one_each(weight, output):
        return []
    given = f"there are {len(weight)} positive weights and the output has shape {tuple(output.shape)}"
    return [f"{given}; give one, or one for each label, which stand last"]


def _label_advice(found: tuple[float, float]) -> str:
    if found[0] != found[0]:
        return "leave out or fill what is missing"
    if found[0] == -1.0 and found[1] <= 1.0:
        return "give (target + 1) / 2 if it holds -1 and 1"
    return "use CrossEntropy if it holds class ids, MeanSquaredError if it holds quantities"
