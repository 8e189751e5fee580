"""Whether the labels suit the penalty, and come shuffled."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from surefoot.diagnose.checks.start import LABELS_SORTED, LABELS_SUSPICIOUS
from surefoot.diagnose.checks.start_data import sorted_labels, suspicious, unequal
from surefoot.diagnose.finding import Finding
from surefoot.training.batches import Epochs, Source
from surefoot.training.examine.start.contact import UNKNOWN, Met
from surefoot.training.examine.start.knowledge import Known
from surefoot.training.examine.start.outcome import Looked
from surefoot.training.examine.start.reading import Side

FIRST = 20
"""Batches whose order is looked at."""
SHUFFLES = 100
"""Shuffles that say what the G statistic is by chance; where rows are few its distribution is not chi-squared."""
MOST = 1000
"""Classes beyond which some may well never occur, such as the words of a language."""
MANY = 50
"""Different whole numbers from which on targets are quantities or counts."""


def labels_suspicious(first: Met, side: Side) -> Looked:
    """Return whether the labels are what the penalty can mean.

    Args:
        first: what the first batch showed.
        side: the training data.
    """
    code, of = LABELS_SUSPICIOUS.code, first.known
    if of is None or first.target is None:
        return Looked(code, skipped=UNKNOWN if of is None else "the targets are no tensors")
    targets, whole = _given(first.target, side)
    flat = torch.cat([target.reshape(-1) for target in targets])
    if not len(flat) or not bool(flat.isfinite().all()):
        return Looked(code, skipped="the targets are not finite")
    if of.kind == "classes" and not flat.is_floating_point():
        return Looked(code, _ids(of, targets, flat, first.classes, whole=whole), f"{len(flat):,} class ids")
    if of.kind == "labels":
        return Looked(code, _labels(of, targets, flat, whole=whole), f"{len(flat):,} labels")
    if of.kind == "quantities":
        return Looked(code, _quantities(of, flat, whole=whole), f"{len(flat):,} targets")
    return Looked(code, _probabilities(flat), f"{len(flat):,} probabilities")


def _given(target: Tensor, side: Side) -> tuple[list[Tensor], bool]:
    """Return the targets of all batches if the penalty takes them as they are, else those of the first."""
    seen, kept = target.reshape(-1).cpu(), [each.reshape(-1) for each in side.targets[:1]]
    if kept and seen.dtype == kept[0].dtype and torch.equal(seen, kept[0]):
        return side.targets, side.whole and len(side.targets) == side.batches
    return [target.cpu()], False


def _probabilities(flat: Tensor) -> Finding | None:
    low = float(flat.min())
    claim = f"The targets hold {low:g}; probabilities are at least 0"
    return suspicious(claim, "target.softmax(1), if they are logits") if low < 0.0 else None


def _ids(of: Known, targets: list[Tensor], flat: Tensor, classes: int, *, whole: bool) -> Finding | None:
    ids = flat if of.ignore is None else flat[flat != of.ignore]
    if classes < 2 or not len(ids):
        return None
    low, high = int(ids.min()), int(ids.max())
    if low < 0 or high >= classes:
        wrong = int(((ids < 0) | (ids >= classes)).sum())
        claim = f"{wrong:,} of {len(ids):,} class ids are out of range: they run from {low} to {high}, and the model "
        change = "target - 1" if low == 1 and high == classes else f"give the last layer {high + 1} outputs"
        return suspicious(f"{claim}has {classes} outputs, so ids run from 0 to {classes - 1}", change)
    single = all(target.ndim == 1 for target in targets) and classes <= MOST
    return unequal(torch.bincount(ids.long(), minlength=classes).tolist(), whole=whole) if single else None


def _labels(of: Known, targets: list[Tensor], flat: Tensor, *, whole: bool) -> Finding | None:
    low, high = float(flat.min()), float(flat.max())
    least = -1.0 if of.signs else 0.0
    if low < least or high > 1.0:
        change = (
            "(target + 1) / 2" if low == -1.0 and high == 1.0 else "target.float() of 0 and 1, or sf.CrossEntropy()"
        )
        return suspicious(f"The labels run from {low:g} to {high:g}; {least:g} is no and 1 is yes", change)
    if all(target.ndim and target[0].numel() == 1 for target in targets) and bool(
        ((flat == least) | (flat == 1.0)).all()
    ):
        yes = int((flat == 1.0).sum())
        return unequal([len(flat) - yes, yes], whole=whole)
    return None


def _quantities(of: Known, flat: Tensor, *, whole: bool) -> Finding | None:
    low, high = float(flat.min()), float(flat.max())
    if of.facts.key == "poisson":
        return (
            suspicious(f"The targets hold {low:g}; counts are at least 0", "leave them as they are")
            if low < 0
            else None
        )
    if low == high and len(flat) > 1:
        return suspicious(f"All {len(flat):,} targets are {low:g}", "look at how they are made", meant=not whole)
    values = torch.tensor(sorted({*flat.tolist()}))
    ids = bool((values == torch.arange(len(values))).all())
    if ids and 2 < len(values) <= MANY and len(flat) >= 2 * len(values):
        claim = (
            f"The targets are the whole numbers from 0 to {len(values) - 1}, and {of.facts.name} takes them as sizes"
        )
        return suspicious(claim, "penalty=sf.CrossEntropy() and target.long(), if they are classes", meant=True)
    return None


def labels_sorted(source: Source, side: Side) -> Looked:
    """Return whether batches hold the classes mixed."""
    code = LABELS_SORTED.code
    batches = [_single(target) for target in side.targets[:FIRST]]
    labels = [found for found in batches if found is not None and len(found)]
    if len(labels) < len(batches) or not labels:
        return Looked(code, skipped="there is not one label for each row")
    if len(labels) < 4:
        return Looked(code, skipped="there are fewer than 4 batches")
    joined = np.concatenate(labels)
    sizes = [len(each) for each in labels]
    if len(np.unique(joined)) < 2:
        return Looked(code, skipped=f"the first {len(labels)} batches hold a single class")
    seen, purity = _measures(joined, sizes)
    draws = np.random.default_rng(0)
    shuffled = np.array([_measures(draws.permutation(joined), sizes) for _ in range(SHUFFLES)])
    (mean, pure), deviation = shuffled.mean(0), shuffled[:, 0].std()
    most = 2.0 * len(joined) * _entropy(np.unique(joined, return_counts=True)[1])
    told = (seen - mean) / max(most - mean, 1e-9)
    finding = sorted_labels(purity, pure, (seen - mean) / max(deviation, 1e-9), told, fixed=_fixed(source))
    return Looked(code, finding, f"the first {len(labels)} batches hold {len(np.unique(joined))} classes mixed")


def _single(target: Tensor) -> NDArray[np.int64] | None:
    flat = target.reshape(-1)
    if target.ndim == 0 or flat.numel() != len(target) or not bool(flat.isfinite().all()):
        return None
    whole = not flat.is_floating_point() or bool(((flat == 0.0) | (flat == 1.0) | (flat == -1.0)).all())
    return flat.long().numpy() if whole else None


def _measures(labels: NDArray[np.int64], sizes: list[int]) -> tuple[float, float]:
    """Return the G statistic of batches by classes, and the share of the largest class in a batch, on average."""
    _, ids = np.unique(labels, return_inverse=True)
    batch = np.repeat(np.arange(len(sizes)), sizes)
    table = np.zeros((len(sizes), ids.max() + 1))
    np.add.at(table, (batch, ids), 1.0)
    expected = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
    there = table > 0.0
    g = 2.0 * float((table[there] * np.log(table[there] / expected[there])).sum())
    return g, float((table.max(1) / table.sum(1)).mean())


def _entropy(counts: NDArray[np.int64]) -> float:
    shares = counts / counts.sum()
    return float(-(shares * np.log(shares)).sum())


def _fixed(source: Source) -> bool:
    """Return whether the order is a data set's own, and so a mistake rather than a stream's."""
    if isinstance(source, DataLoader):
        return not isinstance(source.dataset, IterableDataset)
    return isinstance(source, (Epochs, list, tuple))
