"""The laws of shapes: each is its formula, worked out by hand, within its bounds, and torch's where torch has it."""

import math
from fractions import Fraction

import pytest
import torch
from drawn import exponents, fractions, rates, sized_schedules, steps
from hypothesis import given
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from surefoot.schedules import (
    constant,
    cosine,
    cosine_warmup,
    exponential,
    inverse_sqrt,
    linear,
    one_cycle,
    one_minus_sqrt,
    piecewise,
    polynomial,
    power,
    restarts,
    warmup,
    wsd,
)
from surefoot.schedules.shaped import SHAPED
from surefoot.schedules.shapes import SHAPES

R2, R3, R5, R6, R7 = map(math.sqrt, (2, 3, 5, 6, 7))
HIGH, LOW = (2 + R2) / 4, (2 - R2) / 4  # half a cosine at a quarter and at three quarters of its way

BY_HAND = [
    (cosine_warmup(4), [LOW, 0.5, HIGH, 1.0, 1.0, 1.0]),
    (cosine_warmup(2, start=0.5), [0.75, 1.0, 1.0, 1.0, 1.0, 1.0]),
    (polynomial(4, exponent=1), [0.75, 0.5, 0.25, 0.0, 0.0, 0.0]),
    (polynomial(4, exponent=2), [9 / 16, 4 / 16, 1 / 16, 0.0, 0.0, 0.0]),
    (polynomial(4, exponent=0.5), [R3 / 2, R2 / 2, 1 / 2, 0.0, 0.0, 0.0]),
    (polynomial(2, exponent=3, to=0.2), [0.3, 0.2, 0.2, 0.2, 0.2, 0.2]),
    (one_minus_sqrt(4), [0.5, 1 - R2 / 2, 1 - R3 / 2, 0.0, 0.0, 0.0]),
    (one_minus_sqrt(4, to=0.5), [0.75, 1 - R2 / 4, 1 - R3 / 4, 0.5, 0.5, 0.5]),
    (exponential(4, to=1 / 16), [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16, 1 / 16]),
    (exponential(2, to=0.01), [0.1, 0.01, 0.01, 0.01, 0.01, 0.01]),
    (exponential(half_life=1), [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64]),
    (exponential(3, half_life=2), [R2 / 2, 1 / 2, R2 / 4, R2 / 4, R2 / 4, R2 / 4]),
    (power(1), [1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6, 1 / 7]),
    (power(2, exponent=2), [4 / 9, 1 / 4, 4 / 25, 1 / 9, 4 / 49, 1 / 16]),
    (power(2, length=2), [2 / 3, 1 / 2, 1 / 2, 1 / 2, 1 / 2, 1 / 2]),
    (inverse_sqrt(1), [1 / R2, 1 / R3, 1 / 2, 1 / R5, 1 / R6, 1 / R7]),
    (inverse_sqrt(3, length=1), [R3 / 2] * 6),
    (restarts(4, cycles=1), [HIGH, 0.5, LOW, 0.0, 0.0, 0.0]),
    (restarts(6, cycles=2, growth=2), [0.5, 0.0, HIGH, 0.5, LOW, 0.0]),
    (restarts(4, cycles=2, drop=0.5, to=0.25), [0.625, 0.25, 0.375, 0.25, 0.25, 0.25]),
    (restarts(5, cycles=2), [0.75, 0.25, 0.0, 0.5, 0.0, 0.0]),  # 2.5 is rounded up to 3
    (piecewise(at=(2, 4), to=(0.1, 0.01)), [1.0, 1.0, 0.1, 0.1, 0.01, 0.01]),
    (piecewise(at=(2, 4), factor=0.1), [1.0, 1.0, 0.1, 0.1, 0.01, 0.01]),
    (piecewise(at=3, to=2.0), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]),
    (one_cycle(2, 2, start=0.0), [0.5, 1.0, 0.5, 0.0, 0.0, 0.0]),
    (one_cycle(rise=0.5).over(steps=4), [0.52, 1.0, 0.5, 0.0, 0.0, 0.0]),
    (wsd(2, 1, to=0.1).over(steps=5), [0.5, 1.0, 1.0, 1.0, 0.1, 0.1]),
    (wsd(0.2, 0.4).over(steps=5), [1.0, 1.0, 1.0, 1 - R2 / 2, 0.0, 0.0]),
    (warmup(2) * linear(4), [0.375, 0.5, 0.25, 0.0, 0.0, 0.0]),
    ((warmup(2) >> constant()) * piecewise(at=3, to=0.5), [0.5, 1.0, 1.0, 0.5, 0.5, 0.5]),
    (linear(2, to=0.5) * linear(4), [0.5625, 0.25, 0.125, 0.0, 0.0, 0.0]),
]


@pytest.mark.parametrize(("schedule", "factors"), BY_HAND, ids=lambda value: str(value) if callable(value) else "")
def test_the_first_steps_are_those_worked_out_by_hand(schedule, factors):
    assert [schedule(step) for step in range(6)] == pytest.approx(factors, abs=1e-15)


DECAYS = st.one_of(
    st.builds(lambda to: (lambda length: cosine(length, to), to), fractions),
    st.builds(lambda to: (lambda length: one_minus_sqrt(length, to), to), fractions),
    st.builds(lambda e, to: (lambda length: polynomial(length, e, to), to), exponents, fractions),
    st.builds(lambda to: (lambda length: exponential(length, to), to), rates),
    st.builds(lambda to: (lambda length: restarts(length + 3, to=to), to), fractions),
)


@given(DECAYS, steps)
def test_a_decay_has_exactly_its_end_value_on_its_last_step(decay, length):
    make, to = decay
    schedule = make(length)
    assert schedule(schedule.steps - 1) == to == schedule(schedule.steps + 10)


@given(steps, fractions)
def test_a_warm_up_along_a_cosine_is_never_0_and_ends_exactly_at_the_peak(length, start):
    assert cosine_warmup(length, start)(0) > 0.0
    assert cosine_warmup(length, start)(length - 1) == 1.0


@given(sized_schedules, st.integers(0, 400))
def test_a_factor_is_finite_and_never_negative(schedule, step):
    assert 0.0 <= schedule(step) < math.inf


@given(st.integers(2, 10**12), exponents)
def test_the_first_factor_is_not_0(length, exponent):
    for make in (warmup, cosine_warmup, linear, cosine, one_minus_sqrt):
        assert make(length)(0) > 0.0
    assert polynomial(length, exponent)(0) > 0.0
    assert power(1, exponent)(0) > 0.0
    assert exponential(half_life=1)(0) > 0.0
    assert restarts(4 * length)(0) > 0.0
    assert constant(value=0.0)(0) == 0.0  # unless asked


@given(st.integers(1, 12), st.floats(0.1, 10.0), st.floats(0.5, 1.0), st.integers(12, 10**5))
def test_cycles_end_on_whole_steps_each_exactly_at_its_end_value(cycles, growth, drop, length):
    schedule = restarts(length, cycles, growth, drop, to=0.0)
    zeros = [step for step in range(length) if schedule(step) == 0.0] if length < 3000 else [length - 1]
    assert zeros[-1] == length - 1
    if length < 3000:
        assert len(zeros) == cycles


@given(st.integers(1, 10**4), st.integers(0, 10**6))
def test_after_a_warm_up_inverse_sqrt_is_vaswanis(span, step):
    schedule, n = warmup(span) >> inverse_sqrt(span), step + 1
    vaswani = min(n**-0.5, n * span**-1.5)
    assert schedule(step) == pytest.approx(vaswani / span**-0.5, rel=1e-12)


@given(st.floats(0.001, 0.99), st.integers(20, 1000))
def test_a_share_that_is_a_knob_is_rounded_to_whole_steps_halves_up(share, run):
    whole = max(1, math.floor(Fraction(repr(share)) * run + Fraction(1, 2)))
    assert inverse_sqrt(share, length=5).over(steps=run) == inverse_sqrt(whole, length=5)
    assert exponential(half_life=share).over(steps=run) == exponential(run, half_life=whole)


def torchs(make, count):
    """The factors of torch's scheduler at its counts 0, 1, 2, ..."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler, found = make(optimizer), []
    for _ in range(count):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


@pytest.mark.parametrize(
    ("schedule", "make"),
    [
        (polynomial(9, exponent=2.5), lambda opt: lr_scheduler.PolynomialLR(opt, total_iters=9, power=2.5)),
        (exponential(9, to=0.5**9), lambda opt: lr_scheduler.ExponentialLR(opt, gamma=0.5)),
        (exponential(half_life=1), lambda opt: lr_scheduler.ExponentialLR(opt, gamma=0.5)),
        (cosine(9, to=0.1), lambda opt: lr_scheduler.CosineAnnealingLR(opt, T_max=9, eta_min=0.1)),
        (linear(9, to=0.25), lambda opt: lr_scheduler.LinearLR(opt, 1.0, 0.25, total_iters=9)),
        (warmup(9, start=0.25), lambda opt: lr_scheduler.LinearLR(opt, 0.25, total_iters=9)),
        (power(3), lambda opt: lr_scheduler.LambdaLR(opt, lambda n: 3 / (3 + n))),
    ],
    ids=lambda value: str(value) if not callable(value) else None,
)
def test_at_step_i_a_decay_is_torchs_after_i_plus_1_counts(schedule, make):
    assert [schedule(step) for step in range(9)] == pytest.approx(torchs(make, 10)[1:], abs=1e-12)


def test_piecewise_is_torchs_multi_step():
    schedule = piecewise(at=(3, 5, 6), factor=0.5)
    assert [schedule(step) for step in range(9)] == torchs(
        lambda opt: lr_scheduler.MultiStepLR(opt, milestones=[3, 5, 6], gamma=0.5), 9
    )


def test_restarts_are_torchs_but_for_each_cycles_last_step_where_torch_has_restarted():
    schedule = restarts(3 + 6 + 12, cycles=3, growth=2)
    known = torchs(lambda opt: lr_scheduler.CosineAnnealingWarmRestarts(opt, T_0=3, T_mult=2), 22)[1:]
    for step in range(21):
        last = step in (2, 8, 20)
        assert schedule(step) == pytest.approx(0.0 if last else known[step], abs=1e-12)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: cosine_warmup(None), "length is None; a warm-up has a length of its own"),
        (lambda: exponential(5), "to is None and half_life is None; give one of the two"),
        (lambda: exponential(5, to=0.1, half_life=3), "to is 0.1 and half_life is .*; give one of the two"),
        (lambda: exponential(5, to=0.0), "to is 0.0; it is a fraction of the peak, finite, above 0 and at most 1.0"),
        (lambda: exponential(half_life=0), "half_life is 0; a number of steps is at least 1"),
        (lambda: exponential(half_life=1.5), "half_life is 1.5; a float is a share"),
        (lambda: power(0), "span is 0"),
        (lambda: power(None), "span is None; it is an int, steps, or a float"),
        (lambda: power(5, exponent=0), "exponent is 0; it is a power, finite, above 0 and at most 100"),
        (lambda: polynomial(5, exponent=math.nan), "exponent is nan"),
        (lambda: polynomial(5, exponent="2"), "exponent is 2; it is a power"),
        (lambda: restarts(cycles=0), "cycles is 0; it is a number of cycles, a whole number, at least 1"),
        (lambda: restarts(cycles=2.0), "cycles is 2.0; it is a number of cycles, a whole number"),
        (lambda: restarts(3), "length is 3 and cycles is 4; each cycle needs a step"),
        (lambda: restarts(growth=0.0, drop=2.0), "growth is 0.0; .*; drop is 2.0"),
        (lambda: restarts(drop=0.5, to=0.2), "the last cycle's peak is 0.125, below to, 0.2; raise drop or lower to"),
        (lambda: restarts().over(steps=3), "the run has 3 steps, and its phases, of a step at least, take 4"),
        (lambda: piecewise(at=(), to=()), "at is empty"),
        (lambda: piecewise(at=(3, 3), factor=0.1), r"at is \(3, 3\); each place must be later"),
        (lambda: piecewise(at=(3, 0.5), factor=0.1), "give all places in steps"),
        (lambda: piecewise(at=(0, 3), factor=0.1), "at is 0; a number of steps is at least 1"),
        (lambda: piecewise(at=(3, 5), to=(0.1,)), "at has 2 places and to has 1 values"),
        (lambda: piecewise(at=3), "to is None and factor is None; give one of the two"),
        (lambda: piecewise(at=3, to=0.1, factor=0.1), "give one of the two"),
        (lambda: piecewise(at=3, factor=0.0), "factor is 0.0; it must be above 0 and at most 1"),
        (lambda: piecewise(at=3, to=-0.1), "value is -0.1"),
        (lambda: wsd(0.9, 0.2), "its shares come to 1.1"),
    ],
)
def test_what_makes_no_shape_is_refused_in_words(make, told):
    with pytest.raises(ValueError, match=told):
        make()


def test_every_shape_of_the_table_has_a_function_and_every_function_a_shape():
    assert [make.__name__ for make in SHAPED] == list(SHAPES)
