"""What is asked of the model: other penalties, soft and few labels, auxiliary terms, two passes a step."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.stumble.catalogue import kinds, only, sound
from benchmarks.stumble.parts import Parts
from benchmarks.stumble.tasks import binary_accuracy

CLASSES, BINARY = kinds("classes"), kinds("binary")
SUPERVISED = kinds("classes", "binary", "numbers", "pictures")


@sound(CLASSES)
def label_smoothing(parts: Parts) -> None:
    parts.penalty = nn.CrossEntropyLoss(label_smoothing=0.1)


@sound(CLASSES)
def log_softmax_and_nll(parts: Parts) -> None:
    parts.model, parts.penalty = nn.Sequential(parts.model, nn.LogSoftmax(1)), nn.NLLLoss()


@sound(CLASSES)
def log_softmax_and_cross_entropy(parts: Parts) -> None:
    """Apply log_softmax twice, which changes nothing."""
    parts.model = nn.Sequential(parts.model, nn.LogSoftmax(1))


@sound(CLASSES, enough=0.97)
def logarithm_of_softmax(parts: Parts) -> None:
    parts.penalty = lambda output, target: functional.nll_loss((output.softmax(1) + 1e-8).log(), target)


@sound(CLASSES, enough=0.97)
def squared_error_of_probabilities(parts: Parts) -> None:
    """Take Brier's score, with the step size that it needs."""
    parts.penalty = lambda output, target: (
        10 * functional.mse_loss(output.softmax(1), functional.one_hot(target, 10).float())
    )


@sound(CLASSES, enough=0.95)
def focal(parts: Parts) -> None:
    def penalty(output: Tensor, target: Tensor) -> Tensor:
        each = functional.cross_entropy(output, target, reduction="none")
        return ((1 - (-each).exp()) ** 2 * each).mean()

    parts.penalty = penalty


@sound(CLASSES, enough=0.95)
def distilled(parts: Parts) -> None:
    """Learn soft labels too, by the divergence of log_softmax from softmax."""
    judge, teacher = parts.penalty, torch.randn(64, 10)

    def penalty(output: Tensor, target: Tensor) -> Tensor:
        soft = functional.one_hot(target, 10) * 4.0 + 0.1 * teacher[target]
        away = functional.kl_div((output / 2).log_softmax(1), (soft / 2).softmax(1), reduction="batchmean")
        return 0.5 * judge(output, target) + away

    parts.penalty = penalty


@sound(CLASSES, enough=0.95)
def margins(parts: Parts) -> None:
    parts.penalty = nn.MultiMarginLoss()


@sound(BINARY)
def sigmoid_and_bce(parts: Parts) -> None:
    parts.model, parts.penalty = nn.Sequential(parts.model, nn.Sigmoid()), nn.BCELoss()
    parts.score = lambda output, target: binary_accuracy(output - 0.5, target)


@sound(BINARY)
def soft_binary_labels(parts: Parts) -> None:
    judge = parts.penalty
    parts.penalty = lambda output, target: judge(output, 0.05 + 0.9 * target)


@sound(BINARY, enough=0.97)
def weighted_binary(parts: Parts) -> None:
    parts.penalty = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(1.5))


@sound(only("mlp", "cnn", "gru", "transformer"), enough=0.85)
def class_imbalance(parts: Parts) -> None:
    """Keep one in four of most digits, and weigh them so much more."""
    x, y = parts.train
    keep = (y < 3) | (torch.arange(len(y)) % 4 == 0)
    parts.train, parts.epochs = (x[keep], y[keep]), 2 * parts.epochs
    parts.penalty = nn.CrossEntropyLoss(weight=torch.tensor([1.0] * 3 + [4.0] * 7))


@sound(SUPERVISED, enough=0.95)
def auxiliary_terms(parts: Parts) -> None:
    """Add the size of weights and of outputs."""
    judge = parts.penalty

    def penalty(output: Tensor, target: Tensor) -> Tensor:
        small = sum(p.square().sum() for p in parts.model.parameters() if p.requires_grad)
        return judge(output, target) + 1e-5 * small + 1e-5 * output.float().square().mean()

    parts.penalty = penalty


@sound(only("mlp", "cnn", "transformer"), enough=0.95)
def two_passes_that_agree(parts: Parts) -> None:
    """Ask that two passes of one batch agree, one of them without a gradient."""
    noise = 0.05

    def update(parts: Parts, x: Tensor, y: Tensor) -> Tensor:
        parts.clear(parts)
        first, second = parts.forward(parts, x), parts.forward(parts, x + noise * torch.randn_like(x))
        away = functional.mse_loss(second.softmax(1), first.softmax(1).detach())
        penalty = parts.penalty(first, y) + away
        parts.watcher.observe(penalty)
        penalty.backward()
        parts.step(parts)
        parts.after_batch(parts)
        return penalty

    parts.update = update


@sound(only("mlp", "gru", "cnn"), enough=0.9)
def contrastive_and_supervised(parts: Parts) -> None:
    """Tell by softmax over the batch which two noisy outputs belong together."""

    def update(parts: Parts, x: Tensor, y: Tensor) -> Tensor:
        parts.clear(parts)
        one, two = (parts.forward(parts, x + 0.1 * torch.randn_like(x)) for _ in range(2))
        alike = functional.normalize(one) @ functional.normalize(two).T / 0.2
        penalty = parts.penalty(one, y) + 0.1 * functional.cross_entropy(alike, torch.arange(len(x)))
        parts.watcher.observe(penalty)
        penalty.backward()
        parts.step(parts)
        parts.after_batch(parts)
        return penalty

    parts.update = update


@sound(only("regression"), enough=0.9)
def ranks_of_pairs(parts: Parts) -> None:
    """Compare every difference of outputs with that of targets, on purpose."""
    judge = parts.penalty

    def penalty(output: Tensor, target: Tensor) -> Tensor:
        pairs = (output - output.T) - (target - target.T)
        return judge(output, target) + 0.1 * pairs.square().mean()

    parts.penalty = penalty


class _Quantiles(nn.Module):
    """Gives a quantile a column to training, and the middle one to validation."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(10, 48), nn.ReLU(), nn.Linear(48, 32))

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x) if self.training else self.body(x)[:, 15:16]


@sound(only("regression"), enough=0.7)
def as_many_quantiles_as_rows(parts: Parts) -> None:
    """Compare a column of targets with one output a quantile: 32 of them, as there are rows."""
    levels = torch.arange(1, 33) / 33

    def penalty(output: Tensor, target: Tensor) -> Tensor:
        error = target - output
        return torch.maximum(levels * error, (levels - 1) * error).mean()

    parts.model, parts.penalty = _Quantiles(), penalty


@sound(only("regression"), enough=0.8)
def robust_penalties(parts: Parts) -> None:
    parts.penalty = nn.SmoothL1Loss(beta=0.5)


@sound(only("regression"), enough=0.8)
def whole_numbers_as_targets(parts: Parts) -> None:
    """Round the targets to quantities from 0 on."""
    (x, y), (u, v) = parts.train, parts.valid
    parts.train, parts.valid = (x, (2 * y).round() + 4), (u, (2 * v).round() + 4)


@sound(only("autoencoder"), enough=0.9)
def relu_before_squared_error(parts: Parts) -> None:
    parts.model[7] = nn.ReLU()  # type: ignore[operator]


@sound(only("autoencoder"), enough=0.9)
def binary_cross_entropy_of_pictures(parts: Parts) -> None:
    parts.penalty = nn.BCELoss()
