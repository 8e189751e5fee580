"""Schedules: which factor of the peak step size each step of a run takes.

A schedule is a value: compared, hashed, pickled, printed and read back. Calling it with a step gives a factor that is
computed from that step alone, so the order of calls cannot matter.

    warmup(0.05) >> linear(to=0.0)                    up for 5 % of the run, then down to zero for the rest of it
    (warmup(100) >> cosine(to=0.1)).over(steps=2000)  every length known: it can be called

Conventions. Step 0 is the first step. An int is a length in steps and a float a share of the run (1 is one step, 1.0
the whole run); a phase without a length takes what the others leave. At its step i a phase of L steps has gone
(i + 1) / L of its way: a warm-up has no dead first step, and a decay has exactly its end value on its last. End values
are fractions of the peak. `linear` and `cosine` start at the peak, 1, whatever stood before them. After its end a
schedule holds its last value, where torch's cosine rises again and, over its steps, never takes its end value.
"""

import ast
import inspect
import math
import operator
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple, TypeAlias, final

from surefoot.errors import InvalidValue, refuse

# (shape, steps, share, value), plain because LambdaLR saves a schedule's __dict__ and torch.load admits no classes of
# ours; steps and share stand apart because 1 == 1.0 would make one step equal to the whole run.
Phase: TypeAlias = tuple[str, int | None, float | None, float]


class Shape(NamedTuple):
    """What one kind of phase does: the name of its knob, and its factor at (knob, part of the way gone)."""

    knob: str
    unsaid: float | None  # the knob's value that text leaves out; a decay always says where it ends
    highest: float
    factor: Callable[[float, float], float]


def _between(first: float, last: float, part: float) -> float:
    return (1.0 - part) * first + part * last  # exactly `last` at part 1, which first + part * (last - first) is not


SHAPES = {
    "warmup": Shape("start", 0.0, 1.0, lambda start, part: _between(start, 1.0, part)),
    "constant": Shape("value", 1.0, sys.float_info.max, lambda value, _: value),
    "linear": Shape("to", None, 1.0, lambda to, part: _between(1.0, to, part)),
    "cosine": Shape("to", None, 1.0, lambda to, part: _between(1.0, to, (1.0 - math.cos(math.pi * part)) / 2.0)),
}


@final
@dataclass(frozen=True, repr=False)
class Schedule:
    """A pure function from the step of a run to a factor of the peak step size.

    Args:
        phases: what is done one after the other; `warmup`, `constant`, `linear`, `cosine`, `>>` and `parse` make them.

    Errors: InvalidValue if two phases want the rest of the run, or the shares come to more than all of it.

    Laws: joining is associative; a value does not depend on earlier calls; text is read back exactly.

    >>> schedule = (warmup(0.5) >> linear(to=0.0)).over(steps=8)
    >>> schedule, [schedule(step) for step in range(10)]
    (warmup(4) >> linear(4, to=0.0), [0.25, 0.5, 0.75, 1.0, 0.75, 0.5, 0.25, 0.0, 0.0, 0.0])
    """

    phases: tuple[Phase, ...]

    def __post_init__(self) -> None:
        rests = [_text(phase) for phase in self.phases if phase[1] is phase[2] is None]
        shares = sum(_written(share) for _, _, share, _ in self.phases if share is not None)
        faults = [] if self.phases else ["it has no phase; give it one, such as constant()"]
        if len(rests) > 1:
            faults.append(f"{' and '.join(rests)} have no length; only one phase can take the rest of the run")
        if shares > 1 + Fraction(1, 10**9):  # five sixths and one sixth, as floats, are a little more than one
            faults.append(f"its shares come to {float(shares):.6g} of the run; make them at most 1 (100%) together")
        refuse(str(self) or "Schedule", faults)

    def __call__(self, step: int) -> float:
        """Return the factor at a step; needs every length known, but for a `constant()` that ends the schedule."""
        left = operator.index(step)
        faults = self._unknown() if left >= 0 else [f"the step is {left}; the first step is 0"]
        if faults:  # asked first, since writing out the schedule at every step would cost more than its value
            refuse(str(self), faults)
        for shape, steps, _, value in self.phases:
            if steps is None or left < steps:
                return SHAPES[shape].factor(value, (left + 1) / (steps or left + 1))
            left -= steps
        return SHAPES[shape].factor(value, 1.0)

    def _unknown(self) -> list[str]:
        phases = self.phases[:-1] if self.phases[-1][:3] == ("constant", None, None) else self.phases
        unknown = [_text(phase) for phase in phases if phase[1] is None]
        advice = "not yet a number of steps; say how long the run is with .over(steps=...)"
        return [f"{' and '.join(unknown)}: {advice}"] if unknown else []

    def __rshift__(self, after: object) -> "Schedule":
        return Schedule(self.phases + after.phases) if isinstance(after, Schedule) else NotImplemented

    def __repr__(self) -> str:
        return " >> ".join(_text(phase) for phase in self.phases)

    @property
    def steps(self) -> int | None:
        """The number of steps that its phases take, or None while one of them is a share or without a length."""
        lengths = [steps for _, steps, _, _ in self.phases if steps is not None]
        return sum(lengths) if len(lengths) == len(self.phases) else None

    def over(self, *, steps: int) -> "Schedule":
        """Return this schedule with every length a whole number of steps, for a run of so many steps.

        Lengths given in steps stay as they are. Of the others, the places where they end are rounded, halves up, not
        their lengths, so the sum is right and phases that claim the whole run fill it exactly; each has at least one
        step. Shares are taken as written (0.1 is a tenth). Phases that claim less end early, and the last value holds.

        Errors: InvalidValue if the phases take more than the run, or leave nothing to the one without a length.

        >>> (warmup(0.25) >> constant() >> linear(0.25)).over(steps=10)
        warmup(3) >> constant(5) >> linear(2, to=0.0)
        """
        fixed = sum(length for _, length, _, _ in self.phases if length is not None)
        claims = [None if share is None else _written(share) * steps for _, n, share, _ in self.phases if n is None]
        rest = Fraction(steps - fixed) - sum(claim for claim in claims if claim is not None)
        run = f"the run has {steps} steps"
        empty = None in claims and rest <= 0
        refuse(str(self), [f"{run}, and nothing is left to the phase without a length; shorten the others"] * empty)
        whole = _whole([rest if claim is None else claim for claim in claims])
        taken = fixed + sum(whole)
        refuse(str(self), [f"{run}, and its phases, of a step at least, take {taken}; shorten them"] * (taken > steps))
        lengths = iter(whole)
        return Schedule(tuple((s, next(lengths) if n is None else n, None, value) for s, n, _, value in self.phases))


def warmup(length: int | float, start: float = 0.0) -> Schedule:
    """Return a linear rise to the peak: start + (1 - start) (i + 1) / L, exactly 1 on its last step.

    Args:
        length: int, steps, at least 1; or float, a share of the run in (0, 1].
        start: where the ramp sets out, one step before its first [fraction of the peak, 0 to 1].

    >>> [warmup(4)(step) for step in range(5)]
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """
    return _single("warmup", length, start)


def constant(length: int | float | None = None, value: float = 1.0) -> Schedule:
    """Return a schedule that stays at one value; without a length, and at the end, it may be called: it lasts for ever.

    Args:
        length: as in `warmup`, or None: the rest of the run.
        value: the factor [fraction of the peak, finite, at least 0].

    >>> (warmup(2) >> constant())(10**9)
    1.0
    """
    return _single("constant", length, value)


def linear(length: int | float | None = None, to: float = 0.0) -> Schedule:
    """Return a straight fall from the peak: 1 + (to - 1) (i + 1) / L, exactly `to` on its last step.

    Args:
        length: as in `warmup`, or None: the rest of the run.
        to: the end value [fraction of the peak, 0 to 1].

    >>> [linear(4)(step) for step in range(5)]
    [0.75, 0.5, 0.25, 0.0, 0.0]
    """
    return _single("linear", length, to)


def cosine(length: int | float | None = None, to: float = 0.0) -> Schedule:
    """Return a fall from the peak along half a cosine, flat at both ends; its arguments and end are those of `linear`.

    >>> [round(cosine(4)(step), 3) for step in range(5)]
    [0.854, 0.5, 0.146, 0.0, 0.0]
    """
    return _single("cosine", length, to)


def parse(text: str) -> Schedule:
    """Return the schedule that a text writes: shapes joined by `>>`, `5%` a share of the run, `100` steps.

    Errors: InvalidValue that points at what cannot be read; nothing is ever evaluated.

    >>> parse("warmup(5%) >> linear(to=0.0)") == warmup(0.05) >> linear(to=0.0)
    True
    """
    try:
        shares = _PERCENT.sub(lambda found: repr(float(Decimal(found[1]) / 100)), text)
        single = [_called(node) for node in _joined(ast.parse(shares.strip(), mode="eval").body)]
    except (SyntaxError, ArithmeticError, RecursionError, MemoryError):
        raise InvalidValue(f"{text!r} is no schedule; write shapes joined by >>, {_KNOWN}.") from None
    return Schedule(tuple(phase for schedule in single for phase in schedule.phases))


_CONSTRUCTORS: dict[str, Callable[..., Schedule]] = {make.__name__: make for make in (warmup, constant, linear, cosine)}
_KNOWN = f"such as warmup(5%) >> linear(to=0.0); the shapes are {', '.join(_CONSTRUCTORS)}"
_PERCENT = re.compile(r"(?<![\w.])(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)\s*%")


def _joined(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.RShift):
        return [*_joined(node.left), *_joined(node.right)]
    return [node]


def _called(node: ast.expr) -> Schedule:
    written = ast.unparse(node)
    match node:
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name in _CONSTRUCTORS:
            named = {str(keyword.arg): _number(keyword.value) for keyword in keywords}
            try:
                given = inspect.signature(_CONSTRUCTORS[name]).bind(*map(_number, args), **named)
            except TypeError as error:
                raise InvalidValue(f"{written}: {error}; write it {_KNOWN}.") from None
            refuse(written, ["one argument is given twice; give it once"] if len(named) < len(keywords) else [])
            return _CONSTRUCTORS[name](*given.args, **given.kwargs)
    raise InvalidValue(f"{written} is no shape of a schedule; write shapes joined by >>, {_KNOWN}.")


def _number(node: ast.expr) -> float:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_number(node.operand)
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return node.value  # type: ignore[return-value]
    raise InvalidValue(f"{ast.unparse(node)} is no number; write 5% for a share, 100 for steps.")


def _single(shape: str, length: int | float | None, value: float) -> Schedule:
    knob, _, highest, _ = SHAPES[shape]
    share = float(length) if isinstance(length, float) else None
    steps = operator.index(length) if length is not None and not isinstance(length, float) else None
    faults = []
    if share is not None and not 0.0 < share <= 1.0:
        faults.append(f"length is {share}; a float is a share of the run, above 0 and at most 1.0 (an int is steps)")
    if steps is not None and steps < 1:
        faults.append(f"length is {steps}; a number of steps is at least 1")
    if length is None and shape == "warmup":
        faults.append("length is None; a warm-up has a length of its own, such as 0.05")
    if not 0.0 <= value <= highest:
        faults.append(f"{knob} is {value}; it is a fraction of the peak, finite, at least 0 and at most {highest}")
    refuse(shape, faults)
    return Schedule(((shape, steps, share, float(value) + 0.0),))  # + 0.0 makes -0.0 the 0.0 that it equals


def _written(share: float) -> Fraction:
    return Fraction(repr(share))  # 0.1 is a tenth, as its author meant it, so ten of them are the whole run


def _text(phase: Phase) -> str:
    shape, steps, share, value = phase
    words = [str(steps)] if steps is not None else []
    if share is not None:  # the shortest decimal times 100, exactly, so that reading it gives the same float
        words = [f"{(Decimal(repr(share)) * 100).normalize():f}%"]
    if value != SHAPES[shape].unsaid:
        words.append(f"{SHAPES[shape].knob}={value!r}")
    return f"{shape}({', '.join(words)})"


def _whole(sizes: list[Fraction]) -> list[int]:
    total = max(math.floor(sum(sizes) + Fraction(1, 2)), len(sizes))
    ends, reached = [0], Fraction(0)
    for size, still in zip(sizes, reversed(range(len(sizes))), strict=True):
        reached += size
        ends.append(min(max(math.floor(reached + Fraction(1, 2)), ends[-1] + 1), total - still))
    return [end - start for start, end in pairwise(ends)]
