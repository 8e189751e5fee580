"""The workloads: a task each, its budget of steps, and a test part that no choice sees.

Those to settle on are for choosing how our search works; those to report on are for judging it afterwards.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from math import log
from typing import Literal

import torch
from torch import Tensor, nn

from benchmarks.tuning import images, nets, sequences, tables
from benchmarks.tuning.parts import Parts
from surefoot.pytorch.penalties import BinaryCrossEntropy, CrossEntropy, Huber, MeanSquaredError, Poisson
from surefoot.tasks.transformer import Transformer
from surefoot.training.batches import Batches, Source
from surefoot.training.task import Judge, Task
from surefoot.training.validation import validated
from surefoot.training.windows import Windows

Kind = Literal["classes", "binary", "regression", "counts", "reconstruction", "language"]
Role = Literal["settle", "report"]


@dataclass(frozen=True)
class Workload:
    """A task with a budget.

    Args:
        name: one word.
        kind: what it predicts.
        role: whether our choices may be settled on it.
        steps: the budget of a run.
        task: what to train; its validation part is for every choice.
        test: batches that no choice sees.
        overfits: whether the best check of a good run comes early.
    """

    name: str
    kind: Kind
    role: Role
    steps: int
    task: Task
    test: Source
    overfits: bool = False

    @property
    def check_every(self) -> int:
        """Return the steps between checks: 20 checks in a run, whatever the way."""
        return -(-self.steps // 20)

    def tested(self, model: nn.Module) -> dict[str, float]:
        """Return the penalty and the metrics of a model on the test part."""
        found = validated(replace(self.task, validation=self.test), model)
        return {"penalty": found.pop("validation_penalty"), **found}


def accuracy(output: Tensor, target: Tensor) -> Tensor:
    """Return the share of classes that are right."""
    return (output.argmax(1) == target).float().mean()


def sure(output: Tensor, target: Tensor) -> Tensor:
    """Return the share of yes and no that are right."""
    return ((output > 0) == (target > 0.5)).float().mean()


def squared(output: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared error."""
    return (output - target).square().mean()


def deviance(output: Tensor, target: Tensor) -> Tensor:
    """Return half the Poisson deviance: the Poisson penalty, moved so that a perfect output has 0; no gradient changes."""
    whole: Tensor = _POISSON(output, target)
    return whole + (torch.xlogy(target, target) - target).mean()


def bytes_penalty(output: Tensor, target: Tensor) -> Tensor:
    """Return the mean cross-entropy of bytes [nat a byte]."""
    whole: Tensor = _CLASSES(output.flatten(0, 1), target.flatten())
    return whole


def bits(output: Tensor, target: Tensor) -> Tensor:
    """Return the bits a byte."""
    return bytes_penalty(output, target) / log(2)


def decibels(output: Tensor, target: Tensor) -> Tensor:
    """Return the peak's ratio to the noise that is left."""
    return -10 * squared(output, target).log10()


_POISSON, _CLASSES = Poisson(), CrossEntropy()
ACCURACY: Mapping[str, Judge] = {"accuracy": accuracy}
SURE: Mapping[str, Judge] = {"accuracy": sure}


def made(
    name: str, kind: Kind, role: Role, steps: int, size: int, parts: Parts, model: Callable[[], nn.Module],
    penalty: Judge, metrics: Mapping[str, Judge], *, overfits: bool = False,
) -> Workload:  # fmt: skip
    """Return a workload over parts in memory; batches of that size."""
    task = Task(
        model=model, penalty=penalty, train=Batches(*parts.train, size=size),
        validation=Batches(*parts.validation, size=500), metrics=metrics, name=name,
    )  # fmt: skip
    return Workload(name, kind, role, steps, task, Batches(*parts.test, size=500), overfits)


def digits_mlp() -> Workload:
    """Ten classes of 8 by 8 pixels; 1,079 images to train on."""
    net = partial(nets.dropped_perceptron, 64, 256, 10, depth=2, share=0.2)
    return made("digits-mlp", "classes", "settle", 600, 64, images.digits(), net, CrossEntropy(), ACCURACY)


def names_gru() -> Workload:
    """Whether women bear a first name, from its letters."""
    net = partial(nets.LastState, len(sequences.LETTERS) + 1, 16, 48, 1)
    return made("names-gru", "binary", "settle", 1000, 64, sequences.names(), net, BinaryCrossEntropy(), SURE)


def names_linear() -> Workload:
    """The same from the name's trigrams, one number for each: a sum, which wants a high step size."""
    net = partial(nn.EmbeddingBag, (len(sequences.LETTERS) + 1) ** 3, 1, mode="sum")
    parts = sequences.name_trigrams()
    return made("names-linear", "binary", "settle", 1000, 64, parts, net, BinaryCrossEntropy(), SURE)


def digits_autoencoder() -> Workload:
    """Images of 64 pixels through a code of 8 numbers."""
    net = partial(nets.autoencoder, 64, 256, 128, 8)
    parts = images.digits_themselves()
    return made("digits-autoencoder", "reconstruction", "settle", 1500, 64, parts, net, MeanSquaredError(), {})


def magic_mlp() -> Workload:
    """Whether a gamma ray made a shower."""
    net = partial(nets.perceptron, 10, 128, 1, depth=3)
    return made("magic-mlp", "binary", "settle", 1500, 128, tables.magic(), net, BinaryCrossEntropy(), SURE)


def diabetes_mlp() -> Workload:
    """A disease a year later; 275 patients to train on, so a net overfits soon."""
    net = partial(nets.dropped_perceptron, 10, 64, 1, depth=2, share=0.3)
    parts = tables.diabetes()
    return made("diabetes-mlp", "regression", "settle", 600, 32, parts, net, MeanSquaredError(), {}, overfits=True)


def leaves_conv() -> Workload:
    """Six trees from the outlines of their leaves; 266 leaves to train on."""
    net = partial(nets.outline_conv, 6)
    return made("leaves-conv", "classes", "settle", 800, 32, sequences.leaves(), net, CrossEntropy(), ACCURACY)


def mnist_conv() -> Workload:
    """Ten classes of 28 by 28 pixels, with batch norms."""
    return made("mnist-conv", "classes", "report", 600, 64, images.mnist(), nets.normed_conv, CrossEntropy(), ACCURACY)


def mnist_raw() -> Workload:
    """The same images, pixels from 0 to 255 that nobody scaled."""
    net = partial(nets.dropped_perceptron, 784, 128, 10, depth=2, share=0.2)
    return made("mnist-raw", "classes", "report", 600, 64, images.raw_mnist(), net, CrossEntropy(), ACCURACY)


def optdigits_deep() -> Workload:
    """Ten classes of 8 by 8 pixels through eight plain layers, which no norm keeps in bounds."""
    net = partial(nets.perceptron, 64, 64, 10, depth=8, act=nn.Tanh)
    return made("optdigits-deep", "classes", "report", 1000, 64, images.optdigits(), net, CrossEntropy(), ACCURACY)


def source_transformer() -> Workload:
    """The next byte of Python's standard library, after 64."""
    net = partial(Transformer, tokens=256, width=64, depth=2, heads=4, context=sequences.CONTEXT)
    return source("source-transformer", 400, net)


def source_pairs() -> Workload:
    """The next byte after one: a table of scores, of which a batch touches a part."""
    return source("source-pairs", 600, partial(nn.Embedding, 256, 256))


def source(name: str, steps: int, model: Callable[[], nn.Module]) -> Workload:
    """Return a workload over the bytes of Python's standard library."""
    train, validation, test = sequences.source()
    task = Task(
        model=model, train=Windows(train, context=sequences.CONTEXT, size=16), validation=Batches(*validation, size=64),
        penalty=bytes_penalty, metrics={"bits": bits}, name=name,
    )  # fmt: skip
    return Workload(name, "language", "report", steps, task, Batches(*test, size=64))


def photos_conv() -> Workload:
    """Photographs without the noise that was added to them."""
    net = partial(nets.denoiser, 12)
    parts = images.noisy_photos()
    return made(
        "photos-conv", "reconstruction", "report", 500, 32, parts, net, MeanSquaredError(), {"decibels": decibels}
    )


def adult_mlp() -> Workload:
    """Whether a person earns much; 24 % do."""
    net = partial(nets.dropped_perceptron, 106, 128, 1, depth=4, share=0.2)
    return made("adult-mlp", "binary", "report", 1000, 64, tables.adult(), net, BinaryCrossEntropy(), SURE)


def sylva_mlp() -> Workload:
    """Whether ponderosa pines grow on a patch; on 6 % they do."""
    net = partial(nets.dropped_perceptron, 216, 128, 1, depth=2, share=0.5)
    return made("sylva-mlp", "binary", "report", 1000, 64, tables.sylva(), net, BinaryCrossEntropy(), SURE)


def flights_huber() -> Workload:
    """How late a flight arrives; the longest delays are thirty deviations away."""
    net = partial(nets.perceptron, 77, 128, 1, depth=2)
    return made("flights-huber", "regression", "report", 1200, 64, tables.flights(), net, Huber(), {"squared": squared})


def randhie_counts() -> Workload:
    """How often in a year a person sees a doctor."""
    net = partial(nets.dropped_perceptron, 29, 64, 1, depth=2, share=0.2)
    return made("randhie-counts", "counts", "report", 1000, 128, tables.randhie(), net, deviance, {})


WORKLOADS: dict[str, Callable[[], Workload]] = {
    "digits-mlp": digits_mlp, "names-gru": names_gru, "names-linear": names_linear,
    "digits-autoencoder": digits_autoencoder, "magic-mlp": magic_mlp, "diabetes-mlp": diabetes_mlp,
    "leaves-conv": leaves_conv, "mnist-conv": mnist_conv, "mnist-raw": mnist_raw, "optdigits-deep": optdigits_deep,
    "source-transformer": source_transformer, "source-pairs": source_pairs, "photos-conv": photos_conv,
    "adult-mlp": adult_mlp, "sylva-mlp": sylva_mlp, "flights-huber": flights_huber, "randhie-counts": randhie_counts,
}  # fmt: skip
"""What makes each: only making one reads its data."""


@cache
def workload(name: str) -> Workload:
    """Return a workload by its name; its data is read once in a process."""
    return WORKLOADS[name]()
