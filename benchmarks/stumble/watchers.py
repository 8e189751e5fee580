"""Who watches a run: nobody, or surefoot's doctor; and what was said, in one form for all."""

import re
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

import surefoot as sf
from benchmarks.stumble.parts import Parts, Watcher


@dataclass
class Said:
    """One thing that was said, and what the run had had of opportunities to show it.

    Args:
        code: of the finding, or the rule's name.
        fault: whether it alarms; a note does not.
        text: the message.
        step: updates of the loop when it was said; None if it was said only when asked at the end.
        epoch: epochs begun.
        validations: validation passes made.
        layer: names.
        rows: of the batch.
    """

    code: str
    fault: bool
    text: str
    step: int | None = None
    epoch: int | None = None
    validations: int | None = None
    layer: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()


class Teller(Watcher):
    """A watcher that says something."""

    def __init__(self) -> None:
        self.said: list[Said] = []
        self.failure = ""


class Nobody(Teller):
    """Watches nothing: the run as it is."""


class Surefoot(Teller):
    """The doctor, as its documentation says to attach it.

    Half of the runs show it the penalty by `observe`, half let it compute the penalty of output and target; which, the
    seed decides, so it is the same for all of one task and seed.
    """

    def begin(self, parts: Parts) -> None:
        """Attach the doctor."""
        self._parts, self._shown = parts, False
        self._told: dict[str, tuple[int, int, int]] = {}
        if not parts.asks:
            self._doctor = sf.Doctor(parts.model, parts.made, tell=self._tell)
            return
        judge = parts.penalty
        self._doctor = sf.Doctor(parts.model, parts.made, judge, tell=self._tell)

        def asked(output: Tensor, target: Tensor) -> Tensor:
            if not torch.is_grad_enabled():
                return judge(output, target)
            self._shown = True
            return self._doctor.penalty(output, target)

        parts.penalty = asked

    def observe(self, penalty: Tensor) -> None:
        """Show a penalty, unless the doctor has computed it."""
        if not self._shown:
            self._doctor.observe(penalty)
        self._shown = False

    def end(self) -> None:
        """Take down what was found."""
        if "_doctor" not in vars(self):
            return
        self._doctor.close()
        for each in self._doctor.findings:
            when = self._told.get(each.code) if each.severity == "fault" else None
            place = {"layer": each.where.layer, "rows": each.where.rows}
            self.said.append(Said(each.code, each.severity == "fault", each.claim, *(when or (None,) * 3), **place))
        found = re.search(r"The doctor itself failed.*", self._doctor.card(), re.DOTALL)
        self.failure = " ".join(found[0].split()) if found else ""

    def _tell(self, text: str) -> None:
        parts, code = self._parts, text.split()[1] if text.startswith("FAULT") else text
        self._told.setdefault(code, (parts.taken, parts.epoch + 1, len(parts.reported)))


class Examine(Teller):
    """The examination before a run; nothing is trained."""

    def begin(self, parts: Parts) -> None:
        """Examine the task that the parts make."""
        rows = lambda pair: sf.Batches(*pair, size=parts.size)  # noqa: E731
        train = rows(parts.train) if parts.loader is None else parts.loader
        task = sf.Task(model=parts.model, penalty=parts.penalty, train=train, validation=rows(parts.valid))
        parts.epochs = 0
        for each in sf.examine(task).findings:
            self.said.append(Said(each.code, each.severity == "fault", each.claim, 0, layer=each.where.layer))


WATCHERS: dict[str, Any] = {"nobody": Nobody, "surefoot": Surefoot, "examine": Examine}
