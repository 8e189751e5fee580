"""The one optimizer class: groups, steps and state for every rule.

A step first looks at everything (gradients, memory, numbers), then refuses or steps: a refused step leaves parameters,
state and clocks as they were.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from math import inf, sqrt
from operator import attrgetter
from typing import Any, overload

import numpy as np
import torch
from torch import Tensor
from torch._C._autograd import _profiler_enabled
from torch._compile import _disable_dynamo
from torch.optim.optimizer import ParamsT, _global_optimizer_post_hooks, _global_optimizer_pre_hooks

from surefoot.backends.eager import fault
from surefoot.backends.emit import SUMS
from surefoot.errors import InvalidValue, UnsupportedInput, refuse
from surefoot.pytorch.roster import Cohort, Roster, same
from surefoot.pytorch.spelling import Group, Reading, Spelling, number
from surefoot.pytorch.statistics import Floats, Statistics
from surefoot.pytorch.step_size import step_size_faults, step_size_of, with_length
from surefoot.schedules import Schedule, parse

_gradient = attrgetter("grad")
_NONE = type(None)


Work = tuple[Cohort, list[Tensor], Reading, float]
"""What one group will do in one step: who steps, by which gradients, by what the group says, by which step size."""


class Optimizer(torch.optim.Optimizer):
    """Steps parameters by a rule; abstract: a final class gives its `spelling` and its constructor.

    Every group holds, beside torch's keys, `schedule` (a `Schedule` or None) and `t`, the run's step that drives it.
    `group["lr"]` is the peak step size and is never written here, so torch's schedulers, which write it, keep working.

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
        super().__init__(params, {**defaults, "schedule": with_length(type(self).__name__, schedule), "t": 0})

    def _reset(self) -> None:
        self._rosters: list[Roster | None] = []
        self._entries: list[dict[str, Any]] = []
        self._held: list[object] = []
        self._taken: list[Cohort] = []
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
                param_group["schedule"] = with_length(where, param_group["schedule"])
            if self.param_groups:
                param_group.setdefault("t", self.param_groups[0]["t"])
            whole = {**self.defaults, **param_group}
            faults = self.spelling.read(whole).faults(self.spelling.typed)
            refuse(where, [*step_size_faults(number(whole["lr"])), *faults])
        super().add_param_group(param_group)

    @property
    def step_sizes(self) -> list[float]:
        """The step size that the coming step will use, one per group: peak x schedule(t)."""
        return [step_size_of(group) for group in self.param_groups]

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
        if torch.compiler.is_compiling():
            return _untraced_step(self, closure)
        watched = (
            self._optimizer_step_pre_hooks
            or self._optimizer_step_post_hooks
            or _global_optimizer_pre_hooks
            or _global_optimizer_post_hooks
        )
        if watched or _profiler_enabled():
            return _watched_step(self) if closure is None else _watched_step(self, closure)
        return self._step(closure)

    # Torch wraps a step that does not say so in hooks and a profiler's record on every call, at 5 us a step.
    step.hooked = True  # type: ignore[attr-defined]

    def _step(self, closure: Callable[[], float] | None = None) -> float | None:
        penalty = None
        if closure is not None:
            with torch.enable_grad():
                penalty = closure()
        work = self._work()
        scale = 1.0 if self.clip is None else self._clip_factor(work, self.clip)
        for cohort, gradients, reading, step_size in work:
            cohort.step(gradients, reading, step_size, scale)
        for group in self.param_groups:
            group["t"] += 1
        self._taken = [cohort for cohort, *_ in work]  # no gradients: zero_grad() is to free them
        self._scale = scale
        self._moment += 1
        return penalty

    def _work(self) -> list[Work]:
        """Return what each group will do; refuse everything that cannot be done."""
        self._notice_foreign_state()
        work: list[Work | None] = []
        forming = []
        for index, group in enumerate(self.param_groups):
            gradients = list(map(_gradient, group["params"]))
            kinds = tuple(map(type, gradients))
            if _NONE in kinds:
                gradients = [g for g in gradients if g is not None]
                if not gradients:
                    continue
            roster = self._roster(index, group["params"])
            reading = roster.reading(group, type(self).__name__)
            step_size = step_size_of(group)
            if not 0.0 <= step_size < inf:
                refuse(f"{type(self).__name__}, step {group['t']}", step_size_faults(step_size))
            pattern = (reading.rule, group["differentiable"], kinds)
            cohort = roster.known(pattern, gradients)
            if cohort is None:
                forming.append((len(work), roster, pattern, gradients, reading, step_size))
            work.append(None if cohort is None else (cohort, gradients, reading, step_size))
        if forming:
            self._refuse_parameters()
            for place, roster, pattern, gradients, reading, step_size in forming:
                work[place] = (roster.form(pattern, gradients), gradients, reading, step_size)
            self._remember_state()
        return work  # type: ignore[return-value]

    def _notice_foreign_state(self) -> None:
        """Forget all rosters where somebody else has put other tensors into `state` since the last step."""
        entries = list(self.state.values())
        if not (
            same(entries, self._entries) and same(list(chain.from_iterable(map(dict.values, entries))), self._held)
        ):
            self._rosters = []

    def _remember_state(self) -> None:
        self._entries = list(self.state.values())
        self._held = list(chain.from_iterable(map(dict.values, self._entries)))

    def _roster(self, index: int, parameters: list[Tensor]) -> Roster:
        while len(self._rosters) <= index:
            self._rosters.append(None)
        roster = self._rosters[index]
        if roster is None or not roster.is_for(parameters):
            roster = self._rosters[index] = Roster(parameters, self.state, self.spelling)
        return roster

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

    @staticmethod
    def _clip_factor(work: Sequence[Work], clip: float) -> float:
        norm = sqrt(sum(cohort.squares(gradients) for cohort, gradients, *_ in work))
        factor = clip / (norm + 1e-6)  # 1e-6 as torch has it
        return 1.0 if factor > 1.0 else factor  # a norm that is NaN stays NaN, as torch's does: min() would hide it

    @property
    def statistics(self) -> Statistics:
        """Layer by layer, what the last step was like; valid until the next step."""
        taken, moment = self._taken, self._moment
        names = dict(zip((id(p) for group in self.param_groups for p in group["params"]), self._names(), strict=True))
        parameters = [p for cohort in taken for p in cohort.parameters]

        def sums() -> Floats:
            return np.concatenate([cohort.sums() for cohort in taken]) if taken else np.zeros((0, len(SUMS)))

        return Statistics(
            parameters, [names.get(id(p), "?") for p in parameters], self._scale, sums, lambda: self._moment == moment
        )

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
        state = {
            key: {k: v.clone() if isinstance(v, Tensor) else v for k, v in entry.items()}
            for key, entry in state_dict["state"].items()
        }
        groups = [dict(group) for group in state_dict["param_groups"]]
        oldest = max((number(entry["step"]) for entry in state.values() if "step" in entry), default=0.0)
        for group, (schedule, decay) in zip(groups, own, strict=False):
            text = group.get("schedule")
            group["schedule"] = parse(text) if isinstance(text, str) else schedule
            group.setdefault("t", int(oldest))
            if decay is not None:
                group.setdefault("decay", decay)
        super().load_state_dict({**state_dict, "state": state, "param_groups": groups})


_watched_step = torch.optim.Optimizer.profile_hook_step(Optimizer._step)

# Tracing would turn the one pass into many: a compiled training step breaks its graph here and calls the kernel.
_untraced_step = _disable_dynamo(Optimizer._step)
