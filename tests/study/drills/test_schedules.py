"""Drills on schedules: factors are the schedule's, and curves can be told apart."""

import re
from random import Random

import pytest

from surefoot.catalogue import entries
from surefoot.schedules import parse
from surefoot.study.drills.schedules import factor_at, which_curve
from surefoot.study.formula_tree import tree_of
from surefoot.study.formulas import value_of
from surefoot.study.judging import near, number_of

TEXTS = sorted({text for entry in entries("schedule") for text in entry.settings})
TEXTS += [
    "warmup(5%) >> cosine() * piecewise(at=50%, to=0.5)",
    "warmup(4000) >> inverse_sqrt(4000)",
    "linear(10) >> constant(10, value=0.2)",
]


@pytest.mark.parametrize("text", TEXTS)
def test_the_answer_is_the_schedules_factor_and_so_is_what_is_told(text):
    for seed in range(20):
        made = factor_at({"schedule": text}, Random(seed))
        steps, step = (
            int(each) for each in re.search(r"run of (\d+) steps: what is its factor at step (\d+)", made.asks).groups()
        )
        value = parse(text).over(steps=steps)(step)
        assert number_of(made.answer) == pytest.approx(value, rel=1e-5, abs=1e-12)
        last = made.tells.split("\n")[-1]
        told = last.rpartition("= ")[2] if "=" in last else last.rpartition(": ")[2]
        assert float(told) == pytest.approx(value, rel=1e-5, abs=1e-12)


@pytest.mark.parametrize("text", [text for text in TEXTS if "*" not in text])
def test_the_formula_that_is_told_comes_to_the_answer(text):
    for seed in range(20):
        made = factor_at({"schedule": text}, Random(seed))
        filled = made.tells.split("\n")[-1].split(" = ")[-2]
        assert value_of(tree_of(filled), {}) == pytest.approx(number_of(made.answer), rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("text", TEXTS)
def test_the_right_curve_is_the_schedules_and_the_others_look_different(text):
    for seed in range(10):
        made = which_curve({"schedule": text}, Random(seed))
        right = made.pictures[made.choices.index(made.answer)]
        assert len(made.pictures) == 4
        schedule = parse(text).over(steps=100_000)
        assert any(
            near(right.y[-1], schedule(99_999), 0.2) or text.startswith(start)
            for start in ("power", "inverse", "warmup(4000)", "linear(10)")
        )
        assert len({picture.says for picture in made.pictures}) == 4
        for picture in made.pictures:
            if picture is not right:
                gaps = [abs(a / max(picture.y) - b / max(right.y)) for a, b in zip(picture.y, right.y, strict=True)]
                assert max(gaps) > 0.2
