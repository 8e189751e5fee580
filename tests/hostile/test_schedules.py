"""Texts and data that are no schedules, or are far too much of one."""

import json
import warnings

import pytest
from drawn import schedules
from hostility import assert_one_sentence, fuzzed, trees
from hypothesis import given
from hypothesis import strategies as st

from surefoot.errors import InvalidValue
from surefoot.schedules import Schedule, from_json, parse
from surefoot.schedules.reading import LONGEST

ALPHABET = "warmuplinecosxt(),.%*>=+-:'\"\\0123456789e_ []{}\n\t٥é\ud800\0#"


@st.composite
def nearly(draw):
    """A schedule's text with a few of its characters changed."""
    text = list(str(draw(schedules)))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        text[at : at + draw(st.integers(0, 3))] = draw(st.text(ALPHABET, max_size=3))
    return "".join(text)


def assert_read_or_refused(read, given):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = read(given)
            assert isinstance(found, Schedule)
            assert parse(str(found)) == found
            found.over(steps=1000)(7)
        except InvalidValue as error:
            assert_one_sentence(str(error))


@fuzzed
@given(nearly() | st.text(ALPHABET, max_size=40) | st.text(max_size=40))
def test_any_text_is_read_or_refused_in_one_sentence(text):
    assert_read_or_refused(parse, text)


@st.composite
def nearly_data(draw):
    """A schedule's data with one value in it changed, dropped or added."""
    data = draw(schedules).to_json()
    place = data
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = draw(st.sampled_from(keys)) if keys else None
        if key is None or not isinstance(place[key], (dict, list)) or draw(st.booleans()):
            break
        place = place[key]
    if key is None or draw(st.booleans()):
        return draw(trees)
    if draw(st.booleans()):
        place[key] = draw(trees)
    else:
        del place[key]
    return data


@fuzzed
@given(nearly_data() | trees)
def test_any_data_is_read_or_refused_in_one_sentence(data):
    assert_read_or_refused(from_json, data)


def deep(depth):
    data = []
    for _ in range(depth):
        data = [{"shape": "product", "factors": [data]}]
    return data


LARGE = {
    "many brackets": "(" * 90_000,
    "many signs": "-" * 90_000 + "1",
    "signs of a number": f"linear({'-' * 50_000}1)",
    "more than is read": "linear(5)" + " " * LONGEST,
    "many phases": ">>".join(["linear(5)"] * 3000),
    "many factors": "*".join(["linear(5)"] * 3000),
    "some factors": "*".join(["linear(5)"] * 300),
    "many digits": f"linear({'9' * 50_000})",
    "many digits of a share": f"linear({'9' * 50_000}%)",
    "many sixteenths": f"linear(0x{'f' * 50_000})",
    "a long name": "x" * 90_000,
    "many arguments": f"linear({'1,' * 20_000})",
    "many places": f"piecewise(at=({','.join(map(str, range(1, 15_000)))}), factor=0.5)",
    "the same place": f"piecewise(at=({'1,' * 20_000}), factor=0.5)",
    "cycles": "restarts(cycles=1000000000)",
    "an escape": "linear('\\d')",
    "a number before a word": "linear(1if 2 else 3)",
    "a share and a digit": "linear(5%5)",
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_a_text_of_any_size_is_read_or_refused_in_one_sentence(text):
    assert_read_or_refused(parse, text)


@pytest.mark.parametrize("text", ["linear(5%5)", "linear(5%.5)", "linear(5%e3)"])
def test_a_share_ends_at_its_sign(text):
    with pytest.raises(InvalidValue):
        parse(text)


loop = []
loop.append({"shape": "product", "factors": [loop]})


@pytest.mark.parametrize(
    "data",
    [deep(2000), loop, [{"shape": "linear", "to": 10**5000}], [{"shape": "linear", "length": {"steps": 10**5000}}],
     [{"shape": ["linear"]}], [{"shape": {}}], [{"shape": "x" * 10**6}], 10**5000, {"phases": []},
     json.loads('[{"shape": "linear", "to": NaN}]')],
    ids=range(10),
)  # fmt: skip
def test_data_of_any_depth_and_size_is_refused_in_one_sentence(data):
    with pytest.raises(InvalidValue) as caught:
        from_json(data)(5)
    assert_one_sentence(str(caught.value))


@pytest.mark.parametrize("given", [None, 3, b"linear()", ["linear()"], loop])
def test_what_is_no_text_is_refused_in_one_sentence(given):
    with pytest.raises(InvalidValue, match="is no schedule; give a text") as caught:
        parse(given)
    assert_one_sentence(str(caught.value))
