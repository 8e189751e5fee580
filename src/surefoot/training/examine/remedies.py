"""What to change, as code, by the operation that failed; the numbers in it are usual choices, named as arguments."""

import torch

from surefoot.training.examine.cause import Cause
from surefoot.training.examine.operands import plain_op
from surefoot.training.examine.tape import Op

FORWARD = {
    "log": "torch.log(x.clamp_min(1e-8))",
    "log2": "torch.log2(x.clamp_min(1e-8))",
    "log10": "torch.log10(x.clamp_min(1e-8))",
    "log1p": "torch.log1p(x.clamp_min(-1 + 1e-6))",
    "xlogy": "torch.xlogy(x, y.clamp_min(1e-8))",
    "sqrt": "torch.sqrt(x.clamp_min(0.0) + 1e-12)",
    "rsqrt": "torch.rsqrt(x.clamp_min(0.0) + 1e-6)",
    "reciprocal": "1.0 / x.clamp_min(1e-8)",
    "div": "a / b.clamp_min(1e-8)  # a count: total / count.clamp_min(1)",
    "exp": "torch.exp(x.clamp(max=80.0))  # float16: max=11.0; a sum of exps: torch.logsumexp(x, -1)",
    "expm1": "torch.expm1(x.clamp(max=80.0))",
    "sinh": "torch.sinh(x.clamp(-80.0, 80.0))",
    "cosh": "torch.cosh(x.clamp(-80.0, 80.0))",
    "pow": "x.clamp_min(1e-8).pow(p)",
    "acos": "torch.acos(x.clamp(-1 + 1e-6, 1 - 1e-6))",
    "asin": "torch.asin(x.clamp(-1 + 1e-6, 1 - 1e-6))",
    "atanh": "torch.atanh(x.clamp(-1 + 1e-6, 1 - 1e-6))",
    "acosh": "torch.acosh(x.clamp_min(1 + 1e-6))",
    "erfinv": "torch.erfinv(x.clamp(-1 + 1e-6, 1 - 1e-6))",
    "logit": "torch.logit(x, eps=1e-6)",
    "mean": "x.sum() / max(1, x.numel())  # or leave the batch out where nothing is kept",
    "nll_loss": "F.cross_entropy(scores, target, reduction='sum') / (target != -100).sum().clamp_min(1)",
    "weight_norm": "torch.nn.init.kaiming_uniform_(weight)  # before weight_norm: a row of zeros has no direction",
    "std": "x.std(correction=0)  # one value has no spread",
    "var": "x.var(correction=0)  # one value has no spread",
    "layer_norm": "torch.nn.LayerNorm(shape, eps=1e-5)",
    "group_norm": "torch.nn.GroupNorm(groups, channels, eps=1e-5)",
    "batch_norm": "torch.nn.BatchNorm1d(features, eps=1e-5)",
    "empty": "torch.zeros(shape)  # torch.empty holds whatever was in memory",
}

GRADIENT = {
    "sqrt": "torch.sqrt(x + 1e-12)",
    "rsqrt": "torch.rsqrt(x + 1e-6)",
    "pow": "(x + 1e-12).pow(p)",
    "float_power": "torch.float_power(x + 1e-12, p)",
    "norm": "torch.sqrt(x.square().sum(-1) + 1e-12)",
    "linalg_vector_norm": "torch.sqrt(x.square().sum(-1) + 1e-12)",
    "div": "torch.where(ok, a, 0.0) / torch.where(ok, b, 1.0)  # choose the operands before dividing",
    "acos": FORWARD["acos"],
    "asin": FORWARD["asin"],
    "atan2": "torch.atan2(y, x + 1e-12)",
    "reciprocal": FORWARD["reciprocal"],
    "log": "torch.log(torch.where(ok, x, 1.0))  # choose the operand before the log",
    "exp": "torch.exp(torch.where(ok, x, 0.0))  # choose the operand before the exp",
}

ANOMALY = "torch.autograd.set_detect_anomaly(True)  # for a run up to this step"
"""What to do where nothing could be replayed."""

KNOWN = "loss = doctor.penalty(output, target)  # then the penalty is replayed too"
"""What to do where the penalty is not known."""

_MIXES = ("linear", "matmul", "conv")

_GROWN = ("mul", "sum", "add", "square", "cumsum", "prod", "pow")

_ROWS = "keep = torch.isfinite({name}).flatten(1).all(1)  # then take the rows keep of the input and of the target"


def remedy(cause: Cause, *, wide: bool | None) -> str:
    """Return what to change about an operation, as code.

    Args:
        cause: with its operation.
        wide: whether the same in float32 is finite.
    """
    op = cause.op
    if op is None:
        return ""
    if wide and op.dtype is torch.float16:
        return (
            "torch.autocast(device, torch.bfloat16)  # its range is float32's; or float16 with torch.amp.GradScaler()"
        )
    if wide:
        return "with torch.autocast(device, enabled=False):  # around this operation, its operands as x.float()"
    if (cause.mask or cause.tensor) and not op.name.startswith("nll_loss"):
        return "scores.masked_fill(hidden & ~hidden.all(-1, keepdim=True), -torch.inf)  # every row keeps something"
    return _of_gradient(op) if op.phase == "gradient" else _of_forward(op, cause)


def _of_forward(op: Op, cause: Cause) -> str:
    name = plain_op(op.name)
    if op.operands == "no values":
        return FORWARD["mean"]
    if name == "log" and "softmax" in op.after:
        return "F.log_softmax(scores, -1), or F.cross_entropy(scores, target) for the penalty"
    if name == "log" and "sigmoid" in op.after:
        return "F.logsigmoid(scores), or F.binary_cross_entropy_with_logits(scores, target) for the penalty"
    if name.startswith("nll_loss"):
        if "ignored" in op.operands:
            return FORWARD["nll_loss"]
        return "no target may be a class whose score is -inf: target = allowed[target]"
    if name in _MIXES or ("inf" in cause.kind and name in _GROWN):
        return _smaller()
    return FORWARD.get(name, f"keep the operands of {name} where it is defined: x.clamp(low, high)")


def _of_gradient(op: Op) -> str:
    name = forward_name(op)
    return GRADIENT.get(
        name, FORWARD.get(name, f"keep the operands of {name} where its slope is finite: x.clamp(low, high)")
    )


def _smaller() -> str:
    return "optimizer.param_groups[0]['lr'] *= 0.1  # or torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)"


def of_rows(name: str) -> str:
    """Return how to leave out rows that are not finite."""
    return _ROWS.format(name=name)


def of_weights() -> str:
    """Return what to do about weights that a step before has spoilt."""
    return f"{_smaller()}; start again from weights that are finite"


def forward_name(op: Op) -> str:
    """Return the operation whose gradient an operation belongs to, from its node's name.

    `LinalgVectorNormBackward0` is linalg_vector_norm's.
    """
    name = op.node.rpartition(".")[2].rstrip("0123456789").removesuffix("Backward")
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).strip("_")
    return plain_op(words) if words else plain_op(op.name)
