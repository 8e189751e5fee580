"""The doctor in anyone's loop: one line to attach, silent while nothing is wrong, and sure when it speaks."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, final

import torch
from torch import Tensor, nn

from surefoot.diagnose import CHECKS, Diagnosis, Finding, card, diagnosis
from surefoot.diagnose.card import block
from surefoot.diagnose.finding import kept, remade
from surefoot.errors import refuse
from surefoot.pytorch.observer.calls import Call
from surefoot.pytorch.observer.ward import Ward
from surefoot.training.examine.replay import autopsy

Judge = Callable[[Any, Any], Tensor]


def _aloud(text: str) -> None:
    print(text, file=sys.stderr)


@final
class Doctor:
    """Watches a training loop and says what is wrong with it, where, and what to change.

    It looks closely at the first twenty steps and ever more rarely after them. At every step it sees what is free to
    see: modes, whether the penalty is finite, and on the CPU whether a gradient of the first layer is. It keeps the
    inputs of the last two forward passes, so that a penalty or gradient that is not finite can be replayed and
    explained.

    Args:
        model: what is trained; call it as a whole, as in `model(x)`.
        optimizer: what steps it, or several; any of torch's kind.
        penalty: takes output and target; only needed for `doctor.penalty(output, target)`.
        dismiss: codes of findings that are never to be said.
        tell: given the text of each fault when it is found; by default it is written to the standard error stream. None
            tells nothing.

    Errors: InvalidValue naming every fault of the call. Nothing is raised later: if the doctor itself fails it leaves
    the run alone, and its card says so.

    Laws: weights with and without the doctor are bit for bit the same. It draws no random numbers, never waits for a
    GPU, writes no tensor of the run and takes every hook away when closed.

    >>> model = nn.Linear(2, 1)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> with Doctor(model, optimizer, nn.MSELoss()) as doctor:
    ...     for _ in range(3):
    ...         optimizer.zero_grad()
    ...         doctor.penalty(model(torch.ones(4, 2)), torch.ones(4, 1)).backward()
    ...         optimizer.step()
    >>> print(doctor.card())
    Nothing wrong found in 3 steps.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer | Sequence[torch.optim.Optimizer],
        penalty: Judge | None = None,
        *,
        dismiss: Iterable[str] = (),
        tell: Callable[[str], object] | None = _aloud,
    ) -> None:
        optimizers = [optimizer] if isinstance(optimizer, torch.optim.Optimizer) else optimizer
        dismiss = dismiss if isinstance(dismiss, str) else [*dismiss]
        refuse("Doctor", _faults(model, optimizers, penalty, dismiss))
        self._penalty, self._dismissed, self._tell = penalty, frozenset(dismiss), tell
        self._found: dict[tuple[str, tuple[str, ...]], Finding] = {}
        self._failure = ""
        self._model = model
        self._target: tuple[Any, ...] = ()
        self._ward = Ward(model, list(optimizers), self._say, self._examined, self._give_up)

    def observe(self, penalty: Tensor, *, target: Any = None) -> None:
        """Take note of a penalty, before its backward.

        Args:
            penalty: one number, as a tensor with its graph.
            target: what the output was to be; an autopsy then computes the penalty again, if the doctor was given it.
        """
        self._target = () if target is None else (target,)
        self._ward.observe(penalty)

    def penalty(self, output: Any, target: Any) -> Tensor:
        """Return the penalty of an output and a target, and observe it.

        Args:
            output: of the model.
            target: what it is to be.

        Errors: InvalidValue if the doctor was made without a penalty.
        """
        judge = self._penalty
        if judge is None:
            refuse("Doctor.penalty", ["the doctor was made without a penalty; sf.Doctor(model, optimizer, penalty)"])
        assert judge is not None
        found = judge(output, target)
        self.observe(found, target=target)
        return found

    @property
    def findings(self) -> list[Finding]:
        """What has been found so far, in the order in which it was found; dismissed findings are left out."""
        self._ward.catch_up()
        return [*self._found.values()]

    @property
    def diagnosis(self) -> Diagnosis:
        """What the findings say together: one headline, its symptoms under it, and notes."""
        return diagnosis(self.findings, CHECKS)

    @property
    def steps(self) -> int:
        """Steps taken since the doctor was made."""
        return self._ward.steps

    def card(self) -> str:
        """Return the diagnosis as plain text for a terminal."""
        text = card(self.diagnosis, f"{self.steps} step{'' if self.steps == 1 else 's'}")
        return f"{text}\n\n{self._last_words()}" if self._failure else text

    def state_dict(self) -> dict[str, Any]:
        """Return what was found so far, for a checkpoint; what it watches it sees anew."""
        return {"findings": [kept(each) for each in self._found.values()]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Know what another doctor of the same run has found."""
        found = [remade(each) for each in state_dict["findings"]]
        self._found = {(each.code, each.where.layer): each for each in found}

    def close(self) -> None:
        """Take every hook away and let go of the inputs that were kept; findings stay."""
        self._ward.catch_up()
        self._ward.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _say(self, finding: Finding) -> None:
        key = finding.code, finding.where.layer
        if finding.code in self._dismissed or key in self._found:
            return
        self._found[key] = finding
        if finding.severity == "fault" and self._tell is not None:
            self._tell("\n".join(block(finding)))

    def _examined(
        self, calls: list[Call], penalty: Tensor | None, optimizer: torch.optim.Optimizer, step: int, scale: float
    ) -> Finding:
        """Return what an autopsy of the last pass finds; the one before may have left the weights not finite."""
        last, *before = calls or [Call((), {})]
        earlier = (before[0].args, before[0].kwargs, before[0].draws) if before else None
        judge, target = self._penalty, next(iter(self._target), None)
        given: dict[str, Any] = {"penalty": penalty, "optimizer": optimizer, "step": step, "scale": scale}
        found = autopsy(
            self._model, last.args, last.kwargs, last.draws,
            None if judge is None or not self._target else lambda output: judge(output, target), target=target,
            before=earlier, precision=last.precision, **given,
        )  # fmt: skip
        if penalty is not None or not before or _explained(found):
            return found
        first = before[0]  # where gradients are accumulated it may have been this one's
        other = autopsy(self._model, first.args, first.kwargs, first.draws, precision=first.precision, **given)
        return other if _explained(other) else found

    def _give_up(self, error: Exception) -> None:
        self._failure = " ".join(f"{type(error).__name__}: {error}".split())
        self._ward.close()
        if self._tell is not None:
            self._tell(self._last_words())

    def _last_words(self) -> str:
        return f"The doctor itself failed and looked no further: {self._failure}"


def cause_of(doctor: Doctor | None) -> str:
    """Return what a doctor says of a penalty or gradient that is not finite; nothing if it has not seen one."""
    found = [] if doctor is None else [each for each in doctor.findings if each.code == "not-finite"]
    return found[0].claim.rstrip(".") if found else ""


def _faults(model: object, optimizers: object, penalty: object, dismiss: object) -> list[str]:
    """Return what is wrong with what a doctor was given."""
    faults = [] if isinstance(model, nn.Module) else [f"model is a {type(model).__name__}; give the nn.Module"]
    several = [*optimizers] if isinstance(optimizers, (list, tuple)) else [optimizers]
    strangers = [each for each in several if not isinstance(each, torch.optim.Optimizer)]
    strangers += [each for each in several if each not in strangers and "_optimizer_step_pre_hooks" not in vars(each)]
    wraps = "give one of torch's kind, or the one it wraps, such as optimizer.optimizer"
    faults += [f"optimizer is a {type(each).__name__}; {wraps}" for each in strangers]
    faults += [] if several else ["optimizer is an empty list; give the optimizer that steps the model"]
    if penalty is not None and (isinstance(penalty, type) or not callable(penalty)):
        faults.append(f"penalty is {penalty!r}; give a function of output and target, such as torch.nn.MSELoss()")
    if isinstance(dismiss, str):
        return [*faults, f"dismiss is {dismiss!r}; give a list: [{dismiss!r}]"]
    assert isinstance(dismiss, Iterable)
    return faults + [
        f"dismiss has {code!r}; a code is one of {', '.join(CHECKS)}" for code in dismiss if code not in CHECKS
    ]


def _explained(finding: Finding) -> bool:
    """Return whether an autopsy has found what was at fault."""
    return any(seen.what == "at fault" for seen in finding.seen)
