"""What an operation was given, in words: the very numbers where it failed, or how large they were."""

from typing import Any

import torch
from torch import Tensor

from surefoot.training.examine.call import Call
from surefoot.training.examine.kinds import PLAIN_ERRORS, extremes, plain, short


def said(call: Call, output: Tensor) -> str:
    """Return what an operation was given where its output first is not finite.

    >>> x = torch.tensor([1.0, -0.3])
    >>> said(Call(torch.ops.aten.log.default, (x,), {}), torch.log(x))
    'log(-0.3)'
    """
    try:
        return _special(call) or _at_first(call, output) or _sizes(call)
    except PLAIN_ERRORS:
        return ""


def _at_first(call: Call, output: Tensor) -> str:
    """Return an elementwise operation with its operands' numbers where its output first is not finite, else ""."""
    real = plain(output)
    if torch.Tag.pointwise not in call.func.tags or real is None or real.shape != output.shape:
        return ""
    bad = ~torch.isfinite(real)
    new = bad.clone()
    for operand in map(plain, call.operands):
        new &= torch.isfinite(operand) if operand is not None else True
    place = tuple((new if bool(new.any()) else bad).nonzero()[0].tolist())
    words = [_number(value, output.shape, place) for value in call.named().values()]
    return f"{plain_op(call.name)}({', '.join(word for word in words if word)})"


def _number(value: Any, shape: torch.Size, place: tuple[int, ...]) -> str:
    if isinstance(value, Tensor):
        number = value.expand(shape)[place].item()
        return short(number) if isinstance(number, float) else str(number)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return short(value)


def _special(call: Call) -> str:
    """Return what matters of operations whose failure is no matter of size; "" for others."""
    given = call.named()
    if call.name == "nll_loss_forward" or call.name == "nll_loss2d_forward":
        kept = given["target"] != given["ignore_index"]
        return "" if bool(kept.any()) else f"all {kept.numel()} targets are {given['ignore_index']}, which is ignored"
    if call.name in ("_softmax", "_log_softmax"):
        hidden = torch.isneginf(given["self"]).all(given["dim"])
        return f"{int(hidden.sum())} of {hidden.numel()} rows hold nothing but -inf" if bool(hidden.any()) else ""
    return "no values" if any(tensor.numel() == 0 for tensor in call.operands) else ""


def _sizes(call: Call) -> str:
    """Return the operands' extremes by name, and an eps or the like if there is one."""
    words = []
    for name, value in call.named().items():
        if isinstance(value, Tensor) and value.is_floating_point():
            words.append(f"{name} ({'x'.join(map(str, value.shape)) or 'one number'}) {extremes(value)}")
        elif name in ("eps", "p", "exponent") and isinstance(value, int | float):
            words.append(f"{name} {short(value)}")
    return ", ".join(words)


def plain_op(name: str) -> str:
    """Return an operation's name as torch's users know it.

    >>> plain_op("_log_softmax"), plain_op("div_"), plain_op("nll_loss_forward"), plain_op("mm")
    ('log_softmax', 'div', 'nll_loss', 'matmul')
    """
    name = name.strip("_").removeprefix("native_").removeprefix("cudnn_").removeprefix("safe_")
    name = name.removesuffix("_forward").removesuffix("_backward").removesuffix("_backward_data")
    if name.startswith("scaled_dot_product"):
        return "scaled_dot_product_attention"
    return _KNOWN_AS.get(name, name)


_KNOWN_AS = {
    "mm": "matmul", "bmm": "matmul", "baddbmm": "matmul", "mv": "matmul", "dot": "matmul", "addmm": "linear",
    "linalg_vector_norm": "norm", "to_copy": "to", "weight_norm_interface": "weight_norm", "convolution": "conv",
    "batch_norm_legit": "batch_norm", "nll_loss2d": "nll_loss", "empty_like": "empty", "new_empty": "empty",
}  # fmt: skip
