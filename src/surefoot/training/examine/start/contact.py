"""The first contact of model, penalty and data: what the first batches cost before any step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from surefoot.errors import InvalidValue
from surefoot.training.batches import Batch, weight
from surefoot.training.examine.start.knowledge import Known, Listener, known
from surefoot.training.examine.start.outcome import Clock, Unable
from surefoot.training.examine.start.reading import Side
from surefoot.training.examine.start.references import Sample, at_start, chance_level, classes_in, samples
from surefoot.training.examine.start.setting import Setting
from surefoot.training.nested import first_tensor

UNKNOWN = "nothing is known of this penalty: it is none of ours, and not the mean of one of torch's"


@final
@dataclass(frozen=True, eq=False)
class Met:
    """What one batch showed.

    Args:
        value: its penalty; None if it raised.
        known: what is known of the penalty; None if nothing is.
        output: what the penalty was given as output, if it is known, or what the model gave; None if neither is.
        target: what it was given as target; None if that is not known.
        error: what was raised, if anything.
    """

    value: float | None
    known: Known | None
    output: Tensor | None
    target: Tensor | None
    error: Exception | None

    @property
    def classes(self) -> int:
        """How many classes the output chooses between, if it chooses."""
        chooses = self.known is not None and self.known.kind != "quantities" and self.output is not None
        return classes_in(self.output) if chooses and self.output is not None else 0


def met(setting: Setting, model: nn.Module, batch: Batch) -> Met:
    """Return what a batch shows; a penalty that is a function is known by which of torch's it calls."""
    own = known(setting.task.penalty)
    outputs: list[object] = []
    handle = model.register_forward_hook(lambda *given: outputs.append(given[-1]))
    penalty, error = None, None
    try:
        with Listener() as listener, torch.no_grad():
            penalty = setting.judged(model, batch)[0]
    except Exception as caught:  # of the user's code: any kind
        error = caught
    finally:
        handle.remove()
    value = None if penalty is None else float(penalty)
    heard = None if own is not None else listener.of(penalty)
    if heard is not None:
        return Met(value, heard.known, heard.output.detach(), heard.target.detach(), error)
    target = setting.given(batch)[1]
    output = first_tensor(outputs[0]) if outputs else None
    return Met(value, own, output, target if isinstance(target, Tensor) else None, error)


def first_met(setting: Setting, batch: Batch) -> Met:
    """Return what a batch shows of a copy of the model; without a copy, what is known without it."""
    try:
        model = setting.model()
    except Unable as error:
        target = setting.given(batch)[1]
        return Met(None, known(setting.task.penalty), None, target if isinstance(target, Tensor) else None, error)
    return met(setting, model, batch)


@final
@dataclass(frozen=True, eq=False)
class Contact:
    """What the first batches cost before any step.

    Args:
        training: their mean penalty in training mode.
        evaluation: in evaluation mode; NaN if it cannot be run there.
        first: what the first batch showed.
        samples: what the targets of these batches are, as the penalty's facts take them; empty if they do not fit.
        misfit: why not.
        error: what a later batch raised, if one did; it and those after it are left out.
    """

    training: float
    evaluation: float
    first: Met
    samples: list[Sample]
    misfit: str
    error: Exception | None

    @property
    def value(self) -> float:
        """The lower of the two, but what is not finite in training mode stays so."""
        return min(self.training, self.evaluation) if math.isfinite(self.evaluation + self.training) else self.training


def contact_of(setting: Setting, side: Side, clock: Clock) -> Contact:
    """Return what the batches that were kept cost, the first of which can be judged."""
    until = clock.share(0.2)
    training = _all_met(setting, side, clock, until, setting.model())
    evaluation = _all_met(setting, side, clock, until, setting.model().eval())
    error, training = training[-1].error, [one for one in training if one.error is None]
    found, misfit = _sampled(training)
    return Contact(_mean(training, side), _mean(evaluation, side), training[0], found, misfit, error)


def _all_met(setting: Setting, side: Side, clock: Clock, until: float, model: nn.Module) -> list[Met]:
    found: list[Met] = []
    for batch in side.kept:
        if found and clock.passed > until:
            break
        found.append(met(setting, model, batch))
        if found[-1].error is not None:
            break
    return found


def _mean(found: Sequence[Met], side: Side) -> float:
    pairs = [(one.value, weight(batch)) for one, batch in zip(found, side.kept, strict=False)]
    known = [(value, size) for value, size in pairs if value is not None]
    if not known:  # a model may refuse evaluation mode: then only training speaks
        return math.nan
    return sum(value * size for value, size in known) / sum(size for _, size in known)


def _sampled(found: Sequence[Met]) -> tuple[list[Sample], str]:
    of, targets = found[0].known, [one.target for one in found if one.target is not None]
    if of is None:
        return [], UNKNOWN
    if len(targets) < len(found):
        return [], "the targets are no tensors"
    if any(target.shape[1:] != targets[0].shape[1:] for target in targets):
        targets = targets[:1]
    try:
        made = samples(of, torch.cat([target.cpu() for target in targets]), found[0].classes)
        at_start(of, made), chance_level(of, made)  # which may want more of them
    except (InvalidValue, RuntimeError) as error:
        return [], str(error).rstrip(".")
    return made, ""
