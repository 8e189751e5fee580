# ruff: noqa: D102
"""The nets of the tasks."""

import torch
from torch import Tensor, nn


def mlp(inputs: int = 64, outputs: int = 10, width: int = 64) -> nn.Module:
    return nn.Sequential(
        nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, outputs)
    )


def dropped(inputs: int, width: int = 48) -> nn.Module:
    return nn.Sequential(
        nn.Linear(inputs, width), nn.ReLU(), nn.Dropout(0.2), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1)
    )


def cnn() -> nn.Module:
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 12, 3, padding=1, bias=False), nn.BatchNorm2d(12), nn.ReLU(),
        nn.Conv2d(12, 24, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(24), nn.ReLU(), nn.Flatten(),
        nn.Linear(24 * 16, 10),
    )  # fmt: skip


class Block(nn.Module):
    """Attention and an MLP, each behind a norm and beside a skip."""

    def __init__(self, width: int, heads: int, drop: float) -> None:
        super().__init__()
        self.norm, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, dropout=drop, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width), nn.Dropout(drop))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return x + self.mlp(self.norm2(x))


class Transformer(nn.Module):
    """Reads a digit row by row."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.rows, self.place = nn.Linear(8, width), nn.Parameter(0.02 * torch.randn(8, width))
        self.blocks = nn.Sequential(Block(width, 2, 0.1), Block(width, 2, 0.1))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(self.rows(x.view(-1, 8, 8)) + self.place)
        return self.head(self.norm(x).mean(1))


class Recurrent(nn.Module):
    """Reads a digit row by row with a GRU."""

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.gru, self.head = nn.GRU(8, width, batch_first=True), nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.gru(x.view(-1, 8, 8))[0][:, -1])


def autoencoder() -> nn.Module:
    return nn.Sequential(
        nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 12), nn.ReLU(), nn.Linear(12, 48), nn.ReLU(), nn.Linear(48, 64),
        nn.Sigmoid(),
    )  # fmt: skip


class Reader(nn.Module):
    """Says of 32 bytes whether the middle is in a string or a comment."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.embedding = nn.Embedding(128, width)
        self.body = nn.Sequential(nn.Linear(32 * width, 64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.body(self.embedding(x).flatten(1)).squeeze(1)


class Adversaries(nn.Module):
    """A generator of two numbers out of noise, and who tells them from real ones."""

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.generator = nn.Sequential(
            nn.Linear(8, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 2)
        )
        self.critic = nn.Sequential(
            nn.Linear(2, width), nn.LeakyReLU(0.2), nn.Linear(width, width), nn.LeakyReLU(0.2), nn.Linear(width, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.critic(x)
