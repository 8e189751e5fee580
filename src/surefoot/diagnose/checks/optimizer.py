"""The optimizer: whether it holds what is to be trained, once, and what it holds can be trained."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from surefoot.diagnose.check import Check
from surefoot.diagnose.finding import Finding, Seen, Where, listed

_BODY = """    penalty = torch.nn.functional.cross_entropy({}(torch.randn(32, 8)), torch.randint(3, (32,)))
    doctor.observe(penalty)
    optimizer.zero_grad()
    penalty.backward()
    optimizer.step()
"""
_MODEL = """
def net():
    return torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3))

model = net()
"""


def _example(made: str, called: str = "model", model: str = _MODEL) -> str:
    return f"{model}{made}\ndoctor = sf.Doctor(model, optimizer)\nfor _ in range(40):\n{_BODY.format(called)}"


PARAMETERS_NOT_OPTIMIZED = Check(
    "parameters-not-optimized", "trained parameters that no optimizer steps", "certain", "fault",
    "is every parameter trained?",
    "They get a gradient at every backward, which nobody uses or clears, and stay what they were.",
    "An optimizer that holds them has taken a step, or they have changed.",
    example=_example("optimizer = torch.optim.SGD(model[2].parameters(), lr=0.1)"),
)  # fmt: skip
OPTIMIZER_OF_ANOTHER_MODEL = Check(
    "optimizer-of-another-model", "the optimizer steps another model", "certain", "fault",
    "is every parameter trained?",
    "It was given the parameters of a copy, or of the model before it was replaced: it steps tensors that nothing "
    "reads, and the model stays what it was.",
    "A parameter of the model is in the optimizer.",
    explains=("parameters-not-optimized", "step-never-called", "no-gradient", "backward-missing"),
    example=_example("optimizer = torch.optim.SGD(net().parameters(), lr=0.1)"),
)  # fmt: skip
PARAMETER_STEPPED_TWICE = Check(
    "parameter-stepped-twice", "parameters that two optimizers step", "certain", "note",
    "how often is a parameter stepped?",
    "Each optimizer moves them by its own rule and knows nothing of the other; their step sizes add up.",
    "Only one of the optimizers changes them.",
    example="""
model = torch.nn.Linear(8, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
other = torch.optim.Adam(model.parameters())
doctor = sf.Doctor(model, [optimizer, other])
for _ in range(40):
    penalty = torch.nn.functional.cross_entropy(model(torch.randn(32, 8)), torch.randint(3, (32,)))
    doctor.observe(penalty)
    optimizer.zero_grad()
    penalty.backward()
    optimizer.step()
    other.step()
""",
)  # fmt: skip
NO_GRADIENT = Check(
    "no-gradient", "layers that are cut off from the penalty", "certain", "fault", "does every layer get a gradient?",
    "They are in the optimizer and are computed with a graph, but something after them cuts it (detach, .data, "
    "torch.no_grad, a round trip through numpy, argmax), so they stay what they were.",
    "One of their parameters has a gradient after backward. To keep them frozen on purpose, requires_grad_(False) "
    "says so and saves the graph.",
    explains=("cannot-overfit-one-batch",),
    example=_example("""class Cut(torch.nn.Module):
    def forward(self, x):
        return x.detach()

model.insert(1, Cut())
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)"""),
)  # fmt: skip
FROZEN_UNAWARES = Check(
    "frozen-unawares", "frozen parameters in the optimizer", "certain", "note", "is what the optimizer holds trained?",
    "They were given to the optimizer but do not require a gradient, so they are never stepped.",
    "requires_grad of these parameters is True.",
    example=_example("model[0].requires_grad_(False)\noptimizer = torch.optim.SGD(model.parameters(), lr=0.1)"),
)  # fmt: skip
DECAY_ON_NORMS_AND_BIASES = Check(
    "decay-on-norms-and-biases", "weight decay on biases and norms", "certain", "note", "what is decayed?",
    "Decay keeps matrices small so that they generalise; a norm's scale and a bias are commonly left out of it.",
    "The weight decay of their group is 0.",
    source="Loshchilov and Hutter 2019, arXiv 1711.05101; practice since Devlin et al. 2018, arXiv 1810.04805",
    example=_example("optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.1)"),
)  # fmt: skip

CHECKS: tuple[Check, ...] = (
    OPTIMIZER_OF_ANOTHER_MODEL, PARAMETERS_NOT_OPTIMIZED, NO_GRADIENT, PARAMETER_STEPPED_TWICE, FROZEN_UNAWARES,
    DECAY_ON_NORMS_AND_BIASES,
)  # fmt: skip


@final
@dataclass(frozen=True)
class Held:
    """Which parameters of a model are held by optimizers, by name, after some steps.

    Args:
        step: steps taken.
        left_out: trainable, with a gradient, in no optimizer, and unchanged.
        unlisted: the same, of modules that the model keeps in a plain list or dict, where torch does not see them.
        held: how many of the model's trainable parameters an optimizer holds.
        strangers: how many parameters the optimizers hold that are not the model's and never had a gradient.
        alike: whether the shapes of the strangers are those of the parameters left out.
    """

    step: int
    left_out: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    held: int = 0
    strangers: int = 0
    alike: bool = False


def parameters_not_optimized(seen: Held) -> Finding | None:
    """Return a finding if parameters with a gradient are in no optimizer."""
    names = seen.left_out + seen.unlisted
    if not names:
        return None
    one = len(names) == 1
    claim = f"{len(names)} trainable parameter{'' if one else 's'} with a gradient {'is' if one else 'are'} in no "
    kept = "; the model keeps them in a plain list, where model.parameters() does not find them"
    change = "optimizer = Optimizer(model.parameters(), ...)  # or .requires_grad_(False) on those that are to stay"
    if seen.unlisted:
        change = "self.layers = torch.nn.ModuleList(layers)  # instead of the plain list, before the optimizer is made"
    return PARAMETERS_NOT_OPTIMIZED.finding(
        f"{claim}optimizer and {'has' if one else 'have'} not changed in {seen.step} steps: "
        f"{listed(names)}{kept if seen.unlisted else ''}.",
        change, [Seen("trainable parameters that an optimizer holds", str(seen.held), str(seen.held + len(names)))],
        Where(seen.step, names),
    )  # fmt: skip


def optimizer_of_another_model(seen: Held) -> Finding | None:
    """Return a finding if the optimizer holds none of the model's parameters but a set of the same shapes."""
    if seen.held or not seen.strangers or not seen.alike:
        return None
    return OPTIMIZER_OF_ANOTHER_MODEL.finding(
        f"The optimizer holds {seen.strangers} parameters that are not this model's and never get a gradient, and "
        "none of the model's own, which have the same shapes: it was made for a copy or before this model was made.",
        "optimizer = Optimizer(model.parameters(), ...)  # after the model is copied, wrapped or replaced",
        [Seen("parameters of the model in the optimizer", "0", str(len(seen.left_out)))],
        Where(seen.step),
    )


@final
@dataclass(frozen=True)
class Cut:
    """Layers without a gradient.

    Args:
        step: steps taken.
        layers: the first layers of the forward pass, computed with a graph, whose parameters the optimizer holds and
            which never had a gradient.
        after: the first layer after them that has one, as it is to be called.
        titles: what the layers are to be called; their names if there are none.
    """

    step: int
    layers: tuple[str, ...]
    after: str
    titles: tuple[str, ...] = ()


def no_gradient(seen: Cut) -> Finding | None:
    """Return a finding if the first layers of a model never get a gradient and later ones do."""
    if not seen.layers:
        return None
    one, titles = len(seen.layers) == 1, seen.titles or seen.layers
    return NO_GRADIENT.finding(
        f"{listed(titles)} {'is' if one else 'are'} in the optimizer and {'was' if one else 'were'} computed "
        f"with a graph, but got no gradient in {seen.step} steps, while {seen.after} did.",
        f"find what cuts the graph between {titles[-1]} and {seen.after}: detach(), .data, torch.no_grad(), "
        "numpy(), argmax()",
        [Seen("layers without a gradient", listed(titles))],
        Where(seen.step, seen.layers),
    )


def stepped_twice(names: Sequence[str], step: int) -> Finding | None:
    """Return a note if two optimizers changed the same parameters between two penalties."""
    if not names:
        return None
    return PARAMETER_STEPPED_TWICE.finding(
        f"Two optimizers step {listed(tuple(names))}.", "give each parameter to one optimizer",
        [Seen("optimizers that changed them between two penalties", "2", "1")], Where(step, tuple(names)),
    )  # fmt: skip


def frozen_unawares(names: Sequence[str]) -> Finding | None:
    """Return a note if the optimizer holds parameters that do not require a gradient."""
    if not names:
        return None
    return FROZEN_UNAWARES.finding(
        f"{len(names)} parameter{'s' * (len(names) > 1)} in the optimizer cannot be trained: {listed(tuple(names))}.",
        "optimizer = Optimizer([p for p in model.parameters() if p.requires_grad], ...)",
        [Seen("requires_grad", "False", "True")], Where(layer=tuple(names)),
    )  # fmt: skip


def decay_on_vectors(names: Sequence[str], decay: float) -> Finding | None:
    """Return a note if biases and norms are decayed."""
    if not names:
        return None
    return DECAY_ON_NORMS_AND_BIASES.finding(
        f"Weight decay {decay:g} also shrinks {len(names)} bias{'es' * (len(names) > 1)} and norms: "
        f"{listed(tuple(names))}.",
        "optimizer = sf.AdamW(sf.groups(model), ...)  # decays matrices only",
        [Seen("decay of vectors", decay, "0")], Where(layer=tuple(names)),
    )  # fmt: skip
