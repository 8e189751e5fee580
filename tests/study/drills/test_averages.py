"""Drills on stopping and averaging agree with the library's judges and means."""

import re
from random import Random

import pytest

from surefoot.averaging import Exponential
from surefoot.stopping import Patience
from surefoot.study.drills.adaptive import bias_correction
from surefoot.study.drills.averages import average_of, stop_at
from surefoot.study.judging import number_of


def test_patience_stops_and_keeps_where_the_answer_says():
    asked = set()
    for seed in range(200):
        made = stop_at({}, Random(seed))
        rows = [(int(step), float(value)) for step, value in re.findall(r"(\d+): (\d+\.\d+)", made.shown[0])]
        values, patience = [value for _, value in rows], Patience(checks=int(re.search(r"\d+", made.shown[1])[0]))
        stop = next(place for place in range(len(values)) if patience.verdict(values[: place + 1]).stop)
        kept = "kept" in made.asks
        place = patience.verdict(values[: stop + 1]).best if kept else stop
        assert number_of(made.answer) == rows[place][0]
        asked.add(kept)
    assert asked == {True, False}


def test_a_mean_is_that_of_the_snapshots():
    for seed in range(100):
        made = average_of({}, Random(seed))
        weights = [float(each) for each in made.shown[0].partition(": ")[2].split(", ")]
        if "last" in made.asks:
            count = int(re.search(r"last (\d)", made.asks)[1])
            expected = sum(weights[-count:]) / count
        else:
            decay = float(re.search(r"counting (0\.\d+)", made.asks)[1])
            mean = 0.0
            for seen, weight in enumerate(weights, 1):
                mean += Exponential(decay).entry(seen) * (weight - mean)
            expected = mean
        assert number_of(made.answer) == pytest.approx(expected, rel=1e-5)


def test_the_mean_of_one_gradient_for_ever_is_corrected_to_that_gradient():
    for seed in range(100):
        made = bias_correction({}, Random(seed))
        beta1, (m, count) = float(made.shown[0][8:]), map(float, re.findall(r"[\d.]+", made.shown[1].split(",")[0]))
        g, mean = number_of(made.answer), 0.0
        for _ in range(int(count)):
            mean = beta1 * mean + (1.0 - beta1) * g
        assert mean == pytest.approx(m, rel=1e-5)
