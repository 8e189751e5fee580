"""The schedules as entries: shapes, joins of them, and the plateau's feedback, which goes with any."""

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from decimal import Decimal

from surefoot.catalogue.documented import Argument, arguments, section, sentence
from surefoot.catalogue.entry import Entry, Fact, Term
from surefoot.catalogue.kinship import kin_of, named_in
from surefoot.catalogue.plain import plain
from surefoot.feedback import Plateau
from surefoot.schedules import Schedule, parse
from surefoot.schedules.joins import JOINS
from surefoot.schedules.shaped import SHAPED
from surefoot.schedules.shapes import SHAPES
from surefoot.schedules.syntax import formulas_of

SETTINGS = {
    "warmup": ("warmup(10%)", "warmup(40%)", "warmup(40%, start=0.3)"),
    "constant": ("constant()", "constant(value=0.3)"),
    "linear": ("linear()", "linear(50%)", "linear(to=0.3)"),
    "cosine": ("cosine()", "cosine(50%)", "cosine(to=0.3)"),
    "cosine_warmup": ("cosine_warmup(20%)", "cosine_warmup(50%)", "cosine_warmup(50%, start=0.3)"),
    "restarts": ("restarts()", "restarts(cycles=3, growth=2.0)", "restarts(cycles=5, drop=0.6)"),
    "exponential": ("exponential(to=0.01)", "exponential(to=0.1)", "exponential(half_life=10%)"),
    "power": ("power(10%)", "power(10%, exponent=0.5)", "power(10%, exponent=2.0)"),
    "inverse_sqrt": ("inverse_sqrt(10%)", "warmup(10%) >> inverse_sqrt(10%)"),
    "polynomial": ("polynomial(exponent=2.0)", "polynomial(exponent=0.5)", "polynomial(exponent=4.0, to=0.1)"),
    "one_minus_sqrt": ("one_minus_sqrt()", "one_minus_sqrt(to=0.3)", "constant() >> one_minus_sqrt(20%)"),
    "piecewise": ("piecewise(at=(30%, 60%), factor=0.1)", "piecewise(at=50%, to=0.5)"),
    "one_cycle": ("one_cycle()", "one_cycle(rise=45%)", "one_cycle(rise=10%, fall=50%, to=0.1)"),
    "wsd": ("wsd()", "wsd(cooldown=50%)", "wsd(warmup=20%, to=0.1)"),
}
"""For each schedule texts that show what it can do, the plainest first."""

_PLACES = {
    "x": "part of the phase that is done after its step i, (i + 1)/L of its L steps",
    "i": "step of the phase, 0 the first",
    "cycle": "number of cycles that are done; x is the part of the one that is not",
}
"""The names in formulas that are no knobs."""


def entries() -> tuple[Entry, ...]:
    """Return an entry for each schedule."""
    makers: dict[str, Callable[..., object]] = {make.__name__: make for make in (*SHAPED, *JOINS)} | {
        "plateau": Plateau
    }
    named = {name: named_in([inspect.getdoc(make) or "", *SETTINGS.get(name, ())]) for name, make in makers.items()}
    kin = kin_of(named, {name: _waves(name) or name for name in makers})
    made = [_entry(make, kin[make.__name__]) for make in (*SHAPED, *JOINS)]
    return (*made, _plateau(kin["plateau"]))


def _waves(name: str) -> bool:
    return name in SHAPES and any("sin" in plain(form) for form in formulas_of(name))


def python_of(text: str) -> str:
    """Return the Python that makes the schedule of a text.

    >>> python_of("warmup(5%) >> linear(to=0.1)")
    'sf.warmup(0.05) >> sf.linear(to=0.1)'
    >>> python_of("warmup(5.5%)")
    'sf.warmup(0.055)'
    """
    shares = re.sub(r"(\d+(?:\.\d+)?)%", lambda found: repr(float(Decimal(found[1]) / 100)), text)
    return re.sub(r"\b([a-z_0-9]+)\(", r"sf.\1(", shares)


def _entry(make: Callable[..., Schedule], kin: tuple[str, ...]) -> Entry:
    name = make.__name__
    forms = formulas_of(name) if make in SHAPED else ()
    formula = tuple(plain(form) for form in forms) or (str(parse(SETTINGS[name][0])),)
    used = {node.id for form in forms for node in ast.walk(form) if isinstance(node, ast.Name)}
    places = tuple(Term(place, says) for place, says in _PLACES.items() if place in used)
    source = section(make, "Source")
    return Entry(
        "schedule",
        name,
        sentence(make),
        " or ".join(formula),
        formula,
        python_of(SETTINGS[name][0]),
        terms=(*places, *_terms(make)),
        facts=(Fact("signature", (("", f"{name}{_signature(make)}"),)), *_source(source)),
        kin=kin,
        settings=SETTINGS[name],
    )


def _terms(make: Callable[..., object]) -> Iterator[Term]:
    """Go through a constructor's arguments; one that is described elsewhere says where."""
    told = arguments(make)
    for where in re.findall(r"its arguments and end are those of `(\w+)`", inspect.getdoc(make) or ""):
        told = arguments(next(other for other in SHAPED if other.__name__ == where))
    for name, parameter in inspect.signature(make).parameters.items():
        says, bounds = told.get(name, Argument("", ""))
        default = "needed" if parameter.default is parameter.empty else str(parameter.default)
        yield Term(name, says, "", default, bounds)


def _signature(make: Callable[..., object]) -> str:
    parameters = inspect.signature(make).parameters.values()
    given = [each.name if each.default is each.empty else f"{each.name}={each.default!r}" for each in parameters]
    return f"({', '.join(given)})"


def _source(text: str) -> tuple[Fact, ...]:
    return (Fact("source", (("", text.rstrip(".")),)),) if text else ()


def _plateau(kin: tuple[str, ...]) -> Entry:
    laws = section(Plateau, "Laws").rstrip(".").split(". ")
    return Entry(
        "schedule",
        "plateau",
        sentence(Plateau),
        _multiplier(),
        (_multiplier(),),
        f"sf.Plateau(factor={Plateau.factor}, patience={Plateau.patience})",
        terms=(Term("cuts", "number of cuts so far"), *_terms(Plateau)),
        facts=(
            Fact("signature", (("", f"Plateau{_signature(Plateau)}"),)),
            *_source(section(Plateau, "Source")),
            Fact("laws", tuple(("", law[0].lower() + law[1:]) for law in laws)),
        ),
        kin=kin,
    )


def _multiplier() -> str:
    """Return how a plateau's multiplier is computed, read off the code that does it."""
    tree = ast.parse(inspect.getsource(Plateau).replace("self.", ""))
    given = (node for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "multiplier")
    return plain(next(given).value)
