"""Schedules that Hypothesis draws: every shape, joined and multiplied to any depth."""

from functools import reduce
from operator import mul, rshift

from hypothesis import strategies as st

from surefoot.errors import InvalidValue
from surefoot.schedules import (
    constant,
    cosine,
    cosine_warmup,
    exponential,
    inverse_sqrt,
    linear,
    one_minus_sqrt,
    polynomial,
    power,
    restarts,
    warmup,
)

steps = st.integers(1, 10**6)
shares = st.floats(0.0, 1.0, exclude_min=True)
fractions = st.floats(0.0, 1.0)
rates = st.floats(0.0, 1.0, exclude_min=True)
exponents = st.floats(0.01, 100.0)
durations = steps | shares


def phases(lengths, sized):
    """One phase of any shape; `sized` are the lengths of those that must have one."""
    cycles = {"cycles": st.integers(1, 4), "growth": st.floats(0.5, 3.0), "drop": st.floats(0.5, 1.0)}
    longer = lengths.map(lambda length: length + 3 if type(length) is int else length)
    return st.one_of(
        st.builds(warmup, sized, fractions),
        st.builds(cosine_warmup, sized, fractions),
        st.builds(constant, lengths, st.floats(0.0, 1e60)),
        st.builds(linear, lengths, fractions),
        st.builds(cosine, lengths, fractions),
        st.builds(polynomial, lengths, exponents, fractions),
        st.builds(one_minus_sqrt, lengths, fractions),
        st.builds(exponential, lengths, to=rates),
        st.builds(exponential, lengths, half_life=durations),
        st.builds(power, durations, exponents, lengths),
        st.builds(inverse_sqrt, durations, lengths),
        st.builds(restarts, longer, to=st.floats(0.0, 0.125), **cycles),
    )


def made(sign, parts):
    """The parts joined or multiplied, or the first of them where that is refused."""
    try:
        return reduce(sign, parts)
    except InvalidValue:
        return parts[0]


def nested(single):
    """Joins of products of joins, to any depth."""
    return st.recursive(
        single,
        lambda inner: st.builds(made, st.sampled_from([rshift, mul]), st.lists(inner, min_size=2, max_size=3)),
        max_leaves=6,
    )


sized_schedules = nested(phases(st.integers(1, 50), st.integers(1, 50)).map(lambda single: single.over(steps=200)))
schedules = nested(phases(durations | st.none(), durations))
