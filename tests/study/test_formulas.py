"""Formulas are compared as mathematics, and nothing that is typed is run or hangs."""

import math
import re
from random import Random

import pytest
import sympy
from hostility import assert_one_sentence, fuzzed
from hypothesis import given
from hypothesis import strategies as st
from study.facts import expression

from surefoot.catalogue import entries
from surefoot.errors import InvalidValue
from surefoot.study.formula_tree import OPAQUE, plain, tree_of
from surefoot.study.formulas import clauses, filled, same, value_of

LINES = sorted({text for entry in entries() for line in entry.formula for _, text in clauses(line)})
SIMPLE = [
    text
    for text in LINES
    if not set("|<>=") & set(text) and " if " not in text and not OPAQUE & set(re.findall(r"[a-z]+", text))
]
names = st.sampled_from(["p", "g", "m", "v", "beta1", "eps", "x"])
formulas = st.recursive(
    names | st.sampled_from(["1", "2", "0.5"]),
    lambda each: (
        st.tuples(each, st.sampled_from("+-*/"), each).map(lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})")
        | each.map(lambda text: f"exp(({text})/9)")
        | each.map(lambda text: f"-({text})")
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("answer", "typed"),
    [
        ("p - step_size*g", "p - lr g"), ("p - step_size*g", "-(learning rate)·g + θ"), ("(1 - beta1)*(g - m)", "g - m - β1*(g-m)"),
        ("g^2", "g**2"), ("g^2", "|g|²"), ("|g|", "sqrt(g^2)"), ("sqrt(v)", "v^(1/2)"), ("sqrt(v*c2) + eps", "√(c2 v) + ε"),
        ("1 - sin(0.5*pi*x)^2", "(1 + cos(π x))/2"), ("max(beta2*u, |g|)", "max(abs(g), u beta2)"), ("ln(K)", "-log(1/K)"),
        ("grow*s if a > 0 else s", "s if a <= 0 else s*grow"), ("b = momentum*b + g", "b = g + mu*b"), ("ln x", "ln(x)"), ("0.05", "5%"),
    ],
)  # fmt: skip
def test_the_same_mathematics_in_another_dress_is_the_same(answer, typed):
    assert same(answer, typed)
    if "=" not in typed.replace("<=", ""):
        assert same(answer, f"y = {typed}")


@pytest.mark.parametrize(
    ("answer", "typed"),
    [
        ("p - step_size*g", "p + step_size*g"), ("p - step_size*b", "step_size*b"), ("|g|", "g"), ("sqrt(v) + eps", "sqrt(v + eps)"),
        ("beta1*m", "beta2*m"), ("b = momentum*b + g", "p = momentum*b + g"), ("x", "9**9**9**9"), ("x", "exp(exp(exp(9)))"),
        ("g", "g + 1e-6"), ("v", "v*0/0"), ("x", "sqrt(1, 2)"),
    ],
)  # fmt: skip
def test_other_mathematics_is_another(answer, typed):
    assert not same(answer, typed)


@pytest.mark.parametrize("text", LINES)
def test_every_formula_of_the_catalogue_is_itself_and_differs_from_twice_itself(text):
    assert same(text, text)
    assert not same(text, f"2 * ({text})")


@pytest.mark.parametrize("text", SIMPLE)
def test_a_formula_of_the_catalogue_has_the_value_that_sympy_gives_it(text):
    drawn = Random(text)
    point = {name: drawn.uniform(0.1, 0.9) for name in tree_of(text).names - {"pi"}}
    judge = expression(text).subs({sympy.Symbol(name, positive=True): value for name, value in point.items()})
    if judge.is_real:
        assert value_of(tree_of(text), point) == pytest.approx(float(judge), rel=1e-9)


@fuzzed
@given(formulas, formulas)
def test_two_formulas_are_the_same_where_sympy_says_so(one, other):
    judge = sympy.simplify(expression(one) - expression(other)) == 0
    defined = any(math.isfinite(value_of(tree_of(one), dict.fromkeys(tree_of(one).names, x))) for x in (0.3, 0.7, 1.9))
    assert same(one, other) == (judge and defined)


@fuzzed
@given(formulas)
def test_what_sympy_makes_of_a_formula_is_the_same(text):
    found = expression(text)
    if found.is_finite is False or found.has(sympy.zoo, sympy.nan) or found.has(sympy.I):
        return
    if any(math.isnan(value_of(tree_of(text), dict.fromkeys(tree_of(text).names, x))) for x in (0.3, 0.7)):
        return
    assert same(text, str(sympy.expand(found)))
    assert same(text, str(sympy.together(found)))


@fuzzed
@given(st.text(max_size=400) | st.text(alphabet="()^*-+/9.e|,% gpv_if else<>=√", max_size=400))
def test_whatever_is_typed_is_compared_or_refused_in_a_sentence(text):
    try:
        same("p - step_size*g", text)
    except InvalidValue as error:
        assert_one_sentence(str(error))


@pytest.mark.parametrize(
    "text", ["(" * 299, "-" * 299, "2^" * 149 + "2", "|" * 299, "sqrt " * 50, "9" * 301, "max(" * 70]
)
def test_what_is_too_deep_or_too_long_is_refused(text):
    with pytest.raises(InvalidValue):
        tree_of(text)


@pytest.mark.parametrize("text", ["__import__('os')", "p.__class__", "x; y", "lambda: 1", "a == b", "f'{x}'"])
def test_python_is_no_formula(text):
    with pytest.raises(InvalidValue):
        same("p", plain(text))


def test_a_formula_filled_with_numbers_has_the_same_value():
    numbers = {"p": -1.0, "step_size": 0.5, "g": -2.0, "v": 4.0}
    text = "p - step_size*g/sqrt(v)"
    assert filled(text, numbers) == "-1 - 0.5*(-2)/sqrt(4)"
    assert value_of(tree_of(filled(text, numbers)), {}) == value_of(tree_of(text), numbers)
