"""The penalties as entries."""

import inspect
import math
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, get_type_hints

import surefoot.penalties as facts
from surefoot.catalogue.documented import arguments
from surefoot.catalogue.entry import Entry, Fact, Term
from surefoot.penalties import PENALTIES, Classes, Distributions, Labels, Numbers, Penalty

TORCH = {
    "mean_squared_error": "MSELoss",
    "mean_absolute_error": "L1Loss",
    "huber": "HuberLoss",
    "poisson": "PoissonNLLLoss",
    "cross_entropy": "CrossEntropyLoss",
    "binary_cross_entropy": "BCEWithLogitsLoss",
    "kullback_leibler": "KLDivLoss",
}
"""The penalties that torch.nn has, and its class."""

SPELLED = {"levels": "level"}
"""What the class calls an argument of the facts, where it takes one as well as several."""


@cache
def _examples() -> dict[type, tuple[str, Any]]:
    """Return, for each kind of targets, an example in words and as a value."""
    counts = (0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 5.0)
    return {
        Numbers: (f"the targets {', '.join(f'{count:g}' for count in counts)}", Numbers.of(counts)),
        Classes: ("ten classes, each as frequent", Classes.equal(10)),
        Labels: ("a label that is yes for one example in five", Labels((0.2,))),
        Distributions: ("ten classes, each as frequent, every target sure of one", Distributions((0.1,) * 10, 0.0)),
    }


def entries() -> tuple[Entry, ...]:
    """Return an entry for each penalty."""
    return tuple(_entry(penalty) for penalty in PENALTIES.values())


def class_of(name: str) -> str:
    """Return the class that computes a penalty: its name, written as classes are.

    >>> class_of("cross_entropy")
    'CrossEntropy'
    """
    return "".join(word.capitalize() for word in name.split("_"))


def targets_of(penalty: Penalty[Any]) -> type:
    """Return what must be known of the targets: the type of the argument that its facts take."""
    kind = get_type_hints(type(penalty.expected).at_start)["targets"]
    assert isinstance(kind, type)
    return kind


def _entry(penalty: Penalty[Any]) -> Entry:
    name = TORCH.get(penalty.key, "")
    return Entry(
        "penalty",
        penalty.key,
        penalty.says.rstrip("."),
        penalty.formula,
        (penalty.formula,),
        f"sf.{class_of(penalty.key)}()",
        torch=f"torch.nn.{name}" if name else "",
        terms=tuple(_terms(penalty)),
        facts=tuple(_facts(penalty)),
        kin=tuple(other.key for other in PENALTIES.values() if other is not penalty and _near(other, penalty)),
    )


def _near(one: Penalty[Any], other: Penalty[Any]) -> bool:
    alike = targets_of(one) is targets_of(other)
    return alike or type(one.expected).__module__ == type(other.expected).__module__


def _terms(penalty: Penalty[Any]) -> Iterator[Term]:
    yield Term("f", "output")
    yield Term("y", "target")
    if "p" in penalty.formula.replace("exp", "").replace("Poisson", ""):
        yield Term("p", "probability")
    make: Callable[..., object] | None = getattr(facts, penalty.key, None)
    for name, parameter in inspect.signature(make).parameters.items() if make else ():
        says, bounds = arguments(make)[name] if make else ("", "")
        default = "none" if parameter.default == () else str(parameter.default).strip("(),")
        yield Term(SPELLED.get(name, name), says, "", default, bounds)


def _facts(penalty: Penalty[Any]) -> Iterator[Fact]:
    bound = "none" if math.isinf(penalty.lower_bound) else f"{penalty.lower_bound:g}"
    words, targets = _examples()[targets_of(penalty)]
    start, chance = penalty.at_start(targets), penalty.chance_level(targets)
    rows = {
        "mean over": penalty.mean_over,
        "targets": penalty.targets,
        "last layer": penalty.last_layer,
        "prediction": penalty.link,
        "lower bound": bound,
        "reached": penalty.reached,
        "derivative": penalty.differentiable,
        "at start": f"{start:.4g} for outputs near 0 and {words}",
        "by chance": f"{chance:.4g} for the best constant output and them; a net above that has learnt nothing",
        "source": penalty.source,
    }
    for title, told in rows.items():
        yield Fact(title, (("", told.rstrip(".")),))
