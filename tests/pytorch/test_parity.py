"""A class named as in torch.optim is torch's: arguments, defaults, path, state, and what it does with odd parameters."""

import copy
import inspect
import io
from contextlib import ExitStack

import paths
import pytest
import torch
from torch import nn

import surefoot as sf

CASES = [
    ("SGD", {}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "maximize": True}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.1}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 1e-3, "alpha": 0.9, "eps": 1e-6, "weight_decay": 0.01}),
    ("RMSprop", {"lr": 1e-3, "momentum": 0.9}),
    ("RMSprop", {"lr": 1e-3, "centered": True, "maximize": True}),
    ("RMSprop", {"lr": 1e-3, "centered": True, "momentum": 0.5, "weight_decay": 0.1}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.2}),
    ("AdamW", {"lr": 0.01, "amsgrad": True}),
    ("AdamW", {"lr": torch.tensor(0.01, dtype=torch.float64), "maximize": True}),
    ("Adam", {}),
    ("Adam", {"lr": 0.01, "betas": (0.8, 0.95), "weight_decay": 0.1, "maximize": True}),
    ("Adam", {"lr": 0.01, "amsgrad": True, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "initial_accumulator_value": 0.3, "eps": 1e-4, "weight_decay": 0.1}),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.8, "eps": 1e-3, "weight_decay": 0.1, "maximize": True}),
    ("Adamax", {}),
    ("Adamax", {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1, "maximize": True}),
    ("NAdam", {}),
    ("NAdam", {"lr": 0.01, "betas": (0.8, 0.95), "weight_decay": 0.1, "momentum_decay": 0.3, "maximize": True}),
    ("NAdam", {"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {}),
    ("RAdam", {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1, "maximize": True}),
    ("RAdam", {"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("ASGD", {}),
    ("ASGD", {"lr": 0.1, "lambd": 0.05, "alpha": 0.6, "t0": 10, "weight_decay": 0.1}),
    ("Rprop", {}),
    ("Rprop", {"lr": 0.03, "etas": (0.4, 1.3), "step_sizes": (0.01, 0.2), "maximize": True}),
]
NAMES = sorted({name for name, _ in CASES})
SHAPES = [(3, 4), (5,), (), (2, 3, 3, 3), (0,)]
LATE = 4
"""A parameter that has no gradient before this step; another has none on every third."""


def pair(case, dtype):
    """Two optimizers over equal parameters: ours and torch's."""
    name, options = case
    torch.manual_seed(0)
    values = [torch.randn(shape, dtype=torch.float64).to(dtype) for shape in SHAPES]
    values[3] = values[3].to(memory_format=torch.channels_last)
    both = []
    for home in (sf, torch.optim):
        parameters = [nn.Parameter(value.clone(memory_format=torch.preserve_format)) for value in values]
        both.append((parameters, getattr(home, name)(parameters, **copy.deepcopy(options))))
    return both


def walk(parameters, optimizer, steps, first=0):
    for step in range(first, first + steps):
        generator = torch.Generator().manual_seed(step)
        for i, p in enumerate(parameters):
            g = torch.randn(p.shape, generator=generator, dtype=torch.float64).to(p.dtype)
            absent = (i == 0 and step % 3 == 1) or (i == 1 and step < LATE)
            p.grad = None if absent else g
        optimizer.step()


@pytest.fixture
def scalars():
    """Chooses the dtype in which numbers that belong to a whole parameter are kept; see `paths.scalars`."""
    with ExitStack() as stack:
        yield lambda dtype: stack.enter_context(paths.scalars(dtype))


def assert_close(ours, theirs, dtype):
    tolerance = {torch.float64: 1e-12, torch.float32: 2e-5}[dtype]
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a.data, b.data, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_path_is_torchs_also_where_gradients_are_missing_or_late(case, dtype, scalars):
    scalars(dtype)
    (ours, a), (theirs, b) = pair(case, dtype)
    for first in range(0, 60, 10):
        walk(ours, a, 10, first)
        walk(theirs, b, 10, first)
        assert_close(ours, theirs, dtype)


@pytest.mark.parametrize("case", CASES)
def test_the_state_has_torchs_layout(case):
    (ours, a), (theirs, b) = pair(case, torch.float32)
    walk(ours, a, 6)
    walk(theirs, b, 6)
    mine, torchs = a.state_dict(), b.state_dict()
    assert mine["state"].keys() == torchs["state"].keys()
    for index, entry in torchs["state"].items():
        assert mine["state"][index].keys() == entry.keys()
        for key, value in entry.items():
            assert (mine["state"][index][key].shape, mine["state"][index][key].dtype) == (value.shape, value.dtype)
            torch.testing.assert_close(mine["state"][index][key], value, rtol=1e-5, atol=1e-6)
    for group, torch_group in zip(mine["param_groups"], torchs["param_groups"], strict=True):
        assert {key: group[key] for key in torch_group} == torch_group
        assert set(group) - set(torch_group) <= {"schedule", "t", "decay", "feedback", "relative"}


@pytest.mark.parametrize("name", NAMES)
def test_before_any_step_the_state_is_torchs(name):
    (_, a), (_, b) = pair((name, {}), torch.float32)
    assert str(a.state_dict()["state"]) == str(b.state_dict()["state"])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("direction", ["from torch", "to torch"])
def test_a_checkpoint_of_either_continues_in_the_other(case, direction, scalars):
    scalars(torch.float64)
    (ours, a), (theirs, b) = pair(case, torch.float64)
    walk(ours, a, 7)
    walk(theirs, b, 7)
    source, target = (b, a) if direction == "from torch" else (a, b)
    buffer = io.BytesIO()
    torch.save(source.state_dict(), buffer)
    buffer.seek(0)
    target.load_state_dict(torch.load(buffer, weights_only=True))
    walk(ours, a, 7, first=7)
    walk(theirs, b, 7, first=7)
    assert_close(ours, theirs, torch.float64)
    if direction == "from torch":
        assert a.param_groups[0]["t"] == (14 if case[0] != "SGD" else 7)  # torch's SGD keeps no count to start from


@pytest.mark.parametrize("name", NAMES)
def test_the_arguments_are_torchs_in_torchs_order(name):
    ours = inspect.signature(getattr(sf, name).__init__).parameters
    theirs = inspect.signature(getattr(torch.optim, name).__init__).parameters
    positional = [n for n, p in theirs.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert [n for n, p in ours.items() if p.kind is p.POSITIONAL_OR_KEYWORD] == positional
    assert [*theirs] == [n for n in ours if n in theirs]


@pytest.mark.parametrize("name", NAMES)
def test_the_defaults_are_torchs(name):
    parameters = [nn.Parameter(torch.zeros(2))]
    mine, torchs = (getattr(home, name)(parameters).defaults for home in (sf, torch.optim))
    assert {key: mine[key] for key in torchs} == torchs


@pytest.mark.parametrize(
    "case",
    [
        ("AdamW", {"lr": -1.0}),
        ("AdamW", {"betas": (1.0, 0.9)}),
        ("SGD", {"nesterov": True}),
        ("RMSprop", {"eps": -1.0}),
        ("SGD", {"momentum": -0.1}),
        ("Adam", {"betas": (0.9, 1.0)}),
        ("Adagrad", {"lr_decay": -1.0}),
        ("Adagrad", {"initial_accumulator_value": -1.0}),
        ("Adadelta", {"rho": 1.5}),
        ("Adamax", {"weight_decay": -0.1}),
        ("NAdam", {"momentum_decay": -1.0}),
        ("RAdam", {"eps": -1.0}),
        ("ASGD", {"lr": -1.0}),
        ("Rprop", {"etas": (0.5, 0.9)}),
    ],
)
def test_what_torch_refuses_is_refused(case):
    name, options = case
    for home in (torch.optim, sf):
        with pytest.raises(ValueError, match=r"."):
            getattr(home, name)([nn.Parameter(torch.zeros(2))], **options)


@pytest.mark.parametrize("name", NAMES)
def test_a_differentiable_step_has_torchs_gradient(name):
    def slope(home):
        step_size = torch.tensor(0.3, dtype=torch.float64)
        p = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True).clone()
        g = torch.tensor([0.5, 1.5], dtype=torch.float64, requires_grad=True)
        p.grad = g
        optimizer = getattr(home, name)([p], lr=step_size.item(), differentiable=True)
        optimizer.step()
        return torch.autograd.grad(p.square().sum(), g)[0]

    torch.testing.assert_close(slope(sf), slope(torch.optim), rtol=1e-12, atol=1e-12)


def test_tied_frozen_and_foreign_parameters_follow_torch():
    def final(home):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4))
        model[1].weight = model[0].weight
        model[2].weight.requires_grad_(False)
        optimizer = home.AdamW(model.parameters(), lr=0.01)
        for step in range(5):
            optimizer.zero_grad(set_to_none=step % 2 == 0)
            model(torch.ones(3, 4) * step).square().sum().backward()
            optimizer.step()
        return [p.detach() for p in model.parameters()]

    for a, b in zip(final(sf), final(torch.optim), strict=True):
        torch.testing.assert_close(a, b)


def test_momentum_that_is_switched_on_during_a_run_takes_its_first_gradient_whole_as_torchs_does():
    (ours, a), (theirs, b) = pair(("SGD", {"lr": 0.1}), torch.float64)
    for first in (0, 5):
        for optimizer, parameters in ((a, ours), (b, theirs)):
            optimizer.param_groups[0].update({"momentum": 0.9, "dampening": 0.5} if first else {})
            walk(parameters, optimizer, 5, first)
    assert_close(ours, theirs, torch.float64)
