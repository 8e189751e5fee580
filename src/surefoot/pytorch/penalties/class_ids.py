"""What penalties on classes share: which targets they take, what they say of others, and the weights of classes.

Class ids out of range are found by torch itself: on the CPU it raises, which is put into words here; on a GPU it
asserts in the kernel. A batch without any example to average gives NaN in torch; on the CPU that NaN is looked for and
refused.
"""

from collections.abc import Sequence
from typing import NoReturn

from torch import Size, Tensor, int64, is_autocast_enabled, tensor, uint8
from torch.amp import is_autocast_available

from surefoot.errors import InvalidValue, refuse
from surefoot.pytorch.penalties.refusals import dtype, is_nan, shape, thin

IDS = (int64, uint8)  # what torch takes as class ids


def without_classes(output: Tensor) -> tuple[int, Size]:
    """Return the dimension of the classes, which stands second if there are two, and the shape without it."""
    classes = 1 if output.dim() > 1 else 0
    return classes, Size(output.shape[:classes] + output.shape[classes + 1 :])


def class_faults(output: Tensor, target: Tensor, without: Size) -> list[str]:
    """Say what is wrong with a target of class ids or probabilities."""
    faults = single_class_faults(output)
    if target.is_floating_point():
        return faults + ([] if target.shape == output.shape else [_probability_fault(output, target, without)])
    return faults + id_faults(output, target, without)


def single_class_faults(output: Tensor) -> list[str]:
    """Say that an output has no classes to choose from."""
    if output.dim() > 0 and output.shape[min(1, output.dim() - 1)] != 1:
        return []
    advice = "give it a column for each class, two for yes and no"
    return [f"the output has shape {shape(output)}, a single class, whose penalty is always 0; {advice}"]


def id_faults(output: Tensor, target: Tensor, without: Size) -> list[str]:
    """Say what is wrong with shape and dtype of a target of class ids."""
    faults = []
    if target.shape != without:
        shapes = f"the output has shape {shape(output)} and the target {shape(target)}"
        faults.append(f"{shapes}; class ids have shape {tuple(without)}, so {_id_advice(output, target, without)}")
    if target.dtype not in IDS:
        faults.append(f"the target is {dtype(target)}; class ids are int64, so give target.long()")
    return faults


def refuse_ids(where: str, target: Tensor, count: int, ignore_index: int, error: IndexError) -> NoReturn:
    """Say in words what torch's error means: class ids out of range."""
    kept = kept_ids(target, ignore_index)
    wrong = kept[(kept < 0) | (kept >= count)]
    if wrong.numel() == 0:
        raise error
    from_one = int(kept.min()) == 1 and int(kept.max()) == count
    advice = "give target - 1" if from_one else "give the last layer more outputs or number the classes from 0"
    raise InvalidValue(
        f"{where}: {wrong.numel()} of {target.numel()} class ids are out of range, the first {int(wrong[0])}; "
        f"the output has {count} classes, so ids run from 0 to {count - 1} (and {ignore_index} is left out); {advice}."
    ) from error


def refuse_nothing(where: str, value: Tensor, target: Tensor, ignore_index: int, weights: Tensor | None) -> None:
    """Refuse a batch whose mean is one of nothing: all examples ignored, or all of weight 0.

    Reading one number that the CPU has just computed costs 1 us; the ids are looked at only if it is NaN.
    """
    if target.is_floating_point() or not is_nan(value):
        return
    kept = kept_ids(target, ignore_index)
    if kept.numel() == 0:
        told = f"all {target.numel()} targets are {ignore_index}, the id to leave out, so there is nothing to average"
        refuse(where, [f"{told}; leave such a batch out"])
    if weights is not None and not weights[kept].any():
        refuse(where, ["all classes in this batch have weight 0, so there is nothing to average; leave it out"])


def kept_ids(target: Tensor, ignore_index: int) -> Tensor:
    """Return the class ids that are not left out, as int64: for torch, 156 in uint8 equals -100."""
    ids = target.long()
    return ids[ids != ignore_index]


def kept_weights(class_weights: Sequence[float] | Tensor | None) -> tuple[tuple[float, ...], Tensor | None]:
    """Return class weights as numbers and as a tensor; a tensor keeps its dtype and device."""
    if class_weights is None:
        return (), None
    if not isinstance(class_weights, Tensor):
        numbers = tuple(float(weight) for weight in class_weights)
        return numbers, tensor(numbers)
    if class_weights.dim() != 1:
        refuse("class_weights", [f"their shape is {shape(class_weights)}; give one number for each class, in one row"])
    floats = class_weights if class_weights.is_floating_point() else class_weights.float()
    return tuple(floats.tolist()), floats.detach().clone()


def weight_count_faults(weights: Tensor | None, output: Tensor) -> list[str]:
    """Say that there is not one weight for each class."""
    if weights is None or output.dim() == 0:
        return []
    count = output.shape[min(1, output.dim() - 1)]
    if len(weights) == count:
        return []
    return [f"there are {len(weights)} class_weights and {count} classes in the output; give one for each class"]


def fitted(weights: Tensor | None, output: Tensor) -> Tensor | None:
    """Return weights on the output's device and, but for autocast, in its dtype, as torch wants them.

    Without waiting: a few numbers that go to a GPU are copied before the call returns.
    """
    if weights is None:
        return None
    place = output.device.type
    cast = is_autocast_available(place) and is_autocast_enabled(place)
    return weights.to(output.device, weights.dtype if cast else output.dtype, non_blocking=True)


def _probability_fault(output: Tensor, target: Tensor, without: Size) -> str:
    advice = "target.long() if it holds class ids" if target.shape == without else "one for each class"
    given = f"the target is {dtype(target)} of shape {shape(target)}"
    return f"{given}; floating-point targets are probabilities, of the output's shape {shape(output)}: give {advice}"


def _id_advice(output: Tensor, target: Tensor, without: Size) -> str:
    if target.shape == output.shape:
        return f"give target.argmax({min(1, output.dim() - 1)}) if it is one-hot"
    if target.shape == output.shape[:-1]:
        return "give output.movedim(-1, 1), since the classes stand second, not last"
    if thin(target) == [size for size in without if size != 1]:
        return f"give target.reshape({tuple(without)})"
    return "give one id for each example"
