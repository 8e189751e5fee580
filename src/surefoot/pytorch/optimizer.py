"""The one optimizer class: groups, steps and state for every rule.

A step first looks at everything (gradients, memory, numbers), then refuses or steps: a refused step leaves parameters,
state and clocks as they were.
"""

from collections.abc import Callable, Mapping
from itertools import chain
from math import inf
from operator import attrgetter
from typing import Any, overload

import numpy as np
import torch
from torch import Tensor
from torch._C._autograd import _profiler_enabled
from torch._compile import _disable_dynamo
from torch.optim.optimizer import ParamsT, _global_optimizer_post_hooks, _global_optimizer_pre_hooks

from surefoot.backends.emit import SUMS
from surefoot.errors import InvalidValue, UnsupportedInput, refuse
from surefoot.feedback import Plateau
from surefoot.pytorch.checkpoint import adopted, plain
from surefoot.pytorch.feedback import Feedback
from surefoot.pytorch.groups.assembly import Groups
from surefoot.pytorch.groups.keys import strangers
from surefoot.pytorch.roster import Cohort, Roster, numbers_of, same
from surefoot.pytorch.spelling import Group, Spelling, number
from surefoot.pytorch.state_faults import state_faults
from surefoot.pytorch.statistics import Floats, Statistics
from surefoot.pytorch.step_size import Pace, Scheduled, pace_faults, pace_of, scheduled, with_lengths
from surefoot.pytorch.work import Usual, Way, Work, unsteppable

_gradient = attrgetter("grad")
_NONE = type(None)


class Optimizer(torch.optim.Optimizer):
    """Steps parameters by a rule; abstract: a final class gives its `spelling` and its constructor.

    Every group holds, beside torch's keys, `schedule`, `t` (the run's step that drives it), `feedback` (the multiplier
    that `feedback.observe` keeps) and `relative` (the group's step size relative to the others', 1 by default).
    `group["lr"]` is the peak step size and is never written here, so torch's schedulers, which write it, keep working.

    Args:
        params: parameters, named parameters or groups, as torch.optim takes them.
        defaults: the keys of a group with their defaults.
        schedule: factor of the step size as a function of the step; its length must be known (`.over(steps=...)`). Or
            schedules by hyperparameter, each a factor of it: {"step_size": ..., "momentum": ..., "decay": ...}.
        feedback: how the values that `optimizer.feedback.observe` is told become a further factor.
        clip: the largest global norm of all gradients together [unit of g, > 0]; a longer gradient is scaled down to it
            inside the step, as torch.nn.utils.clip_grad_norm_ would, and `.grad` stays as it is.
    """

    spelling: Spelling
    witness: Callable[[], None] | None = None
    """Called before each step that is taken, at no other cost: a hook of torch's makes a step 6 us slower."""
    way: Way = Usual()
    """How its steps are taken; a `Guard` puts itself here while it is attached, and no copy has it."""

    def __init__(
        self, params: ParamsT, defaults: Group, schedule: Scheduled, clip: float | None, feedback: Plateau | None
    ) -> None:
        if clip is not None and not 0.0 < clip < inf:
            raise InvalidValue(f"{type(self).__name__}: clip is {clip:g}; it must be above 0, or None for no clipping.")
        self.clip = clip
        self._reset()
        own = {"schedule": with_lengths(type(self).__name__, schedule, self.spelling.ours), "t": 0, "feedback": 1.0}
        if isinstance(params, Groups):
            halves = ("beta1", "beta2") if "betas" in defaults else ()
            refuse(type(self).__name__, strangers(params, {*defaults, *own, *self.spelling.words, *halves}))
        super().__init__(params, {**defaults, **own, "relative": 1.0})
        self.feedback = Feedback(feedback, self.param_groups)

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
                param_group["schedule"] = with_lengths(where, param_group["schedule"], self.spelling.ours)
            if self.param_groups:
                param_group.setdefault("t", self.param_groups[0]["t"])
                param_group.setdefault("feedback", self.param_groups[0]["feedback"])
            refuse(where, self._group_faults({**self.defaults, **param_group}))
        super().add_param_group(param_group)

    def _group_faults(self, group: Group) -> list[str]:
        reading = self.spelling.read(group)
        pace = Pace(number(group["lr"]) * group["relative"], 1.0)
        schedule = group["schedule"]
        known = ["step_size", *reading.constants, "l2"]
        strangers = [name for name in schedule if name not in known] if isinstance(schedule, Mapping) else []
        return [
            *pace_faults(pace),
            *reading.faults(self.spelling.typed),
            *(f"schedule has {name!r}; what can be scheduled is {', '.join(known)}" for name in strangers),
        ]

    @property
    def step_sizes(self) -> list[float]:
        """The step size that the coming step will use, one per group: peak x relative x schedule(t) x feedback."""
        return [pace_of(group).step_size for group in self.param_groups]

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
        if self.witness is not None:
            self.witness()
        work = self._work()
        scale = self.way.take(work, self.clip, penalty)
        for group in self.param_groups:
            group["t"] += 1
        self._taken = [] if scale is None else [cohort for cohort, *_ in work]  # no gradients: zero_grad() frees them
        self._scale = 1.0 if scale is None else scale
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
            if type(group["schedule"]) is dict:
                reading = scheduled(reading, group)
                refuse(f"{type(self).__name__}, step {group['t']}", reading.faults(self.spelling.typed))
            pace = pace_of(group)
            if not 0.0 <= pace.peak * pace.factor < inf:
                refuse(f"{type(self).__name__}, step {group['t']}", pace_faults(pace))
            pattern = (reading.rule, group["differentiable"], kinds)
            cohort = roster.known(pattern, gradients)
            if cohort is None:
                forming.append((len(work), roster, pattern, gradients, reading, pace))
            work.append(None if cohort is None else Work(cohort, gradients, reading, pace))
        if forming:
            self._refuse_parameters()
            for place, roster, pattern, gradients, reading, pace in forming:
                cohort = roster.form(pattern, gradients, numbers_of(reading, pace))
                work[place] = Work(cohort, gradients, reading, pace)
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

    def prepare(self) -> None:
        """Give every parameter its state now and not with its first gradient, as torch's Adagrad does."""
        for index, group in enumerate(self.param_groups):
            roster = self._roster(index, group["params"])
            reading = roster.reading(group, type(self).__name__)
            for place in range(len(group["params"])):
                roster.entry(place, reading.rule, numbers_of(reading, pace_of(group)))
        self._remember_state()

    def _refuse_parameters(self) -> None:
        if faults := unsteppable(self.names(), [p for group in self.param_groups for p in group["params"]]):
            raise UnsupportedInput(f"{type(self).__name__}, step {self.param_groups[0]['t']}: {'; '.join(faults)}.")

    def names(self) -> list[str]:
        """The parameters' names, or their places (`group.index`) where the optimizer was given none."""
        return [
            name
            for i, group in enumerate(self.param_groups)
            for name in group.get("param_names", [f"{i}.{j}" for j in range(len(group["params"]))])
        ]

    @property
    def cohorts(self) -> list[Cohort]:
        """The parameters that took the last step, whose sums are of it until the next."""
        return self._taken

    @property
    def statistics(self) -> Statistics:
        """Layer by layer, what the last step was like; valid until the next step."""
        taken, moment = self._taken, self._moment
        names = dict(zip((id(p) for group in self.param_groups for p in group["params"]), self.names(), strict=True))
        parameters = [p for cohort in taken for p in cohort.parameters]

        def sums() -> Floats:
            return np.concatenate([cohort.sums() for cohort in taken]) if taken else np.zeros((0, len(SUMS)))

        return Statistics(
            parameters, [names.get(id(p), "?") for p in parameters], self._scale, sums, lambda: self._moment == moment
        )

    # State

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy or a pickle keeps."""
        self.way.settle()
        feedback = {"feedback": (self.feedback.plateau, self.feedback.memory)} if self.feedback.plateau else {}
        return {**super().__getstate__(), "clip": self.clip, **feedback}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over the state of a copy or of a checkpoint, torch's own included."""
        if "defaults" in state:
            self.clip = state.get("clip")
        plateau, memory = state.get("feedback", (None, None)) if "defaults" in state else (None, None)
        self._reset()
        super().__setstate__({key: value for key, value in state.items() if key != "feedback"})
        if "defaults" in state:
            self.feedback = Feedback(plateau, self.param_groups)
            self.feedback.memory = memory or self.feedback.memory
        self.feedback.groups = self.param_groups
        for group in self.param_groups:
            for key, value in self.defaults.items():
                group.setdefault(key, value)

    def state_dict(self) -> dict[str, Any]:
        """Return the state in torch's layout; schedules stand in it as text, so any torch.load reads it."""
        self.way.settle()
        return plain(super().state_dict(), self.feedback.state())

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Load a state written by this class or by torch's of the same name; see `checkpoint.adopted`."""
        self.way.settle()
        refuse(type(self).__name__, state_faults(state_dict, self.param_groups, self.spelling))
        super().load_state_dict(adopted(state_dict, self.param_groups))
        self.feedback.load(state_dict.get("feedback"))


_watched_step = torch.optim.Optimizer.profile_hook_step(Optimizer._step)

# Tracing would turn the one pass into many: a compiled training step breaks its graph here and calls the kernel.
_untraced_step = _disable_dynamo(Optimizer._step)
