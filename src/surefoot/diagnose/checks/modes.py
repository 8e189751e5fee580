"""The modes: train() and eval(), gradients on and off, each where it belongs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from surefoot.diagnose.check import Check
from surefoot.diagnose.finding import Finding, Seen, Where, listed

_STEP = """    penalty = torch.nn.functional.cross_entropy(model(torch.randn({0}, 1, 8, 8)), torch.randint(3, ({0},)))
    doctor.observe(penalty)
    optimizer.zero_grad()
    penalty.backward()
    optimizer.step()
"""


def _example(extra: str, before: str = "", after: str = "", rows: int = 32) -> str:
    return f"""
body = [torch.nn.Conv2d(1, 8, 3), {extra}, torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(8 * 36, 3)]
model = torch.nn.Sequential(*body)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
doctor = sf.Doctor(model, optimizer)
{before}for step in range(40):
{_STEP.format(rows)}{after}"""


TRAINING_IN_EVAL_MODE = Check(
    "training-in-eval-mode", "steps are taken in eval mode", "certain", "fault", "is the model in the right mode?",
    "Dropout drops nothing and batch norms neither use the batch nor learn their statistics: the model trains without "
    "what it was given to train with.",
    "A module with dropout or batch norm is in training mode when the penalty is computed.",
    "the model's own forward pass (model(...)), and doctor.observe",
    example=_example("torch.nn.Dropout(0.5)", "model.eval()\n"),
)  # fmt: skip
VALIDATING_IN_TRAINING_MODE = Check(
    "validating-in-training-mode", "passes without gradients in training mode", "certain", "fault",
    "is the model in the right mode?",
    "Batch norms take the data of these passes into their running statistics and judge each row by its batch; dropout "
    "drops at random. What is measured there is not the model that will be used.",
    "These passes are there to renew the batch norms' statistics, or to sample from dropout.",
    "the model's own forward pass (model(...)), and doctor.observe",
    example=_example("torch.nn.BatchNorm2d(8)", "", """    if step % 10 == 9:
        with torch.no_grad():
            for _ in range(4):
                model(torch.randn(32, 1, 8, 8))
"""),
)  # fmt: skip
GRAPH_KEPT_IN_VALIDATION = Check(
    "graph-kept-in-validation", "validation records a graph", "certain", "fault", "does validation do without a graph?",
    "Every pass keeps all activations for a backward that never comes: more memory, less speed, and an ever growing "
    "graph if the penalties are added up.",
    "A backward goes through the output of these passes.",
    "the model's own forward pass (model(...)), and doctor.observe",
    example=_example("torch.nn.Dropout(0.5)", "", """    if step % 10 == 9:
        model.eval()
        for _ in range(12):
            model(torch.randn(32, 1, 8, 8))
        model.train()
"""),
)  # fmt: skip
BATCH_NORM_OF_ONE = Check(
    "batch-norm-of-one", "batch norm over one example", "certain", "fault", "has batch norm a batch?",
    "Each example is normalised by itself in training and by the running statistics afterwards: the two models "
    "differ, and the one that was trained is not the one that is used.",
    "Some training batches have two rows or more.",
    "the model's own forward pass (model(...)), and doctor.observe",
    example=_example("torch.nn.BatchNorm2d(8)", rows=1),
)  # fmt: skip

CHECKS: tuple[Check, ...] = (
    TRAINING_IN_EVAL_MODE, VALIDATING_IN_TRAINING_MODE, GRAPH_KEPT_IN_VALIDATION, BATCH_NORM_OF_ONE,
)  # fmt: skip


@final
@dataclass(frozen=True)
class Census:
    """The modules of a model that behave differently in training, by name; `resting` are those in eval mode.

    Args:
        training: whether the root is in training mode.
        norms: batch norms that keep running statistics.
        drops: dropout and its kin, with a probability above 0.
        resting: names of those of them that are in eval mode.
        renewed: whether a batch norm's momentum is None or 1, as when its statistics are measured anew.
    """

    training: bool
    norms: tuple[str, ...] = ()
    drops: tuple[str, ...] = ()
    resting: tuple[str, ...] = ()
    renewed: bool = False


@final
@dataclass(frozen=True)
class Passes:
    """What the forward passes of the root were like, counted.

    Args:
        step: steps taken.
        resting: steps in a row taken with the root in eval mode.
        trained: steps before them that were taken in training mode.
        ungraded: passes in a row without gradients, root in training mode, that came after many steps.
        bursts: how often there were such passes.
        repeated: whether passes in a row were given the same input.
        kept: passes in a row in eval mode whose output required a gradient and got none.
        single: batches of one row in a row, of those looked at, root in training mode.
    """

    step: int
    resting: int = 0
    trained: int = 0
    ungraded: int = 0
    bursts: int = 0
    repeated: bool = False
    kept: int = 0
    single: int = 0


RESTING, UNGRADED, KEPT, SINGLE = 3, 2, 8, 6
"""Least numbers in a row: steps in eval mode, passes without gradients, passes with a useless graph, and batches of one
row among those looked at."""


def training_in_eval_mode(modules: Census, seen: Passes) -> Finding | None:
    """Return a finding if steps are taken while the root and all that changes with the mode are in eval mode.

    With batch norms alone this may be fine-tuning with fixed statistics, unless steps in training mode came before.
    """
    every = modules.norms + modules.drops
    if seen.resting < RESTING or modules.training or not every or {*modules.resting} != {*every}:
        return None
    if not modules.drops and not seen.trained:
        return None
    since = f"; the {seen.trained} steps before them were taken in training mode" if seen.trained else ""
    return TRAINING_IN_EVAL_MODE.finding(
        f"The last {seen.resting} steps were taken in eval mode: {listed(every)} did nothing of what they do in "
        f"training{since}.",
        "model.train()  # at the beginning of every epoch, after validation",
        [Seen("model.training", "False", "True")],
        Where(seen.step),
    )


def validating_in_training_mode(modules: Census, seen: Passes) -> Finding | None:
    """Return a finding if passes without gradients are made in training mode, batch norms or dropout being at work."""
    if seen.ungraded < UNGRADED or not modules.training or modules.renewed:
        return None
    norms = tuple(name for name in modules.norms if name not in modules.resting)
    drops = tuple(name for name in modules.drops if name not in modules.resting)
    if not norms and (not drops or seen.bursts < UNGRADED or seen.repeated):
        return None
    does = f"{listed(norms)} took their data into the running statistics" if norms else f"{listed(drops)} dropped units"
    return VALIDATING_IN_TRAINING_MODE.finding(
        f"Forward passes without gradients were made in training mode: {does}.",
        "model.eval()  # before validation; and model.train() after it",
        [Seen("model.training in passes under no_grad", "True", "False")],
        Where(seen.step),
    )


def graph_kept(seen: Passes) -> Finding | None:
    """Return a finding if several passes in eval mode made a graph that no backward used."""
    if seen.kept < KEPT:
        return None
    return GRAPH_KEPT_IN_VALIDATION.finding(
        f"{seen.kept} forward passes in a row in eval mode recorded a graph, and no backward used it.",
        "with torch.no_grad():  # around validation",
        [Seen("requires_grad of the output in eval mode", "True", "False")],
        Where(seen.step),
    )


def batch_norm_of_one(norms: Sequence[str], seen: Passes) -> Finding | None:
    """Return a finding if batch norms in training mode have only ever seen batches of one row."""
    if seen.single < SINGLE or not norms:
        return None
    return BATCH_NORM_OF_ONE.finding(
        f"Each of the {seen.single} training batches looked at had one row: {listed(tuple(norms))} normalised each "
        "example by itself, and will use running statistics in eval mode.",
        "torch.nn.GroupNorm(groups, channels)  # in place of batch norm; or larger batches",
        [Seen("rows of a batch", "1", "more")],
        Where(seen.step),
    )
