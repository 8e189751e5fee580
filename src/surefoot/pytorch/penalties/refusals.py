"""What all penalties refuse, in words: wrong dtypes and shapes, and values where they can be looked at for little.

Shapes and dtypes are looked at always; that never waits for a device. Values are looked at only on the CPU, outside
torch.compile and vmap, and only where torch itself would say nothing: one pass for the least and the greatest. On a GPU
nothing is looked at, since reading a number there would wait for every kernel before it.

Measured on one core against forward and backward of the penalty alone, for 64 to a million numbers: 3 us or 2 to 14 %
for binary cross-entropy and Poisson, 3 us or up to a quarter for hinge, 10 us or up to a quarter for probabilities as
target, 1 us or up to 4 % for class ids. Beside a net's own time that is nothing.
"""

from torch import Tensor, aminmax, compiler, finfo, nn

from surefoot.penalties.targets import TOLERANCE

AS_NUMBERS = "give target.float() if it holds quantities, and use CrossEntropy if it holds class ids"


def alike(output: Tensor, target: Tensor) -> bool:
    """Return whether both are floating-point, of one shape and not empty."""
    floating = output.is_floating_point() and target.is_floating_point()
    return floating and output.shape == target.shape and output.numel() > 0


def usable(output: Tensor) -> bool:
    """Return whether an output is floating-point and not empty."""
    return output.is_floating_point() and output.numel() > 0


def output_faults(output: Tensor) -> list[str]:
    """Say what is wrong with an output by itself."""
    faults = []
    if not output.is_floating_point():
        faults.append(f"the output is {dtype(output)}; it must be floating-point, as a layer gives it")
    if output.numel() == 0:
        faults.append(f"the output has shape {shape(output)}; leave an empty batch out, for it has no mean")
    return faults


def number_faults(output: Tensor, target: Tensor, as_numbers: str = AS_NUMBERS) -> list[str]:
    """Say what is wrong with a target that must be of the output's shape and floating-point."""
    faults = []
    if not target.is_floating_point():
        faults.append(f"the target is {dtype(target)}; it must be floating-point: {as_numbers}")
    if output.shape != target.shape:
        same = thin(output) == thin(target)
        advice = "give target.reshape(output.shape)" if same else "give both the same shape"
        shapes = f"the output has shape {shape(output)} and the target {shape(target)}"
        faults.append(f"{shapes}; torch would pair elements that do not belong together, so {advice}")
    return faults


def distribution_faults(target: Tensor, classes: int) -> list[str]:
    """Say what is wrong with the values of a target of probabilities, or nothing where they are not looked at."""
    found = extremes(target)
    sums = extremes(target.sum(classes)) if found else None
    if found is None or sums is None:
        return []
    if not found[0] >= 0.0:
        least = f"the target holds {'NaN' if found[0] != found[0] else format(found[0], 'g')}"
        return [f"{least}; probabilities are at least 0: give their softmax if they are logits, exp if logarithms"]
    if max(1.0 - sums[0], sums[1] - 1.0) <= max(TOLERANCE, 4.0 * finfo(target.dtype).eps):
        return []
    total = sums[0] if 1.0 - sums[0] > sums[1] - 1.0 else sums[1]
    advice = f"divide it by target.sum({classes}, keepdim=True), or leave the example out if it has no target"
    return [f"the target has probabilities that sum to {total:g}; an example's must sum to 1: {advice}"]


def extremes(tensor: Tensor) -> tuple[float, float] | None:
    """Return the least and the greatest value (NaN if one is NaN), or None where they are not looked at."""
    if not visible(tensor):
        return None
    low, high = aminmax(tensor.detach())
    try:
        return low.item(), high.item()
    except RuntimeError:  # inside vmap there is no one number
        return None


def is_nan(value: Tensor) -> bool:
    """Return whether a tensor of one number is NaN, or False where it is not looked at."""
    if not visible(value):
        return False
    try:
        number: float = value.item()
    except RuntimeError:
        return False
    return number != number


def visible(tensor: Tensor) -> bool:
    """Return whether values may be read: a plain tensor on the CPU that is not being compiled."""
    if compiler.is_compiling():
        return False
    return tensor.device.type == "cpu" and type(tensor) in (Tensor, nn.Parameter)


def span(found: tuple[float, float]) -> str:
    """Say what values a target holds, by its least and its greatest."""
    low, high = found
    return "the target holds NaN" if low != low else f"the target runs from {low:g} to {high:g}"


def thin(tensor: Tensor) -> list[int]:
    """Return a tensor's sizes without those that are 1."""
    return [size for size in tensor.shape if size != 1]


def shape(tensor: Tensor) -> str:
    """Say a tensor's shape."""
    return str(tuple(tensor.shape))


def dtype(tensor: Tensor) -> str:
    """Say a tensor's dtype."""
    return str(tensor.dtype).removeprefix("torch.")
