"""A shape's formula as syntax is the shape's formula."""

import ast
import math

import pytest

from surefoot.schedules import parse
from surefoot.schedules.syntax import formulas_of

CASES = {
    "warmup": [("warmup(7, start=0.2)", {"start": 0.2})],
    "constant": [("constant(7, value=0.3)", {"value": 0.3})],
    "linear": [("linear(7, to=0.1)", {"to": 0.1})],
    "cosine": [("cosine(7, to=0.1)", {"to": 0.1})],
    "cosine_warmup": [("cosine_warmup(7, start=0.2)", {"start": 0.2})],
    "exponential": [("exponential(7, to=0.1)", {"to": 0.1}), ("exponential(7, half_life=3)", {"half_life": 3})],
    "power": [("power(3, exponent=1.5, length=7)", {"span": 3, "exponent": 1.5})],
    "inverse_sqrt": [("inverse_sqrt(3, length=7)", {"span": 3})],
    "polynomial": [("polynomial(7, exponent=1.5, to=0.1)", {"exponent": 1.5, "to": 0.1})],
    "one_minus_sqrt": [("one_minus_sqrt(7, to=0.1)", {"to": 0.1})],
}


@pytest.mark.parametrize("shape", CASES)
def test_a_formula_gives_the_schedules_values(shape):
    forms = formulas_of(shape)
    assert len(forms) == len(CASES[shape])
    for form, (text, knobs) in zip(forms, CASES[shape], strict=True):
        schedule = parse(text)
        for i in range(7):
            names = {"i": i, "x": (i + 1) / 7, "pi": math.pi, "math": math, **knobs}
            assert eval(ast.unparse(form), names) == pytest.approx(schedule(i), abs=1e-15)


def test_the_formula_of_restarts_is_that_of_each_cycle():
    (form,) = formulas_of("restarts")
    schedule = parse("restarts(8, cycles=2, drop=0.5, to=0.1)")
    for i in range(8):
        names = {"x": (i % 4 + 1) / 4, "cycle": i // 4, "drop": 0.5, "to": 0.1, "pi": math.pi, "math": math}
        assert eval(ast.unparse(form), names) == pytest.approx(schedule(i), abs=1e-15)
