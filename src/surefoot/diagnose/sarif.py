"""Findings as SARIF, the form in which editors and code hosts take what tools find.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) version 2.1.0, 2020.
"""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from surefoot import __version__
from surefoot.diagnose.check import Check
from surefoot.diagnose.finding import Finding

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

LEVELS = {"fault": "error", "note": "note"}
"""What a severity is called there."""


def sarif(findings: Iterable[Finding], checks: Iterable[Check], place: str = "") -> dict[str, Any]:
    """Return findings as a SARIF log of one run, as plain values that JSON holds.

    Args:
        findings: what was found, in any order.
        checks: what was looked for; they become the rules.
        place: the file, or "file:line", of findings that have no line of their own; "" if there is none.

    >>> log = sarif([], [])
    >>> log["version"], log["runs"][0]["tool"]["driver"]["name"], log["runs"][0]["results"]
    ('2.1.0', 'surefoot', [])
    """
    rules = {check.code: _rule(check) for check in checks}
    driver = {"name": "surefoot", "version": __version__, "rules": [*rules.values()]}
    order = {code: number for number, code in enumerate(rules)}
    results = [_result(finding, order, place) for finding in findings]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }


def _rule(check: Check) -> dict[str, Any]:
    told = {
        "id": check.code,
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": check.why},
        "help": {"text": f"It is wrong if: {check.disproof}"},
        "defaultConfiguration": {"level": LEVELS[check.severity]},
        "properties": {"evidence": check.evidence, "sees": check.sees, "source": check.source},
    }
    return {key: value for key, value in told.items() if value}


def _result(finding: Finding, order: dict[str, int], place: str) -> dict[str, Any]:
    seen = "".join(f"\n{each}" for each in finding.seen)
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "level": LEVELS[finding.severity],
        "message": {"text": f"{finding.claim}.{seen}\nChange: {finding.change}"},
        "properties": finding.to_json(),
    }
    if finding.code in order:
        result["ruleIndex"] = order[finding.code]
    location = _location(finding, place)
    return {**result, "locations": [location]} if location else result


def _location(finding: Finding, place: str) -> dict[str, Any]:
    """Return where a finding is: a line of a file, modules and parameters by their names, or both."""
    location: dict[str, Any] = {}
    found = re.fullmatch(r"(.+?)(?::(\d+))?", finding.where.line or place)
    if found is not None:
        physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(found[1])}}
        location["physicalLocation"] = {**physical, "region": {"startLine": int(found[2])}} if found[2] else physical
    if finding.where.layer:
        location["logicalLocations"] = [{"name": name, "kind": "member"} for name in finding.where.layer]
    return location


def _uri(path: str) -> str:
    """Return a path as a URI reference, relative paths relative."""
    plain = path.replace("\\", "/")
    return quote(plain, safe="/") if not re.match(r"[A-Za-z]:/", plain) else f"file:///{quote(plain, safe='/:')}"
