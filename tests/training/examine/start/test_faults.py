"""A planted fault is found and named, with the place where there is one."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset
from training.examine.start.nets import DIGIT, DIGITS, DRAWS, Fold, digits, drawn, ids, mlp, split

import surefoot as sf
from surefoot.training.examine.start import examined


@pytest.fixture(autouse=True)
def same_draws_on_one_thread():
    DRAWS.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def enlarged(model, factor):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(factor)
    return model


def table(x, y, model=None, penalty=None, **given):
    return sf.Task(
        model=model or (lambda: mlp(x.shape[1], 16, 1)),
        penalty=penalty or sf.MeanSquaredError(),
        train=sf.Batches(x, y),
        **given,
    )


def holed(of_target=False):
    x, y = drawn(200, 4), drawn(200, 1)
    (y if of_target else x)[150, 0 if of_target else 2] = torch.nan
    return table(x, y)


def attention(batch_first):
    """Attention over rows where that over places is meant."""

    def net():
        layer = nn.TransformerEncoderLayer(16, 2, 32, 0.1, batch_first=batch_first)
        return Fold(
            lambda p, x: p["last"](p["layer"](p["into"](x)).mean(1)),
            into=nn.Linear(8, 16), layer=layer, last=nn.Linear(16, 10),
        )  # fmt: skip

    return digits(net, **split(DIGITS.reshape(-1, 8, 8), DIGIT))


def mixed(function):
    """A net in which something is done to what comes before its last layer."""
    return digits(
        lambda: Fold(
            lambda p, x: p["last"](function(p["into"](x).relu())), into=nn.Linear(64, 32), last=nn.Linear(32, 10)
        )
    )


def causal(batch_first):
    """A tagger, rows first, whose recurrent layer takes rows for places."""
    x = ids(20, 300, 7)

    def net():
        return Fold(
            lambda p, x: p["last"](p["gru"](p["words"](x))[0]).movedim(-1, 1),
            words=nn.Embedding(20, 16), gru=nn.GRU(16, 24, batch_first=batch_first), last=nn.Linear(24, 20),
        )  # fmt: skip

    return sf.Task(model=net, penalty=sf.CrossEntropy(), train=sf.Batches(x, (x + 1) % 20))


def shifted():
    x, y = drawn(320, 4), torch.arange(320) // 64
    return sf.Task(
        model=lambda: mlp(4, 16, 5), penalty=sf.CrossEntropy(), train=DataLoader(TensorDataset(x, y), batch_size=16)
    )


def both():
    return digits(
        lambda: mlp(64, 32, 10),
        train=sf.Batches(DIGITS, DIGIT),
        validation=sf.Batches(DIGITS[:100], DIGIT[:100]),
    )


FAULTS = {
    "a NaN in a table": (holed, "inputs-not-finite"),
    "a NaN among the targets": (lambda: holed(of_target=True), "inputs-not-finite"),
    "class ids from 1": (
        lambda: digits(lambda: mlp(64, 32, 10), **split(DIGITS, DIGIT + 1)), "labels-suspicious"),
    "class ids from 1, a function": (
        lambda: digits(lambda: mlp(64, 32, 10), lambda f, y: functional.cross_entropy(f, y), **split(DIGITS, DIGIT + 1)),
        "labels-suspicious"),
    "one class": (lambda: digits(lambda: mlp(64, 32, 10), **split(DIGITS, 0 * DIGIT)), "labels-suspicious"),
    "labels of -1 and 1": (
        lambda: table(drawn(200, 4), 2.0 * ids(2, 200, 1) - 1.0, penalty=nn.BCEWithLogitsLoss()), "labels-suspicious"),
    "negative counts": (lambda: table(drawn(200, 4), drawn(200, 1), penalty=nn.PoissonNLLLoss()), "labels-suspicious"),
    "sorted": (shifted, "labels-sorted"),
    "rows in both": (both, "rows-in-both"),
    "a large last layer": (
        lambda: digits(lambda: nn.Sequential(mlp(64, 32, 32), enlarged(nn.Linear(32, 10), 40))), "overconfident-outputs"),
    "large everywhere": (lambda: digits(lambda: enlarged(mlp(64, 32, 32, 10), 6)), "overconfident-outputs"),
    "tied weights as torch makes embeddings": (
        lambda: sf.Task(
            model=lambda: Fold(lambda p, x: (p["norm"](p["words"](x)) @ p["words"].weight.T).movedim(-1, 1),
                               words=nn.Embedding(60, 64), norm=nn.LayerNorm(64)),
            penalty=sf.CrossEntropy(), train=sf.Batches(x := ids(60, 300, 6), x.flip(1))), "initial-penalty"),
    "outputs in percent": (lambda: table(drawn(200, 4), drawn(200, 1), lambda: enlarged(mlp(4, 16, 1), 20)), "initial-penalty"),
    "deep sigmoid": (lambda: digits(lambda: mlp(64, *[32] * 8, 10, act=nn.Sigmoid)), "activation-scale"),
    "tiny weights": (lambda: digits(lambda: enlarged(mlp(64, *[32] * 4, 10), 0.05)), "activation-scale"),
    "inputs of physical units": (
        lambda: table(drawn(200, 3) * torch.tensor([1.0, 1e5, 1.0]), drawn(200, 1), lambda: mlp(3, 32, 1)), "inputs-not-scaled"),
    "a transpose for a reshape": (lambda: mixed(lambda x: x.t().reshape(x.shape)), "batch-mixing"),
    "softmax over rows": (lambda: mixed(lambda x: x.softmax(0)), "batch-mixing"),
    "the batch's mean taken off": (lambda: mixed(lambda x: x - x.mean(0)), "batch-mixing"),
    "the row before": (lambda: mixed(lambda x: 0.9 * x + 0.1 * x.roll(1, 0)), "batch-mixing"),
    "attention over rows": (lambda: attention(batch_first=False), "batch-mixing"),
    "a recurrent layer over rows": (lambda: causal(batch_first=False), "batch-mixing"),
    "softmax twice": (lambda: digits(lambda: nn.Sequential(mlp(64, 32, 10), nn.Softmax(1))), "cannot-overfit-one-batch"),
    "sigmoid twice": (
        lambda: table(drawn(200, 4), 1.0 * ids(2, 200, 1), lambda: nn.Sequential(mlp(4, 16, 1), nn.Sigmoid()), sf.BinaryCrossEntropy()),
        "cannot-overfit-one-batch"),
    "a sigmoid under quantities": (
        lambda: table(drawn(200, 4), 3.0 + 2.0 * drawn(200, 1), lambda: nn.Sequential(mlp(4, 16, 1), nn.Sigmoid())),
        "cannot-overfit-one-batch"),
    "a body cut off": (lambda: mixed(lambda x: 0.0 * x.detach()), "cannot-overfit-one-batch"),
    "no gradient at all": (
        lambda: digits(lambda: Fold(lambda p, x: p["net"](x).detach(), net=mlp(64, 32, 10))), "cannot-overfit-one-batch"),
    "dead units": (
        lambda: digits(lambda: nn.Sequential(mlp(64, 32), Fold(lambda p, x: (x - 1e4).relu()), nn.Linear(32, 10))),
        "cannot-overfit-one-batch"),
    "nothing learns, an unknown penalty": (
        lambda: digits(lambda: Fold(lambda p, x: p["net"](x).detach(), net=mlp(64, 32, 10)),
                       lambda f, y: 0.1 - f.log_softmax(1).gather(1, y[:, None]).mean()), "cannot-overfit-one-batch"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name):
    make, code = FAULTS[name]
    found = examined(make(), seconds=60)
    assert code in [each.code for each in found.findings if each.severity == "fault"], str(found)
