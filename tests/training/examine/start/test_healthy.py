"""A task that is set up right is told so: no fault, whatever its model, penalty and data are like."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset, TensorDataset
from training.examine.start.nets import (
    DIGIT,
    DIGITS,
    DRAWS,
    Fold,
    datasets,
    digits,
    drawn,
    ids,
    mlp,
    split,
    standardised,
)

import surefoot as sf
from surefoot.tasks import load
from surefoot.training.examine.start import examined


@pytest.fixture(autouse=True)
def same_draws_on_one_thread():
    DRAWS.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def cancer():
    x, y = datasets.load_breast_cancer(return_X_y=True)
    y = torch.tensor(y, dtype=torch.float32)[:, None]
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(1))
    return sf.Task(
        model=lambda: mlp(30, 16, 1), penalty=nn.BCEWithLogitsLoss(), **split(standardised(x)[order], y[order])
    )


def diabetes(y_too=True):
    x, y = datasets.load_diabetes(return_X_y=True)
    y = torch.tensor(y, dtype=torch.float32)[:, None]
    y = standardised(y) if y_too else y
    return sf.Task(model=lambda: mlp(10, 32, 1), penalty=nn.MSELoss(), **split(standardised(x), y))


def words():
    x = ids(50, 400, 12)

    def net():
        return Fold(lambda p, x: p["last"](p["words"](x).mean(1)), words=nn.Embedding(50, 16), last=nn.Linear(16, 3))

    return sf.Task(model=net, penalty=sf.CrossEntropy(), **split(x, x[:, :6].sum(1) % 3))


def gru(first=True):
    def net():
        return Fold(
            lambda p, x: p["last"](p["gru"](x)[0].select(1 if first else 0, -1)),
            gru=nn.GRU(8, 24, batch_first=first), last=nn.Linear(24, 10),
        )  # fmt: skip

    x = DIGITS.reshape(-1, 8, 8)
    if first:
        return sf.Task(model=net, penalty=sf.CrossEntropy(), **split(x, DIGIT))
    pairs = [(x[at : at + 32].transpose(0, 1), DIGIT[at : at + 32]) for at in range(0, 640, 32)]
    return sf.Task(model=net, penalty=sf.CrossEntropy(), train=pairs[2:], validation=pairs[:2])


def time_first_tagger():
    """Places first in the input and in the target, as torch's LSTM takes them, from a stream of ready batches."""
    x = ids(20, 9, 640)
    pairs = [(x[:, at : at + 32], (x[:, at : at + 32] + 1) % 20) for at in range(0, 640, 32)]

    def net():
        return Fold(
            lambda p, x: p["last"](p["lstm"](p["words"](x))[0]).movedim(-1, 1),
            words=nn.Embedding(20, 16), lstm=nn.LSTM(16, 24), last=nn.Linear(24, 20),
        )  # fmt: skip

    return sf.Task(model=net, penalty=sf.CrossEntropy(), train=lambda: iter(pairs))


def autoencoder():
    def net():
        return nn.Sequential(mlp(64, 32, 8), nn.ReLU(), mlp(8, 32, 64))

    return sf.Task(model=net, penalty=sf.MeanSquaredError(), **split(DIGITS, DIGITS))


def variational():
    """Gaussian draws in forward, a binary cross-entropy of grey values whose least is far above 0, and a divergence."""

    def elbo(model, batch):
        mean, log_variance = model.parts["into"](batch).chunk(2, 1)
        code = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        same = functional.binary_cross_entropy_with_logits(model.parts["out"](code), batch, reduction="none").sum(1)
        return (same + 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1)).mean()

    def net():
        return Fold(lambda p, x: x, into=mlp(64, 32, 16), out=mlp(8, 32, 64))

    return sf.Task(model=net, forward=elbo, train=DIGITS.split(32)[2:], validation=DIGITS.split(32)[:2])


def transformer(dropout=0.1, tied=False):
    x = ids(30, 500, 10)

    def net():
        parts = {
            "words": nn.Embedding(30, 32), "place": nn.Embedding(10, 32), "norm": nn.LayerNorm(32), "last": nn.Linear(32, 30),
            "block": nn.TransformerEncoder(
                nn.TransformerEncoderLayer(32, 4, 64, dropout, batch_first=True), 2, enable_nested_tensor=False
            ),
        }  # fmt: skip
        if tied:
            nn.init.normal_(parts["words"].weight, std=0.02)
            parts["last"].weight = parts["words"].weight

        def run(p, x):
            return p["last"](p["norm"](p["block"](p["words"](x) + p["place"](torch.arange(10)))))

        return Fold(run, **parts)

    def penalty(output, target):
        return functional.cross_entropy(output.flatten(0, 1), target.flatten())

    return sf.Task(model=net, penalty=penalty, **split(x, x.flip(1)))


def conv(norm=nn.BatchNorm2d, depth=2):
    layers = [nn.Unflatten(1, (1, 8, 8))]
    for at in range(depth):
        layers += [nn.Conv2d(16 if at else 1, 16, 3, padding=1, bias=False), norm(16), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))


class Frozen(nn.Module):
    """A body that stays as it is, its batch norm in evaluation mode, and a head that is trained."""

    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Sequential(nn.Linear(64, 48), nn.BatchNorm1d(48), nn.ReLU()), nn.Linear(48, 10)
        self.body.requires_grad_(False)

    def train(self, mode=True):
        super().train(mode)
        self.body.eval()
        return self

    def forward(self, x):
        return self.head(self.body(x))


class Residual(nn.Module):
    """Blocks whose branches begin as zero."""

    def __init__(self):
        super().__init__()
        self.into, self.out = nn.Linear(64, 32), nn.Linear(32, 10)
        self.blocks = nn.ModuleList(mlp(32, 64, 32) for _ in range(12))
        for block in self.blocks:
            nn.init.zeros_(block[-1].weight)
            nn.init.zeros_(block[-1].bias)

    def forward(self, x):
        x = self.into(x)
        for block in self.blocks:
            x = x + block(x)
        return self.out(x)


class Norm(nn.Module):
    """A pair of normed layers of each kind that torch wraps weights with."""

    def __init__(self):
        super().__init__()
        self.one = nn.utils.parametrizations.weight_norm(nn.Linear(64, 32))
        self.two = nn.utils.parametrizations.spectral_norm(nn.Linear(32, 32))
        self.last = nn.Linear(32, 10)

    def forward(self, x):
        return self.last(torch.relu(self.two(torch.relu(self.one(x)))))


class Graph(nn.Module):
    """A net over all the nodes of one graph, whose matrix it holds."""

    def __init__(self):
        super().__init__()
        near = (torch.rand(120, 120, generator=torch.Generator().manual_seed(0)) < 0.05).float() + torch.eye(120)
        self.register_buffer("near", near / near.sum(1, keepdim=True))
        self.one, self.two = nn.Linear(64, 32), nn.Linear(32, 10)

    def forward(self, x):
        return self.two(self.near @ torch.relu(self.one(self.near @ x)))


def trained():
    """A module that has been trained already, on labels that it now begins with."""
    torch.manual_seed(0)
    model = mlp(64, 64, 10)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    for _ in range(200):
        optimizer.zero_grad()
        functional.cross_entropy(model(DIGITS[64:]), DIGIT[64:]).backward()
        optimizer.step()
    return digits(model)


def contrastive():
    """Rows are compared with each other: two views of each image."""

    def clip(model, batch):
        one, two = (functional.normalize(model(batch + 0.1 * torch.randn_like(batch)), dim=1) for _ in range(2))
        return functional.cross_entropy(one @ two.T / 0.1, torch.arange(len(batch)))

    return sf.Task(model=lambda: mlp(64, 32, 16), forward=clip, train=DIGITS.split(32))


def paired():
    """Similarities of all pairs in a batch as the output."""

    def net():
        return Fold(lambda p, x: (lambda z: z @ z.T)(functional.normalize(p["net"](x), dim=1)) * 5, net=mlp(64, 32, 16))

    pairs = [(x, torch.arange(32)) for x in DIGITS.split(32)[:20]]
    return sf.Task(model=net, penalty=sf.CrossEntropy(), train=pairs)


class Stream(IterableDataset):
    """Rows of a function, without end."""

    def __iter__(self):
        draws = torch.Generator().manual_seed(3)
        while True:
            x = torch.randn(5, generator=draws)
            yield x, (x.sum() > 0).long()


def onehot():
    """Eight yes-or-no questions: every row of so small a space comes again and again."""
    x = (torch.rand(900, 8, generator=torch.Generator().manual_seed(0)) < 0.5).float()
    return sf.Task(model=lambda: mlp(8, 16, 2), penalty=sf.CrossEntropy(), **split(x, (x.sum(1) > 4).long(), held=200))


def line():
    x = torch.linspace(-1, 1, 64)[:, None]
    return sf.Task(
        model=lambda: nn.Linear(1, 1), penalty=nn.MSELoss(), train=sf.Batches(x, 3 * x + 1 + 0.1 * drawn(64, 1))
    )


def slope():
    """One weight: fewer than two rows have targets."""
    x = torch.linspace(0.1, 2, 64)[:, None]
    return sf.Task(
        model=lambda: nn.Linear(1, 1, bias=False), penalty=nn.MSELoss(), train=sf.Batches(x, x + drawn(64, 1))
    )


def blobs():
    """Two classes that overlap, and two weights for each."""
    y = ids(2, 300)
    return sf.Task(
        model=lambda: nn.Linear(2, 2), penalty=sf.CrossEntropy(), train=sf.Batches(drawn(300, 2) + y[:, None], y)
    )


def counts():
    x = drawn(400, 6)
    y = torch.poisson((0.5 * x.sum(1, keepdim=True)).exp().clamp(max=20), generator=DRAWS)
    return sf.Task(model=lambda: mlp(6, 32, 1), penalty=sf.Poisson(), **split(x, y))


def distilled(heat=1.0):
    teacher = drawn(64, 10) * 0.8 / heat
    return digits(lambda: mlp(64, 64, 10), sf.KullbackLeibler(), **split(DIGITS, (DIGITS @ teacher).softmax(1)))


def unequal():
    y = (torch.rand(1500, generator=torch.Generator().manual_seed(0)) < 0.03).long()
    return sf.Task(model=lambda: mlp(5, 16, 2), penalty=sf.CrossEntropy(), **split(drawn(1500, 5) + y[:, None], y))


def several():
    x = drawn(500, 8)
    return sf.Task(model=lambda: mlp(8, 32, 3), penalty=sf.BinaryCrossEntropy(), **split(x, (x[:, :3] > 0.5).float()))


def segmented():
    x = drawn(120, 1, 8, 8)

    def net():
        return nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 3, 3, padding=1))

    return sf.Task(model=net, penalty=nn.CrossEntropyLoss(), **split(x, (x[:, 0] > 0).long() + (x[:, 0] > 1), held=32))


def dicts():
    x = ids(40, 320, 8)
    batches = [{"ids": a, "mask": a > 3, "labels": a.sum(1) % 3} for a in x.split(32)]

    def run(p, ids, mask):
        return p["last"]((p["words"](ids) * mask[..., None]).sum(1) / 8)

    def net():
        return Fold(run, words=nn.Embedding(40, 16), last=nn.Linear(16, 3))

    def forward(model, batch):
        return functional.cross_entropy(model(batch["ids"], mask=batch["mask"]), batch["labels"])

    return sf.Task(model=net, forward=forward, train=batches[2:], validation=batches[:2])


def lora():
    model = mlp(64, 48, 10).requires_grad_(False)
    down, up = nn.Linear(64, 4, bias=False), nn.Linear(4, 10, bias=False)
    nn.init.zeros_(up.weight)
    return digits(lambda: Fold(lambda p, x: p["base"](x) + p["up"](p["down"](x)), base=model, down=down, up=up))


def rolled():
    """Masks that a recurrent net needs: rows packed by their lengths."""
    x, length = drawn(320, 9, 5), 1 + ids(9, 320)

    def run(p, given):
        packed = nn.utils.rnn.pack_padded_sequence(given[0], given[1], batch_first=True, enforce_sorted=False)
        return p["last"](p["gru"](packed)[1][-1])

    def net():
        return Fold(run, gru=nn.GRU(5, 16, batch_first=True), last=nn.Linear(16, 2))

    y = (x[:, 0, 0] > 0).long()
    batches = [((x[at : at + 32], length[at : at + 32]), y[at : at + 32]) for at in range(0, 320, 32)]
    return sf.Task(model=net, penalty=sf.CrossEntropy(), train=batches)


def denoising():
    """Noise and its strength are drawn in forward, so the penalty has a floor and never repeats."""

    def forward(model, batch):
        noise, share = torch.randn_like(batch), torch.rand(len(batch), 1)
        return functional.mse_loss(model(torch.cat([share * batch + (1 - share) * noise, share], 1)), noise)

    return sf.Task(model=lambda: mlp(65, 64, 64), forward=forward, train=DIGITS.split(32))


class Patches(nn.Module):
    """A small vision transformer whose head begins as zero."""

    def __init__(self):
        super().__init__()
        self.patch, self.norm, self.head = nn.Conv2d(1, 32, 2, 2), nn.LayerNorm(32), nn.Linear(32, 10)
        self.first, self.place = nn.Parameter(torch.zeros(1, 1, 32)), nn.Parameter(0.02 * torch.randn(1, 17, 32))
        layer = nn.TransformerEncoderLayer(32, 4, 64, 0.1, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        nn.init.zeros_(self.head.weight)

    def forward(self, x):
        x = self.patch(x.reshape(-1, 1, 8, 8)).flatten(2).transpose(1, 2)
        x = torch.cat([self.first.expand(len(x), -1, -1), x], 1) + self.place
        return self.head(self.norm(self.blocks(x))[:, 0])


def bags():
    """Bags of words by their offsets: the rows of the first tensor are words."""
    batches = []
    for _ in range(12):
        sizes = 2 + ids(4, 16)
        starts = torch.cat([torch.zeros(1, dtype=torch.long), sizes.cumsum(0)[:-1]])
        batches.append(((ids(50, int(sizes.sum())), starts), ids(3, 16)))

    def net():
        return Fold(lambda p, given: p["last"](p["bag"](*given)), bag=nn.EmbeddingBag(50, 16), last=nn.Linear(16, 3))

    return sf.Task(model=net, penalty=sf.CrossEntropy(), train=batches)


def gaussian():
    """A penalty that falls below 0, of a pair of outputs."""

    def net():
        return Fold(lambda p, x: p["net"](x).chunk(2, 1), net=mlp(6, 32, 2))

    def penalty(output, target):
        return functional.gaussian_nll_loss(output[0], target, functional.softplus(output[1]))

    return sf.Task(model=net, penalty=penalty, train=sf.Batches(drawn(300, 6), drawn(300, 1)))


def discriminator():
    """Half of a GAN: called twice, on data and on noise."""

    def forward(model, batch):
        return functional.softplus(-model(batch)).mean() + functional.softplus(model(torch.rand_like(batch))).mean()

    return sf.Task(model=lambda: mlp(64, 32, 1), forward=forward, train=DIGITS.split(32))


def weights():
    return [1.0, 2.0, 1.0, 1.0, 0.5, 1.0, 1.0, 3.0, 1.0, 1.0]


HEALTHY = {
    "digits": lambda: load("digits"),
    "breast cancer": cancer,
    "diabetes": diabetes,
    "diabetes, targets as they are": lambda: diabetes(y_too=False),
    "embedding": words,
    "GRU": gru,
    "GRU, places first": lambda: gru(first=False),
    "LSTM, places first in both": time_first_tagger,
    "autoencoder": autoencoder,
    "variational autoencoder": variational,
    "transformer": transformer,
    "transformer, tied weights": lambda: transformer(tied=True),
    "batch norm": lambda: digits(conv),
    "deep batch norm": lambda: digits(lambda: conv(depth=12)),
    "no statistics": lambda: digits(lambda: conv(norm=lambda n: nn.BatchNorm2d(n, track_running_stats=False))),
    "group norm": lambda: digits(lambda: conv(norm=lambda n: nn.GroupNorm(4, n))),
    "no norm, mean over the image": lambda: digits(lambda: conv(norm=lambda n: nn.Identity(), depth=3)),
    "frozen body": lambda: digits(Frozen),
    "label smoothing": lambda: digits(lambda: mlp(64, 64, 10), sf.CrossEntropy(label_smoothing=0.1)),
    "label smoothing of one's own": lambda: digits(
        lambda: mlp(64, 64, 10), lambda f, y: functional.cross_entropy(f, y, label_smoothing=0.2)
    ),
    "class weights": lambda: digits(lambda: mlp(64, 64, 10), nn.CrossEntropyLoss(torch.tensor(weights()))),
    "a penalty that nothing is known of": lambda: digits(
        lambda: mlp(64, 64, 10), lambda f, y: 0.3 - f.log_softmax(1).gather(1, y[:, None]).mean()
    ),
    "log-softmax and NLL": lambda: digits(lambda: nn.Sequential(mlp(64, 64, 10), nn.LogSoftmax(1)), nn.NLLLoss()),
    "residual": lambda: digits(Residual),
    "weight norms": lambda: digits(Norm),
    "dropout": lambda: digits(lambda: nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10))),
    "dropout as a function": lambda: digits(
        lambda: Fold(
            lambda p, x: p["two"](functional.dropout(p["one"](x).relu(), 0.5)), one=nn.Linear(64, 64), two=nn.Linear(64, 10)
        )
    ),
    "lazy": lambda: digits(lambda: nn.Sequential(nn.LazyLinear(32), nn.ReLU(), nn.LazyLinear(10))),
    "deep tanh": lambda: digits(lambda: mlp(64, *[48] * 8, 10, act=nn.Tanh)),
    "ten layers as torch makes them": lambda: digits(lambda: mlp(64, *[48] * 10, 10)),
    "whole graph": lambda: sf.Task(model=Graph, penalty=sf.CrossEntropy(), train=[(DIGITS[:120], DIGIT[:120])]),
    "trained before": trained,
    "contrastive": contrastive,
    "pairs": paired,
    "stream": lambda: sf.Task(
        model=lambda: mlp(5, 16, 2), penalty=sf.CrossEntropy(), train=DataLoader(Stream(), batch_size=32)
    ),
    "loader": lambda: digits(
        lambda: mlp(64, 64, 10), train=DataLoader(TensorDataset(DIGITS[64:], DIGIT[64:]), batch_size=16, shuffle=True)
    ),
    "small batches": lambda: digits(lambda: mlp(64, 64, 10), train=sf.Batches(DIGITS[64:], DIGIT[64:], size=2)),
    "one batch": lambda: digits(lambda: mlp(64, 64, 10), train=[(DIGITS[64:], DIGIT[64:])]),
    "yes or no inputs": onehot,
    "line": line,
    "slope": slope,
    "overlapping blobs": blobs,
    "counts": counts,
    "distilled": distilled,
    "distilled, hot": lambda: distilled(heat=20.0),
    "unequal classes": unequal,
    "several labels": several,
    "segmentation": segmented,
    "dicts": dicts,
    "LoRA": lora,
    "packed": rolled,
    "denoising": denoising,
    "patches": lambda: digits(Patches),
    "bags of words": bags,
    "Gaussian likelihood": gaussian,
    "discriminator": discriminator,
    "a sum": lambda: digits(lambda: mlp(64, 64, 10), nn.CrossEntropyLoss(reduction="sum")),
    "several outputs": lambda: digits(
        lambda: Fold(lambda p, x: {"logits": p["net"](x), "seen": [x.mean()]}, net=mlp(64, 64, 10)),
        lambda output, y: functional.cross_entropy(output["logits"], y)),
    "quantiles": lambda: sf.Task(
        model=lambda: mlp(6, 32, 1), penalty=sf.Quantile(0.9), train=sf.Batches(drawn(300, 6), drawn(300, 1))
    ),
    "hinge": lambda: sf.Task(
        model=lambda: mlp(6, 32, 1), penalty=sf.Hinge(), train=sf.Batches(drawn(300, 6), 2.0 * ids(2, 300, 1) - 1.0)
    ),
    "focal": lambda: digits(lambda: mlp(64, 64, 10), sf.Focal()),
    "smooth": lambda: sf.Task(
        model=lambda: mlp(6, 32, 1), penalty=nn.SmoothL1Loss(beta=0.1), train=sf.Batches(drawn(300, 6), drawn(300, 1))
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HEALTHY)
def test_a_sound_task_has_no_fault(name):
    found = examined(HEALTHY[name](), seconds=60)
    assert found.sound, str(found)


@pytest.mark.slow
def test_the_text_is_sound_and_its_penalty_known_through_a_function_of_its_own():
    found = examined(load("text"), seconds=120)
    assert not found.findings, str(found)
    assert found.passed["initial-penalty"].endswith("ln 256 = 5.55")
    assert "cannot-overfit-one-batch" in found.passed
