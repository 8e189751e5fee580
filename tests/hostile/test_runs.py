"""`surefoot runs` with arguments of any kind, over a folder with damaged runs: an answer or one sentence."""

import json

import pytest
from hostility import assert_one_sentence, damaged, everything, fuzzed
from hypothesis import given
from hypothesis import strategies as st
from page.shelves import finished

from surefoot.cli import main

WORDS = st.one_of(
    st.sampled_from(["digits", "", "..", "/", "nan", "-", "--json", "2026", "x" * 300, "a\x00b", "csv", "jsonl", "none"]),
    st.text(max_size=12).filter(lambda text: not text.startswith("-")),
)  # fmt: skip
CALLS = st.one_of(
    st.tuples(st.just("show"), WORDS),
    st.tuples(st.just("compare"), WORDS, WORDS),
    st.tuples(st.just("rename"), WORDS, WORDS),
    st.tuples(st.just("delete"), WORDS),
    st.tuples(st.just("export"), WORDS, st.just("--to"), WORDS, st.just("-o"), st.just("out")),
    st.tuples(WORDS),
)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return folder, finished(folder, form="jsonl", steps=40)


@fuzzed
@given(call=CALLS, data=st.data())
def test_any_call_is_answered_or_refused_in_one_sentence(good, tmp_path_factory, capsys, monkeypatch, call, data):
    here = tmp_path_factory.mktemp("here")
    monkeypatch.chdir(here)
    _, run = good
    for source in run.iterdir():
        (here / "runs" / run.name).mkdir(parents=True, exist_ok=True)
        (here / "runs" / run.name / source.name).write_bytes(source.read_bytes())
    torn = here / "runs" / "20260101T000000Z-torn"
    torn.mkdir()
    (torn / "meta.json").write_bytes(data.draw(damaged([(run / "meta.json").read_bytes()])))
    before = everything(here)
    code = main(["runs", "--runs", "runs", *call])
    out, err = capsys.readouterr()
    assert code in (0, 2, 3), (call, code)
    if code:
        assert err.startswith(("surefoot: ", "Usage")), err
        if err.startswith("surefoot: "):
            assert_one_sentence(err[:-1])
        assert everything(here) == before
    elif "--json" in call:
        json.loads(out)
