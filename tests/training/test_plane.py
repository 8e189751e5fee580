"""Laws of the plane of a run's last checkpoints: what is convex is said to be, and the picture shows what was measured."""

import sys

import numpy as np
import pytest
import torch
from torch import nn

import surefoot as sf
from surefoot.errors import InvalidValue, MissingPackage
from surefoot.training.batches import Batches
from surefoot.training.loop import descend
from surefoot.training.plane import end_of_run, plane
from surefoot.training.plane_figure import plane_figure
from surefoot.training.task import Task

X = torch.randn(64, 5, generator=torch.Generator().manual_seed(0))
Y = X[:, :1] - 2 * X[:, 1:2] + torch.randn(64, 1, generator=torch.Generator().manual_seed(1))


def task(**changes):
    return Task(
        **{
            "model": lambda: nn.Linear(5, 1),
            "penalty": nn.MSELoss(),
            "train": Batches(X, Y, size=4),
            "validation": Batches(X, Y, size=64),
            **changes,
        }
    )


def circling(given, count=6):
    """The end of a run with a constant step size, whose weights circle the minimum."""
    torch.manual_seed(0)
    model = given.make()
    tail = sf.TailAverage(model, last=count)
    descend(
        given, model, sf.AdamW(model.parameters(), step_size=0.2), steps=200,
        tick=lambda taken: tail.observe() if taken % 10 == 0 else None,
    )  # fmt: skip
    return model, tail


def at(*values):
    """A model of two weights and the copies of it at some values."""
    model = nn.Linear(2, 1, bias=False)
    tail = sf.TailAverage(model, last=len(values))
    for value in values:
        with torch.no_grad():
            model.weight.copy_(torch.tensor([value]))
        tail.observe()
    return model, tail


def of_weights(function):
    """A task whose penalty is a function of the two weights."""
    return Task(model=nn.Identity, forward=lambda model, _: function(*model.weight[0]), train=[0], validation=[0])


def test_a_convex_penalty_is_found_convex_and_the_mean_is_better():
    model, tail = circling(task())
    end = end_of_run(task(), model, tail, grid=5)
    assert end.convex
    assert end.rise <= 0.0
    assert end.gain > 0.0
    assert end.mean < end.penalties.min()
    assert "is convex, so their mean should be better" in end.verdict
    assert "below the best of them" in end.verdict
    assert end.grid[2, 2] == pytest.approx(end.mean)
    assert (end.grid > end.mean - 0.1).all()


def test_a_hill_between_two_valleys_is_found():
    model, tail = at([-1.0, 0.0], [1.0, 0.1], [-1.0, 0.2])
    end = end_of_run(of_weights(lambda a, b: (a * a - 1) ** 2 + b * b), model, tail, grid=0)
    assert not end.convex
    assert end.rise == pytest.approx(1.0, abs=0.05)
    assert end.gain < 0.0
    assert "rises by" in end.verdict
    assert end.grid.size == 0


def test_the_lines_go_from_neighbour_to_neighbour_and_from_first_to_last():
    model, tail = at([0.0, 0.0], [1.0, 0.0], [1.0, 1.0])
    end = end_of_run(of_weights(lambda a, b: a + 2 * b), model, tail, grid=3)
    assert [line.ends for line in end.lines] == [(0, 1), (1, 2), (0, 2)]
    np.testing.assert_allclose(end.lines[0].penalties, [0, 0.25, 0.5, 0.75, 1.0])
    np.testing.assert_allclose(end.penalties, [0, 1, 3])
    assert end.mean == pytest.approx(4 / 3)


def test_the_plane_keeps_the_distances_of_points_that_are_in_one():
    _, tail = at([0.0, 0.0], [3.0, 0.0], [3.0, 4.0], [1.0, 1.0])
    copies = tail.state_dict()["kept"]
    places, directions, seen = plane(copies)
    given = np.array([copy["weight"][0].numpy() for copy in copies])
    distances = np.linalg.norm(places[:, None] - places[None], axis=-1)
    np.testing.assert_allclose(distances, np.linalg.norm(given[:, None] - given[None], axis=-1), atol=1e-6)
    assert seen == pytest.approx(1.0)
    back = places @ directions @ given + given.mean(0)
    np.testing.assert_allclose(back, given, atol=1e-6)
    np.testing.assert_allclose(directions.sum(1), 0.0, atol=1e-12)


def test_the_model_is_left_as_it_was():
    normed = task(model=lambda: nn.Sequential(nn.BatchNorm1d(5), nn.Linear(5, 1)))
    model, tail = circling(normed)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    end_of_run(normed, model, tail, grid=3)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_without_validation_training_batches_judge():
    model, tail = circling(task(validation=None))
    assert end_of_run(task(validation=None), model, tail, grid=0).gain > 0.0


def test_checkpoints_that_are_all_the_same_have_a_plane_too():
    model, tail = at([1.0, 1.0], [1.0, 1.0], [1.0, 1.0])
    end = end_of_run(of_weights(lambda a, b: a * a + b * b), model, tail, grid=3)
    assert end.convex
    assert np.isfinite(end.grid).all()


@pytest.mark.parametrize(
    ("count", "grid", "words"), [(2, 0, "there are 2 checkpoints; observe 3"), (3, 4, "grid is 4")]
)
def test_what_is_not_allowed_is_refused_in_words(count, grid, words):
    model, tail = at(*[[float(n), 0.0] for n in range(count)])
    with pytest.raises(InvalidValue, match=words):
        end_of_run(of_weights(lambda a, b: a), model, tail, grid=grid)


def test_the_picture_shows_the_path_the_mean_and_the_lines(tmp_path):
    model, tail = circling(task())
    end = end_of_run(task(), model, tail, grid=5)
    figure = plane_figure(end)
    plane_axes, line_axes = figure.axes[:2]
    np.testing.assert_allclose(plane_axes.lines[0].get_xydata(), end.places)
    assert plane_axes.lines[1].get_xydata().tolist() == [[0, 0]]
    assert {text.get_text() for text in plane_axes.texts} == {"first", "last", f"mean {end.mean:.3g}"}
    assert len(line_axes.lines) == len(end.lines) + 2
    figure.savefig(tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 5000


def test_without_matplotlib_the_figure_says_what_to_install(monkeypatch):
    model, tail = at([0.0, 0.0], [1.0, 0.0], [1.0, 1.0])
    end = end_of_run(of_weights(lambda a, b: a + b), model, tail, grid=0)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingPackage, match=r"pip install 'surefoot\[figures\]'"):
        plane_figure(end)
