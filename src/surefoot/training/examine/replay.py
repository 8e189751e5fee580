"""The autopsy: a kept batch replayed under a tape, to name what first stopped being finite.

Nothing was recorded while the run trained, and nothing of the replay stays: anomaly mode is never on.
"""

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from math import nan
from textwrap import shorten
from typing import Any

import torch
from torch import Tensor, nn

from surefoot.diagnose.checks.autopsy import NOT_FINITE
from surefoot.diagnose.finding import Finding, Seen, Where
from surefoot.training.examine.case import Batch, Case, Replayed, own_model
from surefoot.training.examine.cause import cause
from surefoot.training.examine.graph import remains
from surefoot.training.examine.kinds import kinds
from surefoot.training.examine.remedies import ANOMALY
from surefoot.training.examine.restored import Restored, restored, start_from
from surefoot.training.examine.rows import batch_size
from surefoot.training.examine.spots import Modules
from surefoot.training.examine.tape import Link, Tape
from surefoot.training.examine.things import Named, tensors
from surefoot.training.examine.upcast import HALVES, Float32
from surefoot.training.examine.words import finding
from surefoot.training.generators import Draws


def autopsy(
    model: nn.Module,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any] | None = None,
    draws: Draws | Tensor | None = None,
    penalty_of: Callable[[Any], Tensor] | None = None,
    *,
    target: Any = None,
    penalty: Tensor | None = None,
    optimizer: torch.optim.Optimizer | None = None,
    step: int | None = None,
    before: Batch | None = None,
    precision: Mapping[str, torch.dtype] | None = None,
    scale: float = 1.0,
) -> Finding:
    """Return what made a penalty or a gradient stop being finite: a finding with the code `not-finite`.

    The batch is replayed with every operation recorded. From the penalty, or from the gradients, the tape is walked
    back to what first was not finite: -inf that a mask holds and softmax takes away is passed by, since it does not
    reach the end. It takes the time of some ten steps, and as much memory as a step.

    Args:
        model: as it is when the fault is noticed, before any further step.
        args: what its forward was given by place.
        kwargs: what it was given by name.
        draws: the random state before that forward, or torch's CPU state alone; dropout needs it.
        penalty_of: the penalty of the model's output; None if it is not known, then the outputs are judged.
        target: the target, if it is known, so that it can be named.
        penalty: the penalty as it was seen; its graph is read where the penalty cannot be replayed.
        optimizer: its state tells more about weights that are not finite.
        step: steps taken before.
        before: the same of the step before, for weights that were not finite already.
        precision: torch's autocast by device as it was on, see `autocast_now`; empty if it was off.
        scale: what the penalty was multiplied by before its backward, such as a GradScaler's scale.

    Errors: none; what cannot be replayed is told in the finding.

    Laws: the run is bit for bit as before: weights, buffers, gradients, random states, modes, hooks and the model's
    attributes. The graph of a penalty that waits for its backward stays good.

    >>> model = nn.Linear(2, 1)
    >>> x = torch.tensor([[1.0, 2.0], [torch.nan, 1.0]])
    >>> found = autopsy(model, (x,), penalty_of=lambda output: output.square().mean())
    >>> str(found.where), found.seen[1].value
    ('row 1 of the batch', 'the input')
    """
    try:
        case = Case(
            own_model(model), tuple(args), kwargs or {}, draws, penalty_of, target, penalty, optimizer, step, before,
            precision or {}, scale,
        )  # fmt: skip
        return _examined(case)
    except Exception as error:  # whatever it is, the run goes on
        claim = f"The penalty or its gradient is not finite, and the batch could not be replayed ({said(error)})."
        return NOT_FINITE.finding(claim, ANOMALY, [Seen("the replay", said(error))], Where(step))


def autocast_now() -> dict[str, torch.dtype]:
    """Return torch's autocast as it is on here, by device; a few attribute reads, for whoever keeps a batch.

    >>> with torch.autocast("cpu", torch.bfloat16):
    ...     autocast_now()
    {'cpu': torch.bfloat16}
    """
    return {name: torch.get_autocast_dtype(name) for name in ("cpu", "cuda", "mps") if torch.is_autocast_enabled(name)}


def said(error: BaseException) -> str:
    """Return an error in one line of at most 160 letters."""
    return shorten(f"{type(error).__name__}: {error}", 160, placeholder=" ...")


def _examined(case: Case) -> Finding:
    with restored(case.model) as kept, _setting():
        found = _replayed(case, kept)
        if found.cause is not None and found.cause.op is not None and found.cause.op.dtype in HALVES:
            found = replace(found, wide=_finite_in_float32(case, kept))
        return finding(case, found)


def _replayed(case: Case, kept: Restored) -> Replayed:
    modules = Modules(case.model)
    given = case.inputs()
    size = batch_size(given)
    tape = Tape(modules, case.outside(), size, kept.keep)
    start_from(case.draws)
    with modules.watched(), tape:
        try:
            output, penalty = _forward(case, tape)
        except Exception as error:
            return Replayed("error", cause(tape.refused, size), error=said(error), size=size)
        return replace(_judged(case, tape, output, penalty, given, size), size=size)


def _forward(case: Case, tape: Tape | None, weights: dict[str, Tensor] | None = None) -> tuple[Any, Tensor | None]:
    """Return the outputs and the penalty, with other weights in the places of some if they are given."""
    with ExitStack() as stack:
        for device, dtype in case.precision.items():
            stack.enter_context(torch.autocast(device, dtype, cache_enabled=False))  # what was cast before has no name
        if weights:
            output = torch.func.functional_call(case.model, weights, case.args, dict(case.kwargs))
        else:
            output = case.model(*case.args, **case.kwargs)
        if tape is not None:
            tape.phase = "penalty"
        penalty = None if case.penalty_of is None else case.penalty_of(output)
        if penalty is None and isinstance(output, Mapping) and isinstance(output.get("loss"), Tensor):
            penalty = output["loss"]  # as models of the transformers library give it
        return output, penalty


def _judged(case: Case, tape: Tape, output: Any, penalty: Tensor | None, given: list[Named], size: int) -> Replayed:
    if penalty is not None and kinds(penalty):
        value = float(penalty.detach().sum())
        return Replayed("penalty", cause(_links(tape, [penalty]), size), value)
    outputs = [named.tensor for named in tensors(output, "output")]
    bad = [tensor for tensor in outputs if kinds(tensor)]
    if penalty is None and bad:
        found = cause(_links(tape, bad), size)
        if found is not None:
            return Replayed("output", found)
    noticed = case.penalty if case.penalty is not None and kinds(case.penalty) else None
    shown = Replayed("nothing")
    if penalty is not None or noticed is None:
        shown = _backward(case, tape, outputs, penalty, given)
    if noticed is None or shown.end != "nothing":
        return shown
    return Replayed("penalty", value=float(noticed.detach().sum()), remains=remains(noticed, size))


def _backward(case: Case, tape: Tape, outputs: list[Tensor], penalty: Tensor | None, given: list[Named]) -> Replayed:
    value = nan if penalty is None else float(penalty.detach().sum())
    end = _end(case, outputs, penalty)
    if end is None or not end.requires_grad:
        return Replayed("nothing", value=value, stand_in=penalty is None)
    tape.phase = "gradient"
    try:
        gradients = torch.autograd.grad(end, _leaves(end, case.model, given), allow_unused=True)
    except Exception as error:
        return Replayed("error", value=value, error=said(error), stand_in=penalty is None)
    bad = [gradient for gradient in gradients if gradient is not None and kinds(gradient)]
    if not bad:
        return Replayed("nothing", value=value, stand_in=penalty is None)
    return Replayed("gradient", cause(_links(tape, bad), batch_size(given)), value, stand_in=penalty is None)


def _links(tape: Tape, ends: list[Tensor]) -> list[Link]:
    """Return what made the ends not finite; nan before inf, since an inf may be meant."""
    return [
        Link(tape.origin(end, kind), kind)
        for wanted in ("nan", "inf", "-inf")
        for end in ends
        for kind in kinds(end)
        if kind == wanted
    ]


def _end(case: Case, outputs: list[Tensor], penalty: Tensor | None) -> Tensor | None:
    """Return where the backward begins: the scaled penalty, or the outputs' sum in its place if it is not known."""
    if penalty is not None:
        return penalty.sum() * case.scale
    parts = [output.float().sum() for output in outputs if output.requires_grad and output.is_floating_point()]
    return torch.stack(parts).sum() if parts else None


def _leaves(end: Tensor, model: nn.Module, given: list[Named]) -> list[Tensor]:
    """Return what has a gradient: weights, inputs and the penalty's own weights, but nothing from beyond the inputs."""
    asked = [named.tensor for named in given if named.tensor.requires_grad]
    found = {id(leaf): leaf for leaf in [*model.parameters(), *asked] if leaf.requires_grad}
    seen = {tensor.grad_fn for tensor in asked}
    left: list[Any] = [end.grad_fn]
    while left:
        node = left.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        leaf = getattr(node, "variable", None)  # only the nodes of leaves have one
        if isinstance(leaf, Tensor):
            found[id(leaf)] = leaf
        left += [each for each, _ in node.next_functions]
    return [*found.values()]


def _finite_in_float32(case: Case, kept: Restored) -> bool | None:
    """Return whether the same replay in float32 is finite; None if it cannot be done."""
    kept.restore()
    start_from(case.draws)
    narrow = {name: each for name, each in case.model.named_parameters() if each.dtype in HALVES}
    weights = {name: each.detach().float().requires_grad_(each.requires_grad) for name, each in narrow.items()}
    try:
        with Float32():  # type: ignore[no-untyped-call]
            output, penalty = _forward(case, None, weights)
            outputs = [named.tensor for named in tensors(output, "output")]
            ends = outputs if penalty is None else [penalty]
            end = _end(case, outputs, penalty)
            if end is not None and end.requires_grad:
                found = torch.autograd.grad(end, _leaves(end, case.model, case.inputs()), allow_unused=True)
                ends = [*ends, *(each for each in found if each is not None)]
        return not any(kinds(each) for each in ends)
    except Exception:  # a trial only: nothing is claimed then
        return None


@contextmanager
def _setting() -> Iterator[None]:
    """Compute as training does, whatever is set here: gradients on, nothing compiled, no warning twice."""
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        for device in autocast_now():
            stack.enter_context(torch.autocast(device, enabled=False))
        if "torch._dynamo" in sys.modules:
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        yield
