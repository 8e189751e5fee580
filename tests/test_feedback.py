"""The laws of the plateau: a pure fold, worked out by hand, sign-safe, and never below its least."""

import json
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from surefoot.errors import InvalidValue
from surefoot.feedback import Memory, Plateau
from surefoot.stopping import Patience

NAN, INF = math.nan, math.inf
values = st.lists(st.floats(-100.0, 100.0) | st.sampled_from([NAN, INF, -INF, 0.0, 1.0]), max_size=60)
plateaus = st.builds(
    Plateau,
    factor=st.floats(0.05, 0.95),
    patience=st.integers(1, 5),
    margin=st.sampled_from([0.0, 0.5, 10.0]),
    relative=st.sampled_from([0.0, 1e-4, 0.5]),
    goal=st.sampled_from(["min", "max"]),
    rest=st.integers(0, 4),
    least=st.floats(1e-6, 1.0),
    nonfinite=st.sampled_from(["skip", "bad", "cut"]),
)


def fold(plateau, given_values):
    """The memories after each of these values."""
    memory, found = plateau.start, []
    for value in given_values:
        memory = plateau.after(memory, value)
        found.append(memory)
    return found


BY_HAND = {
    "a cut at the second bad check, the count afresh after it": (
        Plateau(patience=2), [3, 1, 2, 2, 2, 2, 0], [1, 1, 1, 0.5, 0.5, 0.25, 0.25],
    ),
    "a patience of 1 cuts at every bad check": (Plateau(patience=1), [1, 1, 1, 0], [1, 0.5, 0.25, 0.25]),
    "a gain resets the count": (Plateau(patience=2), [3, 3, 2, 2, 1, 1], [1] * 6),
    "a gain within the margin is none": (Plateau(patience=2, margin=1.0), [5, 4.5, 4.25, 3], [1, 1, 0.5, 0.5]),
    "small gains add up to one": (Plateau(patience=3, margin=1.0), [5, 4.5, 3.75, 3.5], [1] * 4),
    "a relative margin is taken from the size": (
        Plateau(patience=2, relative=0.5), [-4, -5, -6, -6.5], [1, 1, 0.5, 0.5],
    ),
    "the larger margin counts": (Plateau(patience=1, relative=0.5, margin=1), [4, 2.5, 1.5, 0.75], [1, 0.5, 0.5, 0.25]),
    "checks at rest are not bad": (
        Plateau(patience=2, rest=2), [1, 2, 2, 2, 2, 2, 2, 2], [1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25],
    ),
    "a gain at rest counts and uses it up": (
        Plateau(patience=1, rest=2), [5, 5, 4, 4, 4, 4], [1, 0.5, 0.5, 0.5, 0.25, 0.25],
    ),
    "no cut goes below the least": (
        Plateau(patience=1, factor=0.1, least=0.03), [1, 1, 1, 1, 1], [1, 0.1, 0.03, 0.03, 0.03],
    ),
    "nan changes nothing": (Plateau(patience=2), [1, 2, NAN, NAN, 2], [1, 1, 1, 1, 0.5]),
    "nan does not use up a rest": (Plateau(patience=1, rest=1), [1, 1, NAN, 1, 1], [1, 0.5, 0.5, 0.5, 0.25]),
    "nan is a bad check where asked": (Plateau(patience=2, nonfinite="bad"), [1, NAN, INF, 0], [1, 1, 0.5, 0.5]),
    "nan cuts where asked, unless at rest": (
        Plateau(patience=9, nonfinite="cut", rest=1), [1, NAN, NAN, NAN, 1], [1, 0.5, 0.5, 0.25, 0.25],
    ),
    "an infinite gain is none": (Plateau(patience=1), [1, -INF, 1], [1, 1, 0.5]),
    "nothing but nan is no plateau": (Plateau(patience=1), [NAN, NAN, 7, 7], [1, 1, 1, 0.5]),
    "higher is better": (Plateau(patience=1, goal="max"), [1, 2, 1, 3, 3], [1, 1, 0.5, 0.5, 0.25]),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_HAND)
def test_the_multipliers_are_those_worked_out_by_hand(name):
    plateau, given_values, multipliers = BY_HAND[name]
    assert [memory.multiplier for memory in fold(plateau, given_values)] == multipliers


@given(plateaus, values)
def test_max_on_the_negatives_mirrors_min(plateau, given_values):
    fields = {name: getattr(plateau, name) for name in plateau.__dataclass_fields__}
    other = Plateau(**fields | {"goal": "max" if plateau.goal == "min" else "min"})
    for one, two in zip(fold(plateau, given_values), fold(other, [-value for value in given_values]), strict=True):
        assert one == two._replace(best=None if two.best is None else -two.best)


@given(plateaus, values)
def test_the_multiplier_never_rises_and_is_never_below_the_least(plateau, given_values):
    found = [1.0] + [memory.multiplier for memory in fold(plateau, given_values)]
    assert found == sorted(found, reverse=True)
    assert found[-1] >= min(plateau.least, 1.0)


@given(plateaus, values, st.data())
def test_the_fold_is_pure_and_goes_on_from_a_saved_memory(plateau, given_values, data):
    whole = fold(plateau, given_values)
    cut = data.draw(st.integers(0, len(given_values)))
    memory = whole[cut - 1] if cut else plateau.start
    saved = Memory(**json.loads(json.dumps(memory._asdict())))
    assert saved == memory
    for value, expected in zip(given_values[cut:], whole[cut:], strict=True):
        assert plateau.after(saved, value) == plateau.after(saved, value) == expected
        saved = expected


@given(plateaus, values)
def test_every_check_and_every_one_that_is_not_finite_is_counted(plateau, given_values):
    memory = [plateau.start, *fold(plateau, given_values)][-1]
    assert memory.checks == len(given_values)
    assert memory.nonfinite == sum(not math.isfinite(value) for value in given_values)
    assert memory.multiplier == pytest.approx(max(plateau.factor**memory.cuts, plateau.least), abs=0) or not memory.cuts


@given(st.lists(st.floats(-100.0, 100.0), max_size=40), st.integers(1, 5), st.sampled_from([0.0, 1e-4, 0.5]))
def test_the_first_cut_comes_where_patience_would_stop(given_values, patience, relative):
    plateau, judge = Plateau(patience=patience, relative=relative), Patience(checks=patience, relative=relative)
    stops = [judge.verdict(given_values[: count + 1]).stop for count in range(len(given_values))]
    cuts = [memory.cuts > 0 for memory in fold(plateau, given_values)]
    assert (stops.index(True) if True in stops else None) == (cuts.index(True) if True in cuts else None)


@given(st.lists(st.floats(0.1, 100.0), max_size=40), st.integers(2, 6), st.integers(0, 3))
def test_it_is_torchs_with_a_patience_one_less_where_values_are_positive(given_values, patience, rest):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.5, patience=patience - 1, cooldown=rest, threshold=1e-4, eps=0.0
    )
    for value, memory in zip(
        given_values, fold(Plateau(patience=patience, rest=rest, least=1e-30), given_values), strict=True
    ):
        theirs.step(value)
        assert optimizer.param_groups[0]["lr"] == memory.multiplier


def test_its_text_can_be_read():
    assert str(Plateau()) == (
        "0.5 times the step size after 10 checks in a row without a gain above 0.01 % of the last (lower is better); "
        "at least 0.0001 of it"
    )
    assert str(Plateau(0.1, 1, margin=0.5, relative=0.0, goal="max", rest=3, nonfinite="cut")) == (
        "0.1 times the step size after a check without a gain above 0.5 (higher is better), then 3 to rest; "
        "at least 0.0001 of it; nan cuts at once"
    )


def test_every_fault_is_refused_at_once():
    with pytest.raises(InvalidValue) as refused:
        Plateau(1.0, 0, margin=NAN, relative=-1.0, goal="low", rest=-1, least=0.0, nonfinite="stop")
    for name in ("factor is 1.0", "patience is 0", "margin is nan", "relative is -1.0", "goal is 'low'", "rest is -1",
                 "least is 0.0", "nonfinite is 'stop'"):  # fmt: skip
        assert name in str(refused.value)
