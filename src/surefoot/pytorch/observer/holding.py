"""Who holds which parameter: the model, the optimizers that step, and any other optimizer there is."""

import gc
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, final

import torch
from torch import Tensor, nn

from surefoot.diagnose.checks.optimizer import Held
from surefoot.pytorch.observer.modules import hidden, named

_SAMPLE = 64
"""Entries by which it is seen whether a parameter has changed, besides its version."""


@final
@dataclass
class Holding:
    """What is known of a model's parameters after some steps.

    Args:
        model: whose parameters they are.
        optimized: identities of the parameters of optimizers that were seen stepping.
    """

    model: nn.Module
    optimized: set[int] = field(default_factory=set)
    _graded: set[int] = field(default_factory=set)
    _suspects: dict[int, tuple[Tensor, int, Tensor]] = field(default_factory=dict)

    def note_gradients(self, others: Iterable[Tensor]) -> None:
        """Note which of the model's parameters, and of these others, have a gradient now."""
        self._graded |= {id(p) for p in [*self._known(), *others] if p.grad is not None}

    def has_gradient(self, parameter: Tensor) -> bool:
        """Return whether a parameter had a gradient when it was looked at."""
        return id(parameter) in self._graded

    def suspect(self) -> None:
        """Remember how those parameters stand that nobody seems to step."""
        for p in self._known():
            if p.requires_grad and id(p) in self._graded and id(p) not in self.optimized:
                self._suspects[id(p)] = (p, p._version, _sample(p))

    def _known(self) -> list[Tensor]:
        unlisted = {id(p): p for module in self._unlisted_modules() for p in module.parameters()}
        return [*self.model.parameters(), *unlisted.values()]

    def _unlisted_modules(self) -> list[nn.Module]:
        values = [value for module in self.model.modules() for value in vars(module).values()]
        plain = [
            [*each.values()] if type(each) is dict else each for each in values if type(each) in (list, tuple, dict)
        ]
        return [each for several in plain for each in several if isinstance(each, nn.Module)]

    def held(self, parameters: Iterable[Tensor], step: int) -> Held:
        """Return who holds what.

        Args:
            parameters: those of the optimizers that are watched.
            step: steps taken.
        """
        names, unlisted = named(self.model), hidden(self.model)
        elsewhere = _in_any_optimizer() if self._suspects else set()
        left = [
            p
            for key, (p, version, sample) in self._suspects.items()
            if key not in self.optimized | elsewhere and p._version == version and _unchanged(p, sample)
        ]
        mine = [p for p in self.model.parameters() if p.requires_grad]
        strangers = [p for p in parameters if id(p) not in names and id(p) not in self._graded]
        alike = Counter(p.shape for p in strangers) >= Counter(p.shape for p in mine)
        return Held(
            step,
            tuple(names[id(p)] for p in left if id(p) in names),
            tuple(unlisted[id(p)] for p in left if id(p) not in names and id(p) in unlisted),
            sum(id(p) in self.optimized for p in mine), len(strangers), alike,
        )  # fmt: skip


def _sample(parameter: Tensor) -> Tensor:
    return parameter.detach().reshape(-1)[:_SAMPLE].clone()


def _unchanged(parameter: Tensor, sample: Tensor) -> bool:
    if parameter.device.type != "cpu":
        return True  # reading would wait for the device; the version says it, but for writes through .data
    return torch.equal(_sample(parameter), sample)


def _in_any_optimizer() -> set[int]:
    """Return the identities of all parameters that any living optimizer holds; asked at most once in a run (40 ms)."""
    optimizers = [each for each in gc.get_objects() if issubclass(type(each), torch.optim.Optimizer)]
    groups = [group for each in optimizers for group in getattr(each, "param_groups", [])]
    return {id(p) for group in groups for p in group["params"]}


def frozen(parameters: Iterable[Tensor], names: Mapping[int, str]) -> list[str]:
    """Return the names of the parameters that require no gradient."""
    return [names[id(p)] for p in parameters if not p.requires_grad and id(p) in names]


def decayed(groups: Iterable[Mapping[str, Any]], names: Mapping[int, str]) -> tuple[list[str], float]:
    """Return which biases and norms an optimizer decays, and by how much at most."""
    found: list[str] = []
    most = 0.0
    for group in groups:
        decay = max((_number(group.get(word)) for word in ("weight_decay", "decay", "l2")), default=0.0)
        vectors = [names[id(p)] for p in group["params"] if p.ndim < 2 and p.requires_grad and id(p) in names]
        if decay > 0.0 and vectors:
            found, most = found + vectors, max(most, decay)
    return found, most


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
