"""The ways by name, and the settings with which each is tried."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import final

from benchmarks.tuning.peers import (
    Reached,
    adamw,
    defaults_adamw,
    defaults_sgd,
    fitted,
    lr_finder,
    muon,
    nesterov,
    prodigy,
    schedule_free,
)


@final
@dataclass(frozen=True)
class Way:
    """A way to train, and the settings with which it is tried.

    Args:
        run: takes a workload, a seed and the settings by name.
        settings: each a run; one without settings if there is nothing to tune.
    """

    run: Callable[..., Reached]
    settings: tuple[Mapping[str, float], ...] = ({},)


def sizes(low: float, high: float, per_decade: int) -> list[float]:
    """Return step sizes at even ratios, in three digits.

    >>> sizes(1e-3, 1e-2, 2)
    [0.001, 0.00316, 0.01]
    """
    first, last = round(per_decade * math.log10(low)), round(per_decade * math.log10(high))
    return [float(f"{10 ** (place / per_decade):.3g}") for place in range(first, last + 1)]


def grid(step_sizes: Iterable[float], decays: Iterable[float]) -> tuple[dict[str, float], ...]:
    """Return every step size with every decay."""
    return tuple({"step_size": size, "decay": decay} for decay in decays for size in step_sizes)


ADAMW_GRID = grid(sizes(1e-4, 3.16e-1, 2), (0.0, 0.1))
NESTEROV_GRID = grid(sizes(1e-3, 1.0, 2), (0.0, 5e-4))
MUON_GRID = grid(sizes(3.16e-4, 1.0, 2), (0.1,))
"""With seed 0 AdamW's best is inside its grid on all workloads, Muon's at the low end on one (mnist-raw), Nesterov's at
an end on five."""

ADAMW_SWEEP = tuple({"step_size": size} for size in sizes(3.16e-4, 1e-1, 4))
MUON_SWEEP = tuple({"step_size": size} for size in sizes(1e-3, 3.16e-1, 4))

WAYS: dict[str, Way] = {
    "defaults_adamw": Way(defaults_adamw),
    "defaults_sgd": Way(defaults_sgd),
    "prodigy": Way(prodigy),
    "schedule_free": Way(schedule_free),
    "lr_finder": Way(lr_finder),
    "adamw": Way(adamw, ADAMW_GRID),
    "nesterov": Way(nesterov, NESTEROV_GRID),
    "muon": Way(muon, MUON_GRID),
    "fit": Way(partial(fitted, {})),
    "fit_adamw": Way(partial(fitted, {"rule": "adamw"})),
    "fit_unsearched": Way(partial(fitted, {"search": 0.0})),
    "fit_unaveraged": Way(partial(fitted, {"average": False})),
    "adamw_ours": Way(partial(fitted, {"rule": "adamw"}), ADAMW_SWEEP),
    "muon_ours": Way(partial(fitted, {"rule": "muon"}), MUON_SWEEP),
}
"""By name, in the order in which they are run; a new one is a line here, and the report finds it:
`"fit": Way(partial(fitted, {}))`, `"fit_raw": Way(partial(fitted, {"average": False}))`."""
