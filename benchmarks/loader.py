"""What a place that can be restored costs: `python benchmarks/loader.py` (about a minute on one core).

An epoch of `sf.Loader` against one of torch's DataLoader over the same data set, with as many workers: the digits as a
TensorDataset, where an item is next to nothing, and images of 3 x 32 x 32 that are shifted, mirrored and given noise, by
torch's, numpy's and random's global generators. Pairs are run one after the other, in either order in turn; the table
has the median of their ratios (above 1: the Loader is slower) and its quartiles. Workers are started anew in each epoch.
"""

import argparse
import json
import random
import statistics
from collections.abc import Callable, Iterable
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, TensorDataset

import surefoot as sf

SIZE = 64


class Augmented(Dataset[tuple[Tensor, int]]):
    """Images that are shifted, mirrored and given noise each time."""

    def __init__(self, count: int = 2048) -> None:
        self.images = torch.randn(count, 3, 40, 40, generator=torch.Generator().manual_seed(0))

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, item: int) -> tuple[Tensor, int]:
        top, left = np.random.randint(0, 9, 2)
        image = self.images[item, :, top : top + 32, left : left + 32]
        image = image.flip(2) if random.random() < 0.5 else image
        return image + 0.1 * torch.randn(3, 32, 32), item % 10


def digits() -> TensorDataset:
    from sklearn.datasets import load_digits

    data = load_digits()
    return TensorDataset(torch.tensor(data.data, dtype=torch.float32) / 16, torch.tensor(data.target))


def seconds(batches: Iterable[object]) -> float:
    start = perf_counter()
    for _ in batches:
        pass
    return perf_counter() - start


def ratios(dataset: Dataset, workers: int, pairs: int) -> tuple[list[float], float]:
    """Return the ratio of each pair of epochs, and the milliseconds of a batch of torch's."""
    theirs = DataLoader(dataset, batch_size=SIZE, shuffle=True, num_workers=workers)
    ours = sf.Loader(dataset, size=SIZE, workers=workers)
    found, times = [], []
    for number in range(pairs + 1):
        ways: list[Callable[[], float]] = [lambda: seconds(theirs), lambda n=number: seconds(ours.epoch(0, n))]
        order = (0, 1) if number % 2 else (1, 0)
        took = {which: ways[which]() for which in order}
        if number:  # the first of all warms up
            found.append(took[1] / took[0])
            times.append(took[0])
    return found, statistics.median(times) / len(theirs) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=31)
    parser.add_argument("--json", type=Path)
    choices = parser.parse_args()
    rows = []
    for name, dataset in (("digits", digits()), ("augmented images", Augmented())):
        for workers in (0, 2):
            found, usual = ratios(dataset, workers, choices.pairs)
            low, median, high = statistics.quantiles(found, n=4)
            rows.append({"data": name, "workers": workers, "ratio": median, "quartiles": [low, high], "ms": usual})
            line = f"{name:16s} workers {workers}: {median:.2f} times torch's ({low:.2f} to {high:.2f}"
            print(f"{line}; torch: {usual:.2f} ms a batch)", flush=True)
    if choices.json is not None:
        choices.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
