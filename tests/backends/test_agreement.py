"""Every backend stays within its bound of the float64 reference, over drawn shapes, strides, dtypes and gradients.

The loop is open: each path has its own parameters and slots and sees the same gradients. The bound is the rule's
`rounding` (k) times eps times the sum over steps of |p| + |movement of p|, element by element.
"""

import numpy as np
import paths
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import surefoot.pytorch.roster
from surefoot.backends.cpu import CpuLane
from surefoot.backends.eager import EagerLane
from surefoot.pytorch.rule_optimizer import RuleOptimizer
from surefoot.rules import RULES

SHAPES = [(), (1,), (5,), (3, 4), (2, 3, 4), (2, 4, 3, 3), (0,), (2, 0), (130, 127), (16384,), (16385,)]
LAYOUTS = ["contiguous", "transposed", "channels_last", "every second", "mixed"]
KINDS = ["plain", "zero", "huge", "tiny", "flipping", "missing"]


def laid_out(values, layout):
    """A tensor of these values whose memory lies in some other way."""
    if layout == "transposed" and values.dim() >= 2:
        return values.transpose(0, -1).contiguous().transpose(0, -1)
    if layout == "channels_last" and values.dim() == 4:
        return values.to(memory_format=torch.channels_last)
    if layout == "every second" and values.dim() >= 1:
        return torch.stack([values, torch.full_like(values, 7.0)], dim=-1).flatten(-2)[..., ::2]
    return values.clone()


def gradient(kind, shape, step, generator):
    g = torch.randn(shape, generator=generator, dtype=torch.float64)
    factors = {"plain": 1.0, "zero": 0.0, "huge": 1e6, "tiny": 1e-12, "flipping": (-1.0) ** step}
    return None if kind == "missing" else g * factors[kind]


@st.composite
def constants(draw, name):
    # A memory of squares much shorter than that of gradients makes any Adam ill-conditioned: there no bound can hold.
    chosen = {"step_size": draw(st.sampled_from([1e-4, 1e-2, 0.3])), "decay": draw(st.sampled_from([0.0, 0.1]))}
    options = {
        "momentum": [0.0, 0.5, 0.95], "dampening": [0.0, 0.5], "alpha": [0.5, 0.9, 0.99], "eps": [1e-8, 1e-3],
        "beta1": [0.0, 0.5, 0.9], "beta2": [0.9, 0.99, 0.999], "rho": [0.5, 0.9, 0.99], "start": [0.0, 0.1],
        "step_decay": [0.0, 0.1], "momentum_decay": [4e-3, 1.0], "averaged_from": [2.0, 1e6], "pull": [0.0, 1e-4],
        "slowness": [0.75],
    }  # fmt: skip
    drawn = {c: draw(st.sampled_from(values)) for c, values in options.items() if c in RULES[name].constants}
    return {**RULES[name].constants, **chosen, **drawn}


@st.composite
def walks(draw):
    name = draw(st.sampled_from([*RULES]))
    script = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=8))
    dtype = draw(st.sampled_from([torch.float32, torch.float64, torch.bfloat16, torch.float16]))
    if (
        dtype == torch.float16
    ):  # a square that is kept in float16 overflows at 256 and vanishes below 2e-4, in torch as here
        script = [{"huge": "plain", "tiny": "zero"}.get(kind, kind) for kind in script]
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=4))
    layouts = draw(st.lists(st.sampled_from(LAYOUTS), min_size=len(shapes), max_size=len(shapes)))
    chosen = draw(constants(name))
    if dtype == torch.float16:
        chosen |= {c: v for c, v in {"beta2": 0.9, "alpha": 0.9, "eps": 0.1}.items() if c in chosen}
    return name, chosen, script, dtype, shapes, layouts, draw(st.integers(0, 2**16))


def walk(name, chosen, script, dtype, shapes, layouts, seed):
    """Step all tensors in one optimizer; return the largest distance in units of eps times the summed movement."""
    with paths.scalars(dtype):
        return walked(name, chosen, script, dtype, shapes, layouts, seed)


def walked(name, chosen, script, dtype, shapes, layouts, seed):
    generator = torch.Generator().manual_seed(seed)
    starts = [
        laid_out(torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype), layout)
        for shape, layout in zip(shapes, layouts, strict=True)
    ]
    parameters = [torch.nn.Parameter(tensor.detach()) for tensor in starts]
    references = [p.detach().double().numpy().copy() for p in parameters]
    scripts = [[gradient(kind, p.shape, step, generator) for step, kind in enumerate(script)] for p in parameters]
    scripts = [[None if g is None else g.to(dtype) for g in gs] for gs in scripts]
    scripts[0] = [
        g if i else (g if g is not None else torch.ones(shapes[0], dtype=dtype)) for i, g in enumerate(scripts[0])
    ]
    rest = {k: v for k, v in chosen.items() if k != "step_size"}
    # An L2 term may cancel the gradient all but for rounding, and a rule that normalises makes a full step of the rest.
    l2 = 0.01 if name in ("sgd", "momentum", "nesterov") else 0.0
    optimizer = RuleOptimizer(parameters, RULES[name], chosen["step_size"], rest, l2=l2)
    for step in range(len(script)):
        for p, gs, layout in zip(parameters, scripts, layouts, strict=True):
            p.grad = None if gs[step] is None else gs[step].clone() if layout == "mixed" else laid_out(gs[step], layout)
        before = [None if p.grad is None else p.grad.clone() for p in parameters]
        optimizer.step()
        assert all(g is None or torch.equal(g, p.grad) for g, p in zip(before, parameters, strict=True)), (
            "a gradient was written to"
        )
    worst = 0.0
    for p, start, gs in zip(parameters, references, scripts, strict=True):
        path = paths.reference_path(
            RULES[name], start, [None if g is None else g.double().numpy() for g in gs], chosen, l2=l2
        )
        movement = sum(np.abs(now) + np.abs(now - old) for now, old in zip(path, [start, *path], strict=False))
        distance = np.abs(p.detach().double().numpy() - path[-1])
        if name in DECIDED:
            distance = distance * DECIDED[name](gs, chosen, dtype)
        unit = torch.finfo(dtype).eps * movement + torch.finfo(dtype).tiny
        worst = max(worst, float((distance / unit).max(initial=0.0)))
    kinds = {type(lane) for cohort in optimizer._taken for lane, _ in cohort.lanes}
    return worst, kinds


def decided_mean(script, chosen, dtype):
    """Where rounding cannot have turned the sign of the mean gradient, which says whether a cautious decay is made.

    Of a mean that forgets at once nothing is left but rounding after a gradient that was larger by far, in any order of
    its operations but one; every other walk keeps nearly all of its elements.
    """
    eps, m, doubt, sure = torch.finfo(dtype).eps, 0.0, 0.0, True
    for g in (g.double().numpy() for g in script if g is not None):
        terms = (1.0 - chosen["beta1"]) * (np.abs(g) + np.abs(m))
        m = m + (1.0 - chosen["beta1"]) * (g - m)
        doubt = chosen["beta1"] * doubt + eps * (terms + np.abs(m))
        sure = sure & (np.abs(m) >= 2.0 * doubt)
    assert np.size(sure) < 100 or dtype.itemsize == 2 or chosen["beta1"] == 0.0 or np.mean(sure) > 0.8
    return sure


def decided_sign(script, chosen, dtype):
    """Where rounding cannot have turned the sign that Lion steps by: there alone can a bound hold."""
    eps, m, doubt, sure = torch.finfo(dtype).eps, 0.0, 0.0, True
    for g in (g.double().numpy() for g in script if g is not None):
        mean = chosen["beta1"] * m + (1.0 - chosen["beta1"]) * g
        sure = sure & (np.abs(mean) >= 4.0 * eps * (chosen["beta1"] * doubt + (1.0 - chosen["beta1"]) * np.abs(g)))
        m = chosen["beta2"] * m + (1.0 - chosen["beta2"]) * g
        doubt = chosen["beta2"] * doubt + np.abs(m)
    assert np.size(sure) < 100 or dtype.itemsize == 2 or np.mean(sure) > 0.8
    return sure


DECIDED = {"lion": decided_sign, "adamw_cautious": decided_mean}
"""The rules that ask for a sign: there alone where rounding cannot have turned it a bound can hold."""


@pytest.mark.parametrize("backend", ["chosen", "eager"])
def test_every_backend_stays_within_its_bound_of_the_reference(backend, monkeypatch):
    seen = set()
    if backend == "eager":
        monkeypatch.setattr(surefoot.pytorch.roster, "kernel_takes", lambda p, g, slots: False)

    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(walks())
    def law(drawn):
        worst, kinds = walk(*drawn)
        seen.update(kinds)
        assert worst <= RULES[drawn[0]].rounding

    law()
    assert seen == ({EagerLane} if backend == "eager" else {CpuLane, EagerLane})


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_long_walk_of_every_rule_in_its_kernel_stays_within_its_bound(name, dtype):
    script = ["plain", "flipping", "plain", "zero"] * 25
    worst, kinds = walk(
        name, paths.CONSTANTS[name], script, dtype, [(130, 127), (40,)], ["contiguous", "contiguous"], 5
    )
    assert kinds == {CpuLane}
    assert worst <= RULES[name].rounding
