"""What is asked of the landscapes: a surface, rules and where they start; all is checked before it is computed."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import isfinite, log10
from typing import final
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from surefoot.errors import InvalidValue, short
from surefoot.landscapes import SURFACES, Surface
from surefoot.rules import RULES, unknown
from surefoot.schedules import Schedule, parse

MOST, STEPS = 6, 500
"""Rules at a time, and steps of a path: so many are computed while a hand moves."""

SIZES = (1e-4, 10.0)
"""Step sizes that can be asked for."""

PARAMETERS = {
    "conditioning": "Conditioning",
    "angle": "Angle",
    "steepness": "Steepness",
    "noise": "Noise",
    "seed": "Seed",
}
"""What surfaces can be made with, and what a page calls it."""

RANGES = {
    "conditioning": (1.0, 100.0, 0.5), "angle": (-90.0, 90.0, 1.0), "steepness": (1.0, 50.0, 0.5),
    "noise": (0.0, 10.0, 0.1), "seed": (0, 99, 1),
}  # fmt: skip
"""From where to where a slider goes, and its step."""


@final
@dataclass(frozen=True)
class Choice:
    """A rule and its step size."""

    rule: str
    size: float

    @property
    def spot(self) -> float:
        """Where the step size is on the slider [0 to 100]."""
        return spot(self.size)


def spot(size: float) -> float:
    """Return where a step size is on a logarithmic slider, from 0 to 100; beyond its ends, there.

    >>> spot(1e-4), spot(10.0), spot(99.0)
    (0.0, 100.0, 100.0)
    """
    low, high = SIZES
    return min(100.0, max(0.0, 100.0 * log10(size / low) / log10(high / low)))


BEGUN: Mapping[str, tuple[int, float, tuple[Choice, ...]]] = {
    "quadratic": (60, 0.8, (Choice("sgd", 0.17), Choice("momentum", 0.04), Choice("adamw", 0.3))),
    "ravine": (150, 0.9, (Choice("sgd", 0.07), Choice("momentum", 0.03), Choice("adamw", 0.25))),
    "rosenbrock": (300, 0.9, (Choice("sgd", 0.001), Choice("momentum", 0.0005), Choice("adamw", 0.1))),
    "beale": (150, 0.9, (Choice("sgd", 0.01), Choice("momentum", 0.003), Choice("rmsprop", 0.05))),
    "saddle": (80, 0.9, (Choice("sgd", 0.1), Choice("momentum", 0.05), Choice("adamw", 0.1))),
    "noisy": (150, 0.8, (Choice("sgd", 0.15), Choice("adamw", 0.25))),
}
"""For each surface the steps, the momentum and the rules that show its lesson."""


def usual(surface: str, rule: str) -> float:
    """Return a step size at which a rule shows a surface's lesson: its own there, or that of the rule it is most like.

    >>> usual("ravine", "momentum"), usual("ravine", "nesterov"), usual("ravine", "nadam")
    (0.03, 0.03, 0.25)
    """
    sizes = {choice.rule: choice.size for choice in BEGUN[surface][2]}
    if rule in sizes:
        return sizes[rule]
    near = "momentum" if rule.startswith(("momentum", "nesterov")) else "sgd" if rule in ("sgd", "asgd") else ""
    return sizes.get(near, [*sizes.values()][-1])


TITLES = {
    "quadratic": "Quadratic bowl", "ravine": "Ravine", "rosenbrock": "Rosenbrock", "beale": "Beale", "saddle": "Saddle",
    "noisy": "Noisy bowl",
}  # fmt: skip

LESSONS = (
    ("A step size a little too large", "quadratic&rule=sgd&size=0.19&rule=sgd&size=0.205&steps=40"),
    (
        "Zigzags, and what momentum makes of them",
        "quadratic&conditioning=40&angle=20&rule=sgd&size=0.045&rule=momentum&size=0.02&momentum=0.8&steps=60",
    ),
    ("Noise: the mean of the last steps is nearer", "noisy&noise=1.5&rule=sgd&size=0.3&steps=150&share=0.8"),
    ("Noise: a cool-down does it too", "noisy&noise=1.5&rule=sgd&size=0.3&steps=150&share=0.02&schedule=linear()"),
    (
        "On the pass: who leaves it first",
        "saddle&x=-0.001&y=1.2&rule=sgd&size=0.2&rule=momentum&size=0.1&rule=adamw&size=0.1&steps=60",
    ),
    ("One step size for gentle and steep places", "beale&rule=sgd&size=0.01&rule=adamw&size=0.2&steps=150"),
    (
        "A step of Adam is as long as its step size: one too long circles",
        "quadratic&rule=adamw&size=1.5&rule=adamw&size=0.15&momentum=0.5&steps=60",
    ),
)
"""Views to begin with, each with something to be seen: what it is called, and what comes after `?surface=`."""


@final
@dataclass(frozen=True)
class Asked:
    """A view of the landscapes.

    Args:
        surface: with its parameters.
        choices: the rules.
        start: where they begin.
        steps: that each takes.
        momentum: of those that have it, and beta1 of those that have that.
        share: of the steps that is averaged.
        schedule: as it was typed; "" for a constant step size.
    """

    surface: Surface
    choices: tuple[Choice, ...]
    start: tuple[float, float]
    steps: int
    momentum: float
    share: float
    schedule: str = ""

    @classmethod
    def of(cls, query: QueryParams) -> "Asked":
        """Return what a request asks for; what it leaves out is the surface's own.

        Errors: InvalidValue naming every fault.
        """
        return _read(query, [])

    @property
    def course(self) -> Schedule | None:
        """The schedule over the steps."""
        return parse(self.schedule).over(steps=self.steps) if self.schedule else None

    @property
    def parameters(self) -> dict[str, float]:
        """What the surface is made with."""
        return {field.name: getattr(self.surface, field.name) for field in fields(self.surface)}  # type: ignore[arg-type]

    def settings(self, choice: Choice) -> dict[str, float]:
        """Return the constants of a rule that differ from its own."""
        has = RULES[choice.rule].constants
        remembers = next((name for name in ("momentum", "beta1") if name in has), None)
        return {"step_size": choice.size} | ({remembers: self.momentum} if remembers else {})

    @property
    def address(self) -> str:
        """The address of this view."""
        pairs = [("surface", self.surface.name), *((name, f"{value:g}") for name, value in self.parameters.items())]
        for choice in self.choices:
            pairs += [("rule", choice.rule), ("size", f"{choice.size:.4g}")]
        pairs += [("x", f"{self.start[0]:.4g}"), ("y", f"{self.start[1]:.4g}"), ("steps", str(self.steps))]
        pairs += [("momentum", f"{self.momentum:g}"), ("share", f"{self.share:g}")]
        return f"/landscapes?{urlencode(pairs + ([('schedule', self.schedule)] if self.schedule else []))}"


def _read(query: QueryParams, faults: list[str]) -> Asked:
    name = query.get("surface", "") or "quadratic"
    if name not in SURFACES:
        raise InvalidValue(f"there is no surface {short(name, 40)!r}; there are {', '.join(SURFACES)}.")
    kind, (steps, momentum, choices) = SURFACES[name], BEGUN[name]
    made: dict[str, float] = {field.name: field.default for field in fields(kind)}  # type: ignore[arg-type, misc]
    given = {key: _number(query, key, usual, -1e6, 1e6, faults) for key, usual in made.items()}
    given |= {"seed": int(given["seed"])} if "seed" in given else {}
    width = kind.window.right - kind.window.left
    start = tuple(
        _number(query, key, usual, usual - 3 * width, usual + 3 * width, faults)
        for key, usual in zip("xy", kind.start, strict=True)
    )
    taken = int(_number(query, "steps", steps, 1, STEPS, faults))
    kept = _number(query, "momentum", momentum, 0.0, 0.999, faults)
    share = _number(query, "share", 0.5, 0.01, 1.0, faults)
    course = _course(query, taken, faults)
    chosen = _choices(query, name, faults) if "rule" in query or "size" in query else choices
    if faults:
        raise InvalidValue("; ".join(faults) + ".")
    return Asked(kind(**given), chosen, (start[0], start[1]), taken, kept, share, course)


def _choices(query: QueryParams, surface: str, faults: list[str]) -> tuple[Choice, ...]:
    rules, sizes = query.getlist("rule"), query.getlist("size")
    if rules and not sizes:
        sizes = [str(usual(surface, rule)) for rule in rules]
    if not 1 <= len(rules) <= MOST or len(sizes) != len(rules):
        faults.append(
            f"there are {len(rules)} rules and {len(sizes)} step sizes; give one for each of 1 to {MOST} rules"
        )
        return ()
    found = []
    for rule, text in zip(rules, sizes, strict=True):
        fault = unknown(short(rule, 40))
        faults += [fault] if fault else []
        found.append(Choice(rule, _between(f"step size of {short(rule, 40)}", text, *SIZES, faults)))
    return tuple(found)


def _course(query: QueryParams, steps: int, faults: list[str]) -> str:
    text = query.get("schedule", "").strip()
    if len(text) > 200:
        faults.append(f"the schedule has {len(text)} characters; give 200 at most")
        return ""
    try:
        if text:
            parse(text).over(steps=max(1, steps))
    except InvalidValue as error:
        faults.append(str(error).rstrip("."))
    return text


def _number(query: QueryParams, name: str, usual: float, low: float, high: float, faults: list[str]) -> float:
    text = query.get(name, "")
    return _between(name, text, low, high, faults) if text else usual


def _between(name: str, text: str, low: float, high: float, faults: list[str]) -> float:
    try:
        value = float(text)
    except ValueError:
        faults.append(f"{name} is {short(text, 40)!r}; it is a number")
        return low
    if not isfinite(value) or not low <= value <= high:
        faults.append(f"{name} is {value:g}; it must be from {low:g} to {high:g}")
        return low
    return value
