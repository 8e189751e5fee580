"""Muon is torch's to the bit; its function is what it says in float64; the hybrid finds who is whose."""

import copy
import importlib.util
import inspect
import io
import math

import numpy as np
import pytest
import torch
from torch import nn

import surefoot as sf
from surefoot.errors import InvalidValue
from surefoot.pytorch.matrices import muon
from surefoot.pytorch.matrices.muon import COEFFICIENTS, orthogonal

CASES = [
    {},
    {"lr": 0.02, "weight_decay": 0.3},
    {"lr": 0.02, "momentum": 0.8, "nesterov": False},
    {"lr": 0.02, "adjust_lr_fn": "match_rms_adamw", "eps": 1e-3},
    {"lr": 0.02, "adjust_lr_fn": "original", "ns_steps": 3, "ns_coefficients": (2.0, -1.5, 0.5)},
    {"lr": torch.tensor(0.02), "momentum": 0.0},
]
SHAPES = [(8, 8), (3, 5), (5, 3), (8, 8), (1, 4), (64, 48), (5, 3), (40, 40), (0, 3)]


def pair(options, dtype=torch.float32):
    torch.manual_seed(0)
    values = [torch.randn(shape).to(dtype) for shape in SHAPES]
    both = []
    for home in (sf, torch.optim):
        parameters = [nn.Parameter(value.clone()) for value in values]
        both.append((parameters, home.Muon(parameters, **copy.deepcopy(options))))
    return both


def walk(parameters, optimizer, steps, first=0):
    for step in range(first, first + steps):
        generator = torch.Generator().manual_seed(step)
        for i, p in enumerate(parameters):
            g = torch.randn(p.shape, generator=generator).to(p.dtype)
            p.grad = None if i == 0 and step % 3 == 1 else g
        optimizer.step()


# The drop-in


@pytest.mark.parametrize("options", CASES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_path_is_torchs_to_the_bit(options, dtype):
    """In float64 too: the rounds are bfloat16 in torch's whatever the parameter is."""
    (ours, a), (theirs, b) = pair(options, dtype)
    walk(ours, a, 12)
    walk(theirs, b, 12)
    for p, q in zip(ours, theirs, strict=True):
        torch.testing.assert_close(p, q, rtol=1e-6, atol=1e-7)


def test_bfloat16_parameters_stay_as_near_to_the_exact_path_as_torchs():
    """Ours are stepped in float32 and rounded once; torch rounds after each operation."""
    (ours, a), (theirs, b) = pair({"lr": 0.02}, torch.bfloat16)
    (true, c), _ = pair({"lr": 0.02})
    for parameters, optimizer in ((ours, a), (theirs, b), (true, c)):
        walk(parameters, optimizer, 12)
    far, torchs = (
        sum((p.detach() - q.detach()).norm() for p, q in zip(one, true, strict=True)) for one in (ours, theirs)
    )
    assert far <= 1.1 * torchs


@pytest.mark.parametrize("options", CASES)
def test_the_state_has_torchs_layout(options):
    (ours, a), (theirs, b) = pair(options)
    walk(ours, a, 4)
    walk(theirs, b, 4)
    mine, torchs = a.state_dict(), b.state_dict()
    for index, entry in torchs["state"].items():
        assert mine["state"][index].keys() == entry.keys() == {"momentum_buffer"}
        torch.testing.assert_close(mine["state"][index]["momentum_buffer"], entry["momentum_buffer"])
    for group, torch_group in zip(mine["param_groups"], torchs["param_groups"], strict=True):
        assert {key: group[key] for key in torch_group} == torch_group
        own = {"schedule", "t", "feedback", "relative", "precision", "differentiable"}
        assert {*group} - {*torch_group} <= own


@pytest.mark.parametrize("direction", ["from torch", "to torch"])
def test_a_checkpoint_of_either_continues_in_the_other(direction):
    (ours, a), (theirs, b) = pair({"lr": 0.02})
    walk(ours, a, 5)
    walk(theirs, b, 5)
    source, target = (b, a) if direction == "from torch" else (a, b)
    buffer = io.BytesIO()
    torch.save(source.state_dict(), buffer)
    buffer.seek(0)
    target.load_state_dict(torch.load(buffer, weights_only=True))
    walk(ours, a, 5, first=5)
    walk(theirs, b, 5, first=5)
    for p, q in zip(ours, theirs, strict=True):
        torch.testing.assert_close(p, q, rtol=1e-6, atol=1e-7)


def test_arguments_and_defaults_are_torchs():
    ours, theirs = (inspect.signature(home.Muon.__init__).parameters for home in (sf, torch.optim))
    assert [n for n, p in ours.items() if p.kind is p.POSITIONAL_OR_KEYWORD] == [*theirs]
    mine, torchs = (home.Muon([nn.Parameter(torch.zeros(2, 2))]).defaults for home in (sf, torch.optim))
    assert {key: mine[key] for key in torchs} == torchs


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lr": -1.0}, r"step_size \(lr\) is -1"),
        ({"momentum": -0.1}, "momentum is -0.1; it must be at least 0"),
        ({"weight_decay": -0.1}, r"decay \(weight_decay\) is -0.1"),
        ({"adjust_lr_fn": "spectral"}, "adjust_lr_fn is 'spectral'; it must be None or one of original"),
    ],
)
def test_what_torch_refuses_is_refused_in_words(options, words):
    with pytest.raises(ValueError, match=r"."):
        torch.optim.Muon([nn.Parameter(torch.zeros(2, 2))], **options)
    with pytest.raises(InvalidValue, match=words):
        sf.Muon([nn.Parameter(torch.zeros(2, 2))], **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ns_steps": 100}, "ns_steps is 100; it must be a whole number, at least 0 and below 100"),
        ({"ns_steps": 5.0}, "ns_steps is 5.0; it must be a whole number, at least 0 and below 100"),
        ({"ns_coefficients": (1.0, 2.0)}, "ns_coefficients are 2 numbers; give 3"),
        ({"precision": "float8"}, "precision is 'float8'; it must be None or one of bfloat16"),
        ({"lr": 0.1, "step_size": 0.1}, "lr and step_size are two spellings"),
        ({"weight_decay": 0.1, "decay": 0.1}, "weight_decay and decay are two spellings"),
    ],
)
def test_what_torch_meets_in_its_first_step_is_refused_where_it_enters(options, words):
    with pytest.raises(InvalidValue, match=words):
        sf.Muon([nn.Parameter(torch.zeros(2, 2))], **options)


@pytest.mark.parametrize("shape", [(3,), (), (2, 3, 3, 3)])
def test_muon_refuses_what_has_not_two_axes_also_where_a_group_joins_later(shape):
    odd = nn.Parameter(torch.zeros(shape))
    with pytest.raises(InvalidValue, match=r"parameter odd has the shape .* is no matrix; .* the whole model to Muon"):
        sf.Muon([("odd", odd)])
    optimizer = sf.Muon([nn.Parameter(torch.zeros(2, 2))])
    with pytest.raises(InvalidValue, match="parameter 0 has the shape"):
        optimizer.add_param_group({"params": [odd]})
    assert len(optimizer.param_groups) == 1


# The function in float64


def exact(u):
    """The oracle: Jordan's polynomial of each singular value, which leaves the singular vectors."""
    left, values, right = np.linalg.svd(u.numpy(), full_matrices=False)
    values = values / np.sqrt((values**2).sum())
    for _ in range(5):
        values = 3.4445 * values - 4.7750 * values**3 + 2.0315 * values**5
    return torch.from_numpy(left * values @ right)


def made_orthogonal(u, precision="float64", eps=1e-7):
    return orthogonal(u[None], eps, 5, COEFFICIENTS, precision)[0]


SIZES = [(6, 6), (4, 9), (9, 4), (32, 17), (1, 5)]


def random(*shape, seed=0):
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", SIZES)
def test_five_rounds_are_the_polynomial_of_the_singular_values(shape):
    torch.testing.assert_close(made_orthogonal(random(*shape)), exact(random(*shape)), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("shape", [(6, 6), (4, 9), (9, 4), (64, 32)])
def test_singular_values_above_a_five_hundredth_of_the_norm_come_near_one(shape):
    left, _, right = torch.linalg.svd(random(*shape), full_matrices=False)
    norm = math.sqrt(len(right))
    values = torch.linspace(0.002 * norm, 1.0, len(right), dtype=torch.float64)
    found = torch.linalg.svdvals(made_orthogonal(left * values @ right))
    assert found.min() > 0.68
    assert found.max() < 1.21


@pytest.mark.parametrize("shape", SIZES)
def test_transposing_permuting_rotating_or_scaling_a_gradient_does_so_to_the_step(shape):
    u, step = random(*shape), made_orthogonal(random(*shape))
    order = torch.randperm(shape[0], generator=torch.Generator().manual_seed(1))
    turn = torch.linalg.qr(random(shape[1], shape[1], seed=2))[0]
    for changed, expected in [
        (u.mT, step.mT),
        (u[order], step[order]),
        (u @ turn, step @ turn),
        (1e6 * u, step),
        (-u, -step),
    ]:
        torch.testing.assert_close(made_orthogonal(changed), expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize(("precision", "relative"), [("bfloat16", 0.02), ("float32", 1e-5), (None, 1e-5)])
def test_lower_precision_turns_the_step_by_little(precision, relative):
    u = random(64, 48)
    assert (made_orthogonal(u, precision) - exact(u)).norm() < relative * exact(u).norm()


def test_a_gradient_of_zero_leaves_decay_alone():
    p = nn.Parameter(torch.ones(3, 4))
    p.grad = torch.zeros(3, 4)
    sf.Muon([p], lr=0.5, decay=0.1).step()
    torch.testing.assert_close(p.data, torch.full((3, 4), 0.95))


def test_a_batch_steps_as_its_matrices_do_one_by_one():
    """What is not finite in one of them stays in it."""

    def final(together):
        parameters = [
            nn.Parameter(torch.randn(shape, generator=torch.Generator().manual_seed(1))) for shape in SHAPES[:8]
        ]
        optimizers = (
            [sf.Muon(parameters, 0.1, precision="float32")]
            if together
            else [sf.Muon([p], 0.1, precision="float32") for p in parameters]
        )
        for step in range(5):
            for i, p in enumerate(parameters):
                p.grad = torch.randn(p.shape, generator=torch.Generator().manual_seed(99 * step + i))
            parameters[3].grad[0, 0] = math.nan
            for optimizer in optimizers:
                optimizer.step()
        return parameters

    batch, single = final(True), final(False)
    assert [bool(p.isnan().any()) for p in batch] == [i == 3 for i in range(8)]
    for p, q in zip(batch, single, strict=True):
        torch.testing.assert_close(p, q, rtol=1e-5, atol=1e-6, equal_nan=True)


# Planted faults


def path(function, shape, terms):
    """Six steps of a batch of two matrices."""
    p, b = random(2, *shape), torch.zeros(2, *shape, dtype=torch.float64)
    for step in range(6):
        p, b = function(p, random(2, *shape, seed=step + 1), b, 0.1, 0.9, 0.2, 1e-7, terms=terms)
    return p, b


def oracle(shape, nesterov, scale):
    """The paper's lines, one matrix at a time."""
    rows, columns = shape
    factor = {"original": max(1.0, rows / columns) ** 0.5, "match_rms_adamw": 0.2 * max(rows, columns) ** 0.5}[scale]
    p, b = random(2, *shape).clone(), torch.zeros(2, *shape, dtype=torch.float64)
    for step in range(6):
        for i, g in enumerate(random(2, *shape, seed=step + 1)):
            b[i] = 0.9 * b[i] + 0.1 * g
            u = 0.9 * b[i] + 0.1 * g if nesterov else b[i]
            p[i] = 0.98 * p[i] - 0.1 * factor * exact(u)
    return p, b


def caught(module):
    cases = [
        (f, n, shape, scale)
        for f, n in ((module.muon, True), (module.muon_plain, False))
        for shape in ((3, 7), (7, 3))
        for scale in muon.SCALES
    ]
    for function, nesterov, shape, scale in cases:
        try:
            found = path(function, shape, (scale, module.ROUNDS, module.COEFFICIENTS, "float64"))
        except RuntimeError:
            return True
        if not all(
            torch.allclose(a, b, rtol=1e-8, atol=1e-10)
            for a, b in zip(found, oracle(shape, nesterov, scale), strict=True)
        ):
            return True
    return False


MUTANTS = [
    ("alpha=-step_size", "alpha=step_size"),
    ("torch.lerp(b, g, 1.0 - momentum)", "torch.lerp(b, g, momentum)"),
    ("torch.lerp(b, g, 1.0 - momentum)", "momentum * b + g"),
    ("torch.lerp(g, b, momentum), step", "torch.lerp(b, g, momentum), step"),
    ("torch.lerp(g, b, momentum), step", "b, step"),
    ("_stepped(p, b, step_size", "_stepped(p, torch.lerp(g, b, momentum), step_size"),
    ("1.0 - step_size * decay", "1.0 + step_size * decay"),
    ("1.0 - step_size * decay", "1.0 - decay"),
    ("torch.add(p * (1.0 - step_size * decay), step, alpha=-step_size * SCALES[scale](*p.shape[-2:]))",
     "torch.add(p, step, alpha=-step_size * SCALES[scale](*p.shape[-2:])) * (1.0 - step_size * decay)"),
    ("max(1.0, rows / columns)", "max(1.0, columns / rows)"),
    ("max(1.0, rows / columns)", "rows / columns"),
    ("0.2 * sqrt(max(rows, columns))", "0.2 * sqrt(min(rows, columns))"),
    ("0.2 * sqrt", "sqrt"),
    ("beta=third, alpha=fifth", "beta=fifth, alpha=third"),
    ("x, beta=first)", "x)"),
    ("range(rounds)", "range(rounds - 1)"),
    ("dim=(-2, -1), keepdim=True)", "keepdim=True)"),
    ("dim=(-2, -1), keepdim", "dim=-1, keepdim"),
    ("return (x.mT if tall else x)", "return (x.mT if not tall else x)"),
    ("torch.bmm(x, x.mT)", "torch.bmm(x, x.mT).mT * 0.5"),
    ("-4.7750", "-4.7550"),
    ("ROUNDS = 5", "ROUNDS = 6"),
]  # fmt: skip


def test_the_true_function_is_not_caught():
    assert not caught(muon)


@pytest.mark.parametrize(("old", "new"), MUTANTS)
def test_a_planted_fault_is_caught(old, new, tmp_path):
    source = inspect.getsource(muon)
    assert old in source
    (tmp_path / "mutant.py").write_text(source.replace(old, new))
    spec = importlib.util.spec_from_file_location("mutant", tmp_path / "mutant.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert caught(module)
