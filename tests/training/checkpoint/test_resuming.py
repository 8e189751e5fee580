"""A descent that ends anywhere and is resumed goes on as if nothing had happened, bit for bit."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import surefoot as sf
from surefoot.errors import InvalidValue
from surefoot.stopping import Flat, Patience
from surefoot.trace import Trace, joined
from surefoot.training.average import RunAverage
from surefoot.training.batches import Batches
from surefoot.training.choices import optimizer_of
from surefoot.training.footing import Footing
from surefoot.training.generators import seeded
from surefoot.training.loop import Ending, descend
from surefoot.training.open_end import OpenEnd
from surefoot.training.saving import Saving
from surefoot.training.task import Task

torch.manual_seed(5)
INPUTS = torch.randn(60, 6)
TARGETS = INPUTS[:, :3].argmax(1)


def net() -> nn.Module:
    return nn.Sequential(
        nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 3)
    )


class Noisy(TensorDataset):
    """A data set that draws from every global generator and from one of its own."""

    def __init__(self) -> None:
        super().__init__(INPUTS, TARGETS)
        self.draws = np.random.default_rng(3)

    def __getitem__(self, index: int) -> Any:
        given, target = super().__getitem__(index)
        noise = torch.randn(6) + float(np.random.rand()) + float(self.draws.standard_normal())
        return given + 0.01 * noise, target


class Placed:
    """A loader with a place of its own, as StatefulDataLoader is one."""

    def __init__(self) -> None:
        self.order, self.next = list(range(0, 60, 7)), 0

    def __iter__(self) -> Iterator[Any]:
        while self.next < len(self.order):
            first = self.order[self.next]
            self.next += 1
            yield INPUTS[first : first + 12], TARGETS[first : first + 12]
        self.next, self.order = 0, self.order[1:] + self.order[:1]

    def state_dict(self) -> dict[str, Any]:
        return {"order": [*self.order], "next": self.next}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.order, self.next = [*state["order"]], state["next"]


SOURCES: dict[str, Callable[[], Any]] = {
    "batches": lambda: Batches(INPUTS, TARGETS, 12),
    "loader": lambda: sf.Loader(TensorDataset(INPUTS, TARGETS), 12),
    "shuffled DataLoader": lambda: DataLoader(Noisy(), 12, shuffle=True),
    "DataLoader with a generator": lambda: DataLoader(
        TensorDataset(INPUTS, TARGETS), 12, shuffle=True, generator=torch.Generator().manual_seed(4)
    ),
    "list": lambda: [(INPUTS[i : i + 9], TARGETS[i : i + 9]) for i in range(0, 60, 9)],
    "stateful": Placed,
    "function": lambda: lambda: iter(DataLoader(TensorDataset(INPUTS, TARGETS), 12, shuffle=True)),
}


def trained(
    saving: Saving | None, *, source: str = "batches", rule: str = "muon", validated: bool = True, steps: int = 37,
    accumulate: int = 1, end: OpenEnd | None = None, schedule: Any = None, **how: Any,
) -> tuple[nn.Module, Ending, Trace]:  # fmt: skip
    """Train from the very start, in new objects throughout, as another process would."""
    seeded(3)
    judged = DataLoader(
        TensorDataset(INPUTS[:20], TARGETS[:20]), 7, shuffle=True, generator=torch.Generator().manual_seed(9)
    )
    task = Task(model=net, penalty=sf.CrossEntropy(), train=SOURCES[source](), validation=judged if validated else None)
    model = task.make()
    course = end.held if end else (schedule or sf.warmup(0.1) >> sf.cosine()).over(steps=steps)
    optimizer = optimizer_of(model, rule, 0.02, 0.1, schedule=course, feedback=sf.Plateau(patience=2))
    average = RunAverage(task, model, steps=steps, seed=3)
    pieces: list[Trace] = []
    ending = descend(
        task, model, optimizer, steps=steps, check_every=4, seed=3, accumulate=accumulate, average=average, end=end,
        saving=saving, tell=pieces.append, **how,
    )  # fmt: skip
    return model, ending, joined(pieces)


def tensors(model: nn.Module) -> list[torch.Tensor]:
    return [*model.parameters(), *model.buffers()]


def falls_at(step: int, folder: Path) -> Saving:
    """Return a saving whose run dies after a step, having been saved every second step and no later."""
    taken = [0]

    def dying() -> str:
        taken[0] += 1
        if taken[0] == step:
            raise SystemExit
        return ""

    return Saving(folder, every=0.0, halt=dying)


def assert_the_same_after_deaths(folder: Path, deaths: tuple[int, ...], **how: Any) -> None:
    whole, ending, trace = trained(None, **how)
    for death in deaths:
        with pytest.raises(SystemExit):
            trained(falls_at(death, folder), **how)
    again, after, rest = trained(Saving(folder, every=0.0), **how)
    assert rest.last("resumed") is not None
    assert all(a.equal(b) for a, b in zip(tensors(whole), tensors(again), strict=True))
    assert (after.kind, after.step, after.best_step, after.reason) == (
        ending.kind,
        ending.step,
        ending.best_step,
        ending.reason,
    )
    assert after.average is not None
    assert repr(after.average) == repr(ending.average)
    for name, series in rest.series.items():
        tail = trace[name].steps >= series.steps[0]
        assert np.array_equal(trace[name].values[tail], series.values, equal_nan=True), name


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("death", [3, 5, 18])
def test_a_run_that_died_goes_on_with_the_very_batches(tmp_path: Path, source: str, death: int) -> None:
    assert_the_same_after_deaths(tmp_path, (death, 9), source=source)


@pytest.mark.parametrize("rule", ["adamw", "sgd", "lion", "nadam", "rprop", "asgd", "adagrad", "adadelta"])
def test_a_run_that_died_goes_on_whatever_steps_it(tmp_path: Path, rule: str) -> None:
    assert_the_same_after_deaths(tmp_path, (6, 14), rule=rule)


@pytest.mark.parametrize("death", [5, 21, 30])
def test_a_run_of_unknown_length_goes_on_before_and_in_its_cool_down(tmp_path: Path, death: int) -> None:
    assert_the_same_after_deaths(tmp_path, (death,), end=OpenEnd(Flat(), warm=3), steps=40)


def test_a_run_goes_on_with_accumulated_gradients_with_patience_and_without_validation(tmp_path: Path) -> None:
    assert_the_same_after_deaths(tmp_path / "a", (7,), accumulate=3)
    assert_the_same_after_deaths(tmp_path / "b", (7,), stopping=Patience(checks=3), steps=60)
    assert_the_same_after_deaths(tmp_path / "c", (7,), validated=False)


@pytest.mark.parametrize("harm", ["flipped", "torn", "empty"])
def test_the_newest_checkpoint_that_is_whole_is_used(tmp_path: Path, harm: str) -> None:
    model = net()
    checkpoints = sf.Checkpoints(tmp_path, {"model": model})
    for step in (3, 8, 12):
        with torch.no_grad():
            model[0].weight.fill_(step)
        assert checkpoints.save_now(step)
    checkpoints.close()
    older, newest = sorted(tmp_path.iterdir())
    content = bytearray(newest.read_bytes())
    content[-3] ^= 1
    newest.write_bytes({"flipped": content, "torn": content[:-40], "empty": b""}[harm])
    assert (sf.Checkpoints(tmp_path, {"model": model}).resume(), older.name) == (8, "step-000000008.safetensors")
    assert model[0].weight[0, 0].item() == 8.0


def test_a_run_that_passes_a_torn_checkpoint_over_says_so_and_ends_the_same(tmp_path: Path) -> None:
    whole, *_ = trained(None)
    with pytest.raises(SystemExit):
        trained(falls_at(20, tmp_path))
    newest = sorted(tmp_path.iterdir())[-1]
    (tmp_path / "step-000000999.safetensors").write_bytes(newest.read_bytes()[:-9])
    again, _, trace = trained(Saving(tmp_path, every=0.0))
    event = trace.last("resumed")
    assert event is not None
    assert event.step == int(newest.stem[5:])
    assert "its checksum does not fit: it was torn or changed" in event.text
    assert all(a.equal(b) for a, b in zip(tensors(whole), tensors(again), strict=True))


def test_a_checkpoint_of_another_model_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        trained(falls_at(6, tmp_path))
    task = Task(model=lambda: nn.Linear(6, 3), penalty=sf.CrossEntropy(), train=Batches(INPUTS, TARGETS, 12))
    model = task.make()
    average = RunAverage(task, model, steps=9)
    with pytest.raises(InvalidValue, match=r"the model has no '0\.weight'"):
        descend(task, model, sf.AdamW(model.parameters()), steps=9, saving=Saving(tmp_path), average=average)


def test_a_run_that_is_asked_to_end_is_saved_where_it_is(tmp_path: Path) -> None:
    whole, *_ = trained(None)
    asked = iter([""] * 10 + ["ended by a signal"])
    _, ending, _ = trained(Saving(tmp_path, every=1e9, halt=lambda: next(asked)))
    assert (ending.kind, ending.step) == ("interrupted", 11)
    assert ending.reason == "ended by a signal at step 11, and can be resumed from there"
    again, _, trace = trained(Saving(tmp_path, every=1e9))
    assert trace["penalty"].steps[0] == 8  # those that were not read yet were saved
    assert all(a.equal(b) for a, b in zip(tensors(whole), tensors(again), strict=True))


def test_a_disk_that_fails_is_told_once_and_the_run_goes_on(tmp_path: Path) -> None:
    whole, *_ = trained(None)
    (tmp_path / "file").write_text("in the way")
    with pytest.warns(UserWarning, match="no checkpoint could be written at step") as told:
        model, ending, _ = trained(Saving(tmp_path / "file" / "deeper", every=0.0))
    assert len(told) == 1
    assert ending.kind == "finished"
    assert all(a.equal(b) for a, b in zip(tensors(whole), tensors(model), strict=True))


def test_a_loop_of_ones_own_resumes_in_five_lines(tmp_path: Path) -> None:
    def loop(until: int) -> nn.Module:
        torch.manual_seed(1)
        model = net()
        optimizer = torch.optim.AdamW(model.parameters())
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 30)
        parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
        with sf.Checkpoints(tmp_path / str(until > 99), parts, every=0) as checkpoints:
            for step in range(checkpoints.resume(), until % 100):
                rows = torch.randint(60, (12,))
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(INPUTS[rows]), TARGETS[rows]).backward()
                optimizer.step()
                scheduler.step()
                checkpoints.save(step + 1)
        return model

    whole = loop(130)
    loop(13)
    assert all(a.equal(b) for a, b in zip(tensors(loop(30)), tensors(whole), strict=True))


def test_what_the_doctor_has_found_is_neither_lost_nor_said_twice(tmp_path: Path) -> None:
    class Blind(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net, self.blind = net(), nn.Linear(6, 3)

        def forward(self, given: torch.Tensor) -> torch.Tensor:
            return self.net(given)

    def watched(saving: Saving) -> tuple[list[str], Trace]:
        seeded(3)
        task = Task(model=Blind, penalty=sf.CrossEntropy(), train=Batches(INPUTS, TARGETS, 12))
        model, pieces = task.make(), list[Trace]()
        optimizer = sf.AdamW(model.parameters(), step_size=0.01)
        doctor = sf.Doctor(model, optimizer, tell=None)
        descend(task, model, optimizer, steps=60, check_every=5, saving=saving, doctor=doctor, tell=pieces.append)
        return [each.code for each in doctor.findings], joined(pieces)

    with pytest.raises(SystemExit):
        watched(falls_at(50, tmp_path))
    codes, trace = watched(Saving(tmp_path, every=0.0))
    assert codes.count("decay-on-norms-and-biases") == 1
    resumed = trace.last("resumed")
    assert resumed is not None
    assert resumed.step >= 10
    assert trace.last("finding") is None


@pytest.mark.parametrize("deaths", [(150,), (260, 100), (420,)])
def test_a_run_that_skips_batches_and_falls_goes_on_across_its_falls(tmp_path: Path, deaths: tuple[int, ...]) -> None:
    bad = INPUTS[:12].clone()
    bad[3] = torch.nan

    def deep() -> nn.Module:
        return nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 3))

    def guarded(saving: Saving | None) -> tuple[nn.Module, Ending, Trace]:
        seeded(3)
        source = [(INPUTS[i : i + 12], TARGETS[i : i + 12]) for i in range(0, 60, 12)] + [(bad, TARGETS[:12])]
        held = [(INPUTS, TARGETS)]
        task = Task(model=deep, penalty=sf.CrossEntropy(), train=source, validation=held)
        model, pieces = task.make(), list[Trace]()
        # sound at first, and then far beyond what holds
        optimizer = sf.SGD(model.parameters(), step_size=0.3, schedule=sf.piecewise(at=(120,), to=(1e4,)))
        ending = descend(
            task, model, optimizer, steps=480, check_every=20, saving=saving, guard=Footing(model, optimizer),
            tell=pieces.append,
        )  # fmt: skip
        return model, ending, joined(pieces)

    whole, ending, trace = guarded(None)
    assert trace.last("skipped") is not None
    assert trace.last("fell") is not None
    for death in deaths:
        with pytest.raises(SystemExit):
            guarded(falls_at(death, tmp_path))
    again, after, _ = guarded(Saving(tmp_path, every=0.0))
    assert all(a.equal(b) for a, b in zip(tensors(whole), tensors(again), strict=True))
    assert (after.kind, after.step, after.best_step, after.reason) == (
        ending.kind,
        ending.step,
        ending.best_step,
        ending.reason,
    )
