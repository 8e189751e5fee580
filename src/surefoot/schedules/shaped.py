"""Schedules of one phase, one function for each shape.

A `length` is, in all of them, an int, steps, at least 1; or a float, a share of the run in (0, 1]; or None, the rest of
the run. In the formulas i is the phase's own step and L its length.
"""

from surefoot.schedules.phase import Length, phase
from surefoot.schedules.schedule import Schedule


def warmup(length: Length, start: float = 0.0) -> Schedule:
    """Return a linear rise to the peak: start + (1 - start) (i + 1) / L, exactly 1 on its last step.

    Args:
        length: steps, or a share of the run; a warm-up has one of its own.
        start: where the ramp sets out, one step before its first [fraction of the peak, 0 to 1].

    >>> [warmup(4)(step) for step in range(5)]
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """
    return Schedule((phase("warmup", length, start),))


def cosine_warmup(length: Length, start: float = 0.0) -> Schedule:
    """Return a rise to the peak along half a cosine, flat at both ends; its arguments and end are those of `warmup`.

    >>> [round(cosine_warmup(4)(step), 3) for step in range(5)]
    [0.146, 0.5, 0.854, 1.0, 1.0]
    """
    return Schedule((phase("cosine_warmup", length, start),))


def constant(length: Length | None = None, value: float = 1.0) -> Schedule:
    """Return a schedule that stays at one value; without a length, and at the end, it may be called: it lasts for ever.

    Args:
        length: steps, a share of the run, or None: the rest of the run.
        value: the factor [fraction of the peak, finite, at least 0].

    >>> (warmup(2) >> constant())(10**9)
    1.0
    """
    return Schedule((phase("constant", length, value),))


def linear(length: Length | None = None, to: float = 0.0) -> Schedule:
    """Return a straight fall from the peak: 1 + (to - 1) (i + 1) / L, exactly `to` on its last step.

    Args:
        length: steps, a share of the run, or None: the rest of the run.
        to: the end value [fraction of the peak, 0 to 1].

    >>> [linear(4)(step) for step in range(5)]
    [0.75, 0.5, 0.25, 0.0, 0.0]
    """
    return Schedule((phase("linear", length, to),))


def cosine(length: Length | None = None, to: float = 0.0) -> Schedule:
    """Return a fall from the peak along half a cosine, flat at both ends; its arguments and end are those of `linear`.

    >>> [round(cosine(4)(step), 3) for step in range(5)]
    [0.854, 0.5, 0.146, 0.0, 0.0]
    """
    return Schedule((phase("cosine", length, to),))


def polynomial(length: Length | None = None, exponent: float = 1.0, to: float = 0.0) -> Schedule:
    """Return a fall from the peak as a power of what is left: to + (1 - to) (1 - (i + 1) / L)^exponent.

    Args:
        length: steps, a share of the run, or None: the rest of the run.
        exponent: 1 is `linear`; larger falls early, smaller falls late [above 0, at most 100].
        to: the end value, taken exactly on its last step [fraction of the peak, 0 to 1].

    >>> [polynomial(4, exponent=2)(step) for step in range(5)]
    [0.5625, 0.25, 0.0625, 0.0, 0.0]
    """
    return Schedule((phase("polynomial", length, exponent, to),))


def one_minus_sqrt(length: Length | None = None, to: float = 0.0) -> Schedule:
    """Return a cool-down, steep first and then flatter: 1 - (1 - to) sqrt((i + 1) / L), exactly `to` on its last step.

    Source: Hägele et al. 2024 (arXiv:2405.18392), who found it better than a linear cool-down after a constant phase.

    Args:
        length: steps, a share of the run, or None: the rest of the run.
        to: the end value [fraction of the peak, 0 to 1].

    >>> [round(one_minus_sqrt(4)(step), 3) for step in range(5)]
    [0.5, 0.293, 0.134, 0.0, 0.0]
    """
    return Schedule((phase("one_minus_sqrt", length, to),))


def exponential(length: Length | None = None, to: float | None = None, half_life: Length | None = None) -> Schedule:
    """Return a fall from the peak by the same ratio at every step: to^((i + 1) / L), or 0.5^((i + 1) / half_life).

    By a half-life it does without a length: at the end of a schedule it goes on for ever.

    Args:
        length: steps, a share of the run, or None: the rest of the run.
        to: the end value, taken exactly on its last step [fraction of the peak, above 0, at most 1].
        half_life: in how many steps it halves [int, steps; float, share of the run]; give this or `to`.

    >>> [exponential(2, to=0.25)(step) for step in range(3)], exponential(half_life=100)(199)
    ([0.5, 0.25, 0.25], 0.25)
    """
    return Schedule((phase("exponential", length, to, half_life),))


def power(span: Length, exponent: float = 1.0, length: Length | None = None) -> Schedule:
    """Return a fall from the peak that gets ever slower: (1 + (i + 1) / span)^-exponent.

    With exponent 1 it is inverse time decay. It does without a length: at the end of a schedule it goes on for ever.

    Args:
        span: in how many steps it falls to 2^-exponent [int, steps; float, share of the run].
        exponent: how fast it falls [above 0, at most 100].
        length: steps, a share of the run, or None: the rest of the run.

    >>> [power(1)(step) for step in range(4)]
    [0.5, 0.3333333333333333, 0.25, 0.2]
    """
    return Schedule((phase("power", length, span, exponent),))


def inverse_sqrt(span: Length, length: Length | None = None) -> Schedule:
    """Return a fall from the peak as one over the root of the steps: (1 + (i + 1) / span)^-0.5, `power`'s special case.

    Source: Vaswani et al. 2017 (arXiv:1706.03762, equation 3), which is `warmup(span) >> inverse_sqrt(span)`.

    Args:
        span: the steps of the warm-up before it [int, steps; float, share of the run].
        length: steps, a share of the run, or None: the rest of the run, or for ever.

    >>> (warmup(4000) >> inverse_sqrt(4000))(16_000 - 1)
    0.5
    """
    return Schedule((phase("inverse_sqrt", length, span),))


def restarts(
    length: Length | None = None, cycles: int = 4, growth: float = 1.0, drop: float = 1.0, to: float = 0.0
) -> Schedule:
    """Return falls from the peak along half a cosine, one after the other, each of which starts afresh.

    Cycles end on whole steps, rounded as phases are, and each has exactly `to` on its last step.

    Source: Loshchilov and Hutter 2017 (arXiv:1608.03983), SGDR; `growth` is their T_mult.

    Args:
        length: of all cycles together: steps, at least one for each; a share of the run; None, the rest of the run.
        cycles: how many falls [1 to 1000].
        growth: each cycle's length as a multiple of the last one's [0.1 to 10].
        drop: each cycle's peak as a fraction of the last one's [above 0, at most 1].
        to: the end value of every cycle, at most the last one's peak [fraction of the peak, 0 to 1].

    >>> [round(restarts(6, cycles=2, growth=2.0)(step), 3) for step in range(6)]
    [0.5, 0.0, 0.854, 0.5, 0.146, 0.0]
    """
    return Schedule((phase("restarts", length, cycles, growth, drop, to),))


SHAPED = (
    warmup, constant, linear, cosine, cosine_warmup, restarts, exponential, power, inverse_sqrt, polynomial,
    one_minus_sqrt,
)  # fmt: skip
"""Those that text and JSON may name, in the order in which a refusal lists them."""
