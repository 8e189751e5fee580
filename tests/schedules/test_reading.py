"""The laws of text and JSON: what is written is read back exactly, and what is malformed is refused in words."""

import json

import pytest
from drawn import schedules
from hypothesis import given

from surefoot.errors import InvalidValue
from surefoot.schedules import (
    constant,
    cosine,
    cosine_warmup,
    exponential,
    from_json,
    inverse_sqrt,
    linear,
    one_cycle,
    parse,
    piecewise,
    polynomial,
    power,
    restarts,
    warmup,
    wsd,
)


@given(schedules)
def test_text_is_read_back_exactly_whatever_it_writes(schedule):
    assert parse(str(schedule)) == schedule
    assert str(parse(str(schedule))) == str(schedule)


@given(schedules)
def test_json_is_read_back_exactly(schedule):
    assert from_json(json.loads(json.dumps(schedule.to_json(), allow_nan=False))) == schedule


@pytest.mark.parametrize(
    ("schedule", "text"),
    [
        (cosine_warmup(5) * linear(), "cosine_warmup(5) * linear(to=0.0)"),
        (warmup(5) >> linear() * constant(5), "warmup(5) >> linear(to=0.0) * constant(5)"),
        ((warmup(5) >> linear()) * constant(5), "(warmup(5) >> linear(to=0.0)) * constant(5)"),
        (linear(5) * ((warmup(5) >> constant()) * cosine()), "linear(5, to=0.0) * (warmup(5) >> constant()) * cosine(to=0.0)"),
        (restarts(), "restarts(cycles=4, to=0.0)"),
        (restarts(0.5, 3, 2, 0.5, 0.1), "restarts(50%, cycles=3, growth=2.0, drop=0.5, to=0.1)"),
        (exponential(to=0.01), "exponential(to=0.01)"),
        (exponential(0.5, half_life=0.1), "exponential(50%, half_life=10%)"),
        (exponential(half_life=100), "exponential(half_life=100)"),
        (power(4000), "power(4000, exponent=1.0)"),
        (power(0.1, 0.5, 900), "power(10%, exponent=0.5, length=900)"),
        (warmup(4000) >> inverse_sqrt(4000), "warmup(4000) >> inverse_sqrt(4000)"),
        (polynomial(10, 2), "polynomial(10, exponent=2.0, to=0.0)"),
        (wsd(), "warmup(5%) >> constant() >> one_minus_sqrt(20%, to=0.0)"),
        (piecewise(at=(0.3, 0.6), factor=0.1), "constant(30%) >> constant(30%, value=0.1) >> constant(value=0.01)"),
    ],
    ids=str,
)  # fmt: skip
def test_text_is_what_a_person_would_write(schedule, text):
    assert str(schedule) == text
    assert parse(text) == schedule


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("piecewise(at=(30%, 60%), to=(0.1, 0.01))", piecewise(at=(0.3, 0.6), to=(0.1, 0.01))),
        ("piecewise([100, 200], factor=0.5)", piecewise(at=(100, 200), factor=0.5)),
        ("piecewise(50%, 0.1)", piecewise(at=0.5, to=0.1)),
        ("one_cycle(rise=30%) * wsd()", one_cycle(rise=0.3) * wsd()),
        ("5%" and "(linear(5) * cosine(5%)) >> (warmup(10%))", linear(5) * cosine(0.05) >> warmup(0.1)),
        ("linear(5)*(cosine(6)*constant(7))", linear(5) * cosine(6) * constant(7)),
    ],
)
def test_what_python_would_read_is_read(text, schedule):
    assert parse(text) == schedule


def test_json_says_its_units():
    schedule = warmup(0.05) >> inverse_sqrt(100) * linear()
    assert schedule.to_json() == [
        {"shape": "warmup", "length": {"share": 0.05}, "start": 0.0},
        {
            "shape": "product",
            "factors": [
                [{"shape": "inverse_sqrt", "length": None, "span": {"steps": 100}}],
                [{"shape": "linear", "length": None, "to": 0.0}],
            ],
        },
    ]


def test_json_takes_a_whole_number_for_a_share_as_javascript_writes_it():
    assert from_json([{"shape": "linear", "length": {"share": 1}, "to": 0}]) == linear(1.0)
    assert from_json([{"shape": "linear"}]) == linear()


WARMUP = {"shape": "warmup", "length": {"steps": 5}}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (None, "None is no schedule; it is a list of phases"),
        (WARMUP, "is no schedule; it is a list of phases"),
        ([], "it has no phase"),
        (["warmup(5)"], "'warmup(5)' is no phase of a schedule; it is a dict, such as"),
        ([{"shape": "warmpu"}], "is no phase of a schedule"),
        ([{"shape": ["warmup"]}], "is no phase of a schedule"),
        ([{"shape": "wsd"}], "is no phase of a schedule"),
        ([{"length": {"steps": 5}}], "is no phase of a schedule"),
        ([{"shape": "warmup"}], "missing a required argument: 'length'"),
        ([WARMUP | {"too": 1}], "unexpected keyword argument 'too'"),
        ([WARMUP | {"length": 5}], 'length is 5; write {"steps": 100} or {"share": 0.05}'),
        ([WARMUP | {"length": {"steps": 5, "share": 0.5}}], "length is {"),
        ([WARMUP | {"length": {"steps": 5.0}}], "length is {'steps': 5.0}; write"),
        ([WARMUP | {"length": {"steps": True}}], "length is {'steps': True}; write"),
        ([WARMUP | {"length": {"epochs": 5}}], "length is {'epochs': 5}; write"),
        ([WARMUP | {"length": {"steps": 0}}], "length is 0; a number of steps is at least 1"),
        ([WARMUP | {"start": "0.1"}], "start is '0.1'; write a number"),
        ([WARMUP | {"start": None}], "start is None; it is a fraction of the peak"),
        ([WARMUP | {"start": True}], "start is True; write a number"),
        ([WARMUP | {"start": {"steps": 5}}], "start is {'steps': 5}; write a number"),
        ([WARMUP | {"start": float("nan")}], "start is nan; it is a fraction of the peak"),
        ([{"shape": "product"}], 'a product has "factors", a list of schedules, and nothing else'),
        ([{"shape": "product", "factors": []}], 'a product has "factors"'),
        ([{"shape": "product", "factors": [[WARMUP]], "length": None}], 'a product has "factors"'),
        ([{"shape": "product", "factors": [WARMUP]}], "is no schedule; it is a list of phases"),
        ([{"shape": "linear"}, {"shape": "cosine"}], "have no length"),
    ],
)
def test_malformed_data_are_refused_in_words(data, told):
    with pytest.raises(InvalidValue) as refused:
        from_json(data)
    assert told in str(refused.value)
