"""Laws of streams: only what is new is sent, at once after a rest and at most five times a second in a rush."""

import json
import time
from itertools import pairwise

import anyio
import pytest
from page.shelves import FORMS, begun, client, ended, go_on

from surefoot.page.library import Library
from surefoot.page.run_data import Cursor, whole
from surefoot.page.stream import APART, Watched, list_stream, run_stream


def pieces(text):
    """The pieces of a stream: number, kind and content."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.partition(": ")[::2] for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields:
            found.append((fields.get("id", ""), fields["event"], json.loads(fields["data"])))
    return found


def collected(stream_of, act, seconds=1.5):
    """What a stream sends while something is done."""

    async def main():
        heard, over = [], []

        async def listen():
            async for piece in stream_of(lambda: bool(over)):
                heard.append((time.monotonic(), piece))  # noqa: PERF401 (as they come)

        async with anyio.create_task_group() as group:
            group.start_soon(listen)
            await act(heard)
            with anyio.move_on_after(seconds):
                while not any("data:" in piece for _, piece in heard):
                    await anyio.sleep(0.01)
            over.append(True)
        return heard

    return anyio.run(main)


def watched(library, run, cursor):
    return Watched(library, run, cursor, "update_ratio")


@pytest.mark.parametrize("form", FORMS)
def test_only_what_a_tab_does_not_have_is_sent(tmp_path, form):
    with begun(tmp_path, form=form) as folder:
        go_on(folder, 0, 100)
        library = Library(tmp_path)
        run = folder.path.name
        one = watched(library, run, Cursor.read(whole(library, library.find(run))["cursor"]))
        one.news()
        assert one.news() is None
        go_on(folder, 100, 107)
        told = one.news()
        assert (told["taken"], told["series"]["penalty"]["level"]) == (107, 0)
        assert len(told["series"]["penalty"]["mean"]) == len(told["series"]["gradient_norm"]["mean"]) == 40  # 7 floats
        assert told["cursor"].endswith("/106")
        assert one.news() is None


@pytest.mark.parametrize("form", FORMS)
def test_a_rush_of_points_is_sent_by_buckets(tmp_path, form):
    with begun(tmp_path, steps=5000, form=form, layers=False) as folder:
        library = Library(tmp_path)
        one = watched(library, folder.path.name, Cursor())
        go_on(folder, 0, 5000, layers=False)
        told = one.news()["series"]["penalty"]
        assert told["level"] == 4
        assert len(told["mean"]) < 4 * 420


def test_a_run_that_went_back_is_sent_anew(tmp_path):
    with begun(tmp_path) as folder:
        go_on(folder, 0, 50)
        go_on(folder, 50, 60)
        library = Library(tmp_path)
        one = watched(library, folder.path.name, Cursor())
        one.news()
        folder.rewind(1, 50)
        folder.flush()
        told = one.news()
        assert told["again"] is True
        assert told["cursor"].endswith("/49")


def test_a_stream_ends_with_the_page_and_numbers_its_pieces(tmp_path):
    with begun(tmp_path) as folder:
        go_on(folder, 0, 10)
        library = Library(tmp_path)

        async def rest(heard):
            await anyio.sleep(0)

        heard = collected(lambda over: run_stream([watched(library, folder.path.name, Cursor())], over), rest)
    assert heard[0][1] == "retry: 1000\n\n"
    number, kind, content = pieces(heard[1][1])[0]
    assert kind == "news"
    assert number == content[0]["cursor"]


def test_pieces_are_apart(tmp_path):
    with begun(tmp_path, layers=False) as folder:
        library = Library(tmp_path)

        async def rush(heard):
            for step in range(60):
                await anyio.to_thread.run_sync(lambda step=step: go_on(folder, step, step + 1, layers=False))
                await anyio.sleep(0.01)

        heard = collected(lambda over: run_stream([watched(library, folder.path.name, Cursor())], over), rush)
    times = [at for at, piece in heard if "data:" in piece]
    assert len(times) >= 2
    assert min(b - a for a, b in pairwise(times)) >= APART * 0.95
    steps = [
        step for _, piece in heard for _, _, content in pieces(piece) for each in content for step in [each["taken"]]
    ]
    assert steps == sorted(steps)


def test_the_lists_stream_tells_changed_rows_and_other_runs():
    rows = [{"a": "1", "b": "1"}, {"a": "2", "b": "1"}, {"a": "2"}]

    async def rest(heard):
        while len(heard) < 3:
            await anyio.sleep(0.01)

    heard = collected(
        lambda over: list_stream(lambda: rows.pop(0) if len(rows) > 1 else rows[0], {"a": "1", "b": "1"}, over), rest
    )
    assert [found[1:] for _, piece in heard for found in pieces(piece)] == [("rows", {"a": "2"}), ("other", ["b"])]


def test_a_stream_over_http_goes_on_where_the_tab_was(tmp_path):
    with begun(tmp_path, layers=False) as folder:
        go_on(folder, 0, 10, layers=False)
        go_on(folder, 10, 12, layers=False)
        ended(folder, 12)
    library = Library(tmp_path)
    run = folder.path.name
    found = library.log(folder.path)
    first = found.snapshot().mark
    with client(tmp_path) as asked:
        assert asked.get(f"/run/{run}/data").json()["cursor"] == f"{first}/-1"
        assert asked.get("/run/nothing/events").status_code == 404


def test_a_search_that_goes_on_is_told(tmp_path):
    with begun(tmp_path, layers=False) as folder:
        folder.flush()
        library = Library(tmp_path)
        one = watched(library, folder.path.name, Cursor())
        one.news()
        assert one.news() is None
        of = {"rule": "muon", "decay": 0.1, "step_size": 0.01, "length": 5}
        (folder.path / "search.jsonl").write_text(json.dumps({"candidate": of, "penalty": 2.5, "taken": 5}) + "\n")
        assert one.news()["tried"] == 1
