"""The graph of a penalty says what it was given, whether it is a module, a function or written by hand."""

import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional

from surefoot.pytorch.observer.graph import cores, leaves, linear_pairs
from surefoot.pytorch.observer.modules import named


def output(n=6, k=3):
    return nn.Linear(4, k)(torch.randn(n, 4))


def judged(penalty):
    return [(each.judged.operation, each.judged.given_by) for each in cores(penalty)]


IDS = torch.tensor([0, 1, 2, 0, 1, 2])

SOFTMAX = {
    "a function": lambda o: functional.cross_entropy(o.softmax(1), IDS),
    "a module": lambda o: nn.CrossEntropyLoss(weight=torch.ones(3))(nn.Softmax(1)(o), IDS),
    "not reduced": lambda o: functional.cross_entropy(o.softmax(1), IDS, reduction="none").sum() / 6,
    "smoothed": lambda o: functional.cross_entropy(o.softmax(1), IDS, label_smoothing=0.2),
    "soft targets": lambda o: functional.cross_entropy(o.softmax(1), torch.full((6, 3), 1 / 3)),
    "reshaped": lambda o: functional.cross_entropy(o.softmax(1).view(2, 3, 3).permute(0, 2, 1), IDS.view(2, 3)),
    "by hand": lambda o: -(o.softmax(1).log_softmax(1)[torch.arange(6), IDS]).mean(),
    "a term of a sum": lambda o: 0.1 * (o**2).mean() + 2.0 * functional.cross_entropy(o.softmax(1), IDS) + 3.0,
    "in half precision": lambda o: functional.cross_entropy(o.bfloat16().softmax(1).float(), IDS),
}


@pytest.mark.parametrize("penalty", SOFTMAX.values(), ids=SOFTMAX)
def test_softmax_before_cross_entropy_is_seen_however_it_is_written(penalty):
    assert ("log_softmax", "softmax") in judged(penalty(output()))


def test_what_cross_entropy_is_given_is_named():
    for make, name in (
        (lambda o: o, "linear"), (torch.relu, "relu"), (torch.sigmoid, "sigmoid"), (torch.tanh, ""),
        (lambda o: o * 3.0, ""), (lambda o: o.softmax(1) / 0.1, ""), (lambda o: o.log_softmax(1), "log_softmax"),
    ):  # fmt: skip
        assert ("log_softmax", name) in judged(functional.cross_entropy(make(output()), IDS))


def test_the_number_of_classes_is_that_of_the_dimension_that_is_summed():
    assert cores(functional.cross_entropy(output(6, 1), torch.zeros(6, dtype=torch.long)))[1].judged.classes == 1
    image = nn.Conv2d(1, 5, 1)(torch.randn(2, 1, 4, 4))
    assert cores(functional.cross_entropy(image, torch.zeros(2, 4, 4, dtype=torch.long)))[1].judged.classes == 5
    assert cores(-output(6, 4).log_softmax(-1).mean())[0].judged.classes == 4


def stretched(penalty):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Using a target size")
        return [each.judged.stretched for each in cores(penalty()) if each.judged.stretched]


ERRORS = {
    "mse_loss": functional.mse_loss,
    "l1_loss": functional.l1_loss,
    "smooth_l1_loss": functional.smooth_l1_loss,
    "huber_loss": functional.huber_loss,
    "squared by hand": lambda o, y: ((o - y) ** 2).mean(),
    "multiplied by hand": lambda o, y: ((o - y) * (o - y)).sum() / 6,
    "absolute by hand": lambda o, y: (y - o).abs().mean(),
    "root": lambda o, y: ((o - y) ** 2).mean() + 0.0,
}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_two_shapes_stretched_to_a_square_are_seen(error):
    assert stretched(lambda: error(output(6, 1), torch.randn(6))) == [((6, 1), (6,))]
    assert stretched(lambda: error(output(6, 1).squeeze(1), torch.randn(6, 1))) == [((6,), (6, 1))]


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_equal_shapes_scalars_and_single_rows_are_not_stretched(error):
    assert not stretched(lambda: error(output(6, 1), torch.randn(6, 1)))
    assert not stretched(lambda: error(output(6, 6), torch.randn(6, 6)))
    assert not stretched(lambda: error(output(6, 3), torch.randn(3)))
    assert not stretched(lambda: error(output(6, 1), torch.randn(1)))
    assert not stretched(lambda: error(output(1, 1), torch.randn(1)))


def test_differences_of_two_outputs_are_no_error():
    o = output(6, 1)
    assert not stretched(lambda: ((o - o.squeeze(1)) ** 2).mean())


def test_nothing_is_seen_without_a_graph_or_after_backward():
    o = output()
    penalty = functional.cross_entropy(o.softmax(1), IDS)
    assert not cores(penalty.detach())
    penalty.backward()
    assert not [each for each in cores(penalty) if each.judged.operation == "nll_loss"]


def test_leaves_are_the_parameters_that_take_part():
    model = nn.ModuleDict({"used": nn.Linear(4, 3), "unused": nn.Linear(4, 3)})
    x = torch.randn(6, 4, requires_grad=True)
    assert {id(p) for p in leaves(model["used"](x).sum())} == {id(p) for p in model["used"].parameters()}


def test_linear_layers_in_a_row_are_named_through_shapes_and_not_through_operations():
    model = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 6, bias=False), nn.ReLU(), nn.Linear(6, 2))
    pairs = linear_pairs(model(torch.randn(5, 3, 4)).sum(), named(model))
    assert [(pair.first, pair.second, pair.before, pair.between, pair.after) for pair in pairs] == [
        ("0.weight", "1.weight", 4, 8, 6)
    ]
