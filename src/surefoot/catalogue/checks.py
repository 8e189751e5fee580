"""The doctor's checks as entries."""

from collections.abc import Iterator, Sequence

from surefoot.catalogue.entry import Entry, Fact
from surefoot.catalogue.kinship import kin_of
from surefoot.diagnose import CHECKS, Check
from surefoot.diagnose.finding import MEANING, dismissal

WHEN = {"run": "while a run goes on", "start": "before a run begins", "fit": "while a fit goes on"}
_PRINTS = {"run": "doctor.card()", "start": "found", "fit": "run.card()"}


def entries() -> tuple[Entry, ...]:
    """Return an entry for each check; those that answer one question are kin."""
    kin = kin_of({code: set() for code in CHECKS}, {code: check.question for code, check in CHECKS.items()})
    return tuple(_entry(check, kin[check.code]) for check in CHECKS.values())


def program(check: Check) -> str:
    """Return the program in which a check finds what it looks for, complete; what it prints begins with a card.

    >>> print(program(CHECKS["constant-columns"]).splitlines()[-1])
    print(found)
    """
    begin = "import surefoot as sf\nimport torch\n\ntorch.manual_seed(0)\n"
    return f"{begin}{check.example.strip()}\nprint({_PRINTS[check.at]})"


def _entry(check: Check, kin: tuple[str, ...]) -> Entry:
    return Entry(
        "check",
        check.code,
        _begun(check.title),
        f"{check.evidence} {check.severity}",
        (),
        "",
        facts=tuple(_facts(check)),
        kin=kin,
        example=program(check),
    )


def _begun(title: str) -> str:
    """Return a title with a capital, but for the name of a function."""
    return title if "_" in title.split()[0] else title[0].upper() + title[1:]


def _facts(check: Check) -> Iterator[Fact]:
    yield Fact("evidence", ((check.evidence, MEANING[check.evidence]),))
    yield Fact("severity", ((check.severity, MEANING[check.severity]),))
    yield from _told("question", check.question)
    yield from _told("why", check.why)
    yield from _told("disproof", check.disproof)
    yield from _others("explains", [CHECKS[code] for code in check.explains])
    yield from _others("explained by", [other for other in CHECKS.values() if check.code in other.explains])
    yield from _told("when", WHEN[check.at])
    yield from _told("needs", check.sees)
    yield from _told("dismiss", dismissal(check.code, check.at))
    yield from _told("source", check.source)


def _told(title: str, text: str) -> tuple[Fact, ...]:
    return (Fact(title, (("", text),)),) if text else ()


def _others(title: str, checks: Sequence[Check]) -> tuple[Fact, ...]:
    return (Fact(title, tuple((other.code, other.title) for other in checks)),) if checks else ()
