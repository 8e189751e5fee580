"""The rules as entries."""

import ast
from collections.abc import Iterator

from surefoot.catalogue.entry import Entry, Fact, Term
from surefoot.catalogue.kinship import kin_of, named_in
from surefoot.catalogue.plain import plain_line
from surefoot.catalogue.update import update_of
from surefoot.rules import RULES
from surefoot.rules.rule import PACE, Rule
from surefoot.symbols import SYMBOLS

TORCH = {
    "sgd": ("SGD", ""),
    "momentum": ("SGD", "momentum=0.9"),
    "nesterov": ("SGD", "momentum=0.9, nesterov=True"),
    "rmsprop": ("RMSprop", ""),
    "rmsprop_momentum": ("RMSprop", "momentum=0.9"),
    "rmsprop_centered": ("RMSprop", "centered=True"),
    "rmsprop_centered_momentum": ("RMSprop", "momentum=0.9, centered=True"),
    "adagrad": ("Adagrad", ""),
    "adadelta": ("Adadelta", ""),
    "adam": ("Adam", ""),
    "adamw": ("AdamW", ""),
    "amsgrad": ("Adam", "amsgrad=True"),
    "amsgradw": ("AdamW", "amsgrad=True"),
    "adamax": ("Adamax", ""),
    "nadam": ("NAdam", ""),
    "radam": ("RAdam", ""),
    "rprop": ("Rprop", ""),
    "asgd": ("ASGD", ""),
}
"""The rules that torch.optim has: its class, and the arguments with which the class steps by the rule."""


def entries() -> tuple[Entry, ...]:
    """Return an entry for each rule."""
    named = {rule.name: named_in([rule.says, *rule.laws, *rule.elsewhere.values()]) for rule in RULES.values()}
    kin = kin_of(named, {rule.name: rule.formula for rule in RULES.values()})
    return tuple(_entry(rule, kin[rule.name]) for rule in RULES.values())


def _entry(rule: Rule, kin: tuple[str, ...]) -> Entry:
    name, arguments = TORCH.get(rule.name, ("", ""))
    peak = f"step_size={rule.constants['step_size']:g}"
    torch = ", ".join(filter(None, ["model.parameters()", peak, arguments]))
    return Entry(
        "rule",
        rule.name,
        rule.says.rstrip("."),
        update_of(rule),
        tuple(plain_line(line) for line in rule.parsed.lines),
        f"sf.{name}({torch})" if name else f'sf.RuleOptimizer(model.parameters(), "{rule.name}", {peak})',
        torch=f"torch.optim.{name}({arguments})" if name else "",
        terms=tuple(_terms(rule)),
        facts=tuple(_facts(rule)),
        kin=kin,
    )


def _terms(rule: Rule) -> Iterator[Term]:
    """Go through the formula's names in its order, then the constants that act through others."""
    made = [ast.unparse(line.targets[0]) for line in rule.parsed.lines]
    names = [*rule.parsed.arrays, *made, *rule.names, *rule.constants, *rule.carried]
    for name in dict.fromkeys(names):
        symbol = SYMBOLS[name]
        yield Term(
            name, _own(symbol.name, rule), _own(symbol.unit, rule).replace("none", ""), _default(rule, name),
            symbol.bounds if name in rule.constants else "",
        )  # fmt: skip


def _own(text: str, rule: Rule) -> str:
    """Return the part of a symbol's text that is this rule's, where rules differ: "none; Adamax: g"."""
    parts = {family: told for family, _, told in (part.rpartition(": ") for part in text.split("; "))}
    mine = [told for family, told in parts.items() if family and rule.name.startswith(family.lower())]
    return mine[0] if mine else parts.get("", text)


def _default(rule: Rule, name: str) -> str:
    if name in rule.constants:
        return f"{rule.constants[name]:g}"
    if name in rule.slots or name in rule.carried:
        start = rule.starts.get(name, 0.0)
        return f"starts at {start if isinstance(start, str) else format(start, 'g')}"
    return "each step" if name in rule.names and name not in PACE else ""


def _facts(rule: Rule) -> Iterator[Fact]:
    doc = (rule.per_step.__doc__ or "").strip()
    if rule.counts:
        numbers = [name for name in rule.names if name not in rule.constants and name not in PACE]
        told = doc.removeprefix("Return ").rstrip(".")
        yield Fact("numbers of a step", ((", ".join(numbers), told),))
    yield Fact("source", (("", rule.source.rstrip(".")),))
    if rule.laws:
        yield Fact("laws", tuple(("", law) for law in rule.laws))
    same = {} if "torch" in rule.elsewhere or rule.name not in TORCH else {"torch": "the same"}
    yield Fact("elsewhere", tuple({**same, **rule.elsewhere}.items()))
