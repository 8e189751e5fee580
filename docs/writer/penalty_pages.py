"""The pages of the penalties, and their figures: value and slope over one output, as torch computes them."""

import inspect
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

import surefoot as sf
from surefoot.catalogue import Entry
from surefoot.training.figure import BLUE, GREEN, ORANGE
from writer import parts
from writer.drawing import Figure, axes_of, new_figure

_EXAMPLE = """
import surefoot as sf
import torch
from surefoot.penalties import {kind}

torch.manual_seed(0)
penalty = {use}
output = torch.randn({shape}, requires_grad=True)
target = {target}
value = penalty(output, target)
value.backward()
value.item(), penalty.facts.chance_level({facts})
"""
_NUMBERS = ("8, 1", "torch.randn(8, 1)", "Numbers.of(target.flatten())")
_COUNTS = ("8, 1", "torch.poisson(torch.ones(8, 1))", "Numbers.of(target.flatten())")
_CLASSES = ("8, 3", "torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])", "Classes.of(target)")
_YES_NO = ("8, 1", "torch.tensor([[0.0], [1.0]]).repeat(4, 1)", "Labels.of(target)")
_SIDES = ("8, 1", "torch.tensor([[-1.0], [1.0]]).repeat(4, 1)", "Labels.of((target + 1) / 2)")
_SHARES = ("8, 3", "torch.rand(8, 3).softmax(dim=1)", "Distributions.of(target)")
_DATA = {
    "poisson": _COUNTS, "cross_entropy": _CLASSES, "focal": _CLASSES, "binary_cross_entropy": _YES_NO,
    "hinge": _SIDES, "kullback_leibler": _SHARES,
}  # fmt: skip
"""Shape of the output, target, and what is known of the targets, where they are no plain numbers."""

_ZERO, _ONE, _FIRST = torch.zeros(1), torch.ones(1), torch.tensor([0])
_DRAWN: dict[str, list[tuple[str, Callable[[], nn.Module], Tensor]]] = {
    "mean_squared_error": [("target 0", sf.MeanSquaredError, _ZERO)],
    "mean_absolute_error": [("target 0", sf.MeanAbsoluteError, _ZERO)],
    "huber": [(f"delta {delta:g}", lambda delta=delta: sf.Huber(delta), _ZERO) for delta in (1.0, 0.5, 2.0)],
    "quantile": [(f"level {level:g}", lambda level=level: sf.Quantile(level), _ZERO) for level in (0.5, 0.1, 0.9)],
    "poisson": [(f"count {count:g}", sf.Poisson, torch.tensor([count])) for count in (1.0, 0.0, 5.0)],
    "cross_entropy": [
        (f"smoothing {share:g}", lambda share=share: sf.CrossEntropy(label_smoothing=share), _FIRST)
        for share in (0.0, 0.1, 0.3)
    ],
    "binary_cross_entropy": [
        ("yes", sf.BinaryCrossEntropy, _ONE),
        ("no", sf.BinaryCrossEntropy, _ZERO),
        ("yes, positive_weight 3", lambda: sf.BinaryCrossEntropy(positive_weight=3.0), _ONE),
    ],
    "kullback_leibler": [
        (", ".join(map(str, shares)), sf.KullbackLeibler, torch.tensor([shares]))
        for shares in ((1.0, 0.0, 0.0), (0.6, 0.2, 0.2), (0.2, 0.4, 0.4))
    ],
    "hinge": [("yes (1)", sf.Hinge, _ONE), ("no (-1)", sf.Hinge, -_ONE)],
    "focal": [(f"gamma {gamma:g}", lambda gamma=gamma: sf.Focal(gamma), _FIRST) for gamma in (2.0, 0.0, 5.0)],
}
"""For each penalty, what its figure shows: label, module, target."""


def page(entry: Entry) -> str:
    """Return the Markdown of a penalty's page."""
    written = parts.formulas()["penalties"][entry.name]
    shape, target, known = _DATA.get(entry.name, _NUMBERS)
    example = _EXAMPLE.format(use=entry.use, shape=shape, target=target, facts=known, kind=known.partition(".")[0])
    return "\n\n".join(
        [
            *parts.head(entry),
            parts.formula([written["mathml"]], entry.formula),
            parts.figure(f"../figures/penalties/{entry.name}.svg", _caption(entry)),
            "## Use it",
            parts.python(example),
            "## Facts",
            parts.facts(entry.facts),
            "## Names and defaults",
            parts.terms(entry),
            "## What it refuses",
            _refusals(entry),
            *parts.kin(entry),
        ]
    )


def draw(entry: Entry) -> Figure:
    """Draw a penalty and its slope over one output, the other logits being 0."""
    figure = new_figure(7.2, 3.1, left=0.085, right=0.985, bottom=0.15, top=0.96, wspace=0.24)
    left, right = axes_of(figure, 2)
    several = entry.name in ("cross_entropy", "focal", "kullback_leibler")
    outputs = torch.linspace(-6, 6, 241) if several else torch.linspace(-3, 3, 241)
    for (label, make, target), ink in zip(_DRAWN[entry.name], (BLUE, ORANGE, GREEN), strict=False):
        values, slopes = _curves(make(), outputs, target, several=several)
        left.plot(outputs, values, color=ink, linewidth=1.8, label=label)
        right.plot(outputs, slopes, color=ink, linewidth=1.8)
    for axes, title in ((left, "penalty"), (right, "slope")):
        axes.grid(color="#EDEFF2", linewidth=0.8)
        axes.axhline(0, color="#9AA2AB", linewidth=0.8)
        axes.set(xlabel="logit of the right class" if several else "output", ylabel=title)
        axes.margins(x=0)
    left.legend(frameon=False, labelcolor="linecolor", fontsize=8)
    return figure


def _curves(penalty: nn.Module, outputs: Tensor, target: Tensor, *, several: bool) -> tuple[np.ndarray, np.ndarray]:
    values, slopes = [], []
    for output in outputs:
        x = output.clone().requires_grad_()
        value = penalty(torch.stack([x, *torch.zeros(2)])[None] if several else x[None], target)
        value.backward()
        values.append(value.item())
        slopes.append(x.grad.item())
    return np.array(values), np.array(slopes)


def _caption(entry: Entry) -> str:
    if entry.name in ("cross_entropy", "focal", "kullback_leibler"):
        return "The penalty and its slope over the logit of the first of three classes, the other two being 0."
    return "The penalty and its slope over one output. The slope is what reaches the weights."


def _refusals(entry: Entry) -> str:
    doc = inspect.getdoc(getattr(sf, entry.use.removeprefix("sf.").removesuffix("()"))) or ""
    told = next(part for part in doc.split("\n\n") if part.startswith("Errors: "))
    return parts.worded(" ".join(told.removeprefix("Errors: ").split()))
