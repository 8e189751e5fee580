"""Whether rows stand in the training and in the validation data."""

from collections import Counter

from surefoot.diagnose.checks.start import ROWS_IN_BOTH
from surefoot.diagnose.checks.start_data import in_both
from surefoot.training.examine.start.outcome import Looked
from surefoot.training.examine.start.reading import Side
from surefoot.training.task import Task

EXAMPLES = 3


def rows_in_both(task: Task, train: Side, validation: Side | None) -> Looked:
    """Return whether validation rows equal training rows, byte for byte; copies that differ at all are not seen.

    Args:
        task: whose data.
        train: what was read of its training batches.
        validation: and of those for validation; None if there are none.
    """
    code = ROWS_IN_BOTH.code
    if validation is None:
        return Looked(code, skipped="there are no validation batches")
    if not train.digests or not validation.digests:
        return Looked(code, skipped="the batches hold no tensors with rows")
    counts = Counter(train.digests)
    again = sum(number for number in counts.values() if number > 1) / len(train.digests)
    same = task.train is task.validation and not callable(task.train)
    places = {digest: at for at, digest in reversed([*enumerate(train.digests)])}
    equal = [at for at, digest in enumerate(validation.digests) if digest in counts]
    examples = [(at, places[validation.digests[at]]) for at in equal[:EXAMPLES]]
    finding = in_both(len(validation.digests), len(equal), 0.0 if same else again, examples)
    read = f"{len(train.digests):,} and {len(validation.digests):,} rows"
    return Looked(code, finding, f"{read} have {len(equal) or 'none'} in common")
