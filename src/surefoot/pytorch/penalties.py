"""The penalties as torch modules: torch computes them, surefoot refuses what torch would misread or explain badly.

The checks look at shapes and dtypes only, so they never wait for a GPU. Class ids out of range are found by torch
itself: on the CPU it raises, which is put into words here; on a GPU it asserts in the kernel.
"""

from typing import ClassVar, NoReturn, final

from torch import Size, Tensor, int64, nn, uint8
from torch.nn import functional

from surefoot.errors import InvalidValue, refuse
from surefoot.penalties import CROSS_ENTROPY, MEAN_SQUARED_ERROR, Classes, Numbers, Penalty

_IDS = (int64, uint8)  # what torch takes as class ids


@final
class MeanSquaredError(nn.Module):
    """The mean of the squared differences between output and target, over all elements.

    Source: torch.nn.functional.mse_loss, which computes it; its facts are `surefoot.penalties.MEAN_SQUARED_ERROR`.

    Errors: InvalidValue if the shapes differ (torch would pair every output with every target), if either is not
    floating-point, or if the batch is empty.

    Laws: on what it accepts it equals torch's. The last layer is linear.

    >>> import torch
    >>> MeanSquaredError()(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0]))
    tensor(2.)
    """

    facts: ClassVar[Penalty[Numbers]] = MEAN_SQUARED_ERROR

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the mean squared error as a tensor of one number; output and target [any one shape, floating]."""
        floating = output.is_floating_point() and target.is_floating_point()
        if not floating or output.shape != target.shape or output.numel() == 0:
            refuse("MeanSquaredError", _output_faults(output) + _number_faults(output, target))
        return functional.mse_loss(output, target)


@final
class CrossEntropy(nn.Module):
    """The mean, over the examples, of minus the logarithm of the probability that the output gives the target.

    Source: torch.nn.functional.cross_entropy, which computes it; its facts are `surefoot.penalties.CROSS_ENTROPY`.

    Args:
        ignore_index: examples with this id as target are left out, as in torch; -100 marks padding.

    Errors: InvalidValue if there are fewer than two classes; if ids are not int64 (or uint8), are out of range (told on
    the CPU) or have not the output's shape without its classes; if probabilities have not the output's shape; if the
    batch is empty.

    Laws: on what it accepts it equals torch's. An untrained net is near ln K. Adding a constant to all outputs of an
    example changes nothing.

    >>> import torch
    >>> CrossEntropy()(torch.zeros(2, 10), torch.tensor([3, 7]))  # ln 10
    tensor(2.3026)
    """

    facts: ClassVar[Penalty[Classes]] = CROSS_ENTROPY

    def __init__(self, ignore_index: int = -100) -> None:
        super().__init__()
        self.ignore_index = ignore_index

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the cross-entropy as a tensor of one number.

        Args:
            output: a number for each class, before any softmax [(N, K), (N, K, ...) or (K,), floating].
            target: class ids [the output's shape without K, int64] or probabilities [the output's shape, floating].
        """
        shape = output.shape
        classes = 1 if len(shape) > 1 else 0
        without = Size(shape[:classes] + shape[classes + 1 :])
        wanted = without if target.dtype in _IDS else shape if target.is_floating_point() else None
        if target.shape != wanted or without == shape or shape[classes] == 1 or not _usable(output):
            refuse("CrossEntropy", _output_faults(output) + _class_faults(output, target, without))
        try:
            return functional.cross_entropy(output, target, ignore_index=self.ignore_index)
        except IndexError as error:
            self._refuse_ids(target, shape[classes], error)

    def extra_repr(self) -> str:
        """Return what torch prints between the brackets."""
        return "" if self.ignore_index == -100 else f"ignore_index={self.ignore_index}"

    def _refuse_ids(self, target: Tensor, count: int, error: IndexError) -> NoReturn:
        wrong = target[((target < 0) | (target >= count)) & (target != self.ignore_index)]
        if wrong.numel() == 0:
            raise error
        raise InvalidValue(
            f"CrossEntropy: {wrong.numel()} of {target.numel()} class ids are out of range, the first {int(wrong[0])}; "
            f"the output has {count} classes, so ids run from 0 to {count - 1} (and {self.ignore_index} is left out); "
            f"give the last layer more outputs or number the classes from 0."
        ) from error


def _usable(output: Tensor) -> bool:
    return output.is_floating_point() and output.numel() > 0


def _output_faults(output: Tensor) -> list[str]:
    faults = []
    if not output.is_floating_point():
        faults.append(f"the output is {_dtype(output)}; it must be floating-point, as a layer gives it")
    if output.numel() == 0:
        faults.append(f"the output has shape {_shape(output)}; leave an empty batch out, for it has no mean")
    return faults


def _number_faults(output: Tensor, target: Tensor) -> list[str]:
    faults = []
    if not target.is_floating_point():
        advice = "give target.float() if it holds quantities, and use CrossEntropy if it holds class ids"
        faults.append(f"the target is {_dtype(target)}; it must be floating-point: {advice}")
    if output.shape != target.shape:
        same = _thin(output) == _thin(target)
        advice = "give target.reshape(output.shape)" if same else "give both the same shape"
        shapes = f"the output has shape {_shape(output)} and the target {_shape(target)}"
        faults.append(f"{shapes}; torch would pair elements that do not belong together, so {advice}")
    return faults


def _class_faults(output: Tensor, target: Tensor, without: Size) -> list[str]:
    faults = []
    if output.dim() == 0 or output.shape[min(1, output.dim() - 1)] == 1:
        advice = "give it a column for each class, two for yes and no"
        faults.append(f"the output has shape {_shape(output)}, a single class, whose penalty is always 0; {advice}")
    if target.is_floating_point():
        return faults + ([] if target.shape == output.shape else [_probability_fault(output, target, without)])
    if target.shape != without:
        shapes = f"the output has shape {_shape(output)} and the target {_shape(target)}"
        faults.append(f"{shapes}; class ids have shape {tuple(without)}, so {_id_advice(output, target, without)}")
    if target.dtype not in _IDS:
        faults.append(f"the target is {_dtype(target)}; class ids are int64, so give target.long()")
    return faults


def _probability_fault(output: Tensor, target: Tensor, without: Size) -> str:
    advice = "target.long() if it holds class ids" if target.shape == without else "one for each class"
    given = f"the target is {_dtype(target)} of shape {_shape(target)}"
    return f"{given}; floating-point targets are probabilities, of the output's shape {_shape(output)}: give {advice}"


def _id_advice(output: Tensor, target: Tensor, without: Size) -> str:
    if target.shape == output.shape:
        return f"give target.argmax({min(1, output.dim() - 1)}) if it is one-hot"
    if target.shape == output.shape[:-1]:
        return "give output.movedim(-1, 1), since the classes stand second, not last"
    if _thin(target) == [size for size in without if size != 1]:
        return f"give target.reshape({tuple(without)})"
    return "give one id for each example"


def _thin(tensor: Tensor) -> list[int]:
    return [size for size in tensor.shape if size != 1]


def _shape(tensor: Tensor) -> str:
    return str(tuple(tensor.shape))


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
