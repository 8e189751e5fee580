"""The nets of the workloads: small ones of every usual kind."""

from itertools import pairwise
from typing import final

from torch import Tensor, nn


def perceptron(inputs: int, hidden: int, outputs: int, depth: int, act: type[nn.Module] = nn.ReLU) -> nn.Module:
    """Return a plain net: `depth` hidden layers of one width."""
    layers = [part for a, b in pairwise([inputs, *[hidden] * depth]) for part in (nn.Linear(a, b), act())]
    return nn.Sequential(*layers, nn.Linear(hidden, outputs))


def dropped_perceptron(inputs: int, hidden: int, outputs: int, depth: int, share: float) -> nn.Module:
    """Return the same, dropping a share of every hidden layer while it trains."""
    widths = pairwise([inputs, *[hidden] * depth])
    layers = [part for a, b in widths for part in (nn.Linear(a, b), nn.ReLU(), nn.Dropout(share))]
    return nn.Sequential(*layers, nn.Linear(hidden, outputs))


def autoencoder(size: int, wide: int, narrow: int, code: int) -> nn.Module:
    """Return a net that gives back what it gets, through a code."""
    return nn.Sequential(
        nn.Linear(size, wide), nn.ReLU(), nn.Linear(wide, narrow), nn.ReLU(), nn.Linear(narrow, code),
        nn.Linear(code, narrow), nn.ReLU(), nn.Linear(narrow, wide), nn.ReLU(), nn.Linear(wide, size),
    )  # fmt: skip


def normed_conv() -> nn.Module:
    """Return a conv net with batch norms, for images of 28 by 28."""
    widths = pairwise([1, 16, 24, 32])
    layers = [part for a, b in widths for part in (_halved(a, b), nn.BatchNorm2d(b), nn.ReLU())]
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(32 * 4 * 4, 10))


def _halved(inputs: int, outputs: int) -> nn.Module:
    return nn.Conv2d(inputs, outputs, kernel_size=3, stride=2, padding=1, bias=False)


def denoiser(channels: int) -> nn.Module:
    """Return a conv net of four layers that keeps an image's size."""
    return nn.Sequential(
        nn.Conv2d(1, channels, kernel_size=3, padding=1), nn.ReLU(),
        nn.Conv2d(channels, channels, kernel_size=3, padding=1), nn.ReLU(),
        nn.Conv2d(channels, channels, kernel_size=3, padding=1), nn.ReLU(),
        nn.Conv2d(channels, 1, kernel_size=3, padding=1),
    )  # fmt: skip


def outline_conv(classes: int) -> nn.Module:
    """Return a conv net over one long channel; the mean over places makes a leaf's rotation matter little."""
    return nn.Sequential(
        nn.Conv1d(1, 24, kernel_size=9, stride=3), nn.ReLU(),
        nn.Conv1d(24, 48, kernel_size=7, stride=2), nn.ReLU(),
        nn.Conv1d(48, 48, kernel_size=5, stride=2), nn.ReLU(),
        nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(48, classes),
    )  # fmt: skip


@final
class LastState(nn.Module):
    """A recurrent net over ids whose last state gives the answer.

    Args:
        ids: how many there are.
        width: numbers for each id.
        hidden: numbers in the state.
        outputs: numbers in the answer.
    """

    def __init__(self, ids: int, width: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(ids, width)
        self.recurrent = nn.GRU(width, hidden, batch_first=True)
        self.head = nn.Linear(hidden, outputs)

    def forward(self, ids: Tensor) -> Tensor:
        """Return the answers [batch, outputs] to ids [batch, places]."""
        states, _ = self.recurrent(self.embedding(ids))
        answers: Tensor = self.head(states[:, -1])
        return answers
