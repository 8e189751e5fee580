"""The picture of layers over time as files: a drawing that stands for itself, and a table."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from surefoot.page import words
from surefoot.page.drawing import Axis
from surefoot.page.layer_map import DEAD, MAPS, Figures, Grid, grid
from surefoot.page.standing import standing

Colour: TypeAlias = tuple[int, int, int]

VIRIDIS: Sequence[Colour] = (
    (68, 1, 84), (71, 45, 123), (59, 82, 139), (44, 114, 142), (33, 145, 140), (40, 174, 128), (94, 201, 98),
    (173, 220, 48), (253, 231, 37),
)  # fmt: skip
"""From small to large; the page's script has the same."""

ALARM: Sequence[Colour] = ((227, 230, 234), (194, 79, 0))
"""From an output that lives to one that does not: the grey and the orange of the style sheet."""

SHADES = 64
"""Colours that a picture has at most: neighbours of one are drawn as one piece, which makes its file small."""

SAYS = {DEAD: "share of a layer's outputs that got no gradient"}
"""What a map shows, where its title alone does not say it."""

HEAD = ["first_step", "last_step", "layer", "least", "mean", "greatest", "not_finite"]
"""The heading of a picture's table."""

_WIDTH, _TOP, _RIGHT, _BOTTOM = 960.0, 4.0, 16.0, 72.0
_SHARP = 'shape-rendering="crispEdges"'  # or the paper shines through between two neighbours
_CODE = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def rows(found: Figures, which: str) -> Iterator[tuple[Any, ...]]:
    """Return the table of a picture under `HEAD`: for each bucket and tensor least, mean and greatest.

    Steps are counted as the record has them; a tensor without the figure in a bucket has no row there, unless something
    was not finite in it.
    """
    made = grid(found, which)
    for at, bucket in enumerate(made.buckets.ids.tolist()):
        first, last = _steps(made, bucket, found)
        for tensor, layer in enumerate(made.names):
            if made.buckets.counts[at, tensor] or made.buckets.bad[at, tensor]:
                three = (
                    each[at, tensor].item() for each in (made.buckets.least, made.buckets.mean, made.buckets.greatest)
                )
                yield first, last, layer, *three, int(made.buckets.bad[at, tensor])


def _steps(made: Grid, bucket: int, found: Figures) -> tuple[int, int]:
    first = max(bucket << made.buckets.level, int(found.first[0]))
    return first, min(((bucket + 1) << made.buckets.level) - 1, found.last)


def drawing(found: Figures, which: str, title: str) -> str:
    """Return the picture as SVG, with the names of the layers, the steps and a legend.

    Args:
        found: the figures of one step at least.
        which: one of `MAPS`; of dead shares the tensors without one are left out, if there is any with one.
        title: of the run.
    """
    made = grid(found, which)
    shown = shown_of(made, which)
    low, high = ends(made.buckets.mean[:, shown], which)
    tall = 18.0 if len(shown) <= 40 else 14.0 if len(shown) <= 120 else 10.0
    longest = max(len(made.names[tensor]) for tensor in shown)
    left = 16.0 + min(longest, 44) * 0.62 * min(12.0, tall - 2.0)
    bottom = _TOP + tall * len(shown)
    steps = Axis("step", float(_steps(made, int(made.buckets.ids[0]), found)[0]), found.last + 1.0)
    said = f"{title}: {SAYS.get(which, MAPS[which])}, layer by layer over {words.whole(found.last + 1)} steps"
    parts = [
        *(_name(made.names[tensor], left, _TOP + tall * row, tall) for row, tensor in enumerate(shown)),
        *_cells(made, which, shown, (low, high), steps, (left, tall)),
        *_ticks(steps, left, bottom), *_legend(which, low, high, left, bottom + 58.0),
    ]  # fmt: skip
    whole = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {bottom + _BOTTOM:g}" class="layers" '
        f'role="img" aria-label="{escape(said)}">{"".join(parts)}</svg>'
    )
    return standing(whole)


def shown_of(made: Grid, which: str) -> list[int]:
    """Return which tensors a picture has: all, but those without a dead share where others have one."""
    everything = [*range(len(made.names))]
    there = [tensor for tensor in everything if made.buckets.counts[:, tensor].any()]
    return there if which == DEAD and there else everything


def ends(values: NDArray[np.float64], which: str) -> tuple[float, float]:
    """Return what the ends of the scale stand for: all but the outermost 2 % of the values, or the whole of a share.

    >>> ends(np.linspace(1.0, 101.0, 101), "gradient_norm"), ends(np.array([[0.5]]), "dead_share")
    ((3.0, 99.0), (0.0, 1.0))
    """
    if which == DEAD:
        return 0.0, 1.0
    there = np.sort(values[np.isfinite(values) & (values > 0)])
    if not len(there):
        return 1e-3, 1.0
    low, high = float(there[int(len(there) * 0.02)]), float(there[int((len(there) - 1) * 0.98)])
    return (low, high) if high > low * 1.01 else (low / 2, high * 2)


def shade(value: float, which: str, low: float, high: float) -> Colour:
    """Return the colour of a value.

    >>> shade(1.0, "dead_share", 0.0, 1.0), shade(1e-9, "gradient_norm", 0.01, 1.0)
    ((194, 79, 0), (68, 1, 84))
    """
    ramp = ALARM if which == DEAD else VIRIDIS
    share = value if which == DEAD else math.log(max(value, 1e-300) / low) / math.log(high / low)
    at = round(min(max(share, 0.0), 1.0) * SHADES) / SHADES * (len(ramp) - 1)
    i = min(int(at), len(ramp) - 2)
    r, g, b = (round(a + (c - a) * (at - i)) for a, c in zip(ramp[i], ramp[i + 1], strict=True))
    return r, g, b


def _cells(
    made: Grid, which: str, shown: Sequence[int], scale: tuple[float, float], steps: Axis, place: tuple[float, float]
) -> Iterator[str]:
    """Return the picture itself: one path for each colour, and a sign where something was not finite."""
    left, tall = place
    paths: dict[Colour, list[str]] = defaultdict(list)
    signs = []
    edges = [
        left + steps.place(min(max(step, steps.low), steps.high)) * (_WIDTH - _RIGHT - left) for step in _edges(made)
    ]
    for row, tensor in enumerate(shown):
        top = _TOP + row * tall
        for first, last, colour in _runs(made, tensor, which, scale):
            paths[colour].append(
                f"M{edges[2 * first]:.1f} {top:g}H{edges[2 * last + 1]:.1f}v{tall - 1:g}H{edges[2 * first]:.1f}z"
            )
        signs += [_sign(edges[2 * at], top, tall) for at in np.flatnonzero(made.buckets.bad[:, tensor]).tolist()]
    yield from (f'<path {_SHARP} fill="{_ink(colour)}" d="{"".join(each)}"/>' for colour, each in paths.items())
    yield from signs


def _ink(colour: Colour) -> str:
    return f"rgb({','.join(map(str, colour))})"


def _edges(made: Grid) -> list[int]:
    """Return the first step of each bucket and that after its last, one after the other."""
    return [edge << made.buckets.level for each in made.buckets.ids.tolist() for edge in (each, each + 1)]


def _runs(made: Grid, tensor: int, which: str, scale: tuple[float, float]) -> list[tuple[int, int, Colour]]:
    """Return the neighbouring buckets of one colour, first and last, of a tensor; what has no value is left out."""
    found: list[tuple[int, int, Colour]] = []
    for at, value in enumerate(made.buckets.mean[:, tensor].tolist()):
        if not value >= 0:
            continue
        colour = shade(value, which, *scale)
        if found and found[-1][1:] == (at - 1, colour) and made.buckets.ids[at] == made.buckets.ids[at - 1] + 1:
            found[-1] = (found[-1][0], at, colour)
        else:
            found.append((at, at, colour))
    return found


def _sign(x: float, top: float, tall: float) -> str:
    wide, high = 0.6 * (tall - 2), 0.6 * (tall - 1)
    cross = f"M{x + wide / 3:.1f} {top + high / 3:.1f}l{wide:g} {high:g}m0 {-high:g}l{-wide:g} {high:g}"
    return (
        f'<rect x="{x:.1f}" y="{top:g}" width="{tall - 2:g}" height="{tall - 1:g}" fill="#1f2328"/>'
        f'<path stroke="#fff" stroke-width="1.5" d="{cross}"/>'
    )


def _name(name: str, left: float, top: float, tall: float) -> str:
    """Return a tensor's name before its row; of a long one the end, which tells it from others."""
    short = name if len(name) <= 44 else f"…{name[-43:]}"
    whole = "" if short == name else f"<title>{escape(name)}</title>"
    size = min(12.0, tall - 2.0)
    place = f' class="name" text-anchor="end" font-size="{size:g}" font-family="{_CODE}"'
    return _word(left - 8, top + tall / 2 + size * 0.3, short, place, whole)


def _ticks(steps: Axis, left: float, bottom: float) -> Iterator[str]:
    for step in (each for each in steps.ticks(7) if each == round(each)):
        x = left + steps.place(step) * (_WIDTH - _RIGHT - left)
        yield f'<path class="frame" d="M{x:.1f} {bottom:g}v5"/>'
        yield _word(x, bottom + 18, words.whole(round(step)), ' text-anchor="middle"')
    yield _word((left + _WIDTH - _RIGHT) / 2, bottom + 34, steps.label, ' text-anchor="middle"')


def _legend(which: str, low: float, high: float, left: float, top: float) -> Iterator[str]:
    for part in range(SHADES):
        at, x = part / (SHADES - 1), left + 60 + part * 3
        colour = _ink(shade(at if which == DEAD else low * (high / low) ** at, which, low, high))
        yield f'<rect {_SHARP} x="{x:.1f}" y="{top - 10:g}" width="3.2" height="10" fill="{colour}"/>'
    ends_said = ("0 %", "100 %") if which == DEAD else (words.number(low), words.number(high))
    after = left + 68 + SHADES * 3
    yield _word(left + 52, top, ends_said[0], ' text-anchor="end"')
    yield _word(after, top, ends_said[1])
    scale = "of the outputs" if which == DEAD else "log scale"
    yield _word(after + 60, top, f"{scale} · ✕ not finite · blank: no figure")


def _word(x: float, y: float, text: str, more: str = "", inside: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}"{more}>{inside}{escape(text)}</text>'
