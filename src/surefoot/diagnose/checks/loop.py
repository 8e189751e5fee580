"""The loop: whether gradients are cleared, computed and used, and the step size led, in the order that works."""

from dataclasses import dataclass
from typing import final

from surefoot.diagnose.check import Check
from surefoot.diagnose.finding import Finding, Seen, Where

_SETUP = """
model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
"""
_BEGIN = """doctor = sf.Doctor(model, optimizer)
for _ in range({}):
    penalty = torch.nn.functional.cross_entropy(model(torch.randn(32, 8)), torch.randint(3, (32,)))
    doctor.observe(penalty)
"""
_LOOP = f"{_SETUP}{_BEGIN.format(40)}"

ZERO_GRAD_MISSING = Check(
    "zero-grad-missing", "gradients are never cleared", "certain", "fault", "are gradients cleared between steps?",
    "Backward adds to the gradient that is there. Without zero_grad each step follows the sum of all gradients since "
    "the beginning: old directions dominate, and the step grows with the number of steps.",
    "optimizer.zero_grad() is called between one step and the next backward.",
    explains=("not-finite",),
    example=f"{_LOOP}    penalty.backward()\n    optimizer.step()\n",
)  # fmt: skip
STEP_NEVER_CALLED = Check(
    "step-never-called", "no step is ever taken", "certain", "fault", "are steps taken?",
    "Gradients are computed and thrown away, so the weights stay what they were.",
    "The weights change between two batches.",
    explains=("no-gradient",),
    example=f"{_LOOP}    optimizer.zero_grad()\n    penalty.backward()\n",
)  # fmt: skip
BACKWARD_MISSING = Check(
    "backward-missing", "no gradient is ever computed", "certain", "fault", "are gradients computed?",
    "A step without gradients does nothing and says nothing: the weights stay what they were.",
    "A parameter of the model has a gradient when optimizer.step() is called.",
    explains=("no-gradient",),
    example=f"{_LOOP}    optimizer.zero_grad()\n    optimizer.step()\n",
)  # fmt: skip
SCHEDULER_BEFORE_OPTIMIZER = Check(
    "scheduler-before-optimizer", "the scheduler steps before the optimizer", "certain", "fault",
    "is the step size led in order?",
    "The first value of the schedule is never used, and every step uses the value of the one after it.",
    "scheduler.step() is called after optimizer.step().",
    source="https://docs.pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate",
    example=f"""{_SETUP}scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.99**step)
{_BEGIN.format(40)}    optimizer.zero_grad()
    penalty.backward()
    scheduler.step()
    optimizer.step()
""",
)  # fmt: skip
SCHEDULER_PER_BATCH = Check(
    "scheduler-per-batch", "the schedule was over long ago", "certain", "fault", "does the step size last?",
    "A schedule that counts epochs but is stepped after every batch leads the step size to nothing within the first "
    "epochs; the steps that follow move nothing.",
    "The step size is above a thousandth of its peak, or the run was meant to end where the schedule did.",
    example=f"""{_SETUP}scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 5, gamma=0.1)
{_BEGIN.format(200)}    optimizer.zero_grad()
    penalty.backward()
    optimizer.step()
    scheduler.step()
""",
)  # fmt: skip

CHECKS: tuple[Check, ...] = (
    ZERO_GRAD_MISSING, STEP_NEVER_CALLED, BACKWARD_MISSING, SCHEDULER_BEFORE_OPTIMIZER, SCHEDULER_PER_BATCH,
)  # fmt: skip


@final
@dataclass(frozen=True)
class Backwards:
    """What became of the gradient of one parameter, followed from its first backward.

    Args:
        parameter: its name.
        step: steps taken.
        carried: how many steps in a row used a gradient that the step before had used, with more added to it.
        discarded: how many gradients were cleared before any step used them, while no step was taken at all.
        finite: how many of them were seen to be finite; on a device that is not looked at.
        bare: how many steps in a row found no gradient, neither in the optimizer nor in the model.
        moved: whether the parameter has ever changed.
    """

    parameter: str
    step: int
    carried: int = 0
    discarded: int = 0
    finite: int = 0
    bare: int = 0
    moved: bool = False


CARRIED = 3
"""Steps in a row that carried a gradient over, before it is said: once may be a person trying something."""

DISCARDED = 24
"""Gradients thrown away before "no step is ever taken": a gradient scaler that starts at 2**16 and halves at every
overflow skips at most 17 steps before it is at 1/2."""

FINITE = 18
"""The same of gradients that were finite, which no scaler discards: one more than it might where others were not."""

BARE = 5
"""Steps without any gradient before it is said."""


def zero_grad_missing(seen: Backwards) -> Finding | None:
    """Return a finding if each of the last steps used the gradient of the step before again.

    >>> zero_grad_missing(Backwards("0.weight", step=4, carried=3)).code
    'zero-grad-missing'
    """
    if seen.carried < CARRIED:
        return None
    return ZERO_GRAD_MISSING.finding(
        f"The last {seen.carried} steps used gradients that the steps before them had already used: backward added to "
        "them, and nothing cleared them.",
        "optimizer.zero_grad()  # in every step, before penalty.backward()",
        [Seen(f"steps in a row in which the gradient of {seen.parameter} was not cleared", str(seen.carried), "0")],
        Where(seen.step, (seen.parameter,)),
    )


def step_never_called(seen: Backwards) -> Finding | None:
    """Return a finding if gradients are computed and cleared, and no weight has moved."""
    enough = seen.discarded >= DISCARDED or seen.finite >= FINITE
    if not enough or seen.step or seen.moved:
        return None
    return STEP_NEVER_CALLED.finding(
        f"{seen.discarded} gradients were computed and cleared again, and no step was taken: the weights have not "
        "changed.",
        "optimizer.step()  # after penalty.backward()",
        [Seen("calls of optimizer.step()", "0"), Seen(f"change of {seen.parameter}", "none")],
        Where(0),
    )


def backward_missing(seen: Backwards) -> Finding | None:
    """Return a finding if the last steps found no gradient at all."""
    if seen.bare < BARE:
        return None
    return BACKWARD_MISSING.finding(
        f"The last {seen.bare} steps found no gradient in any parameter of the model, so they changed nothing.",
        "penalty.backward()  # before optimizer.step()",
        [Seen("parameters with a gradient when optimizer.step() was called", "0")],
        Where(seen.step),
    )


@final
@dataclass(frozen=True)
class Led:
    """How a scheduler leads the step size.

    Args:
        scheduler: its class.
        step: steps taken.
        early: how many steps in a row came after the scheduler had moved on for them.
        peak: the largest step size seen.
        now: the step size now.
        ended: steps taken when it first was below a thousandth of its peak; None if it never was.
        every: whether the scheduler has moved on at about every step.
    """

    scheduler: str
    step: int
    early: int = 0
    peak: float = 0.0
    now: float = 0.0
    ended: int | None = None
    every: bool = False


NOTHING = 1e-3
"""Share of the peak below which a step size is as good as nothing: a thousandth of the movement."""

LONGER = 20
"""Least steps at as good as nothing before it is said, and as many as the schedule took to get there: a run that was
planned for the schedule has ended by then."""


def scheduler_before_optimizer(seen: Led) -> Finding | None:
    """Return a finding if the scheduler moved on between the penalty and the step, several times in a row."""
    if seen.early < CARRIED:
        return None
    return SCHEDULER_BEFORE_OPTIMIZER.finding(
        f"{seen.scheduler}.step() was called between the penalty and optimizer.step() in {seen.early} steps in a row, "
        "so the first value of the schedule was skipped.",
        "optimizer.step()\nscheduler.step()  # after the optimizer's",
        [Seen("steps that used the value meant for the next one", str(seen.early), "0")],
        Where(seen.step),
    )


def scheduler_per_batch(seen: Led) -> Finding | None:
    """Return a finding if the run has gone on for as long again after the schedule led the step size to nothing.

    >>> fallen = Led("StepLR", step=120, peak=0.1, now=1e-9, ended=20, every=True)
    >>> print(scheduler_per_batch(fallen).claim)
    StepLR was stepped after every batch and was over after 20 steps: the 100 steps since then moved almost nothing.
    """
    if seen.ended is None or not seen.every or seen.now > NOTHING * seen.peak or not seen.peak:
        return None
    after = seen.step - seen.ended
    if after < max(LONGER, seen.ended):
        return None
    return SCHEDULER_PER_BATCH.finding(
        f"{seen.scheduler} was stepped after every batch and was over after {seen.ended} steps: the {after} steps "
        "since then moved almost nothing.",
        "scheduler.step()  # once an epoch; or give the scheduler the number of steps of the whole run",
        [Seen("step size", seen.now, f"above {NOTHING * seen.peak:.2g}, a thousandth of the peak {seen.peak:.2g}")],
        Where(seen.step),
    )
