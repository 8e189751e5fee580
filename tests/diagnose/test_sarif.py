"""The SARIF log has what the standard requires, and each finding its rule and its place."""

import json

import pytest

from surefoot.diagnose.checks.start import BATCH_MIXING, CHECKS, CONSTANT_COLUMNS
from surefoot.diagnose.finding import Seen, Where
from surefoot.diagnose.sarif import sarif

FOUND = [
    BATCH_MIXING.finding(
        "rows mix", "permute", [Seen("change", float("nan"), "0")], Where(layer=("body.0",), line="my net.py:7")
    ),
    CONSTANT_COLUMNS.finding("column 1 never changes", "leave it out"),
]


def test_a_log_has_the_properties_that_sarif_2_1_0_requires():
    log = json.loads(json.dumps(sarif(FOUND, CHECKS, "tasks.py:3"), allow_nan=False))
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "surefoot"
    rules = driver["rules"]
    assert [rule["id"] for rule in rules] == [check.code for check in CHECKS]
    for rule in rules:
        for told in ("shortDescription", "fullDescription", "help"):
            assert isinstance(rule[told]["text"], str)
            assert rule[told]["text"]
        assert rule["defaultConfiguration"]["level"] in ("error", "note")
    for result in run["results"]:
        assert result["message"]["text"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_a_fault_is_an_error_and_a_note_a_note():
    assert [result["level"] for result in sarif(FOUND, CHECKS)["runs"][0]["results"]] == ["error", "note"]


def test_a_finding_is_where_its_line_is_or_else_at_the_place_given():
    own, other = sarif(FOUND, CHECKS, "sub\\tasks.py:3")["runs"][0]["results"]
    (place,) = own["locations"]
    assert place["physicalLocation"] == {"artifactLocation": {"uri": "my%20net.py"}, "region": {"startLine": 7}}
    assert place["logicalLocations"] == [{"name": "body.0", "kind": "member"}]
    (place,) = other["locations"]
    assert place == {"physicalLocation": {"artifactLocation": {"uri": "sub/tasks.py"}, "region": {"startLine": 3}}}


def test_what_is_nowhere_has_no_location():
    own, other = sarif(FOUND, CHECKS)["runs"][0]["results"]
    assert "locations" in own
    assert "locations" not in other


@pytest.mark.parametrize(
    ("path", "uri"), [("a.py", "a.py"), ("/a/b.py", "/a/b.py"), ("C:\\a\\b.py", "file:///C:/a/b.py")]
)
def test_a_path_becomes_a_uri(path, uri):
    location = sarif(FOUND[1:], CHECKS, path)["runs"][0]["results"][0]["locations"][0]
    assert location == {"physicalLocation": {"artifactLocation": {"uri": uri}}}


def test_a_rule_that_was_not_declared_still_has_its_result():
    (result,) = sarif(FOUND[:1], [])["runs"][0]["results"]
    assert "ruleIndex" not in result
    assert result["ruleId"] == "batch-mixing"
