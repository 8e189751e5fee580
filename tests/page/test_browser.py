"""The page in a real browser, over a run that is being trained at that moment by another process."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from page.chromium import IN_CHROMIUM
from page.shelves import finding, finished

pytestmark = IN_CHROMIUM
PATIENCE = 60_000
"""Milliseconds: importing torch takes seconds, on a busy machine many."""


@pytest.fixture(scope="module")
def training(shelf):
    """A run that goes on in another process; its folder."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("trained.py")), str(shelf)], env=environment
    ) as trainer:
        until = time.monotonic() + PATIENCE / 1000
        while not (found := [path.parent for path in shelf.glob("*-live/meta.json")]):
            assert trainer.poll() is None, "the training has failed"
            assert time.monotonic() < until
            time.sleep(0.05)
        trainer.folder = found[0]
        yield trainer
        trainer.kill()


@pytest.fixture
def tab(browser, address):
    """A tab that has entered by the token; whatever goes wrong in it, or leaves this machine, is a failure."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page, said, asked = context.new_page(), [], []
    page.set_default_timeout(PATIENCE)
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.root, page.asked = address.split("?")[0].rstrip("/"), asked
    yield page
    assert said == []
    assert {urlsplit(url).hostname for url in asked if not url.startswith(("data:", "file:", "blob:"))} <= {"127.0.0.1"}
    context.close()


def length(tab, name="penalty"):
    """The points of a curve that are drawn."""
    return tab.evaluate(
        "name => { const column = document.page.columns.get(name); return column ? column.counts.reduce((a, b) => a + b, 0) : 0; }",
        name,
    )


def wait_for(tab, what, argument=None):
    tab.wait_for_function(what, arg=argument)


def opened(tab, training):
    tab.goto(f"{tab.root}/run/{training.folder.name}")
    wait_for(
        tab, "() => document.page && document.page.columns.get('penalty') && document.querySelector('.plot canvas')"
    )
    return length(tab)


def test_the_newest_run_is_followed_and_old_points_are_not_fetched_again(tab, training):
    before = opened(tab, training)
    seen = len(tab.asked)
    wait_for(
        tab, "before => document.page.columns.get('penalty').counts.reduce((a, b) => a + b, 0) > before + 30", before
    )
    assert length(tab, "gradient_norm") > 0
    later = [urlsplit(url).path.rsplit("/", 1)[-1] for url in tab.asked[seen:]]
    assert {*later} <= {"story"}
    streams = [url for url in tab.asked if "/events?after=" in url]
    assert len(streams) == 1
    steps = tab.evaluate("() => [...document.page.columns.get('penalty').ids]")
    assert steps == [*range(len(steps))]


def test_a_hidden_tab_asks_for_nothing_and_goes_on_where_it_was(tab, training):
    before = opened(tab, training)
    hide = "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true }); document.dispatchEvent(new Event('visibilitychange')); }"
    tab.evaluate(hide, True)
    assert tab.evaluate("() => document.page.stream.source") is None
    kept = length(tab)
    time.sleep(1.5)
    assert length(tab) == kept
    tab.evaluate(hide, False)
    wait_for(
        tab, "kept => document.page.columns.get('penalty').counts.reduce((a, b) => a + b, 0) > kept", max(kept, before)
    )
    steps = tab.evaluate("() => [...document.page.columns.get('penalty').ids]")
    assert steps == [*range(len(steps))]


def test_what_a_view_shows_stands_in_its_address(tab, training):
    opened(tab, training)
    tab.select_option("#smooth", "5")
    tab.select_option("#which", "gradient_norm")
    tab.click("[data-zoom=in]")
    tab.check("#logx")
    wait_for(tab, "() => location.search.includes('from=')")
    shown = tab.inner_text("#shown")
    tab.reload()
    wait_for(tab, "() => document.querySelector('.plot canvas')")
    assert tab.inner_text("#shown") == shown != "all steps"
    assert (tab.input_value("#smooth"), tab.input_value("#which"), tab.is_checked("#logx")) == (
        "5",
        "gradient_norm",
        True,
    )
    tab.focus("[data-zoom=all]")
    tab.keyboard.press("Enter")
    assert tab.inner_text("#shown") == "all steps"


def test_a_part_of_a_long_run_is_shown_step_by_step_and_fetched_once(tab, shelf):
    path = finished(shelf, "long", steps=5000)
    tab.goto(f"{tab.root}/run/{path.name}?from=100&to=300")
    wait_for(tab, "() => document.page?.fine.get('penalty')?.level === 0")
    assert tab.evaluate("() => document.page.columns.get('penalty').level") == 3
    assert tab.evaluate(
        "() => [document.page.fine.get('penalty').first(), document.page.fine.get('penalty').last()]"
    ) == [100, 300]
    fetched = sum("/part?" in url for url in tab.asked)
    tab.click("[data-zoom=in]")
    wait_for(tab, "() => document.getElementById('shown').textContent === 'steps 150 to 250'")
    tab.wait_for_timeout(500)
    assert sum("/part?" in url for url in tab.asked) == fetched
    assert tab.evaluate("() => document.page.fine.get('penalty').level") == 0


def test_dragging_over_a_chart_shows_that_part(tab, training):
    opened(tab, training)
    over = tab.locator(".plot .u-over").first
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    tab.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 60)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 60, steps=5)
    tab.mouse.up()
    wait_for(tab, "() => document.getElementById('shown').textContent.startsWith('steps ')")


def test_the_layers_are_read_with_the_arrow_keys(tab, training):
    opened(tab, training)
    wait_for(tab, "() => document.page.heat.ids?.length > 1")
    tab.focus("#heat .frame")
    tab.keyboard.press("ArrowLeft")
    first = tab.inner_text("#heat output")
    assert re.match(r"body\.\d\.\w+ · steps? ", first)
    tab.keyboard.press("ArrowDown")
    assert tab.inner_text("#heat output") != first


def test_every_curve_is_told_in_words_and_as_a_table(tab, training):
    opened(tab, training)
    told = tab.get_attribute(".plot", "aria-label")
    assert re.search(r"Penalty, training: (fell|rose|stayed) from [\d.e-]+ to [\d.e-]+ by step", told)
    tab.click(".as-table summary >> nth=0")
    tab.wait_for_function("document.querySelectorAll('.as-table tbody tr').length > 5")


def test_a_finding_shows_its_place(tab, shelf):
    path = finished(shelf, "faulty", findings=[finding()])
    tab.goto(f"{tab.root}/run/{path.name}")
    tab.click(".finding [data-show]")
    wait_for(tab, "() => document.getElementById('shown').textContent.startsWith('steps 0 to')")
    assert tab.inner_text("#heat .lit") == "body.2.weight"


def test_a_run_is_renamed_by_keyboard_and_back(tab, shelf):
    path = finished(shelf, "plain")
    tab.goto(f"{tab.root}/run/{path.name}")
    tab.focus("#rename")
    tab.keyboard.press("Enter")
    tab.keyboard.type("A better name")
    tab.keyboard.press("Enter")
    tab.click(".toast button")
    wait_for(tab, "() => document.getElementById('title').textContent === 'plain'")
    assert not (path / "title.txt").exists()


def test_runs_are_searched_chosen_and_compared_and_a_deleted_one_comes_back(tab, shelf, training):
    one, other = finished(shelf, "alpha"), finished(shelf, "beta", settings={"seed": 5})
    tab.goto(tab.root)
    tab.fill("[name=search]", "alpha")
    wait_for(
        tab, "() => document.querySelectorAll('tr[data-run]').length === 1 && location.search.includes('search=alpha')"
    )
    tab.click(f"tr[data-run='{one.name}'] [data-delete]")
    wait_for(tab, "() => document.querySelectorAll('tr[data-run]').length === 0")
    assert not one.exists()
    tab.click(".toast button")
    wait_for(tab, "() => document.querySelectorAll('tr[data-run]').length === 1")
    assert one.exists()
    tab.fill("[name=search]", "")
    wait_for(tab, "run => document.querySelector(`tr[data-run='${run}']`)", other.name)
    for run in (one.name, other.name, training.folder.name):
        tab.check(f"tr[data-run='{run}'] [name=run]")
    tab.click("#choice .main")
    wait_for(tab, "() => document.page && document.querySelector('.plot canvas')")
    assert tab.locator(".compared thead a").count() == 3
    before = tab.evaluate(
        "() => Math.max(...document.page.runs.map(({ columns }) => columns.get('penalty')?.last() ?? 0))"
    )
    wait_for(
        tab,
        "before => Math.max(...document.page.runs.map(({ columns }) => columns.get('penalty')?.last() ?? 0)) > before",
        before,
    )


def test_the_list_follows_a_run_that_goes_on(tab, training):
    tab.goto(tab.root)
    row = f"tr[data-run='{training.folder.name}']"
    before = tab.inner_text(f"{row} [data-label=steps]")
    wait_for(
        tab,
        "([row, before]) => document.querySelector(`${row} [data-label=steps]`).innerText !== before",
        [row, before],
    )
    assert "running" in tab.inner_text(row)


def test_a_schedule_is_drawn_while_it_is_typed(tab):
    tab.goto(f"{tab.root}/schedules")
    tab.click("#add")
    tab.keyboard.type("linear(to=0.5)")
    wait_for(
        tab, "() => document.querySelectorAll('#drawn path.line').length === 3 && location.search.includes('linear')"
    )
    tab.click("[data-remove] >> nth=0")
    wait_for(tab, "() => document.querySelectorAll('#drawn path.line').length === 2")
    tab.fill("[name=text] >> nth=0", "nonsense(")
    wait_for(tab, "() => document.querySelector('#drawn .fault')")


def test_a_downloaded_page_opens_from_a_disk(tab, browser, training, tmp_path):
    opened(tab, training)
    tab.click(".menu summary")
    with tab.expect_download() as download:
        tab.click("text=This page as one file")
    file = tmp_path / "run.html"
    download.value.save_as(file)
    alone, said, asked = browser.new_page(), [], []
    alone.on("console", lambda message: said.append(message.text))
    alone.on("pageerror", lambda error: said.append(str(error)))
    alone.on("request", lambda request: asked.append(request.url))
    alone.goto(file.as_uri())
    wait_for(alone, "() => document.querySelector('.plot canvas') && document.page.columns.size > 2")
    alone.select_option("#which", "weight_norm")
    assert alone.locator("#heat .names span").count() == 4
    assert (said, asked) == ([], [file.as_uri()])
    alone.close()


def test_the_end_of_a_run_is_seen_as_it_comes(tab, training):
    opened(tab, training)
    training.terminate()
    wait_for(tab, "() => document.getElementById('state').innerText.includes('interrupted')")
    assert training.wait(30) is not None
    assert tab.evaluate("() => document.page.stream.source") is None
