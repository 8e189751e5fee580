"""The penalty: whether it is given what it expects."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, log1p
from typing import final

from surefoot.diagnose.check import Check
from surefoot.diagnose.finding import Finding, Seen, Where

_SEES = "the autograd graph of the penalty: a module, a function or written by hand; nothing of a compiled penalty"


def _example(last: str, penalty: str, outputs: int = 3) -> str:
    return f"""
model = torch.nn.Sequential(torch.nn.Linear(8, {outputs}), {last})
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
doctor = sf.Doctor(model, optimizer)
for _ in range(20):
    output = model(torch.randn(32, 8))
    penalty = {penalty}
    doctor.observe(penalty)
    optimizer.zero_grad()
    penalty.backward()
    optimizer.step()
"""


_F = "torch.nn.functional."
_IDS = "torch.randint(3, (32,))"

SOFTMAX_TWICE = Check(
    "softmax-twice", "softmax before cross-entropy", "certain", "fault", "does the penalty get what it expects?",
    "Cross-entropy applies softmax itself. Probabilities in place of logits keep it from falling below "
    "ln(1 + (K - 1) / e) for K classes, and shrink its gradients.",
    "The output has no softmax, or the penalty none.", _SEES,
    explains=("initial-penalty", "cannot-overfit-one-batch"),
    example=_example("torch.nn.Softmax(dim=1)", f"{_F}cross_entropy(output, {_IDS})"),
)  # fmt: skip
SIGMOID_TWICE = Check(
    "sigmoid-twice", "sigmoid before a penalty with its own", "certain", "fault",
    "does the penalty get what it expects?",
    "Binary cross-entropy with logits applies sigmoid itself. Twice, a label of 1 can be given no probability above "
    "0.73 and a label of 0 none below 0.5.",
    "The output has no sigmoid, or the penalty none.", _SEES,
    explains=("initial-penalty", "cannot-overfit-one-batch"),
    example=_example("torch.nn.Sigmoid()", f"{_F}binary_cross_entropy_with_logits(output, torch.rand(32, 3).round())"),
)  # fmt: skip
NLL_ON_LOGITS = Check(
    "nll-on-logits", "nll_loss without log_softmax", "certain", "fault", "does the penalty get what it expects?",
    "nll_loss takes logarithms of probabilities. Given anything else it has no lower bound: it falls for ever while "
    "the outputs grow.",
    "Every number that nll_loss is given is at most 0.", _SEES,
    explains=("initial-penalty", "not-finite", "overconfident-outputs", "cannot-overfit-one-batch"),
    example=_example("torch.nn.Identity()", f"{_F}nll_loss(output, {_IDS})"),
)  # fmt: skip
BCE_ON_LOGITS = Check(
    "bce-on-logits", "binary_cross_entropy without sigmoid", "certain", "fault",
    "does the penalty get what it expects?",
    "binary_cross_entropy takes probabilities. A linear layer's output leaves [0, 1] sooner or later, which torch "
    "refuses in the middle of the run.",
    "Between the last linear layer and the penalty stands something that keeps its output in [0, 1].", _SEES,
    explains=("initial-penalty", "not-finite"),
    example="""
model = torch.nn.Linear(8, 1)
torch.nn.init.zeros_(model.weight), torch.nn.init.constant_(model.bias, 0.5)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
doctor = sf.Doctor(model, optimizer)
for _ in range(5):
    penalty = torch.nn.functional.binary_cross_entropy(model(torch.randn(32, 8)), torch.rand(32, 1).round())
    doctor.observe(penalty)
    optimizer.zero_grad()
    penalty.backward()
    optimizer.step()
""",
)  # fmt: skip
ONE_CLASS = Check(
    "one-class-cross-entropy", "cross-entropy over a single class", "certain", "fault",
    "does the penalty get what it expects?",
    "Softmax over one number is always 1: the penalty and all its gradients are 0, whatever the model does.",
    "The output has two columns or more.", _SEES,
    explains=("initial-penalty", "cannot-overfit-one-batch", "no-gradient"),
    example=_example("torch.nn.Identity()", f"{_F}cross_entropy(output, torch.zeros(32, dtype=torch.long))", 1),
)  # fmt: skip
SHAPES_BROADCAST = Check(
    "shapes-broadcast", "output and target stretched against each other", "certain", "fault",
    "does the penalty get what it expects?",
    "[N, 1] against [N] is stretched to [N, N]: every output is compared with every target, and the best the model "
    "can do is their mean.",
    "Output and target have one shape.", _SEES,
    explains=("initial-penalty", "cannot-overfit-one-batch"),
    example=_example("torch.nn.Identity()", "((output - torch.randn(32)) ** 2).mean()", 1),
)  # fmt: skip
CLASS_IDS_AS_NUMBERS = Check(
    "class-ids-as-numbers", "whole numbers as targets of a squared error", "certain", "note",
    "does the penalty get what it expects?",
    "If they are the ids of classes, a squared error says that class 2 lies between 1 and 3.",
    "The targets are quantities, such as counts or ratings.", _SEES,
    example=_example("torch.nn.Flatten(0)", "torch.nn.MSELoss()(output, torch.randint(5, (32,)).float())", 1),
)  # fmt: skip
LABELS_OUT_OF_RANGE = Check(
    "labels-out-of-range", "labels that the penalty cannot take", "certain", "fault", "are the labels in range?",
    "A binary label beyond 0 and 1 makes the penalty unbounded below: it falls for ever while the outputs grow.",
    "All labels lie in [0, 1].", _SEES,
    explains=("initial-penalty", "not-finite", "overconfident-outputs", "cannot-overfit-one-batch"),
    example=_example(
        "torch.nn.Identity()", f"{_F}binary_cross_entropy_with_logits(output, torch.randn(32, 3).sign())"
    ),
)  # fmt: skip
RELU_ON_LOGITS = Check(
    "relu-on-logits", "ReLU on the output of a classifier", "certain", "fault",
    "does the penalty get what it expects?",
    "No logit can be below 0, so no class can be ruled out, and a class whose logit is 0 gets no gradient to rise.",
    "Between the last ReLU and the penalty stands another layer.", _SEES,
    explains=("cannot-overfit-one-batch", "overconfident-outputs"),
    example=_example("torch.nn.ReLU()", f"{_F}cross_entropy(output, {_IDS})"),
)  # fmt: skip

CHECKS: tuple[Check, ...] = (
    SOFTMAX_TWICE, SIGMOID_TWICE, NLL_ON_LOGITS, BCE_ON_LOGITS, ONE_CLASS, SHAPES_BROADCAST, LABELS_OUT_OF_RANGE,
    RELU_ON_LOGITS, CLASS_IDS_AS_NUMBERS,
)  # fmt: skip


@final
@dataclass(frozen=True)
class Range:
    """The smallest and the largest of some numbers."""

    low: float
    high: float


@final
@dataclass(frozen=True)
class Judged:
    """One penalty that stands in the graph, and what it was given.

    Args:
        operation: what computes it: "log_softmax", "nll_loss", "binary_cross_entropy", "mse_loss", "difference", ...
        given_by: what made its input, shapes aside: "softmax", "sigmoid", "relu", "log", "log_softmax", "linear", or
            "" for anything else.
        classes: classes of a log_softmax; 0 if it is none.
        stretched: shapes of output and target before each was stretched to the other's; () if they were not.
        step: steps taken.
        inputs: the range of its input; None if it was not read.
        targets: the range of its targets; None if they were not read.
    """

    operation: str
    given_by: str = ""
    classes: int = 0
    stretched: tuple[tuple[int, ...], ...] = ()
    step: int = 0
    inputs: Range | None = None
    targets: Range | None = None


def penalty_findings(seen: Judged) -> list[Finding]:
    """Return what is wrong with what a penalty was given.

    >>> [each.code for each in penalty_findings(Judged("log_softmax", "softmax", classes=10))]
    ['softmax-twice']
    """
    judges = (_softmax_twice, _sigmoid_twice, _nll, _bce, _one_class, _broadcast, _labels, _relu)
    return [found for judge in judges if (found := judge(seen)) is not None]


def _softmax_twice(seen: Judged) -> Finding | None:
    if (seen.operation, seen.given_by) != ("log_softmax", "softmax") or seen.classes < 2:
        return None
    floor = log1p((seen.classes - 1) / 2.718281828459045)
    return SOFTMAX_TWICE.finding(
        f"Softmax is applied before cross-entropy, which applies it again: with {seen.classes} classes the penalty "
        f"cannot fall below {floor:.3f}, and a model that knows nothing has {log(seen.classes):.3f}.",
        "remove the softmax: give cross_entropy the output of the last linear layer",
        [Seen("before log_softmax in the graph", "softmax", "the last layer")],
        Where(seen.step),
    )


def _sigmoid_twice(seen: Judged) -> Finding | None:
    if (seen.operation, seen.given_by) != ("binary_cross_entropy_with_logits", "sigmoid"):
        return None
    return SIGMOID_TWICE.finding(
        "Sigmoid is applied before binary_cross_entropy_with_logits, which applies it again: no probability can leave "
        "0.50 to 0.73.",
        "remove the sigmoid, or use torch.nn.BCELoss()",
        [Seen("before the penalty in the graph", "sigmoid", "the last layer")],
        Where(seen.step),
    )


def _nll(seen: Judged) -> Finding | None:
    if seen.operation != "nll_loss" or seen.given_by in ("log_softmax", "log"):
        return None
    above = seen.inputs is not None and seen.inputs.high > 0.0
    if not above and seen.given_by not in ("linear", "softmax"):
        return None
    values = [Seen("largest number given", seen.inputs.high, "at most 0")] if seen.inputs is not None and above else []
    what = {"linear": "the output of a linear layer", "softmax": "probabilities"}.get(seen.given_by, "numbers above 0")
    return NLL_ON_LOGITS.finding(
        f"nll_loss was given {what}; it takes logarithms of probabilities.",
        "torch.nn.CrossEntropyLoss()  # on logits; or log_softmax(output, dim=1) in place of what is given",
        [Seen("before nll_loss in the graph", seen.given_by or "no logarithm", "log_softmax"), *values],
        Where(seen.step),
    )


def _bce(seen: Judged) -> Finding | None:
    if (seen.operation, seen.given_by) != ("binary_cross_entropy", "linear"):
        return None
    return BCE_ON_LOGITS.finding(
        "binary_cross_entropy was given the output of a linear layer; it takes probabilities.",
        "torch.nn.BCEWithLogitsLoss()  # on the output of the linear layer",
        [Seen("before the penalty in the graph", "a linear layer", "sigmoid")],
        Where(seen.step),
    )


def _one_class(seen: Judged) -> Finding | None:
    if seen.operation != "log_softmax" or seen.classes != 1:
        return None
    return ONE_CLASS.finding(
        "Cross-entropy is taken over one class: the penalty is 0 and so is every gradient, whatever the model says.",
        "torch.nn.BCEWithLogitsLoss()  # for one output; or two outputs for cross-entropy",
        [Seen("columns of the output", "1", "2 or more")],
        Where(seen.step),
    )


def _broadcast(seen: Judged) -> Finding | None:
    if len(seen.stretched) != 2:
        return None
    output, target = map(list, seen.stretched)
    n = max(output)
    return SHAPES_BROADCAST.finding(
        f"An output of shape {output} was compared with a target of shape {target}: both were stretched to "
        f"{[n, n]}, every output against every target.",
        "penalty(output.squeeze(1), target)" if len(output) > 1 else "penalty(output, target.squeeze(1))",
        [Seen("comparisons", f"{n * n}", f"{n}")],
        Where(seen.step),
    )


def _labels(seen: Judged) -> Finding | None:
    found = seen.targets
    if "binary_cross_entropy" not in seen.operation or found is None or (found.low >= 0.0 and found.high <= 1.0):
        return None
    halves = found.low >= -1.0 and found.high <= 1.0
    return LABELS_OUT_OF_RANGE.finding(
        f"The targets of {seen.operation} reach from {found.low:g} to {found.high:g}; beyond 0 and 1 it has no lowest "
        "value.",
        "target = (target + 1) / 2  # from -1 and 1" if halves else f"target = target / {found.high:g}",
        [Seen("range of the targets", f"{found.low:g} to {found.high:g}", "within 0 to 1")],
        Where(seen.step),
    )


def _relu(seen: Judged) -> Finding | None:
    if (seen.operation, seen.given_by) != ("log_softmax", "relu") or seen.classes < 2:
        return None
    return RELU_ON_LOGITS.finding(
        "ReLU is applied to the output before cross-entropy: no logit can be negative, and one that is 0 gets no "
        "gradient.",
        "remove the ReLU after the last linear layer",
        [Seen("before log_softmax in the graph", "relu", "the last layer")],
        Where(seen.step),
    )


def class_ids_as_numbers(targets: Sequence[float], step: int) -> Finding | None:
    """Return a note if many targets of a squared error are whole numbers from a short list that starts at 0 or 1.

    >>> class_ids_as_numbers([0.0, 1.0, 2.0, 3.0] * 16, 3).severity
    'note'
    """
    kinds = sorted({*targets})
    whole = all(value == int(value) for value in kinds)
    if len(targets) < 64 or not 3 <= len(kinds) <= 50 or not whole or kinds[0] not in (0, 1):
        return None
    if kinds[-1] - kinds[0] != len(kinds) - 1:  # quantities leave gaps, ids do not
        return None
    return CLASS_IDS_AS_NUMBERS.finding(
        f"The targets of a squared error are the whole numbers {kinds[0]:g} to {kinds[-1]:g}.",
        "torch.nn.CrossEntropyLoss()  # with one output a class, if they are the ids of classes",
        [Seen("different targets", str(len(kinds)))], Where(step),
    )  # fmt: skip
