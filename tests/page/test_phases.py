"""Laws of phases: they follow each other without a gap, and an open end cools down when it was told to."""

import pytest

from surefoot.page.phases import phases
from surefoot.trace import Event


@pytest.mark.parametrize(
    ("schedule", "kinds"),
    [
        ("warmup(20) >> linear(380, to=0.0)", ["warm-up", "cool-down"]),
        ("warmup(5%) >> constant() >> one_minus_sqrt(20%)", ["warm-up", "hold", "cool-down"]),
        ("constant()", ["hold"]),
        ("cosine(50%) >> linear(50%)", ["cool-down"]),
    ],
)
def test_phases_fill_the_run_one_after_the_other(schedule, kinds):
    found = phases({"schedule": schedule, "steps": 400, "end": None}, (), 10)
    assert [each["kind"] for each in found] == kinds
    assert found[0]["first"] == 0
    assert found[-1]["end"] == 400
    assert [each["end"] for each in found[:-1]] == [each["first"] for each in found[1:]]


def test_an_open_end_holds_until_it_cools_down():
    settings = {"schedule": "warmup(100) >> constant()", "steps": 4000, "end": "plateau"}
    assert phases(settings, (), 300)[-1] == {"kind": "hold", "first": 100, "end": 300}
    cooling = Event(484, "cooling", "the step size is led to zero by step 604: flat")
    assert phases(settings, (cooling,), 500) == [
        {"kind": "warm-up", "first": 0, "end": 100},
        {"kind": "hold", "first": 100, "end": 484},
        {"kind": "cool-down", "first": 484, "end": 605},
    ]


@pytest.mark.parametrize("settings", [{}, {"schedule": "no such thing"}, {"schedule": None, "steps": 10}])
def test_a_schedule_that_nobody_can_read_has_no_phases(settings):
    assert phases(settings, (), 10) == []
