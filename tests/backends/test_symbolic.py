"""The TeX is the formula's: sympy's numbers are the reference's, and what is committed is what is written now."""

import json

import numpy as np
import pytest
from paths import CONSTANTS

from surefoot.backends import reference, symbolic
from surefoot.penalties import PENALTIES
from surefoot.rules import RULES
from surefoot.schedules.shapes import SHAPES

sympy = pytest.importorskip("sympy", reason="sympy is not installed: pip install 'surefoot[docs]'")
pytest.importorskip("latex2mathml", reason="latex2mathml is not installed: pip install 'surefoot[docs]'")

FORMULAS = {rule.parsed.name: rule for rule in RULES.values()}
MEANS = {"maximum": np.maximum, "minimum": np.minimum, "sign": reference.Operations.sign}


def evaluated(node, names):
    """What sympy computes for an expression from numbers by name."""
    found = symbolic.expression(node)
    symbols = sorted(found.free_symbols, key=str)
    function = sympy.lambdify(symbols, found, [MEANS, "numpy"])
    return function(*(names[str(symbol)] for symbol in symbols))


@pytest.mark.parametrize("name", FORMULAS)
def test_sympys_expressions_come_to_the_reference(name):
    rule = FORMULAS[name]
    rng = np.random.default_rng(0)
    p, g = rng.normal(size=(2, 9))
    slots = tuple(np.abs(rng.normal(size=9)) + 0.1 for _ in rule.slots)
    paced = {**CONSTANTS[rule.name], "peak": 2 * CONSTANTS[rule.name]["step_size"], "factor": 0.5}
    numbers = dict(zip(rule.names, rule.row(4, {**paced, **rule.first(paced)}), strict=True))
    names = {"p": p, "g": g, **dict(zip(rule.slots, slots, strict=True)), **numbers}
    for line in rule.parsed.lines:
        names[line.targets[0].id] = evaluated(line.value, names)
    expected = reference.step(rule, p, g, slots, {**numbers, "scale": 1.0, "l2": 0.0})
    for got, wanted in zip((names["p"], *(names[slot] for slot in rule.slots)), expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-14)


def test_a_formula_reads_as_the_papers_lines():
    assert symbolic.rule_tex(RULES["adam"].parsed) == (
        r"m \leftarrow m + \left(1 - \beta_1\right) \left(g - m\right)",
        r"v \leftarrow v + \left(1 - \beta_2\right) \left(g^{2} - v\right)",
        r"\theta \leftarrow \theta - \eta \lambda \theta",
        r"\theta \leftarrow \theta - \frac{\eta m c_1}{\sqrt{v c_2} + \epsilon}",
    )
    assert symbolic.rule_tex(RULES["rprop"].parsed)[1:3] == (
        r"s \leftarrow \begin{cases} \eta_+ s & \text{if } a > 0 \\ \eta_- s & \text{if } a < 0 \\ s & \text{otherwise} \end{cases}",
        r"s \leftarrow \min\left(\max\left(s, s_\mathrm{min}\right), s_\mathrm{max}\right)",
    )
    assert symbolic.shape_tex("linear") == (r"1 - x + x \text{to}",)


def test_what_is_committed_is_what_is_written_now():
    assert symbolic.FILE.read_text() == symbolic.committed(), "run `make kernels`"


def test_every_formula_is_there_as_tex_and_as_mathml():
    found = json.loads(symbolic.FILE.read_text())
    assert {kind: {*names} for kind, names in found.items()} == {
        "rules": {*FORMULAS},
        "schedules": {*SHAPES},
        "penalties": {*PENALTIES},
    }
    for written in (each for names in found.values() for each in names.values()):
        assert written["mathml"].startswith("<math")
        assert "\\" not in written["mathml"]  # whatever it could not read it would leave as it is
