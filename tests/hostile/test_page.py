"""Requests of any kind: the page answers or refuses in words, never fails, and nothing is written by looking."""

import string
from urllib.parse import quote

import pytest
from hostility import EXAMPLES, everything, fuzzed
from hypothesis import given, settings
from hypothesis import strategies as st
from page.shelves import client, finding, finished

SEARCH = {
    "rule": "muon", "step_size": 0.012, "decay": 0.1, "cost": 90, "reason": "0.12 won", "ranges": [],
    "tried": [{"rule": "muon", "decay": 0.1, "step_size": 0.01, "steps": 5, "penalty": 2.0}],
}  # fmt: skip

NAMES = (
    "run", "text", "steps", "step_size", "log", "which", "handle", "to", "low", "high", "surface", "rule", "size", "x",
    "y", "momentum", "share", "schedule", "conditioning", "seed", "what", "after", "map", "level", "first", "last",
    "column", "q", "sort", "state", "deleted", "most", "name", "cursor",
)  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(["", "0", "-1", "1e999", "nan", "9" * 40, "../../etc/passwd", "a\x00b", "%", "warmup(5%) >> cosine()"]),
    st.text(max_size=20), st.integers().map(str), st.floats().map(str), st.sampled_from(["quadratic", "sgd", "penalty", "dead_share"]),
)  # fmt: skip
QUERIES = st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=8)
PATHS = (
    "/", "/latest", "/compare", "/schedules", "/schedules/moved", "/landscapes", "/curves", "/around", "/schedules.svg",
    "/schedules.csv", "/landscapes/map.svg", "/landscapes/penalties.svg", "/compare/penalty.svg", "/compare/penalty.csv",
    "/curves.svg", "/curves/events", "/run/{run}", "/run/{run}/story", "/run/{run}/data", "/run/{run}/part",
    "/run/{run}/layers", "/run/{run}/page.html", "/run/{run}/layers.csv", "/run/{run}/layers.svg", "/run/{run}/penalty.csv",
    "/run/{run}/penalty.svg", "/run/{run}/search/race.svg", "/run/{run}/search/range-0.svg", "/run/{run}/around",
    "/run/{run}/around/map.svg",
)  # fmt: skip
"""All that is looked at, but for streams without an end."""

ANSWERS = (200, 303, 307, 400, 404, 405)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return folder, finished(folder, findings=[finding()], search=SEARCH).name


def assert_answered(answer, path):
    assert answer.status_code in ANSWERS, (path, answer.status_code)
    assert "Traceback" not in answer.text
    if answer.status_code == 400:
        assert len(answer.text) < 60_000, "it is told, and not all of it again"


@pytest.mark.parametrize("path", PATHS)
@settings(parent=fuzzed, max_examples=max(10, EXAMPLES // 2))
@given(query=QUERIES)
def test_a_view_answers_any_query(shelf, path, query):
    folder, run = shelf
    before = everything(folder)
    where = path.format(run=run)
    assert_answered(client(folder).get(where, params=query), where)
    assert everything(folder) == before


@fuzzed
@given(
    path=st.text(string.printable, max_size=40) | st.text(max_size=20),
    method=st.sampled_from(["GET", "POST", "PUT", "HEAD"]),
)
def test_any_path_is_answered(shelf, path, method):
    folder, run = shelf
    before = everything(folder)
    for where in (f"/{path}", f"/run/{path}", f"/run/{run}/{path}", f"/static/{path}"):
        answer = client(folder, token=False).request(method, quote(where, safe="/.%?=&"))
        assert answer.status_code in (*ANSWERS, 403, 422), (where, answer.status_code)
    assert everything(folder) == before


@fuzzed
@given(body=st.binary(max_size=300), where=st.sampled_from(["/run/{run}/title", "/curves", "/run/{run}/around"]))
def test_any_body_is_answered(shelf, body, where):
    folder, run = shelf
    kept = everything(folder)
    answer = client(folder).post(where.format(run=run), content=b"what=none&" + body if where == "/curves" else body)
    assert answer.status_code in (200, 204, 400, 413), (where, answer.status_code)
    changed = {path for path, content in everything(folder).items() if kept.get(path) != content}
    assert all(path.name == "title.txt" for path in changed)
