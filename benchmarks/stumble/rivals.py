# ruff: noqa: D102
"""Other tools that watch a training run, each fed all that it accepts; optional, see requirements.txt beside this."""

import importlib.util
import warnings
from collections.abc import Callable
from typing import Any

import torch

from benchmarks.stumble.parts import Parts
from benchmarks.stumble.watchers import Said, Teller


def _norm(parts: Parts) -> float:
    """Return the norm of all gradients, which these tools ask their users for."""
    grads = [p.grad for p in parts.model.parameters() if p.grad is not None]
    return float(torch.stack([each.norm() for each in grads]).norm()) if grads else 0.0


class Rival(Teller):
    """A rival, which is begun with the parts."""

    def begin(self, parts: Parts) -> None:
        """Attach it; if that fails the failure is noted, and nothing is said."""
        self.parts, self.norm = parts, 0.0
        self._guarded(self.attach)

    def after_backward(self) -> None:
        """Measure the gradient while it is there."""
        self.norm = _norm(self.parts)

    def stepped(self, penalty: float) -> None:
        """Show a step."""
        self._guarded(lambda: self.step(penalty))

    def validated(self, score: float) -> None:
        """Show a validation."""
        self._guarded(lambda: self.validation(1.0 - score))

    def end(self) -> None:
        """Take down what was said."""
        self._guarded(self.finish)

    def attach(self) -> None:
        """Attach to the run."""

    def step(self, penalty: float) -> None:
        """Be shown a step."""

    def validation(self, error: float) -> None:
        """Be shown one less the validation score."""

    def finish(self) -> None:
        """Fill `said`."""

    def say(self, code: str, fault: bool, text: str, step: int | None = None) -> None:
        """Note that something was said."""
        self.said.append(Said(code, fault, text[:200], step))

    def _guarded(self, act: Callable[[], object]) -> None:
        if self.failure:
            return
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                act()
        except Exception as error:  # a rival's own failure is no fault of the run
            self.failure = f"{type(error).__name__}: {error}"[:200]


class Torchmortem(Rival):
    """Hooks on every module; its warnings and critical findings alarm."""

    def attach(self) -> None:
        from torchmortem import Autopsy

        self._autopsy: Any = Autopsy(self.parts.model, optimizer=self.parts.made[0])
        self._autopsy.__enter__()

    def step(self, penalty: float) -> None:
        self._autopsy.step(loss=penalty)

    def finish(self) -> None:
        self._autopsy.__exit__(None, None, None)
        for each in self._autopsy.get_report().findings:
            self.say(each.category, each.severity >= 1, f"{each.title}. {each.summary}", each.step_range[0])


class TorchAudit(Rival):
    """Patches forward and step, and audits every tenth step.

    Its rules of hardware and of style (decay, kernel sizes) are left out, as they speak of no fault.
    """

    def attach(self) -> None:
        from torch_audit import autopatch

        style = {"TA200", "TA201", "TA202", "TA203", "TA400", "TA401", "TA402", "TA403", "TA404"}
        self._auditor: Any = autopatch(
            self.parts.model, optimizer=self.parts.made[0], every_n_steps=10, reporters=[], ignore_rules=style
        )

    def finish(self) -> None:
        result = self._auditor.finish()
        self._auditor.unpatch()
        known = set()
        for each in result.findings:
            if (each.rule_id, each.module_path) not in known:
                known.add((each.rule_id, each.module_path))
                self.say(each.rule_id, each.severity.value != "INFO", each.message, each.step)


class TrainingDoctor(Rival):
    """Judges figures that it is handed: penalty, gradient norm, step size, validation."""

    def attach(self) -> None:
        from training_doctor import Doctor

        self._doctor: Any = Doctor()

    def step(self, penalty: float) -> None:
        group = self.parts.made[0].param_groups[0]
        self._doctor.log(step=self.parts.taken, loss=penalty, grad_norm=self.norm, lr=float(group["lr"]))

    def validation(self, error: float) -> None:
        self._doctor.log(step=self.parts.taken, eval_loss=error)

    def finish(self) -> None:
        for each in self._doctor.diagnoses:
            self.say(each.problem, each.severity.value != "info", f"{each.problem}. {each.explanation}", each.step)


class Trainpulse(Rival):
    """Judges figures that it is handed: penalty, gradient norm, step size."""

    def attach(self) -> None:
        from trainpulse import Monitor

        self._monitor: Any = Monitor()

    def step(self, penalty: float) -> None:
        group = self.parts.made[0].param_groups[0]
        for name, value in (("loss", penalty), ("grad_norm", self.norm), ("learning_rate", float(group["lr"]))):
            self._monitor.log(name, self.parts.taken, value)

    def finish(self) -> None:
        known = set()
        for each in self._monitor.alerts:
            if each.detector not in known:
                known.add(each.detector)
                self.say(each.detector, each.severity.value != "info", each.message, each.step)


RIVALS: dict[str, type[Rival]] = {
    "torchmortem": Torchmortem, "torch_audit": TorchAudit, "training_doctor": TrainingDoctor, "trainpulse": Trainpulse,
}  # fmt: skip
"""By the name of the module."""


def missing(name: str) -> str:
    """Return how to get a rival that is not there; "" if it is."""
    if importlib.util.find_spec(name) is not None:
        return ""
    return "not installed; benchmarks/stumble/requirements.txt says how"


WORDS: dict[str, tuple[str, ...]] = {
    "zero-grad-missing": ("zero_grad", "accumulat", "not cleared"),
    "step-never-called": ("no step", "stagnant", "not updat", "never step", "weights are not changing"),
    "backward-missing": ("backward", "no gradient"),
    "scheduler-before-optimizer": ("scheduler",),
    "scheduler-per-batch": ("scheduler", "learning rate may be too low", "lr changed", "update ratio too low"),
    "parameters-not-optimized": ("optimizer", "stagnant", "not updat"),
    "optimizer-of-another-model": ("optimizer", "stagnant", "not updat"),
    "no-gradient": ("no gradient", "detach", "stalling", "exactly zero", "vanishing"),
    "softmax-twice": ("softmax",),
    "sigmoid-twice": ("sigmoid",),
    "nll-on-logits": ("log_softmax", "logit", "negative loss"),
    "bce-on-logits": ("logit", "sigmoid"),
    "one-class-cross-entropy": ("class", "exactly zero"),
    "shapes-broadcast": ("broadcast", "shape"),
    "labels-out-of-range": ("label", "target", "negative loss"),
    "relu-on-logits": ("relu on", "logit"),
    "training-in-eval-mode": ("eval mode", "train()", "training mode"),
    "validating-in-training-mode": ("eval mode", "eval()", "training mode"),
    "graph-kept-in-validation": ("no_grad", "graph"),
    "batch-norm-of-one": ("tiny batch", "batch size"),
    "equal-units": ("symmetr", "equal", "identical", "rank collapse", "constant init"),
    "all-zero-layer": ("exactly zero", "dead", "zero init"),
    "float16-underflow": ("underflow", "mixed precision", "vanishing", "exactly zero"),
    "not-finite": ("nan", "inf ", "infs", "is inf", "not finite"),
}
"""Words by which a message names a cause, taken generously: a symptom that leads straight to it counts."""


def names(code: str, text: str) -> bool:
    """Return whether a message names a cause.

    >>> names("not-finite", "loss is NaN"), names("softmax-twice", "Dead units in 2")
    (True, False)
    """
    return any(word in f"{text.lower()} " for word in WORDS.get(code, ()))
