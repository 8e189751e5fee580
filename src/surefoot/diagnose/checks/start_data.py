"""What the data say before a run begins: facts that were read of them, judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

from surefoot.diagnose.checks.start import (
    CONSTANT_COLUMNS,
    INPUTS_NOT_FINITE,
    INPUTS_NOT_SCALED,
    LABELS_SORTED,
    LABELS_SUSPICIOUS,
    ROWS_IN_BOTH,
)
from surefoot.diagnose.finding import Finding, Seen, Where, listed

FAR = 10.0
"""A column whose mean is more than so many of its deviations from 0 moves with its bias and hardly else."""
SPREAD = 1e3
"""Factor between the widest and the narrowest column beyond which no one step size suits both."""
SIZES = (0.05, 20.0)
"""Root mean squares of inputs that a layer as torch makes it takes well; pixels up to 255 lie outside."""
LEAKED = 0.005
"""Share of validation rows among the training rows that is above any accident."""
FEW = 3
"""Equal rows that may be chance: Fisher's irises, 150 rows, hold two that are equal."""
UNEQUAL = 100.0
"""Rows of the largest class for one of the smallest from which on it is worth a word."""
SURE = 8.0
"""Standard deviations above shuffled labels: not once in a hundred thousand million shuffled data sets."""
PURE = 0.9
"""Share of the largest class in a batch, on average, from which on batches hold one class each."""
TELLING = 0.2
"""Part of what a label says that the number of its batch says already, below which an order is weak."""


@final
@dataclass(frozen=True)
class Flaw:
    """Numbers that are not finite, in the first batch that holds any.

    Args:
        of: input or target.
        batch: which batch was read, such as "training batch 3".
        rows: rows of that batch.
        columns: columns, if it is a table.
        share: of all its numbers.
        penalty: the penalty of that batch, or None if it could not be computed.
    """

    of: str
    batch: str
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    share: float
    penalty: float | None


def not_finite(flaw: Flaw) -> Finding:
    """Return the finding: a fault, or a note if the model copes and the penalty is finite."""
    columns = f", column{'s' * (len(flaw.columns) > 1)} {_some(flaw.columns)}" if flaw.columns else ""
    found = INPUTS_NOT_FINITE.finding(
        f"{flaw.share:.2g} of the {flaw.of}'s numbers in a batch are NaN or infinite{columns}",
        "leave such rows out or fill them in: keep = x.isfinite().flatten(1).all(1); x, y = x[keep], y[keep]",
        [] if flaw.penalty is None else [Seen("penalty of that batch", flaw.penalty, "a finite number")],
        Where(rows=flaw.rows, batch=flaw.batch),
    )
    copes = flaw.penalty is not None and abs(flaw.penalty) < float("inf")  # NaN is not below
    return replace(found, severity="note") if copes else found


def not_scaled(means: Sequence[float], deviations: Sequence[float], size: float, *, harms: bool) -> Finding | None:
    """Return the finding on inputs that are not scaled, naming the columns.

    Args:
        means: of each column of a table; none if the input is no table.
        deviations: of each column.
        size: root mean square of all.
        harms: whether the first penalty is far too high, which makes it a fault where the inputs are too large.
    """
    columns = [(at, mean, wide) for at, (mean, wide) in enumerate(zip(means, deviations, strict=True)) if wide > 0.0]
    far = [at for at, mean, wide in columns if abs(mean) > FAR * wide]
    wide, narrow = (pick((w, at) for at, _, w in columns) if columns else (1.0, 0) for pick in (max, min))
    said = []
    if far:
        said.append(
            f"column{'s' * (len(far) > 1)} {_some(far)} lie{'s' * (len(far) == 1)} more than 10 deviations off 0"
        )
    if wide[0] > SPREAD * narrow[0]:
        said.append(f"column {wide[1]} varies {wide[0] / narrow[0]:,.0f} times as much as column {narrow[1]}")
    if not SIZES[0] <= size <= SIZES[1]:
        said.append(f"the inputs' root mean square is {size:.3g}")
    if not said:
        return None
    fix = "x = (x - x_train.mean(0)) / x_train.std(0)" if means else "x = (x - x_train.mean()) / x_train.std()"
    found = INPUTS_NOT_SCALED.finding(
        f"The inputs are not scaled: {'; '.join(said)}", fix, [Seen("inputs' root mean square", size, "about 1")]
    )
    return replace(found, severity="fault") if harms and size > SIZES[1] else found


def constant_columns(values: Mapping[int, float], count: int) -> Finding | None:
    """Return the note on columns that never change.

    Args:
        values: of each constant column, by its number; those whose value is common elsewhere too left out, such as
            the 0 of an image's margin or of a one-hot code.
        count: how many columns there are.
    """
    if not values:
        return None
    names = _some(sorted(values))
    at, value = min(values.items())
    return CONSTANT_COLUMNS.finding(
        f"{len(values)} of {count} columns of the input never change: {names}",
        f"look at how column {at} is made; leave it out if it is meant to be {value:g}",
        [Seen(f"column {at} in every row", value)],
    )


def suspicious(claim: str, change: str, seen: Sequence[Seen] = (), *, meant: bool = False) -> Finding:
    """Return the finding on labels; a note if they may be meant."""
    found = LABELS_SUSPICIOUS.finding(claim, change, seen)
    return replace(found, severity="note") if meant else found


def unequal(counts: Sequence[int], *, whole: bool) -> Finding | None:
    """Return the finding on how often classes occur.

    Args:
        counts: of each class.
        whole: whether all rows were read; what was not seen in some of them may be in the others.
    """
    rows, classes = sum(counts), len(counts)
    there = [at for at, count in enumerate(counts) if count]
    seen = [Seen("rows of each class", ", ".join(f"{count:,}" for count in counts[:12]) + ", ..." * (classes > 12))]
    if len(there) == 1 and rows > 1:
        claim = f"All {rows:,} labels are {there[0]}, one class of {classes}"
        return suspicious(claim, "give rows of every class", seen, meant=not whole)
    absent = [at for at, count in enumerate(counts) if not count]
    if whole and absent and rows >= 20 * classes:
        claim = f"{len(absent)} of {classes} classes never occur: {_some(absent)}"
        return suspicious(
            claim, f"give the last layer {classes - len(absent)} outputs, or look for them", seen, meant=True
        )
    most, least = max(counts), min(counts[at] for at in there)
    if most > UNEQUAL * least:
        claim = f"The largest class has {most:,} rows and the smallest {least:,}"
        return suspicious(claim, "judge by each class's recall, or give class_weights", seen, meant=True)
    return None


def sorted_labels(purity: float, shuffled: float, deviations: float, told: float, *, fixed: bool) -> Finding | None:
    """Return the finding on labels that come in order.

    Args:
        purity: share of the largest class in a batch, mean over the first batches.
        shuffled: the same with these labels shuffled.
        deviations: how far the G statistic of batches by classes lies above that of shuffled labels [its standard
            deviations].
        told: part of a label's entropy that the number of its batch takes away [0 to 1].
        fixed: whether the order is that of a data set, the same in every epoch; that of a stream may be meant.
    """
    if deviations < SURE or told < TELLING:
        return None
    seen = [Seen("share of a batch's largest class", purity, f"{shuffled:.2g} if shuffled")]
    found = LABELS_SORTED.finding(
        f"The labels come in order: in a batch {purity:.0%} are of one class, where shuffled ones have {shuffled:.0%}",
        "DataLoader(..., shuffle=True)",
        seen,
    )
    return found if fixed and purity >= PURE and shuffled < PURE else replace(found, severity="note")


def in_both(rows: int, equal: int, expected: float, examples: Sequence[tuple[int, int]]) -> Finding | None:
    """Return the finding on validation rows that stand in the training data too.

    Args:
        rows: validation rows.
        equal: how many of them equal a training row.
        expected: the share of training rows that equal another training row: what chance does where values are few.
        examples: pairs of a validation row and the training row that equals it, from 0.
    """
    share = equal / max(1, rows)
    if not equal or share <= 2.0 * expected:
        return None
    validation, training = examples[0]
    found = ROWS_IN_BOTH.finding(
        f"{equal:,} of {rows:,} validation rows ({share:.1%}) stand in the training data too, such as validation row "
        f"{validation}, training row {training}",
        "split the rows first, by what makes them equal, and make copies after that",
        [Seen("training rows that equal another one", f"{expected:.2%}")],
    )
    sure = equal >= FEW and share > LEAKED + 2.0 * expected
    return found if sure else replace(found, severity="note")


def _some(numbers: Sequence[int]) -> str:
    return listed(tuple(map(str, numbers)))
