"""A small causal transformer: what it gives at a place depends on that place and those before it."""

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional

_TAPS = 4  # places that the convolution in front sees; on the text 3 ended 1 % and 6 4 % above it


@final
class Transformer(nn.Module):
    """A decoder over tokens, with its norms in front of each block and rotary positions.

    A convolution over four places comes first: a small net spends hundreds of steps on learning to look a place or two
    back, which this gives it from the start. Blocks begin as the identity, since what leaves them begins as zero.

    Source: Vaswani et al. 2017 (attention), Xiong et al. 2020 (norms in front), Su et al. 2021 (rotary positions).

    Args:
        tokens: how many there are [>= 1].
        width: numbers at each place; a multiple of twice the heads.
        depth: blocks [>= 1].
        heads: of each attention.
        context: places at most.

    >>> Transformer(tokens=256, width=8, depth=1, heads=2, context=6)(torch.zeros(3, 6, dtype=torch.long)).shape
    torch.Size([3, 6, 256])
    """

    turns: Tensor

    def __init__(self, *, tokens: int, width: int, depth: int, heads: int, context: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(tokens, width)
        self.near = nn.Conv1d(width, width, _TAPS)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, tokens)
        self.register_buffer("turns", _turns(context, width // heads), persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return a score for each token that may come next [batch, places, tokens], from ids [batch, places]."""
        x = self.embedding(tokens)
        x = x + self.near(functional.pad(x.transpose(1, 2), (_TAPS - 1, 0))).transpose(1, 2)
        for block in self.blocks:
            x = block(x, self.turns[:, : tokens.shape[1]])
        scores: Tensor = self.head(self.norm(x))
        return scores


@final
class Block(nn.Module):
    """Attention to the places before, then a net of one hidden layer at each place; both add to what comes in.

    Args:
        width: numbers at each place.
        heads: of the attention.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm, self.second_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value, self.mix = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        for last in (self.mix, self.down):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, x: Tensor, turns: Tensor) -> Tensor:
        """Return x with what the block adds [batch, places, width]; turns are the rotary cosines and sines."""
        x = x + self.mix(self._attended(self.norm(x), turns))
        added: Tensor = self.down(functional.gelu(self.up(self.second_norm(x))))
        return x + added

    def _attended(self, x: Tensor, turns: Tensor) -> Tensor:
        batch, places, width = x.shape
        split = self.query_key_value(x).view(batch, places, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        query, key = _turned(query, turns), _turned(key, turns)
        seen = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return seen.transpose(1, 2).reshape(batch, places, width)


def _turns(context: int, width: int) -> Tensor:
    """Return cosines and sines [2, context, width] of rotations that are faster in the first pairs."""
    angles = torch.arange(context)[:, None] * 10_000.0 ** (-torch.arange(0, width, 2) / width)
    angles = torch.cat([angles, angles], dim=-1)
    return torch.stack([angles.cos(), angles.sin()])


def _turned(x: Tensor, turns: Tensor) -> Tensor:
    """Return x with each pair of numbers, half a width apart, rotated by its place."""
    one, other = x.chunk(2, dim=-1)
    return (x * turns[0] + torch.cat([-other, one], dim=-1) * turns[1]).to(x.dtype)
