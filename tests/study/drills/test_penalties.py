"""Drills on penalties cost what the library's own penalties cost, which are torch's."""

import math
import re
from random import Random

import pytest
import torch

import surefoot as sf
from surefoot.catalogue.penalties import class_of
from surefoot.penalties import PENALTIES
from surefoot.study.drills.penalties import CASES, chance_level, penalty_of
from surefoot.study.judging import number_of

SETTINGS = {"delta": "delta", "level q": "level", "positive weight w": "positive_weight", "gamma": "gamma"}


def numbers(line):
    return [float(each) for each in re.findall(r"-?\d+\.?\d*", line.partition(":")[2] or line.partition(" ")[2])]


def computed(name, shown):
    """What the library's module makes of the numbers that are shown."""
    told = dict(line.split(" = ") for line in shown[2:] if " = " in line)
    module = getattr(sf, class_of(name))(**{SETTINGS[key]: float(value) for key, value in told.items()})
    outputs, targets = (
        torch.tensor(numbers(shown[0]), dtype=torch.float64),
        torch.tensor(numbers(shown[1]), dtype=torch.float64),
    )
    if name in ("cross_entropy", "focal"):
        return float(module(outputs[None], torch.tensor([int(shown[1][-1])])))
    if name == "kullback_leibler":
        return float(module(outputs[None], targets[None]))
    return float(module(outputs, targets))


def test_every_penalty_has_its_case():
    assert {*CASES} == {*PENALTIES}


@pytest.mark.parametrize("name", CASES)
def test_the_answer_is_what_the_module_computes(name):
    for seed in range(40):
        made = penalty_of({"penalty": name}, Random(seed))
        assert computed(name, made.shown) == pytest.approx(number_of(made.answer), rel=1e-5)


def test_chance_is_the_logarithm_of_the_classes_and_what_torch_makes_of_zeros():
    for seed in range(40):
        made = chance_level({}, Random(seed))
        classes = int(re.search(r"for (\d+) classes", made.asks)[1])
        zeros = torch.nn.functional.cross_entropy(torch.zeros(1, classes, dtype=torch.float64), torch.tensor([0]))
        assert (
            number_of(made.answer)
            == pytest.approx(math.log(classes), rel=1e-5)
            == pytest.approx(float(zeros), rel=1e-5)
        )
