"""The data: what can be seen of the batches while a run goes on."""

from surefoot.diagnose.check import Check
from surefoot.diagnose.finding import Finding, Seen, Where

CONSTANT_BATCH = Check(
    "constant-batch", "the same batch at every step", "certain", "note", "do the batches differ?",
    "The model sees one batch only. That is right for training on the full data set and for the test whether one "
    "batch can be learned, and a mistake otherwise: a loader made anew each step, or next(iter(loader)).",
    "The input differs between two steps.",
    "the model's own forward pass (model(...)), with a tensor among its arguments",
    example="""
model = torch.nn.Linear(8, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
doctor = sf.Doctor(model, optimizer)
batch = torch.randn(32, 8), torch.randint(3, (32,))
for _ in range(20):
    penalty = torch.nn.functional.cross_entropy(model(batch[0]), batch[1])
    doctor.observe(penalty)
    optimizer.zero_grad()
    penalty.backward()
    optimizer.step()
""",
)  # fmt: skip

CHECKS: tuple[Check, ...] = (CONSTANT_BATCH,)

ALIKE = 6
"""Batches looked at in a row with the same values before it is said."""


def constant_batch(alike: int, step: int) -> Finding | None:
    """Return a note if so many batches in a row were the same.

    >>> constant_batch(3, 3)
    >>> constant_batch(6, 11).severity
    'note'
    """
    if alike < ALIKE:
        return None
    return CONSTANT_BATCH.finding(
        f"The first {alike} batches looked at were the same.",
        "for batch in loader:  # in place of next(iter(loader)) in every step",
        [Seen("different inputs", "1", f"{alike}")],
        Where(step),
    )
