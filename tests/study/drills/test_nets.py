"""Drills on nets and batches agree with what torch does."""

import math
import re
from random import Random

import pytest
import torch

from surefoot.study.drills.nets import gradient_through, init_scale, noise_of_batch
from surefoot.study.judging import number_of


def test_a_gradient_through_linear_layers_is_the_product_that_is_said():
    for seed in range(30):
        made = gradient_through({}, Random(seed))
        layers, factor = re.match(r"Each of (\d+) layers multiplies the gradient by ([\d.]+)\.", made.asks).groups()
        x = torch.ones(1, dtype=torch.float64, requires_grad=True)
        y = x
        for _ in range(int(layers)):
            y = y * float(factor)
        y.backward()
        assert float(x.grad) == pytest.approx(number_of(made.answer), rel=1e-5)


def test_torch_draws_weights_with_the_deviation_that_is_said():
    for seed in range(20):
        made = init_scale({}, Random(seed))
        fan_in, fan_out = (int(each) for each in re.findall(r"\d+", made.shown[0]))
        weights = torch.empty(fan_out, fan_in)
        generator = torch.Generator().manual_seed(seed)
        if "He" in made.asks:
            torch.nn.init.kaiming_normal_(weights, nonlinearity="relu", generator=generator)
        else:
            torch.nn.init.xavier_normal_(weights, generator=generator)
        assert float(weights.std()) == pytest.approx(number_of(made.answer), rel=5 / math.sqrt(fan_in * fan_out))


def test_the_mean_of_a_batch_is_as_noisy_as_is_said():
    generator, asked = torch.Generator().manual_seed(0), set()
    for seed in range(30):
        made = noise_of_batch({}, Random(seed))
        deviation, answer = float(made.shown[0].rpartition(" ")[2]), number_of(made.answer)
        given = float(re.search(r"of ([\d.]+)\?", made.asks)[1])
        batch, noise = (int(given), answer) if "What" in made.asks else (round(answer), given)
        means = (deviation * torch.randn(4000, batch, generator=generator)).mean(1)
        assert float(means.std()) == pytest.approx(noise, rel=0.06)
        asked.add("What" in made.asks)
    assert asked == {True, False}
