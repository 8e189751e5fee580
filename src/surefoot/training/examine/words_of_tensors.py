"""The finding of an autopsy, in words, where a tensor was at fault, or nothing is known."""

from collections.abc import Iterable
from math import isnan

import torch

from surefoot.diagnose.checks.autopsy import NOT_FINITE
from surefoot.diagnose.finding import Finding, Seen, Where, listed
from surefoot.training.examine.case import Case, Replayed
from surefoot.training.examine.cause import Cause
from surefoot.training.examine.graph import Remains
from surefoot.training.examine.kinds import kinds, short
from surefoot.training.examine.remedies import ANOMALY, FORWARD, KNOWN, of_rows, of_weights
from surefoot.training.examine.rows import columns, rows
from surefoot.training.examine.spots import Spot
from surefoot.training.examine.things import Named, held, inputs


def start(found: Replayed) -> str:
    """Return what was not finite, as a finding begins."""
    if found.end == "error":
        return f"The forward fails with {found.error}"
    if found.end == "gradient" and found.stand_in:
        return "The gradient of the outputs' sum, which stands in for the penalty, is not finite"
    if found.end == "gradient":
        return f"The penalty is {short(found.value)} and its gradient is not finite"
    return "The model's output is not finite" if found.end == "output" else f"The penalty is {short(found.value)}"


def ends(found: Replayed) -> list[Seen]:
    """Return what was not finite, as a value seen."""
    if found.end == "error":
        return [Seen("the replay", found.error)]
    if found.end == "output":
        return [Seen("the model's output", "not finite", "finite numbers")]
    if found.end == "gradient":
        return [Seen("the gradient", "not finite", "finite numbers")]
    what = "the penalty in the replay" if found.end == "nothing" else "the penalty"
    known = found.end == "penalty" or not isnan(found.value)
    return [Seen(what, found.value if known else "not known", "a finite number")]


def place(spot: Spot) -> str:
    """Return where an operation was called, in words."""
    kind = f" ({spot.kind})" if spot.kind else ""
    if spot.stage == "penalty" and not spot.module:
        return f"the penalty{kind}"
    return f"{spot.module}{kind}" if spot.module else f"the model itself{kind}" if spot.kind else "the replay"


def rows_said(found: tuple[int, ...], size: int) -> tuple[tuple[int, ...], str]:
    """Return the rows to name, and words instead where it is all of them."""
    return ((), f"all {size}") if len(found) == size > 1 else (found, "")


def of_batch(case: Case, found: Replayed, cause: Cause) -> Finding:
    """Return the finding where the input, the target or a tensor from elsewhere was at fault."""
    tensor = cause.tensor
    assert tensor is not None
    lines, all_rows = rows_said(cause.within(rows(tensor.tensor, cause.kind, found.size)), found.size)
    across = columns(tensor.tensor, cause.kind) if tensor.role != "constant" else ()
    name = {"input": f"the input {tensor.name}".removesuffix(" input"), "target": f"the {tensor.name}"}.get(
        tensor.role, _elsewhere(tensor)
    )
    held_by = _share(tensor, cause.kind)
    told = {
        cause.kind: held_by,
        "rows": all_rows,
        "columns": listed(tuple(map(str, across))),
        "not finite besides": listed(cause.others),
    }
    seen = [*ends(found), Seen("at fault", "a constant" if tensor.role == "constant" else f"the {tensor.role}")]
    seen += [Seen(what, value) for what, value in told.items() if value]
    claim = f"{start(found)}: {name} holds {cause.kind} before anything is computed ({held_by} values)."
    return NOT_FINITE.finding(claim, of_rows(tensor.name or "target"), seen, Where(case.step, (), lines))


def of_weight(case: Case, found: Replayed, cause: Cause) -> Finding:
    """Return the finding where weights or buffers were not finite before the batch."""
    tensor = cause.tensor
    assert tensor is not None
    bad = [named for named in held(case.model) if kinds(named.tensor).keys() - _meant_in[named.role]]
    names = tuple(dict.fromkeys([tensor.name, *(named.name for named in bad)]))
    batch, words = _step_before(case)
    share = "" if len(names) == 1 else f"; so are {len(names) - 1} more weights and buffers"
    seen = [
        *ends(found), Seen("at fault", f"the {cause.fault}"),
        Seen(cause.kind, f"{_share(tensor, cause.kind)} of {tensor.name}"),
        *_left_in(case.optimizer, tensor), Seen("the step before", words),
    ]  # fmt: skip
    claim = (
        f"{start(found)}: the {cause.fault} {tensor.name} was not finite before this batch{share}, "
        f"so the cause lies in a step before: {words}."
    )
    change = of_rows(batch.name) if batch else of_weights()
    return NOT_FINITE.finding(claim, change, seen, Where(case.step, names))


_meant_in = {"weight": set[str](), "buffer": {"-inf"}}
"""Kinds that are no fault of themselves: a buffer may be a mask."""


def unknown(case: Case, found: Replayed) -> Finding:
    """Return the finding where the replay is finite, or what it shows has no source that is known."""
    remains = found.remains
    if remains is not None:
        return _of_remains(case, found, remains)
    if found.end == "nothing" and found.stand_in:
        text = "The outputs of the replay are finite, and so is the gradient of their sum: the fault is in the penalty"
        change = KNOWN
    elif found.end == "nothing":
        text = (
            "The fault did not come back: in the replay of this batch the penalty and its gradient are finite. The "
            "data has changed since, or the model draws or keeps what the replay cannot know, or its kernels vary"
        )
        change = "torch.use_deterministic_algorithms(True)  # and leave a batch as it is once the model has it"
    elif found.end == "penalty" and case.penalty_of is None:
        text, change = f"{start(found)} and the outputs are finite: the fault is in the penalty", KNOWN
    elif found.end == "penalty" and case.penalty is not None:
        text, change = f"{start(found)} and that of the replay is finite: it has a term that the replay lacks", KNOWN
    else:
        text, change = f"{start(found)}, and no operation or tensor of the replay explains it", KNOWN
    return NOT_FINITE.finding(f"{text}.", change, ends(found), Where(case.step))


def failed(case: Case, found: Replayed) -> Finding:
    """Return the finding where the replay could not be done: what is plain without it is told."""
    given = [named for named in [*case.inputs(), *held(case.model)] if "nan" in kinds(named.tensor)]
    words = f"; the {given[0].role} {given[0].name} holds nan" if given else ""
    lines = rows(given[0].tensor, "nan", found.size) if given and given[0].role == "input" else ()
    claim = f"The penalty or its gradient is not finite, and the batch could not be replayed ({found.error}){words}."
    change = ANOMALY
    if "use_reentrant" in found.error:
        change = "torch.utils.checkpoint.checkpoint(function, x, use_reentrant=False)  # then it can be replayed"
    change = of_rows(given[0].name) if lines else change
    where = Where(case.step, (given[0].name,) if given and not lines else (), lines)
    return NOT_FINITE.finding(claim, change, [Seen("the replay", found.error)], where)


def _of_remains(case: Case, found: Replayed, remains: Remains) -> Finding:
    lines, all_rows = rows_said(remains.rows, found.size)
    claim = f"{start(found)}: {remains.name} in the penalty is the first operation that gives {remains.kind}"
    claim += f" ({remains.operands})." if remains.operands else "."
    told = {"operands": remains.operands, "rows": all_rows}
    seen = [*ends(found), Seen("at fault", "the operation"), Seen("operation", remains.name)]
    seen += [Seen(what, value) for what, value in told.items() if value]
    return NOT_FINITE.finding(claim, FORWARD.get(remains.name, KNOWN), seen, Where(case.step, (), lines))


def _share(named: Named, kind: str) -> str:
    return f"{kinds(named.tensor).get(kind, 0)} of {named.tensor.numel()}"


def _elsewhere(named: Named) -> str:
    shape = " x ".join(map(str, named.tensor.shape)) or "one number"
    dtype = str(named.tensor.dtype).removeprefix("torch.")
    return f"a tensor that is neither input nor weight, as a target is ({shape}, {dtype}),"


def _step_before(case: Case) -> tuple[Named | None, str]:
    """Return the input of the step before that is not finite, if one is, and what can be said of that step."""
    if case.before is None:
        return None, "its weights are gone, so what happened in it cannot be replayed"
    args, kwargs, _ = case.before
    bad = _first_bad(inputs(case.model, tuple(args), kwargs))
    if bad is None:
        return None, "its input is finite; its weights are gone, so its operations cannot be replayed"
    size = bad.tensor.shape[0] if bad.tensor.dim() else 0
    lines = rows(bad.tensor, next(iter(kinds(bad.tensor))), size)
    name = f"its input {bad.name}".removesuffix(" input")
    return bad, f"{name} holds {' and '.join(kinds(bad.tensor))} in rows {listed(tuple(map(str, lines)))}"


def _first_bad(given: Iterable[Named]) -> Named | None:
    return next((named for named in given if "nan" in kinds(named.tensor) or "inf" in kinds(named.tensor)), None)


def _left_in(optimizer: torch.optim.Optimizer | None, weight: Named) -> list[Seen]:
    """Return what the optimizer's state says of the steps before."""
    state = {} if optimizer is None else optimizer.state.get(weight.tensor, {})
    bad = [name for name, value in state.items() if isinstance(value, torch.Tensor) and kinds(value)]
    rate = [] if optimizer is None else [Seen("step size", float(optimizer.param_groups[0]["lr"]))]
    return (
        [Seen("in the optimizer's state", f"{listed(tuple(bad))} not finite: a gradient was not"), *rate]
        if bad
        else rate
    )
