"""The finding of an autopsy, in words, where an operation was at fault; `words_of_tensors` has the other causes."""

from dataclasses import replace

from surefoot.diagnose.checks.autopsy import NOT_FINITE
from surefoot.diagnose.finding import Finding, Seen, Where, listed
from surefoot.training.examine.case import Case, Replayed
from surefoot.training.examine.cause import Cause
from surefoot.training.examine.operands import plain_op
from surefoot.training.examine.remedies import forward_name, remedy
from surefoot.training.examine.tape import Op
from surefoot.training.examine.words_of_tensors import (
    ends,
    failed,
    of_batch,
    of_weight,
    place,
    rows_said,
    start,
    unknown,
)


def finding(case: Case, found: Replayed) -> Finding:
    """Return the finding of a replay.

    Args:
        case: what was replayed.
        found: what it showed.
    """
    cause = found.cause
    if cause is None:
        made = failed(case, found) if found.end == "error" else unknown(case, found)
    elif cause.op is not None:
        made = _of_operation(case, found, cause, cause.op)
    elif cause.fault in ("weight", "buffer"):
        made = of_weight(case, found, cause)
    else:
        made = of_batch(case, found, cause)
    return replace(made, evidence="tested") if found.stand_in and found.end == "gradient" else made


def _of_operation(case: Case, found: Replayed, cause: Cause, op: Op) -> Finding:
    rows, all_rows = rows_said(cause.within(op.rows.get(cause.kind, ())), found.size)
    seen = [*ends(found), Seen("at fault", "the operation"), Seen("operation", _name(op))]
    count = f"{op.kinds.get(cause.kind, 0)} of {sum(output.numel() for output in op.outputs)}"
    told = {
        "operands": op.operands,
        "within": op.spot.function,
        "written": op.spot.text,
        f"{cause.kind} in its output": count,
        "rows": all_rows,
        "-inf comes from": _mask(cause),
        "the same replay in float32": _wide(found),
        "not finite besides": listed(cause.others),
    }
    seen += [Seen(what, value) for what, value in told.items() if value]
    where = Where(case.step, (op.spot.module,) if op.spot.module else (), rows, line=str(op.spot))
    claim = f"{start(found)}: {_what(found, cause, op)}{_narrow(found, op)}."
    return NOT_FINITE.finding(claim, remedy(cause, wide=found.wide), seen, where)


def _what(found: Replayed, cause: Cause, op: Op) -> str:
    here, given = place(op.spot), f" ({op.operands})" if op.operands else ""
    if op.phase == "gradient":
        return f"{_name(op)} in {here} is the first that is not finite{given}"
    if found.end == "gradient":
        return f"{_name(op)} in {here} gives {cause.kind}{given}; the forward drops it again, the gradient does not"
    if cause.mask is not None or cause.tensor is not None:
        return f"{_name(op)} in {here} gives {cause.kind} from the -inf of {_mask(cause)}{given}"
    return f"{_name(op)} in {here} is the first operation that gives {cause.kind} from finite operands{given}"


def _name(op: Op) -> str:
    return f"the gradient of {forward_name(op)}" if op.phase == "gradient" else plain_op(op.name)


def _mask(cause: Cause) -> str:
    """Return what wrote the infinities that an operation could not take; "" if they were not meant."""
    if cause.mask is not None:
        return f"{plain_op(cause.mask.name)} at {str(cause.mask.spot) or place(cause.mask.spot)}"
    return "" if cause.tensor is None else cause.tensor.name or "a mask"


def _wide(found: Replayed) -> str:
    return "" if found.wide is None else "finite" if found.wide else "not finite either"


def _narrow(found: Replayed, op: Op) -> str:
    if found.wide is None:
        return ""
    name = str(op.dtype).removeprefix("torch.")
    return f"; it is computed in {name}, and the same replay in float32 is {_wide(found)}"
