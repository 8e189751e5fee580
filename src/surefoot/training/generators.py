"""The random generators that a run draws from: seeded, and their states taken and put back."""

import random
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
import torch
from torch import Tensor

Own: TypeAlias = torch.Generator | np.random.Generator | np.random.RandomState | random.Random
"""A generator that a loader, a sampler or a data set holds for itself."""


def seeded(seed: int) -> None:
    """Seed the global generators of torch (all devices), numpy and random."""
    torch.manual_seed(seed)
    np.random.seed(seed)  # the old global one: the user's data may draw from it
    random.seed(seed)


@final
@dataclass(frozen=True, eq=False)
class Draws:
    """The states of the global generators.

    Args:
        cpu: torch's, on the CPU.
        cuda: torch's on each CUDA device, or None if CUDA was not in use: it is not started for this.
        mps: torch's on Apple's devices, or None where there is none.
        seed: torch's seed, with which CUDA would have started.
        numpy: numpy's old global one.
        python: that of the module random.
    """

    cpu: Tensor
    cuda: list[Tensor] | None
    mps: Tensor | None
    seed: int
    numpy: Any
    python: Any


def draws() -> Draws:
    """Return the states of the global generators of torch (all devices), numpy and random."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None  # type: ignore[no-untyped-call]
    mps = torch.mps.get_rng_state() if torch.backends.mps.is_available() else None
    seed = torch.initial_seed()
    return Draws(torch.get_rng_state(), cuda, mps, seed, np.random.get_state(), random.getstate())


def put_back(found: Draws) -> None:
    """Put the global generators into the states that `draws` found."""
    if found.cuda is not None:
        torch.cuda.set_rng_state_all(found.cuda)
    else:
        torch.cuda.manual_seed_all(found.seed)  # kept by torch until CUDA starts, if it ever does
    if found.mps is not None:
        torch.mps.set_rng_state(found.mps)
    torch.set_rng_state(found.cpu)
    np.random.set_state(found.numpy)
    random.setstate(found.python)


def held_by(things: Iterable[object]) -> list[Own]:
    """Return the generators among the attributes of things, each once.

    >>> class Noisy:
    ...     def __init__(self): self.draws, self.name = random.Random(0), "noisy"
    >>> len(held_by([Noisy(), "no attributes"]))
    1
    """
    found = [value for thing in things for value in getattr(thing, "__dict__", {}).values()]
    return [*{id(value): value for value in found if isinstance(value, Own)}.values()]


def state_of(own: Own) -> Any:
    """Return a copy of a generator's state."""
    if isinstance(own, torch.Generator):
        return own.get_state()
    if isinstance(own, np.random.Generator):
        return deepcopy(own.bit_generator.state)
    return own.get_state() if isinstance(own, np.random.RandomState) else own.getstate()


def set_state(own: Own, state: Any) -> None:
    """Put a generator into a state that `state_of` returned."""
    if isinstance(own, torch.Generator):
        own.set_state(state)
    elif isinstance(own, np.random.Generator):
        own.bit_generator.state = deepcopy(state)
    elif isinstance(own, np.random.RandomState):
        own.set_state(state)
    else:
        own.setstate(state)
