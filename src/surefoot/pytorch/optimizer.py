"""The one optimizer class: groups, steps and state for every rule.

A step first looks at everything (gradients, memory, numbers), then refuses or steps: a refused step leaves parameters,
state and clocks as they were.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import inf, isfinite
from operator import attrgetter
from typing import Any, NamedTuple, overload

import numpy as np
import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

from surefoot.backends.eager import fault
from surefoot.errors import InvalidValue, UnsupportedInput, refuse
from surefoot.pytorch.roster import Cohort, Roster
from surefoot.pytorch.spelling import Group, Reading, Spelling, number
from surefoot.pytorch.statistics import Floats, Statistics
from surefoot.schedules import Schedule, parse

_gradient = attrgetter("grad")
_NONE = type(None)


class Work(NamedTuple):
    """What one group will do in one step."""

    cohort: Cohort
    gradients: list[Tensor]
    reading: Reading


class Optimizer(torch.optim.Optimizer):
    """Steps parameters by a rule; abstract: a final class gives its `spelling` and its constructor.

    Every group holds, beside torch's keys, `schedule` (a `Schedule` or None) and `t`, the run's step that drives it.
    `group["lr"]` is the peak step size and is never written here, so torch's schedulers, which do write it, keep working.

    Args:
        params: parameters, named parameters or groups, as torch.optim takes them.
        defaults: the keys of a group with their defaults.
        schedule: factor of the step size as a function of the step; its length must be known (`.over(steps=...)`).
        clip: the largest global norm of all gradients together [unit of g, > 0]; a longer gradient is scaled down to it
            inside the step, as torch.nn.utils.clip_grad_norm_ would, and `.grad` stays as it is.
    """

    spelling: Spelling

    def __init__(self, params: ParamsT, defaults: Group, schedule: Schedule | None, clip: float | None) -> None:
        if clip is not None and not 0.0 < clip < inf:
            raise InvalidValue(f"{type(self).__name__}: clip is {clip:g}; it must be above 0, or None for no clipping.")
        self.clip = clip
        self._reset()
        super().__init__(params, {**defaults, "schedule": _with_length(type(self).__name__, schedule), "t": 0})

    def _reset(self) -> None:
        self._rosters: list[Roster] = []
        self._taken: list[Work] = []
        self._scale = 1.0
        self._moment = 0

    # Groups

    def add_param_group(self, param_group: Group) -> None:
        """Add a group, in torch's spelling or ours; it joins the run at the step where the others are.

        Errors: `InvalidValue` for a value out of bounds or two spellings of one thing.
        """
        if isinstance(param_group, dict):  # anything else is refused by torch
            where = type(self).__name__
            param_group = self.spelling.translated(where, param_group)
            betas = param_group.get("betas")
            if isinstance(betas, dict):
                first, second = self.defaults["betas"]
                param_group["betas"] = (betas.get("beta1", first), betas.get("beta2", second))
            if "schedule" in param_group:
                param_group["schedule"] = _with_length(where, param_group["schedule"])
            if self.param_groups:
                param_group.setdefault("t", self.param_groups[0]["t"])
            self._read({**self.defaults, **param_group}, 0.0, self._checked)
        super().add_param_group(param_group)

    def _checked(self, reading: Reading, group: Group) -> None:
        constants = {**reading.constants, "step_size": number(group["lr"]), "l2": reading.l2}
        refuse(type(self).__name__, [fault.replace("step_size", "step_size (lr)") for fault in reading.rule.faults(constants)])

    def _read(self, group: Group, step_size: float, check: Callable[[Reading, Group], None]) -> Reading:
        reading = self.spelling.read(group, step_size)
        check(reading, group)
        return reading

    @property
    def step_sizes(self) -> list[float]:
        """The step size that the coming step will use, one per group: peak x schedule(t)."""
        return [_step_size(group) for group in self.param_groups]

    # Stepping

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Take one step with every parameter that has a gradient.

        Args:
            closure: reevaluates the model and returns the penalty; called once, before the step.

        Errors: `UnsupportedInput` for a sparse or complex gradient, `InvalidValue` for a step size or constant out of
        bounds; nothing has changed then.
        """
        penalty = None
        if closure is not None:
            with torch.enable_grad():
                penalty = closure()
        work = self._work()
        scale = self._clip_factor(work)
        for cohort, gradients, reading in work:
            cohort.step(gradients, reading, scale)
        for group in self.param_groups:
            group["t"] += 1
        self._taken, self._scale = work, scale
        self._moment += 1
        return penalty

    def _work(self) -> list[Work]:
        """Return what each group will do; refuse everything that cannot be done."""
        work, missing = [], []
        for index, group in enumerate(self.param_groups):
            parameters = group["params"]
            gradients = list(map(_gradient, parameters))
            kinds = tuple(map(type, gradients))
            reading = self.spelling.read(group, _step_size(group))
            pattern = (reading.rule, group["differentiable"], kinds)
            if _NONE in kinds:
                gradients = [g for g in gradients if g is not None]
                if not gradients:
                    continue
            roster = self._roster(index, parameters)
            cohort = roster.known(pattern, self.state, gradients)
            if cohort is None:
                missing.append((len(work), roster, pattern, group))
            work.append((cohort, gradients, reading))
            _refuse_numbers(type(self).__name__, reading)
        if missing:
            self._refuse_parameters()
        for place, roster, pattern, group in missing:
            _, gradients, reading = work[place]
            members = [i for i, kind in enumerate(pattern[2]) if kind is not _NONE]
            work[place] = (roster.form(pattern, members, reading.rule, gradients, group["differentiable"]), gradients, reading)
        return [Work(*one) for one in work]  # type: ignore[arg-type]

    def _roster(self, index: int, parameters: list[Tensor]) -> Roster:
        if index < len(self._rosters):
            roster = self._rosters[index]
            if roster.is_for(parameters, self.state):
                return roster
        while len(self._rosters) <= index:
            self._rosters.append(Roster([], self.state, self.spelling))
        self._rosters[index] = Roster(parameters, self.state, self.spelling)
        return self._rosters[index]

    def _refuse_parameters(self) -> None:
        faults = []
        for name, p in zip(self._names(), (p for group in self.param_groups for p in group["params"]), strict=True):
            why = fault(p, p.grad) if p.grad is not None else None
            if why:
                faults.append(f"parameter {name} of shape {tuple(p.shape)}: {why}")
        if faults:
            raise UnsupportedInput(f"{type(self).__name__}, step {self.param_groups[0]['t']}: {'; '.join(faults)}.")

    def _names(self) -> list[str]:
        """The parameters' names, or their places (`group.index`) where the optimizer was given none."""
        return [
            name
            for i, group in enumerate(self.param_groups)
            for name in group.get("param_names", [f"{i}.{j}" for j in range(len(group["params"]))])
        ]

    def _clip_factor(self, work: Sequence[Work]) -> float:
        if self.clip is None:
            return 1.0
        norm = float(np.sqrt(sum(cohort.squares(gradients) for cohort, gradients, _ in work)))
        return min(1.0, self.clip / (norm + 1e-6))  # 1e-6 as torch has it

    @property
    def statistics(self) -> Statistics:
        """Layer by layer, what the last step was like; valid until the next step."""
        work, moment = self._taken, self._moment
        lanes = [lane for cohort, _, _ in work for lane, _ in cohort.lanes]
        names = dict(zip((id(p) for group in self.param_groups for p in group["params"]), self._names(), strict=True))
        parameters = [p for cohort, _, _ in work for p in cohort.parameters]

        def sums() -> Floats:
            order = [p for lane in lanes for p in lane.parameters]
            rows = dict(zip(map(id, order), np.concatenate([lane.sums() for lane in lanes]), strict=True)) if lanes else {}
            return np.array([rows[id(p)] for p in parameters]).reshape(len(parameters), 5)

        return Statistics(parameters, [names.get(id(p), "?") for p in parameters], self._scale, sums, lambda: self._moment == moment)

    # State

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy or a pickle keeps."""
        return {**super().__getstate__(), "clip": self.clip}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over the state of a copy or of a checkpoint, torch's own included."""
        if "defaults" in state:
            self.clip = state.get("clip")
        self._reset()
        super().__setstate__(state)
        for group in self.param_groups:
            for key, value in self.defaults.items():
                group.setdefault(key, value)

    def state_dict(self) -> dict[str, Any]:
        """Return the state in torch's layout; a schedule stands in it as text, so any torch.load reads it."""
        result = super().state_dict()
        for group in result["param_groups"]:
            if group["schedule"] is not None:
                group["schedule"] = str(group["schedule"])
        return result

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Load a state written by this class or by torch's of the same name.

        A state of torch's has no run step: it starts from the largest count of its parameters. Without a schedule in
        it, the group's own stays.
        """
        own = [(group["schedule"], group.get("decay")) for group in self.param_groups]
        state = {key: {k: v.clone() if isinstance(v, Tensor) else v for k, v in entry.items()} for key, entry in state_dict["state"].items()}
        groups = [dict(group) for group in state_dict["param_groups"]]
        oldest = max((number(entry["step"]) for entry in state.values() if "step" in entry), default=0.0)
        for group, (schedule, decay) in zip(groups, own, strict=False):
            text = group.get("schedule")
            group["schedule"] = parse(text) if isinstance(text, str) else schedule
            group.setdefault("t", int(oldest))
            if decay is not None:
                group.setdefault("decay", decay)
        super().load_state_dict({**state_dict, "state": state, "param_groups": groups})


def _step_size(group: Group) -> float:
    peak, schedule = group["lr"], group["schedule"]
    peak = peak if type(peak) is float else number(peak)
    return peak if schedule is None else peak * schedule(group["t"])


def _refuse_numbers(where: str, reading: Reading) -> None:
    """Refuse constants out of bounds; a value set in a group during the run is checked once."""
    found = _faults(reading.rule, (*reading.constants.items(), ("l2", reading.l2)))
    if found:
        refuse(where, list(found))


@lru_cache(maxsize=4096)
def _faults(rule: Any, constants: tuple[tuple[str, float], ...]) -> tuple[str, ...]:
    return tuple(rule.faults(dict(constants)))


def _with_length(where: str, schedule: Schedule | None) -> Schedule | None:
    if schedule is not None:
        try:
            isfinite(schedule(0))
        except InvalidValue as error:
            raise InvalidValue(f"{where}: schedule {schedule} cannot be computed yet: {error}") from error
    return schedule
