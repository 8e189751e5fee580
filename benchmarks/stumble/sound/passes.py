"""Passes beside those that train: averages, teachers, samples from dropout, statistics measured anew, full batches."""

import copy
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn

from benchmarks.stumble.catalogue import only, sound
from benchmarks.stumble.faults.loops import PLAIN, UNSCALED
from benchmarks.stumble.parts import Pair, Parts, plain_update, validated

DROPS = only("bytes", "regression", "transformer", "accumulation")


def _averaged(parts: Parts, shadow: AveragedModel) -> None:
    after = parts.after_batch
    parts.after_batch = lambda parts: (after(parts), shadow.update_parameters(parts.model))


@sound(PLAIN, enough=0.97)
def average_of_weights(parts: Parts) -> None:
    """Keep a moving average of the weights, and validate that."""
    shadow = AveragedModel(parts.model, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)
    _averaged(parts, shadow)

    def validate(parts: Parts) -> float:
        seen, parts.model = parts.model, shadow
        score = validated(parts)
        parts.model = seen
        return score

    parts.validate = validate


@sound(PLAIN, enough=0.97)
def average_swapped_in_for_validation(parts: Parts) -> None:
    shadow = AveragedModel(parts.model, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)
    _averaged(parts, shadow)

    def validate(parts: Parts) -> float:
        kept = copy.deepcopy(parts.model.state_dict())
        parts.model.load_state_dict(shadow.module.state_dict())
        score = validated(parts)
        parts.model.load_state_dict(kept)
        return score

    parts.validate = validate


@sound(only("cnn", "bfloat16"), enough=0.97)
def statistics_of_batch_norm_renewed(parts: Parts) -> None:
    """Measure the batch norms' statistics anew after each epoch, as weight averaging does."""

    def renewed(parts: Parts) -> None:
        x, _ = parts.train
        update_bn(x[:512].split(64), parts.model)

    parts.after_epoch = renewed


@sound(DROPS, enough=0.95)
def samples_from_dropout(parts: Parts) -> None:
    """Ask the model ten times in validation with dropout at work, and take the mean."""

    def validate(parts: Parts) -> float:
        parts.model.eval()
        for each in parts.model.modules():
            if isinstance(each, nn.Dropout):
                each.train()
        x, y = parts.valid
        with torch.no_grad():
            output = torch.stack([parts.model(x) for _ in range(10)]).mean(0)
        return parts.score(output, y)

    parts.validate = validate


@sound(DROPS, enough=0.95)
def samples_from_dropout_in_training_mode(parts: Parts) -> None:
    def validate(parts: Parts) -> float:
        parts.model.train()
        x, y = parts.valid
        with torch.no_grad():
            output = torch.stack([parts.model(x) for _ in range(10)]).mean(0)
        return parts.score(output, y)

    parts.validate = validate


@sound(only("transformer", "cnn", "mlp"), enough=0.95)
def mean_teacher(parts: Parts) -> None:
    """Agree with an averaged copy, whose passes make no graph."""
    teacher = AveragedModel(parts.model, multi_avg_fn=get_ema_multi_avg_fn(0.95), use_buffers=True)
    _averaged(parts, teacher)
    judge = parts.penalty

    def update(parts: Parts, x: Tensor, y: Tensor) -> Tensor:
        with torch.no_grad():
            told = teacher(x).softmax(1)
        parts.penalty = lambda output, target: judge(output, target) + functional.mse_loss(output.softmax(1), told)
        return plain_update(parts, x, y)

    parts.update = update


@sound(only("transformer", "cnn", "mlp"), enough=0.9)
def labels_of_its_own(parts: Parts) -> None:
    """Label a second batch by the model itself, in training mode and without a graph, as semi-supervised training does."""
    judge, (x_all, _) = parts.penalty, parts.train

    def update(parts: Parts, x: Tensor, y: Tensor) -> Tensor:
        other = x_all[torch.randint(len(x_all), (len(x),))]
        with torch.no_grad():
            told = parts.model(other).softmax(1).max(1)
        sure, labels = told.values > 0.9, told.indices

        def penalty(output: Tensor, target: Tensor) -> Tensor:
            if not bool(sure.any()):
                return judge(output, target)
            return judge(output, target) + 0.3 * judge(parts.model(other[sure]), labels[sure])

        parts.penalty = penalty
        return plain_update(parts, x, y)

    parts.update = update


@sound(only("mlp", "autoencoder", "regression"), enough=0.8)
def full_batches(parts: Parts) -> None:
    """Train on all rows at every step, at the edge of stability."""
    parts.batches = lambda parts: iter([parts.train] * 4)
    parts.epochs = 50
    for each in parts.model.modules():
        if isinstance(each, nn.Dropout):
            each.p = 0.0
    if parts.kind == "classes":
        parts.rule = lambda p: torch.optim.SGD(p, lr=0.5)


@sound(UNSCALED, enough=0.7)
def one_batch_by_heart(parts: Parts) -> None:
    """See whether one batch can be learnt; what is known of other rows then is less."""
    x, y = parts.train
    parts.batches = lambda parts: iter([(x[: parts.size], y[: parts.size])] * 20)


@sound(PLAIN, enough=0.97)
def penalty_of_training_rows_in_validation(parts: Parts) -> None:
    """Validate on some training rows too, in the middle of an epoch."""
    after = parts.after_batch

    def look(parts: Parts) -> None:
        after(parts)
        if parts.taken % 10 == 9:
            parts.model.eval()
            with torch.no_grad():
                parts.penalty(parts.model(parts.train[0][:256]), parts.train[1][:256])
            parts.model.train()

    parts.after_batch = look


@sound(PLAIN, enough=0.97)
def inference_mode_for_validation(parts: Parts) -> None:
    parts.ungraded = torch.inference_mode


@sound(UNSCALED, enough=0.95)
def last_batch_of_one_row(parts: Parts) -> None:
    """End every epoch on what is left, two rows where batch norm needs them."""

    def batches(parts: Parts) -> Iterator[Pair]:
        x, y = parts.train
        order = torch.randperm(len(x))
        left = 2 if any(isinstance(each, nn.BatchNorm2d) for each in parts.model.modules()) else 1
        for rows in [*order[:-left].split(parts.size), order[-left:]]:
            yield x[rows], y[rows]

    parts.batches = batches


@sound(only("regression", "bytes"), enough=0.9)
def gradients_by_input_in_validation(parts: Parts) -> None:
    """Ask in validation how the output depends on the input, in eval mode and with a graph that is used."""
    validate = parts.validate

    def explained(parts: Parts) -> float:
        parts.model.eval()
        x = parts.valid[0][:32].clone()
        if x.is_floating_point():
            torch.autograd.grad(parts.model(x.requires_grad_()).sum(), x)
        return validate(parts)

    parts.validate = explained
