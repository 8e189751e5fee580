"""Laws of the race: order changes nothing, the budget holds, edges grow, the lowest of level step sizes wins."""

import math
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from surefoot.errors import InvalidValue
from surefoot.race import Candidate, Line, Race
from surefoot.race.landscape import vertex, winner
from surefoot.race.stages import Field, landscape
from surefoot.race.verdict import BOUNDS, ERR, PLACED, carried, drift, pulled

LINE = Line("adamw", 0.1, centre=0.01)
USUAL = Line("adamw", 0.1, centre=0.01, usual=0.01)


def bowl(best, *, steep=1.0, edge=math.inf, falls=0.0, noise=0.0, value=math.inf):
    """A landscape: quadratic in the logarithm of the step size, broken from `edge` on, its best falling with length."""

    def penalty(candidate):
        size = math.log10(candidate.step_size)
        if candidate.step_size >= edge:
            return value
        middle = math.log10(best) - falls * math.log10(candidate.length)
        wobble = noise * math.sin(1e4 * size + candidate.length)
        return 1.0 + steep * (size - middle) ** 2 + wobble

    return penalty


def raced(penalty, race=None, order=lambda asked: asked):
    race = race or Race((LINE,), steps=2000, budget=400)
    for _ in range(100):
        asked = race.ask()
        if not asked:
            return race
        for candidate in order(asked):
            race = race.tell(candidate, penalty(candidate))
    raise AssertionError("the race does not end")


def spent(race):
    return sum(result.candidate.length for result in race.results)


def decades(one, other):
    return abs(math.log10(one / other))


@given(best=st.floats(1e-4, 1.0), steep=st.floats(0.2, 10.0))
def test_the_best_of_a_bowl_is_raced_to_half_a_step_of_the_grid_and_what_is_level(best, steep):
    assert decades(raced(bowl(best, steep=steep)).verdict().raced, best) <= 0.26 + math.sqrt(0.02 / steep)


@given(best=st.floats(1e-3, 0.1), noise=st.floats(0.0, 0.05))
def test_noise_moves_the_winner_by_no_more_than_its_size_explains(best, noise):
    assert decades(raced(bowl(best, noise=noise)).verdict().raced, best) <= 0.26 + math.sqrt(2 * noise + 0.02)


@given(edge=st.floats(1e-5, 1.0), value=st.sampled_from([math.nan, math.inf, -math.inf, 1e30]))
def test_what_diverges_never_wins(edge, value):
    race = raced(bowl(0.1, edge=edge, value=value), Race((LINE,), steps=2000, budget=400, start=2.0))
    assert race.verdict().raced < edge or all(each.penalty >= 1e30 for each in race.results)
    assert race.verdict().step_size < max(edge, 1e-4)


@pytest.mark.parametrize("best", [1e-4, 1.0])
def test_a_winner_at_the_edge_makes_the_grid_grow(best):
    assert decades(raced(bowl(best)).verdict().raced, best) <= 0.25
    assert not (race := Race((LINE,), 2000, 400)).told
    assert best not in [candidate.step_size for candidate in race.ask()]


@given(best=st.floats(-0.8, 0.8), height=st.floats(-2.0, 2.0))
def test_between_points_of_the_grid_the_best_is_where_their_parabola_is_lowest(best, height):
    penalties = {notch: height + 0.5 * (notch - best) ** 2 for notch in (-2, 0, 2)}
    assume(winner(penalties) == 0)
    rises = sorted(penalties[notch] - penalties[0] for notch in (-2, 2))
    assume(rises[1] <= 2 * rises[0])
    assert vertex(penalties) == pytest.approx(best, abs=1e-6)


@given(best=st.floats(-0.99, 0.99), high=st.floats(1.0, 1e30))
def test_how_far_a_penalty_has_run_away_does_not_matter(best, high):
    assert vertex({-2: 1.5, 0: 1.0, 2: 1e3 * high}) == vertex({-2: 1.5, 0: 1.0, 2: math.inf})


@given(best=st.floats(1e-6, 100.0), steps=st.integers(400, 20_000))
def test_the_usual_step_size_stays_unless_the_race_says_something_quite_different(best, steps):
    race = raced(bowl(best), Race((USUAL,), steps, steps // 4))
    found = race.verdict()
    said, left = math.log10(found.raced / USUAL.usual), math.log10(found.step_size / USUAL.usual)
    if 0.0 <= said <= ERR:
        assert found.step_size == USUAL.usual
    assert abs(left) <= abs(said) + 0.01
    assert left * said >= 0


def test_a_race_that_is_far_from_the_usual_step_size_is_followed():
    low, high = (raced(bowl(best), Race((USUAL,), 2000, 400)).verdict() for best in (1e-5, 10.0))
    assert low.step_size == low.raced < 2e-4
    assert high.step_size > 0.1
    assert "moves the usual 0.01 to" in high.reason


@given(st.floats(-3.0, 3.0), st.floats(-3.0, 3.0), st.floats(-1.0, 0.0))
def test_what_is_pulled_never_falls_and_is_never_more_than_what_was_said(one, other, drift):
    one, other = sorted((one, other))
    assert pulled(one, drift) <= pulled(other, drift)
    assert abs(pulled(one, drift)) <= abs(one)
    assert pulled(one, drift) == 0.0 or not 0.0 <= one <= ERR


@given(steps=st.integers(200, 20_000))
def test_without_a_usual_step_size_a_longer_race_counts_more_beside_what_placed_the_grid(steps):
    race = raced(bowl(0.002), Race((LINE,), steps, steps // 5))
    assume(race.results)
    said, length = race.verdict(), race.leader.length
    best = min(vertex(landscape(race.told, 0, length)), race.leader.notch)
    reached = math.log10(LINE.step_size(carried(best, said.drift, length, steps)))
    share = math.log10(said.step_size / 0.01) / (reached + 2)
    assert share == pytest.approx(length / (length + PLACED), abs=0.03) or abs(reached + 2) > 1.4


def test_of_level_step_sizes_the_one_nearest_the_usual_wins():
    flat = raced(lambda candidate: 1.0 if candidate.step_size < 1.0 else 3.0, Race((LINE,), 2000, 4000))
    level = raced(lambda candidate: 2.0 if candidate.step_size > 0.005 else 1.0 + 0.001 * (candidate.step_size > 0.002))
    assert flat.verdict().raced == LINE.centre
    assert level.verdict().raced == 0.00316


@pytest.mark.parametrize(("harm", "stays"), [(1.05, True), (1.5, False)])
def test_the_usual_step_size_is_lowered_only_if_it_is_clearly_worse(harm, stays):
    def penalty(each):
        return 1.0 + (harm - 1.0) * max(math.log10(each.step_size / 1e-4) / 2, 0.0)  # at the usual: harm

    found = raced(penalty, Race((USUAL,), 2000, 400, start=2.0)).verdict()
    assert found.raced < 0.005
    assert (found.step_size == USUAL.usual) == stays


def test_where_hardly_anything_was_learned_the_best_is_not_level_with_the_rest():
    started = Race((LINE,), steps=2000, budget=400, start=2.3)
    race = raced(lambda candidate: 2.3 - 1e-3 * candidate.length * math.exp(-((candidate.notch - 2) ** 2)), started)
    assert abs(race.leader.notch - 2) <= 1


@settings(max_examples=60)
@given(best=st.floats(1e-5, 10.0), edge=st.floats(1e-4, 10.0), draws=st.randoms(use_true_random=False))
def test_the_order_in_which_results_are_told_changes_nothing(best, edge, draws):
    lines = (LINE, Line("sgd", 0.0, centre=0.1))
    penalty = bowl(best, edge=edge, noise=0.02)

    def shuffled(asked):
        return draws.sample(list(asked), len(asked))

    race = Race(lines, steps=2000, budget=500)
    one, other = raced(penalty, race), raced(penalty, race, shuffled)
    assert one == other
    assert one.verdict() == other.verdict()


@given(
    lines=st.integers(1, 4), steps=st.integers(1, 5000), budget=st.integers(0, 2000), best=st.floats(1e-6, 1e3),
    edge=st.floats(1e-6, 1e3),
)  # fmt: skip
def test_what_is_asked_never_takes_more_than_the_budget(lines, steps, budget, best, edge):
    race = Race(tuple(replace(LINE, decay=float(number)) for number in range(lines)), steps, budget)
    over = raced(bowl(best, edge=edge), race)
    assert spent(over) <= budget
    verdict = over.verdict()
    assert math.isfinite(verdict.step_size)
    assert verdict.step_size > 0
    assert BOUNDS[0] <= verdict.drift <= BOUNDS[1]
    if race.field is not None:
        assert spent(over) >= 0.5 * budget


@pytest.mark.parametrize("value", [math.inf, math.nan, 24.0])
def test_what_ran_away_keeps_the_suggestion_half_a_decade_below_it(value):
    race = Race((LINE,), steps=2000, budget=400, start=2.3)
    verdict = raced(lambda each: value if each.step_size >= 0.01 else 2.0 - each.step_size, race).verdict()
    assert verdict.step_size == pytest.approx(0.00316, rel=0.01)


def test_a_budget_too_small_to_race_in_leaves_the_centre():
    verdict = Race((LINE,), steps=100, budget=10).verdict()
    assert (verdict.step_size, verdict.drift) == (0.01, 0.0)
    assert "too few" in verdict.reason


def test_where_nothing_is_finite_the_lowest_that_was_tried_is_said():
    race = raced(lambda _: math.nan)
    assert race.verdict().step_size == min(each.candidate.step_size for each in race.results) < 1e-4
    assert "no penalty was finite" in race.verdict().reason


@given(short=st.integers(1, 50), longer=st.integers(2, 50), one=st.floats(-40, 40), other=st.floats(-40, 40))
def test_the_drift_is_bounded_and_never_raises_a_step_size(short, longer, one, other):
    by = drift({short: one, short + longer: other})
    assert BOUNDS[0] <= by <= BOUNDS[1] <= 0
    assert carried(other, by, short + longer, 10_000) <= other


def test_of_two_lines_the_better_wins_and_of_level_ones_the_first():
    lines = (replace(LINE, rule="first"), replace(LINE, rule="second"))
    race = Race(lines, steps=2000, budget=500)
    better = raced(lambda each: bowl(0.01)(each) + (each.rule == "first"), race)
    level = raced(bowl(0.01), race)
    assert (better.verdict().rule, level.verdict().rule) == ("second", "first")


def test_losers_are_dropped_before_the_second_length():
    race = raced(bowl(0.01))
    counts = {
        length: sum(each.candidate.length == length for each in race.results)
        for length in (race.field.short, race.field.long)
    }
    assert counts[race.field.long] < counts[race.field.short]


def test_what_was_not_asked_is_refused():
    race = Race((LINE,), steps=2000, budget=400)
    first = race.ask()[0]
    with pytest.raises(InvalidValue, match="was not asked"):
        race.tell(first, 1.0).tell(first, 1.0)
    with pytest.raises(InvalidValue, match="was not asked"):
        race.tell(Candidate(0, 99, 10, "adamw", 1.0, 0.1), 1.0)


def test_wrong_values_are_refused_all_at_once():
    with pytest.raises(InvalidValue, match=r"lines is empty.*steps is 0.*budget is -1"):
        Race((), steps=0, budget=-1)
    with pytest.raises(InvalidValue, match=r"centre is nan.*decay is -1"):
        Line("adamw", decay=-1.0, centre=math.nan)


@given(values=st.permutations(range(5)))
def test_a_race_is_a_value(values):
    race = Race((LINE,), steps=2000, budget=400)
    asked = race.ask()
    assume(len(asked) == 5)
    told = race
    for place in values:
        told = told.tell(asked[place], float(place))
    assert hash(told) == hash(replace(race, results=told.results))
    assert race.ask() == asked  # it has not changed


def test_a_field_says_what_it_takes():
    assert Field(lines=1, grid=5, short=10, long=40).units == 5 * 10 + 3 * 40
