"""The state of one run on its way: where it is, what was not yet read, what was best, and how it takes a step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Literal, TypeAlias, final

import numpy as np
import torch
from torch import Tensor, nn

from surefoot.diagnose.finding import as_events
from surefoot.errors import SurefootError, TaskError
from surefoot.pytorch.optimizer import Optimizer
from surefoot.schedules import Schedule
from surefoot.stopping import Judge
from surefoot.trace import Event, Series, Trace
from surefoot.training.average import PENALTY, Averaged, RunAverage
from surefoot.training.batches import Batch
from surefoot.training.best import BestWeights, finite
from surefoot.training.checkpoint.checkpoints import Cost
from surefoot.training.checkpoint.parts import Part
from surefoot.training.compute import Compute
from surefoot.training.doctor import Doctor, cause_of
from surefoot.training.footing import Footing
from surefoot.training.generators import Own, held_by, set_state, state_of
from surefoot.training.groups import Group
from surefoot.training.layer_figures import LayerFigures
from surefoot.training.ledger import Ledger, step_size
from surefoot.training.open_end import OpenEnd
from surefoot.training.passage import Passage
from surefoot.training.place import Place
from surefoot.training.saving import Saving
from surefoot.training.sources import parts
from surefoot.training.task import Task
from surefoot.training.validation import validated

READ_EVERY = 100
"""Steps after which penalties are read at the latest: one wait for the device in a hundred steps costs nothing, and a
penalty that is not finite is noticed soon, however long an epoch is. A count and not a clock, so runs repeat."""

Kind: TypeAlias = Literal["finished", "stopped", "diverged", "interrupted", "failed"]


@final
@dataclass(eq=False)
class Descent:
    """One run on its way; `descend` makes it, sends it off and brings it home."""

    task: Task
    model: nn.Module
    optimizer: torch.optim.Optimizer
    steps: int
    check_every: int
    stopping: Judge
    seed: int
    compute: Compute
    accumulate: int
    average: RunAverage | None
    end: OpenEnd | None
    begun: float
    doctor: Doctor | None
    saving: Saving | None = None
    kept: BestWeights | None = None
    layers: LayerFigures | None = None
    footing: Footing | None = None

    def __post_init__(self) -> None:
        self.taken, self.sound, self.cooling, self.told = 0, True, "", 0
        if self.end is not None:
            self.follow(self.end.held)
        self.values: list[float] = []
        self.metrics: dict[str, float] = {}  # of the best check
        self.place, self.ledger, self.best = Place(), Ledger(), self.kept or BestWeights(self.model)
        self.passage = Passage(self.task.train, seed=self.seed, accumulate=self.accumulate, place=self.place)
        self.saved = None if self.saving is None else self.saving.of(self.parts())

    def parts(self) -> dict[str, nn.Module | Part]:
        """Return all that a checkpoint of the run holds, by name."""
        own: dict[str, nn.Module | Part] = {
            "model": self.model, "optimizer": self.optimizer, "best": self.best, "data": self.passage, "run": self,
        }  # fmt: skip
        more: dict[str, Part | None] = {"average": self.average, "doctor": self.doctor, "footing": self.footing}
        return {**own, **{name: part for name, part in more.items() if part is not None}}

    def go(self, tell: Callable[[Trace], None], tick: Callable[[int], None]) -> tuple[Kind, str]:
        """Take the steps; return the kind of end and its reason."""
        self.model.train()
        if self.taken == 0:
            self.best.remember(0)
        for group in self.passage.groups():
            self.step(group)
            tick(self.taken)
            checking = self.taken % self.check_every == 0 or self.taken == self.steps
            if (checking or len(self.ledger) >= READ_EVERY) and (fault := self.read(tell)):
                return "diverged", fault
            if checking and (reason := self.check(tell)) and self.taken < self.steps and not self.cooling:
                if self.footing is None or not self.footing.shaken(self.values):
                    return "stopped", reason
                if fault := self.get_up(self.footing, f"its penalties rose, and {reason}", tell):
                    return "diverged", fault
            if self.end is not None and not self.cooling and (due := self.due(self.end, checking=checking)):
                self.cool(self.end, due, tell)
            if self.taken == self.steps:
                break
            if self.saved is not None and (reason := self.saved.after(self.taken)):
                return "interrupted", reason
        taken = f"all {self.steps} steps were taken"
        return "finished", f"{taken}, the last of them to cool down: {self.cooling}" if self.cooling else taken

    def due(self, end: OpenEnd, *, checking: bool) -> str | None:
        """Return why the cool-down is due, or None; the judge is asked after a check only."""
        return end.due(self.values if checking else (), self.taken, self.steps, perf_counter() - self.begun)

    def cool(self, end: OpenEnd, why: str, tell: Callable[[Trace], None]) -> None:
        """Begin the cool-down."""
        last = min(self.steps, self.taken + end.length(self.taken))
        self.follow(end.cooled(self.taken, last - self.taken))
        self.steps, self.cooling = last, why
        tell(Trace(events=(Event(self.taken, "cooling", f"the step size is led to zero by step {last}: {why}"),)))

    def follow(self, schedule: Schedule) -> None:
        """Give the optimizer another schedule of its step size."""
        for group in self.optimizer.param_groups:
            group["schedule"] = schedule

    def state_dict(self) -> dict[str, Any]:
        """Return where the run is, between two steps; weights and the optimizer's state are their own."""
        own = [state_of(each) for each in self._judging()]
        return {
            "taken": self.taken, "steps": self.steps, "sound": self.sound, "cooling": self.cooling,
            "values": self.values, "seconds": perf_counter() - self.begun, "ledger": self.ledger.state_dict(),
            "judging": own, "metrics": self.metrics, "told": self.told,
        }  # fmt: skip

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from where another run of the same task was."""
        self.taken, self.steps = state_dict["taken"], state_dict["steps"]
        self.sound, self.cooling = state_dict["sound"], state_dict["cooling"]
        self.values, self.begun = [*state_dict["values"]], perf_counter() - state_dict["seconds"]
        self.metrics, self.told = dict(state_dict["metrics"]), state_dict["told"]
        self.ledger.load_state_dict(state_dict["ledger"])
        for own, state in zip(self._judging(), state_dict["judging"], strict=True):
            set_state(own, state)

    def _judging(self) -> list[Own]:
        """Return the generators that the validation batches hold for themselves."""
        return [] if self.task.validation is None else held_by(parts(self.task.validation))

    def step(self, group: Group) -> None:
        """Take one step; nothing in it waits for the device."""
        self.optimizer.zero_grad(set_to_none=True)
        parts = []
        if self.footing is not None:
            self.footing.note((self.passage.epoch, group.first, len(group.batches)))
        for number, (batch, share) in enumerate(zip(group.batches, group.shares, strict=True), group.first):
            self.place.doing("computing the penalty of", "training", number)
            parts.append(self.add_gradient(batch, share))
        self.ledger.note(self.taken, sum(parts[1:], parts[0]), step_size(self.optimizer))
        self.place.act("taking the step of")
        self.optimizer.step()
        if self.layers is not None:
            self.layers.note(self.taken)
        self.taken += 1
        if self.average is not None:
            self.average.observe(self.taken)

    def add_gradient(self, batch: Batch, share: float) -> Tensor:
        """Add a batch's share to the gradient of the step; return its share of the penalty."""
        with self.compute.autocast(self.model):
            penalty, _, target = self.task.judged(self.model, self.compute.moved(batch))
        if not penalty.requires_grad:
            raise TaskError("the penalty depends on no parameter that can be trained; look for detach and no_grad")
        if self.doctor is not None:
            self.doctor.observe(penalty, target=target)
        if self.footing is not None:
            self.footing.observe(penalty)
        self.place.act("computing the gradient of")
        torch.autograd.backward(penalty, torch.full_like(penalty, share))
        return share * penalty.detach().to(torch.promote_types(penalty.dtype, torch.float32))

    def read(self, tell: Callable[[Trace], None]) -> str | None:
        """Read the penalties since the last reading; return what is wrong with them, or None."""
        piece = self.ledger.read()
        tell(piece)
        self.consult(tell)
        penalties = piece["penalty"]
        if self.footing is not None:
            return self.stand(self.footing, penalties, tell)
        bad = np.flatnonzero(~np.isfinite(penalties.values))
        if not len(bad):
            return None
        self.sound = False
        value, step = penalties.values[bad[0]], penalties.steps[bad[0]]
        return f"the training penalty was {value} at step {step}; {cause_of(self.doctor) or 'try a smaller step size'}"

    def stand(self, footing: Footing, penalties: Series, tell: Callable[[Trace], None]) -> str | None:
        """Get up again if the run has fallen; return why that is of no more use, or None."""
        why = footing.read(penalties, last=self.taken == self.steps)
        if events := footing.events():
            tell(Trace(events=events))
        if footing.closed:
            self.sound = self.sound and not why and not footing.shaken()
            return None
        return self.get_up(footing, why, tell) if why else None

    def get_up(self, footing: Footing, why: str, tell: Callable[[Trace], None]) -> str | None:
        """Go back to the best weights after a fall; return why the run is given up, or None if it goes on."""
        fault = None
        if footing.falls(self.taken) and self.taken < self.steps:
            self.best.restore()
            best = self.stopping.verdict(self.values).best
            del self.values[0 if best is None else best + 1 :]  # the judge knows what it knew of these weights
            if self.average is not None:
                self.average.restart()
            footing.rise(self.taken, self.best.step or 0, why)
        else:
            self.sound = False
            found = footing.give_up(self.taken, why)
            fault = f"{why}; {cause_of(self.doctor) or f'{found.claim} Change: {found.change}'}"
        tell(Trace(events=footing.events()))
        return fault

    def consult(self, tell: Callable[[Trace], None]) -> None:
        """Pass on what the doctor has found since the last time."""
        found = [] if self.doctor is None else self.doctor.findings
        events = tuple(event for each in found[self.told :] for event in as_events(each, self.taken))
        self.told = len(found)
        if events:
            tell(Trace(events=events))

    def check(self, tell: Callable[[Trace], None]) -> str | None:
        """Judge the weights and remember them if they are the best; return why to stop, or None."""
        if self.task.validation is None:
            if finite(self.model) and (self.footing is None or self.footing.steady):
                self.best.remember(self.taken)
            return None
        found = validated(self.task, self.model, self.place, self.compute)
        self.values.append(found[PENALTY])
        if isinstance(self.optimizer, Optimizer) and self.optimizer.feedback.plateau is not None:
            self.optimizer.feedback.observe(self.values[-1])
        verdict = self.stopping.verdict(self.values)
        events: tuple[Event, ...] = ()
        if verdict.best == len(self.values) - 1:
            self.best.remember(self.taken)
            self.metrics = {name: value for name, value in found.items() if name != PENALTY}
            events = (Event(self.taken, "best", f"the validation penalty is {self.values[-1]:.4g}, the best so far"),)
        tell(Trace({name: Series([self.taken], [value]) for name, value in found.items()}, events))
        return verdict.reason.removeprefix("Stop: ").rstrip(".") if verdict.stop else None

    def close(self) -> None:
        """Let go of what was attached for the steps alone."""
        if self.saved is not None:
            self.saved.close()
        if self.doctor is not None:
            self.doctor.close()
        if self.footing is not None:
            self.footing.close()

    @property
    def cost(self) -> Cost | None:
        """What saving the run has cost; None if it was not saved."""
        return None if self.saved is None else self.saved.checkpoints.cost

    @property
    def judged(self) -> bool:
        """Whether the best weights are to be put back: they were judged, or the present ones are not sound."""
        return bool(self.values) or not self.sound

    @property
    def weights_of(self) -> int:
        """The step whose weights are in the model at the end."""
        return (self.best.step or 0) if self.judged else self.taken

    def restore(self) -> None:
        """Leave the best weights in the model."""
        if self.judged:
            self.best.restore()

    def settle(self, ended: Kind, tell: Callable[[Trace], None]) -> Averaged | None:
        """Leave the averaged weights in the model if they are better; the best on every other way out."""
        if self.average is None:
            return None
        kept = False
        try:
            outcome = self.average.judged(ended, self.taken, self.values, self.stopping, self.metrics)
            kept = outcome.kept
        finally:
            if not kept:
                self.restore()
        tell(Trace(events=(Event(self.taken, "averaged", outcome.text),)))
        return outcome

    def blame(self, error: Exception) -> str:
        """Say what failed, with which batch, in one line."""
        what = str(error).rstrip(".") if isinstance(error, SurefootError) else f"{type(error).__name__}: {error}"
        return f"{self.place} (step {self.taken}) failed: {' '.join(what.split())}"
