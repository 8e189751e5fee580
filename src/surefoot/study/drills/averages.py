"""Drills on the end of a run: when patience is over, and what an average of weights is."""

from random import Random

from surefoot.averaging import Exponential, Last
from surefoot.stopping import Patience
from surefoot.study.drills.exercise import Exercise, Given, number, told

EVERY = (50, 100, 200, 250, 500)
AFTER = 3
"""Checks that are shown after the one that stops, as if the run had gone on."""


def stop_at(given: Given, drawn: Random) -> Exercise:  # noqa: ARG001 - it needs nothing
    """Return the exercise of where patience ends a run, or whose weights it keeps."""
    patience, every = Patience(checks=drawn.randint(2, 4)), drawn.choice(EVERY)
    values = _values(drawn)
    while (stop := _stop(patience, values)) is None or stop + AFTER >= len(values):
        values = _values(drawn)
    values = values[: stop + 1 + drawn.randint(0, AFTER)]
    verdict = patience.verdict(values[: stop + 1])
    best = verdict.best or 0
    steps = [every * (place + 1) for place in range(len(values))]
    table = ", ".join(f"{step}: {value:.2f}" for step, value in zip(steps, values, strict=True))
    shown = [f"validation penalty after step {table}", f"patience: {patience.checks} checks in a row without a gain"]
    gains = [steps[place] for place in range(stop + 1) if place == 0 or values[place] < min(values[:place])]
    tells = [
        f"gains, each below all before it: after steps {', '.join(map(str, gains))}",
        f"{patience.checks} checks without a gain follow it, the last after step {steps[stop]}: it stops",
        f"the best weights were those of step {steps[best]}, and they are kept",
    ]
    kept = drawn.random() < 0.5
    asks = "Of which step are the weights that are kept?" if kept else "After which step does patience stop this run?"
    return number(asks, float(steps[best if kept else stop]), tells, shown, within=0.0)


def _values(drawn: Random) -> list[float]:
    """Return penalties that fall, then rise, with noise; two decimals."""
    turn, level = drawn.randint(2, 5), drawn.uniform(0.8, 2.0)
    found = [level * (0.6 + 0.4 * abs(place - turn) / turn) + drawn.gauss(0.0, 0.1) for place in range(14)]
    return [round(max(value, 0.05), 2) for value in found]


def _stop(patience: Patience, values: list[float]) -> int | None:
    """Return the check, from 0, at which patience is over."""
    return next((place for place in range(len(values)) if patience.verdict(values[: place + 1]).stop), None)


def average_of(given: Given, drawn: Random) -> Exercise:  # noqa: ARG001 - it needs nothing
    """Return the exercise of the mean of the last snapshots of a weight, or of an exponential one of all."""
    exponential = drawn.random() < 0.5
    weights = [drawn.randint(2, 40) / 10 for _ in range(3 if exponential else drawn.randint(4, 6))]
    while len({*weights}) < len(weights):
        weights = [drawn.randint(2, 40) / 10 for _ in weights]
    average = Exponential(drawn.choice((0.5, 0.8, 0.9))) if exponential else Last(drawn.randint(2, 3))
    shares = average.shares(seen=len(weights))
    value = float(shares @ weights)
    shown = [f"one weight at {len(weights)} snapshots, the oldest first: {', '.join(f'{w:g}' for w in weights)}"]
    used = [(share, weight) for share, weight in zip(shares.tolist(), weights, strict=True) if share]
    added = " + ".join(f"{told(share)}*{weight:g}" for share, weight in used)
    if isinstance(average, Exponential):
        asks = f"What is their exponential mean, each counting {average.decay:g} of the next one? (Three decimals.)"
        first = "1, " + ", ".join(f"{average.decay**k:g}" for k in (1, 2)) + ", from the newest, divided by their sum"
    else:
        asks = f"What is the mean of the last {average.count}? (Three decimals.)"
        first = f"the last {average.count} count 1/{average.count} each"
    return number(asks, value, [first, f"{added} = {told(value)}"], shown, within=0.002)
