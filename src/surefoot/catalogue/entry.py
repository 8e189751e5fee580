"""An entry: all that is known of one rule, schedule, penalty or check, as plain text that is read off the thing."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, final

Kind: TypeAlias = Literal["rule", "schedule", "penalty", "check"]
KINDS: dict[Kind, str] = {"rule": "rules", "schedule": "schedules", "penalty": "penalties", "check": "checks"}
"""Every kind with the word for several of it, in the order in which they are listed."""


@final
@dataclass(frozen=True)
class Term:
    """A name that a formula or a constructor has.

    Args:
        name: the name.
        says: what it is.
        unit: its unit in words, empty where it is a plain number.
        default: its default, or how it starts, as text; empty if it has none.
        bounds: which values are allowed, as text.
    """

    name: str
    says: str
    unit: str = ""
    default: str = ""
    bounds: str = ""


@final
@dataclass(frozen=True)
class Fact:
    """Something known of an entry: a title, and what is told, each with what it is told of (or nothing)."""

    title: str
    told: tuple[tuple[str, str], ...]


@final
@dataclass(frozen=True)
class Entry:
    """One rule, schedule, penalty or check.

    Args:
        kind: which of the four.
        name: how it is called in text and files; of all entries only this one is.
        says: what it is, in one sentence.
        line: its formula in one line; of a check, how what it finds is known and how bad that is.
        formula: its formula in full, a line each; a check has none.
        use: the Python that makes one, after `import surefoot as sf`; a check is not made.
        torch: the class of torch.optim or torch.nn that it is, or empty.
        terms: the names in its formula and its constructor.
        facts: what else is known.
        kin: the names of entries that are near it.
        settings: of a schedule, the texts of a few that show what it can do.
        example: of a check, a whole program in which it is found, and which prints that.
    """

    kind: Kind
    name: str
    says: str
    line: str
    formula: tuple[str, ...]
    use: str
    torch: str = ""
    terms: tuple[Term, ...] = ()
    facts: tuple[Fact, ...] = ()
    kin: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    example: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain data: the attributes, terms as dicts, facts by title."""
        plain = {name: value for name, value in vars(self).items() if name not in ("terms", "facts")}
        told = {
            fact.title: dict(fact.told) if any(key for key, _ in fact.told) else [text for _, text in fact.told]
            for fact in self.facts
        }
        return {**plain, "terms": [vars(term) for term in self.terms], "facts": told}
