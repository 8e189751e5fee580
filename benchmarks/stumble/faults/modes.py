# ruff: noqa: ARG001, ARG005 (a piece of a loop takes the parts, whether it needs them or not)
"""The modes: train and eval, gradients on and off, and batch norm without a batch."""

from contextlib import nullcontext

from torch import nn

from benchmarks.stumble.catalogue import fault, only
from benchmarks.stumble.parts import Parts, shuffled

MODAL = only("cnn", "transformer", "regression", "bytes", "accumulation", "bfloat16")
"""Tasks with dropout or batch norm."""

SUPERVISED = only("mlp", "gru", "autoencoder", "bytes", "cnn", "transformer", "regression", "accumulation", "amp")


@fault("training-in-eval-mode", "from the second epoch", "from the beginning", "from the middle", suits=MODAL)
def train_left_out(parts: Parts, strength: str) -> None:
    if strength == "from the second epoch":
        parts.begin_training = lambda parts: None
    elif strength == "from the beginning":
        parts.begin_training = lambda parts: parts.model.eval()
    else:
        parts.begin_training = lambda parts: parts.model.train(parts.epoch < parts.epochs // 2)


@fault(
    "validating-in-training-mode", "as it is", "more dropout", "most dropout, or batches of 2", suits=MODAL, costs="report"
)  # fmt: skip
def eval_left_out(parts: Parts, strength: str) -> None:
    parts.begin_validation = lambda parts: None
    share = {"as it is": None, "more dropout": 0.5}.get(strength, 0.8)
    for each in parts.model.modules():
        if isinstance(each, nn.Dropout) and share is not None:
            each.p = share
    if share == 0.8:
        parts.validation_size = 2


@fault("graph-kept-in-validation", "every epoch", suits=SUPERVISED, costs="memory")
def no_grad_left_out(parts: Parts, strength: str) -> None:
    parts.ungraded = nullcontext


@fault("batch-norm-of-one", "stride 1", suits=only("cnn", "bfloat16"))
def batch_of_one(parts: Parts, strength: str) -> None:
    parts.size, parts.epochs = 1, 1
    x, y = parts.train
    parts.train = x[:400], y[:400]


@fault("batch-norm-of-one", suits=only("cnn"))
def row_by_row(parts: Parts, strength: str) -> None:
    """Feed each row of a batch by itself, and take a smaller step size for it."""
    parts.size, parts.epochs, parts.batches = 1, 3, shuffled
    x, y = parts.train
    parts.train = x[:300], y[:300]
    rule = parts.rule

    def slow(p: object) -> object:
        made = rule(p)
        for group in made.param_groups:
            group["lr"] = 0.01
        return made

    parts.rule = slow  # type: ignore[assignment]
    parts.model = nn.Sequential(*parts.model)
