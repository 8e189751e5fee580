"""Laws of penalty curves: real runs from one start, words that the curves bear out, no mark left, names side by side."""

import json
import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from surefoot.errors import InvalidValue, TaskError
from surefoot.fitting import fit
from surefoot.search.curve import Curve
from surefoot.search.curves import Curves, curves
from surefoot.search.curves_figure import spread
from surefoot.stopping import Never
from surefoot.training.batches import Batches
from surefoot.training.task import Task

X = torch.linspace(-1, 1, 64)[:, None]


@pytest.fixture(autouse=True)
def alone():
    """Compute with one thread: models this small are not quicker with more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def task(**changes):
    common = {"model": lambda: nn.Linear(1, 1), "penalty": nn.MSELoss(), "train": Batches(X, 3 * X + 1, size=16)}
    return Task(**{**common, "name": "line", **changes})


def synthetic(low, good, high):
    """Curves of twenty steps that end flat at these penalties."""
    made = (Curve(size, (3.0,) * 10 + (end,) * 10) for size, end in ((0.01, low), (0.1, good), (1.0, high)))
    return Curves("line", "sgd", 0.0, 200, 20, *made)


def test_on_a_line_a_tenth_is_too_low_and_ten_times_too_high():
    found = curves(task(), 0.1, steps=1000, rule="sgd")
    assert found.labels == ("0.01: too low", "0.1: good", "1: too high")


def test_all_start_alike_and_each_is_the_run_that_fit_would_make():
    found = curves(task(), 0.1, steps=300, rule="sgd", seed=3)
    assert len({curve.penalties[0] for curve in found.all}) == 1
    for curve in found.all[:2]:
        run = fit(task(), steps=found.length, rule="sgd", step_size=curve.step_size, seed=3, stopping=Never())
        assert run.trace["penalty"].values.tolist() == list(curve.penalties)


@pytest.mark.parametrize(("steps", "length"), [(1000, 100), (150, 20), (12, 12)])
def test_each_has_a_tenth_of_the_run_but_twenty_steps_where_it_can(steps, length):
    found = curves(task(), 0.01, steps=steps, rule="sgd")
    assert [len(curve.penalties) for curve in found.all] == [length] * 3
    assert found.cost == 3 * length
    assert f"cost {3 * length} steps more" in found.summary()


def test_it_leaves_no_mark():
    model = nn.Linear(1, 1)
    weights, draws = model.weight.clone(), torch.get_rng_state()
    curves(task(model=model), 0.1, steps=100)
    assert torch.equal(weights, model.weight)
    assert torch.equal(draws, torch.get_rng_state())


def test_what_runs_away_has_diverged():
    found = curves(task(), 1e5, steps=2000, rule="sgd", accumulate=2)
    assert found.labels[1:] == ("1e+05: diverged", "1e+06: too high, diverged")
    assert "inf" not in found.summary()
    assert json.loads(json.dumps(found.to_json(), allow_nan=False))["runs"][2]["end"] is None


def test_no_neighbour_is_called_worse_whose_curve_is_as_good():
    assert synthetic(2.0, 1.0, 1.5).labels == ("0.01: too low", "0.1: good", "1: too high")
    assert synthetic(2.0, 1.0, 1.05).labels == ("0.01: too low", "0.1: good", "1: higher, as good so far")
    assert synthetic(2.0, 1.0, 0.5).labels == ("0.01: too low", "0.1: for the run", "1: higher, better so far")
    assert "short runs favour high step sizes; 0.1 is for 200 steps" in synthetic(2.0, 1.0, 0.5).summary()
    assert "favour" not in synthetic(2.0, 1.0, 1.5).summary()
    assert synthetic(-2.0, -1.0, 0.0).labels == ("0.01: lower, better so far", "0.1: for the run", "1: too high")


def test_an_interrupt_passes_and_the_tasks_error_is_told():
    def torn(error):
        def penalty(output, target):
            raise error

        return task(penalty=penalty)

    with pytest.raises(KeyboardInterrupt):
        curves(torn(KeyboardInterrupt()), 0.1, steps=100)
    with pytest.raises(TaskError, match=r"line: while searching, .*torn"):
        curves(torn(OSError("torn")), 0.1, steps=100)


def test_every_fault_of_a_call_is_told_at_once():
    with pytest.raises(InvalidValue) as raised:
        curves(task(), -1.0, steps=0, rule="adamv", seed=-1, accumulate=0)
    for name in ("step_size is -1", "steps is 0", "'adamv'", "seed is -1", "accumulate is 0"):
        assert name in str(raised.value)


@pytest.mark.parametrize("ends", [(1.0, 1.0, 1.0), (2.9, 0.001, 0.0011), (2.0, 1.0, math.nan), (2.0, 1.0, 1e9)])
def test_names_stand_side_by_side_and_what_runs_away_leaves_the_picture(ends):
    pytest.importorskip("matplotlib")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text  # whose extent has no arrow in it

    figure = synthetic(*ends).figure()
    FigureCanvasAgg(figure).draw()
    boxes = sorted((Text.get_window_extent(text) for text in figure.axes[0].texts), key=lambda box: box.y0)
    assert len(boxes) == 3
    assert all(below.y1 <= above.y0 for below, above in pairwise(boxes))
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.x1 for box in boxes)
    assert 3.0 <= figure.axes[0].get_ylim()[1] < 8.0


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=8), st.floats(0.01, 0.1))
def test_spread_heights_keep_their_order_and_their_distance(heights, apart):
    places = spread(heights, apart)
    order = sorted(range(len(heights)), key=lambda each: heights[each])
    moved = [places[each] for each in order]
    assert min(moved) >= -1e-9
    assert all(after - before >= apart - 1e-9 for before, after in pairwise(moved))
    if all(b - a >= apart for a, b in pairwise(sorted(heights))):
        assert places == pytest.approx(heights)
