"""The card: a diagnosis as plain text for a terminal, at most 100 columns wide."""

from collections.abc import Sequence
from textwrap import wrap

from surefoot.diagnose.diagnosis import Diagnosis
from surefoot.diagnose.finding import Finding

WIDTH = 100


def card(found: Diagnosis, looked: str = "") -> str:
    """Return a diagnosis as text: the headline with all that is known of it, the rest in a line each.

    Args:
        found: the diagnosis.
        looked: what was looked at, such as "200 steps"; said where nothing was found.

    >>> print(card(Diagnosis(), "200 steps"))
    Nothing wrong found in 200 steps.
    """
    lines: list[str] = []
    if found.headline is None:
        lines += [f"Nothing wrong found{f' in {looked}' if looked else ''}."]
    else:
        lines += block(found.headline)
    lines += _rows("What follows from it:", found.symptoms)
    lines += _rows("Also wrong:", found.others)
    lines += _rows("True, and perhaps meant:", found.notes)
    return "\n".join(lines)


def block(finding: Finding) -> list[str]:
    """Return one finding as lines: claim, evidence, place, change, what would disprove it, and how to dismiss it."""
    place = str(finding.where)
    return [
        *_folded(f"{finding.severity.upper()} {finding.code} ({finding.evidence})", "", ""),
        *_folded(finding.claim, "  ", "  "),
        *(line for seen in finding.seen for line in _folded(str(seen), "  seen:     ", "            ")),
        *(_folded(place, "  where:    ", "            ") if place else []),
        *_change(finding.change),
        *_folded(finding.disproof, "  disproof: ", "            "),
        *_folded(finding.dismissal, "  dismiss:  ", "            "),
    ]


def _change(code: str) -> list[str]:
    """Return the change; code keeps its lines where they fit."""
    lines: list[str] = []
    for line in code.splitlines():
        lines += _folded(line, "            " if lines else "  change:   ", "            ")
    return lines


def _rows(title: str, findings: Sequence[Finding]) -> list[str]:
    rows = [line for each in findings for line in _folded(f"{each.code}: {each.claim}", "  - ", "    ")]
    return ["", title, *rows] if rows else []


def _folded(text: str, first: str, rest: str) -> list[str]:
    return wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False) or [first.rstrip()]
