"""The facts against measurement, on real data: untrained nets are near the start, the best constants at chance."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from tensors import ids, normal, standardised, table, untrained

import surefoot as sf
from surefoot.penalties import CROSS_ENTROPY, MEAN_SQUARED_ERROR, Classes, Distributions, Labels, Numbers

progress = table("diabetes")[1] / 100.0  # how far the disease has gone in a year, 442 numbers, mean 1.5
benign = table("breast_cancer")[1]  # whether a tumour is benign: 569 labels, 63 % of them yes
pixels, digit = table("digits")  # counts of ink from 0 to 16 in 64 places, and ten classes
few = np.minimum(digit, 2)  # three classes of 10, 10 and 80 %
corner = pixels[:, 1]  # ink in one place, mean 0.3
black = (pixels[:, 2:5] > 8).astype(float)  # three labels of 27, 82 and 80 %
shape = pixels.reshape(-1, 8, 8).sum(2) / pixels.sum(1, keepdims=True)  # where the ink is: a distribution over 8 rows

KINKED = [
    (sf.MeanAbsoluteError(), "diabetes", progress, Numbers.of(progress), 1),
    (sf.Huber(), "diabetes", progress, Numbers.of(progress), 1),
    (sf.Huber(0.1), "diabetes", progress, Numbers.of(progress), 1),
    (sf.Quantile(0.9), "diabetes", progress, Numbers.of(progress), 1),
    (sf.Quantile((0.1, 0.5, 0.9)), "diabetes", progress, Numbers.of(progress), 3),
    (sf.Hinge(), "breast_cancer", 2.0 * benign - 1.0, Labels.of(benign), 1),
    (sf.Hinge(), "digits", 2.0 * black - 1.0, Labels.of(black), 3),
]
SMOOTH = [
    (sf.MeanSquaredError(), "diabetes", progress, Numbers.of(progress), 1),
    (sf.Poisson(), "digits", corner, Numbers.of(corner), 1),
    (sf.BinaryCrossEntropy(), "breast_cancer", benign.astype(float), Labels.of(benign), 1),
    (sf.BinaryCrossEntropy(3.0), "breast_cancer", benign.astype(float), Labels.of(benign), 1),
    (sf.BinaryCrossEntropy([1.0, 2.0, 0.5]), "digits", black, Labels.of(black), 3),
    (sf.BinaryCrossEntropy(), "digits", pixels[:, 2:5] / 16, Labels.of(pixels[:, 2:5] / 16), 3),
    (sf.CrossEntropy(), "digits", digit, Classes.of(digit), 10),
    (sf.CrossEntropy(), "digits", few, Classes.of(few), 3),
    (sf.CrossEntropy(), "digits", shape, Classes(tuple(shape.mean(0))), 8),
    (sf.CrossEntropy([4.0, 2.0, 1.0]), "digits", few, Classes.of(few), 3),
    (sf.CrossEntropy(label_smoothing=0.1), "digits", few, Classes.of(few), 3),
    (sf.CrossEntropy([4.0, 2.0, 1.0], label_smoothing=0.1), "digits", few, Classes.of(few), 3),
    (sf.KullbackLeibler(), "digits", shape, Distributions.of(shape), 8),
    (sf.Focal(), "digits", few, Classes.of(few), 3),
    (sf.Focal(0.5), "digits", few, Classes.of(few), 3),
    (sf.Focal(3.0), "breast_cancer", benign, Classes.of(benign), 2),
    (sf.Focal(2.0, [4.0, 2.0, 1.0]), "digits", few, Classes.of(few), 3),
]


def cost_of(penalty: torch.nn.Module, target: np.ndarray, outputs: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the penalty as a function of a constant output [outputs numbers]."""
    goal = torch.from_numpy(target)
    single = outputs == 1
    return lambda constant: penalty(
        (constant[0] if single else constant).expand(len(goal), *(() if single else (outputs,))), goal
    )


def least_by_thirds(cost, outputs: int) -> float:
    """Return the least cost of constants that do not touch each other, each found by itself between -20 and 20."""
    best = torch.zeros(outputs, dtype=torch.float64)
    for k in range(outputs):
        low, high = -20.0, 20.0
        for _ in range(70):
            left, right = best.clone(), best.clone()
            left[k], right[k] = (2.0 * low + high) / 3.0, (low + 2.0 * high) / 3.0
            low, high = (low, right[k].item()) if cost(left) < cost(right) else (left[k].item(), high)
        best[k] = 0.5 * (low + high)
    return cost(best).item()


def least_by_descent(cost, outputs: int) -> float:
    """Return the least cost of constants, found by L-BFGS from 0."""
    constant = torch.zeros(outputs, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [constant], max_iter=300, tolerance_grad=1e-10, tolerance_change=1e-14, line_search_fn="strong_wolfe"
    )

    def closure():
        optimizer.zero_grad()
        value = cost(constant)
        value.backward()
        return value

    optimizer.step(closure)
    return cost(constant).item()


def name_of(case: object) -> str:
    return str(case) if isinstance(case, torch.nn.Module | str) else ""


@pytest.mark.parametrize(("penalty", "data", "target", "known", "outputs"), KINKED + SMOOTH, ids=name_of)
def test_an_untrained_net_whose_outputs_are_near_0_is_within_5_percent_of_the_start(
    penalty, data, target, known, outputs
):
    inputs, goal = standardised(table(data)[0]), torch.from_numpy(target)
    goal = goal.float() if goal.is_floating_point() else goal
    for seed in range(3):
        with torch.no_grad():
            output = untrained(inputs.shape[1], outputs, seed, scale=0.1)(inputs)
        assert output.abs().mean() < 0.1
        value = penalty(output.squeeze(1) if outputs == 1 else output, goal).item()
        assert value == pytest.approx(penalty.facts.at_start(known), rel=0.05)


@pytest.mark.parametrize(("penalty", "data", "target", "known", "outputs"), KINKED + SMOOTH, ids=name_of)
def test_outputs_of_0_stand_at_the_start(penalty, data, target, known, outputs):
    value = cost_of(penalty, target, outputs)(torch.zeros(outputs, dtype=torch.float64)).item()
    assert value == pytest.approx(penalty.facts.at_start(known), rel=1e-7)


@pytest.mark.parametrize(("penalty", "data", "target", "known", "outputs"), KINKED, ids=name_of)
def test_the_best_constant_of_a_kinked_penalty_stands_at_chance(penalty, data, target, known, outputs):
    found = least_by_thirds(cost_of(penalty, target, outputs), outputs)
    assert found == pytest.approx(penalty.facts.chance_level(known), rel=1e-8)


@pytest.mark.parametrize(("penalty", "data", "target", "known", "outputs"), SMOOTH, ids=name_of)
def test_the_best_constant_of_a_smooth_penalty_stands_at_chance(penalty, data, target, known, outputs):
    found = least_by_descent(cost_of(penalty, target, outputs), outputs)
    assert found == pytest.approx(penalty.facts.chance_level(known), rel=1e-5)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_at_the_best_constant_the_share_of_targets_below_is_the_level(level):
    output = torch.from_numpy(np.quantile(progress, [level], method="inverted_cdf")).expand(len(progress))
    value = sf.Quantile(level)(output, torch.from_numpy(progress)).item()
    assert value == pytest.approx(sf.Quantile(level).facts.chance_level(Numbers.of(progress)), rel=1e-12)


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_an_untrained_nets_cross_entropy_is_near_ln_k(classes):
    value = sf.CrossEntropy()(untrained(20, classes)(normal(2000, 20)), ids(classes, 2000)).item()
    assert value == pytest.approx(CROSS_ENTROPY.at_start(Classes.equal(classes)), abs=0.1)


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_it_is_near_ln_k_whatever_the_prior_on_the_mean_of_many_nets(classes):
    target = torch.zeros(100, dtype=torch.int64)  # one net may favour the only class, by 0.25 either way
    values = [sf.CrossEntropy()(untrained(20, classes, seed)(normal(100, 20)), target).item() for seed in range(50)]
    prior = Classes((1.0,) + (0.0,) * (classes - 1))
    assert sum(values) / 50 == pytest.approx(CROSS_ENTROPY.at_start(prior), abs=0.1)


def test_an_untrained_nets_squared_error_is_near_the_second_moment():
    target = 5.0 + 2.0 * normal(4000, 1)
    facts = Numbers(target.mean().item(), target.var(correction=0).item())
    value = sf.MeanSquaredError()(untrained(20, 1)(normal(4000, 20)), target).item()
    assert value == pytest.approx(MEAN_SQUARED_ERROR.at_start(facts), rel=0.1)
    zero = sf.MeanSquaredError()(torch.zeros_like(target), target).item()
    assert zero == pytest.approx(MEAN_SQUARED_ERROR.at_start(facts), rel=1e-5)


def test_the_best_constant_output_stands_at_the_variance():
    target = 5.0 + 2.0 * normal(1000)
    facts = Numbers(target.mean().item(), target.var(correction=0).item())
    value = sf.MeanSquaredError()(target.mean().expand(1000), target).item()
    assert value == pytest.approx(MEAN_SQUARED_ERROR.chance_level(facts), rel=1e-5)
