"""Studying in a real browser, by keyboard alone, each way to its end; and a server that is killed in the middle."""

import os
import signal
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from page.chromium import IN_CHROMIUM

from surefoot.study.carrying import keep, read
from surefoot.study.markup import as_html, as_text
from surefoot.study.matching import meaning_of
from surefoot.study.memory import Memory

pytestmark = IN_CHROMIUM
READY = "() => document.readyState === 'complete' && document.getElementById('state')"
"""A session is shown, and its script listens to keys."""

PATIENCE = 60_000
"""Milliseconds: a busy machine is slow."""

TERMS = {
    "Ring": "two operations, of which one distributes over the other",
    "Field": "an inverse for all but zero",
    "Group": "one operation with a neutral element",
    "Order": "a way to tell what comes first",
    "Lattice": "a least upper bound for any two",
    "Category": "arrows that can be joined",
}
OWN = "term\tquestion\tanswer\n" + "".join(
    f"{term}\tWhat is a {term.lower()}?\tIt has {text}.\n" for term, text in TERMS.items()
)


def served(folder, port=0):
    """Start the page over a learner's folder; the process with its address."""
    environment = {**os.environ, "SUREFOOT_STUDY": str(folder), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "surefoot.cli", "page", "--no-browser", "--port", str(port)]
    server = subprocess.Popen(
        [*command, "--runs", str(folder / "runs")], stdout=subprocess.PIPE, text=True, env=environment
    )
    server.address = server.stdout.readline().split()[-1]
    return server


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The learner's folder, with a deck of which every answer is known."""
    found = tmp_path_factory.mktemp("study")
    for name in ("algebra", "again"):
        (found / f"{name}.tsv").write_text(OWN)
        with Memory(found / "study.sqlite") as memory:
            keep(read(found / f"{name}.tsv"), memory)
    return found


@pytest.fixture(scope="module")
def address(folder):
    """The page's address with its token."""
    with served(folder) as server:
        yield server.address
        server.terminate()
        assert server.wait(20) == 0


def entered(context, address):
    page, said = context.new_page(), []
    page.set_default_timeout(PATIENCE)
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(address)
    page.root, page.said = address.split("?")[0].rstrip("/"), said
    return page


@pytest.fixture
def tab(browser, address):
    """A tab that has entered by the token; whatever goes wrong in it, or leaves this machine, is a failure."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    asked = []
    context.on("request", lambda request: asked.append(request.url))
    page = entered(context, address)
    yield page
    assert page.said == []
    assert {urlsplit(url).hostname for url in asked} <= {"127.0.0.1"}
    context.close()


def told(folder):
    with Memory(folder / "study.sqlite") as memory:
        return memory.answers()


def stage(tab):
    return tab.get_attribute("#state", "data-stage")


def turn(tab):
    return tab.get_attribute("#state", "data-turn")


def press(tab, *keys):
    """Press keys; the last of them is answered by another turn, or another page."""
    before = turn(tab)
    for key in keys:
        tab.keyboard.press(key) if len(key) == 1 or key in ("Enter", "Space") else tab.keyboard.type(key)
    tab.wait_for_function("before => document.getElementById('state')?.dataset.turn !== before", arg=before)


def come_to(tab, what):
    """Go by the tab key to a link or button that begins so."""
    for _ in range(150):
        tab.keyboard.press("Tab")
        at = "() => document.activeElement.getAttribute('aria-label') || document.activeElement.innerText"
        if tab.evaluate(at).strip().startswith(what):
            return
    raise AssertionError(f"{what} is not reached by the tab key")


def begin(tab, name, deck="algebra"):
    """Begin a way of the learner's deck from the table of decks, by keyboard."""
    tab.goto(f"{tab.root}/study")
    come_to(tab, f"{name}: {deck}")
    tab.keyboard.press("Enter")
    tab.wait_for_function(f"() => location.pathname.startsWith('/study/{deck}/{name.lower()}')")
    if name in ("Learn", "Spaced"):
        tab.wait_for_function(READY)


def focused(tab):
    """What is focused, and whether it is what the page says the next key is for."""
    return tab.evaluate("() => 'focus' in document.activeElement.dataset || 'place' in document.activeElement.dataset")


def asks(tab):
    return tab.inner_text("#asks") + " " + (tab.inner_text(".shown") if tab.query_selector(".shown") else "")


def right(tab):
    """What is right: the meaning of the term that is asked for, or the term of the meaning that is shown."""
    text = asks(tab)
    term = next(term for term, says in TERMS.items() if f"a {term.lower()}?" in text or says in text)
    return f"It has {TERMS[term]}." if f"a {term.lower()}?" in text else term


def answered(tab, text):
    """Answer a question by keyboard; "" for not known."""
    if tab.query_selector("form.typed"):
        press(tab, *([text] if text else []), "Enter")
    else:
        choices = [each.inner_text().strip() for each in tab.query_selector_all(".choices button > span")]
        press(tab, str(choices.index(text) + 1) if text else "0")


def test_learn_is_played_to_its_end_by_keyboard_alone(tab, folder):
    begin(tab, "Learn")
    before, count, missed = len(told(folder)), 0, 0
    while stage(tab) != "done":
        assert focused(tab), stage(tab)
        if stage(tab) == "question":
            wrong = count in (0, 4)
            answered(tab, "" if wrong else right(tab))
            count, missed = count + 1, missed + wrong
            assert ("Not known" if wrong else "Right") in tab.inner_text("#said")
            assert ("✗" if wrong else "✓") in tab.inner_text(".word")
            assert len(told(folder)) - before == count
        else:
            press(tab, "Enter" if count % 2 else "Space")
    assert "Every card is learned" in tab.inner_text("#said")
    assert count == 2 * (2 * len(TERMS)) + missed, "two cards of each note, each right twice, and what was wrong again"
    assert focused(tab)
    tab.keyboard.press("Enter")
    tab.wait_for_function("() => location.pathname === '/study/algebra'")


def test_a_reload_shows_the_same_question_and_another_tab_cannot_answer_it_twice(tab, folder):
    begin(tab, "Learn")
    first = asks(tab)
    tab.reload()
    assert asks(tab) == first
    assert focused(tab)
    other = tab.context.new_page()
    other.goto(tab.url)
    before = len(told(folder))
    answered(tab, "")
    other.keyboard.press("0")
    other.wait_for_selector("[data-stage=verdict]")
    assert len(told(folder)) == before + 1
    other.close()


def test_a_test_is_taken_to_its_end_by_keyboard_alone(tab, folder):
    begin(tab, "Test")
    tab.wait_for_function("() => document.readyState === 'complete' && document.getElementById('begin')")
    tab.focus("[name=length]")
    tab.keyboard.press("ControlOrMeta+a")
    tab.keyboard.type("5")
    tab.keyboard.press("Enter")
    tab.wait_for_function(READY)
    for place in range(5):
        assert stage(tab) == "question"
        assert focused(tab)
        answered(tab, "" if place in (1, 3) else right(tab))
    assert stage(tab) == "full"
    press(tab, "u")
    answered(tab, right(tab))
    press(tab, "Enter")
    assert "3 of 5 right" in tab.inner_text("#said")
    press(tab, "Enter")
    assert stage(tab) == "mistake"
    press(tab, "Space")
    press(tab, "Enter")
    assert stage(tab) == "marks"
    before = len(told(folder))
    tab.keyboard.press("l")
    tab.wait_for_function("() => location.pathname.startsWith('/study/algebra/learn/')")
    tab.wait_for_function(READY)
    assert "0 of 2 learned" in tab.inner_text(".line-up")
    assert len(told(folder)) == before
    tab.keyboard.press("Escape")
    tab.wait_for_function("() => location.pathname === '/study/algebra'")


def at(tab):
    """The place of the tile that is focused."""
    return tab.evaluate("() => Number(document.activeElement.dataset.place)")


def to_tile(tab, place):
    """Go to a tile by the arrow keys, as one reads."""
    for _ in range(12):
        if at(tab) == place:
            return
        tab.keyboard.press("ArrowRight" if at(tab) < place else "ArrowLeft")
    raise AssertionError(f"tile {place} is not reached by the arrow keys")


def test_matching_is_played_to_its_end_by_keyboard_alone(tab, folder):
    begin(tab, "Matching")
    tab.wait_for_function("() => document.readyState === 'complete' && document.getElementById('begin')")
    assert tab.evaluate("document.activeElement.innerText") == "Begin"
    tab.keyboard.press("Enter")
    tab.wait_for_function(READY)
    assert float(tab.inner_text("[role=timer]").split()[0]) < 60
    with Memory(folder / "study.sqlite") as memory:
        meant = {note.title: as_text(as_html(meaning_of(note))) for note in memory.own()[0].notes}
    tiles = [each.inner_text().split("\n", 1) for each in tab.query_selector_all(".tile")]
    texts = [text.strip() for _, text in tiles]
    assert len(tiles) == 12
    for key, place in (("ArrowUp", 0), ("ArrowDown", 4), ("ArrowDown", 8), ("ArrowRight", 9), ("ArrowUp", 5)):
        tab.keyboard.press(key)
        assert at(tab) == place
    terms = [place for place, (side, _) in enumerate(tiles) if side == "term"]
    first, second = terms[:2]
    to_tile(tab, first)
    press(tab, "Enter")
    to_tile(tab, texts.index(meant[texts[second]]))
    press(tab, "Enter")
    assert "No pair" in tab.inner_text("#said")
    assert "no pair" in tab.inner_text(f"[data-place='{first}']")
    for place in terms:
        to_tile(tab, place)
        press(tab, "Enter")
        assert tab.get_attribute(f"[data-place='{place}']", "aria-pressed") == "true"
        to_tile(tab, texts.index(meant[texts[place]]))
        press(tab, "Enter")
    assert stage(tab) == "over"
    assert "Your time" in tab.inner_text("#said")
    assert focused(tab)
    with Memory(folder / "study.sqlite") as memory:
        assert len(memory.best_times("algebra")) == 1


def test_spaced_is_played_to_its_end_by_keyboard_alone_and_a_grade_is_taken_back(tab, folder):
    begin(tab, "Spaced", "again")
    before, graded = len(told(folder)), 0
    while stage(tab) != "over":
        assert focused(tab)
        press(tab, "Enter" if graded % 2 else "Space")
        grades = tab.query_selector_all(".grades button")
        assert [each.inner_text().split("\n")[0] for each in grades] == ["1", "2", "3", "4"]
        assert all(each.inner_text().split()[-1] in ("min", "h", "d", "y") for each in grades)
        press(tab, "4")
        graded += 1
        if graded == 2:
            text = tab.inner_text(".line-up")
            press(tab, "u")
            assert len(told(folder)) - before == 1
            press(tab, "Space")
            press(tab, "4")
            assert tab.inner_text(".line-up") == text
    assert len(told(folder)) - before == graded
    assert f"{graded} answers on {graded} cards" in tab.inner_text("#state")
    tab.keyboard.press("Enter")
    tab.wait_for_function("() => location.pathname === '/study/again'")


def test_help_and_demonstration_open_and_close_by_a_key_and_focus_comes_back(tab):
    tab.goto(f"{tab.root}/study/descent/spaced")
    tab.wait_for_function("() => document.activeElement.innerText === 'Begin'")
    tab.keyboard.press("Enter")
    tab.wait_for_function(READY)
    for key, name in (("?", "help"), ("d", "demo")):
        tab.keyboard.press(key)
        tab.wait_for_selector(f"#{name}[open]")
        tab.keyboard.press("Escape")
        tab.wait_for_function(f"() => !document.getElementById('{name}').open")
        assert focused(tab)
        assert stage(tab) == "front"
    assert tab.locator("#demo-drawn svg.map, #demo-drawn svg.chart").count() == 1
    tab.keyboard.press("Escape")
    tab.wait_for_function("() => location.pathname === '/study/descent'")


def test_decks_are_brought_in_told_and_put_away_and_back(tab, tmp_path):
    (tmp_path / "rivers.csv").write_text(
        "question,answer\nWhere does the Po end?,In the Adriatic.\nAnd the Inn?,In the Danube.\n"
    )
    tab.goto(f"{tab.root}/study")
    tab.set_input_files("#file", tmp_path / "rivers.csv")
    tab.click("#take button")
    tab.wait_for_selector("#taken li")
    assert "rivers (rivers) is kept with 2 notes." in tab.inner_text("#taken")
    tab.click("#taken a")
    tab.click("[data-forget=rivers]")
    tab.wait_for_selector("tr[data-deck=rivers]", state="detached")
    tab.click(".toast button")
    tab.wait_for_selector("tr[data-deck=rivers]")


def next_key(tab):
    """A key that goes on, whatever is shown: not known, turned, graded."""
    if tab.query_selector("form.typed"):
        return "Enter"
    return next((key for key in ("Enter", "0", "3") if tab.query_selector(f"[data-act][data-key~='{key}']")), "")


VIEWS = ("/study", "/study/descent", "/study/all-rules", "/study/note/momentum-update", "/study/note/rule.rmsprop_centered_momentum_keras", "/study/note/adagrad",
         "/study/descent/test", "/study/descent/matching")  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_view_is_wider_than_a_small_screen_and_every_control_has_a_name(browser, address, scheme):
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page = entered(context, address)
    for view in VIEWS:
        page.goto(page.root + view)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
        nameless = """() => [...document.querySelectorAll('button, a, input:not([type=hidden]), summary, dialog')]
            .filter((each) => !(each.innerText?.trim() || each.ariaLabel || each.labels?.length || each.getAttribute('aria-labelledby')))
            .map((each) => each.outerHTML)"""
        assert page.evaluate(nameless) == [], view
        ids = page.evaluate("[...document.querySelectorAll('[id]')].map((each) => each.id)")
        assert len(ids) == len({*ids}), view
    for mode in ("learn", "test", "matching", "spaced"):
        page.goto(f"{page.root}/study/schedules/{mode}")
        page.keyboard.press("Enter")
        page.wait_for_function(READY)
        for _ in range(8):
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), mode
            if key := next_key(page):
                press(page, key)
    assert page.said == []
    context.close()


def test_a_server_that_is_killed_keeps_all_that_was_answered(browser, tmp_path):
    first = served(tmp_path)
    context = browser.new_context()
    page = entered(context, first.address)
    page.goto(f"{page.root}/study/descent/learn")
    page.keyboard.press("Enter")
    page.wait_for_function(READY)
    count = 0
    while count < 9:
        if stage(page) == "question":
            press(page, next_key(page))
            count += 1
        else:
            press(page, "Enter")
    while stage(page) != "question":
        press(page, "Enter")
    page.keyboard.press("1" if page.query_selector(".choices") else "Enter")
    first.send_signal(signal.SIGKILL)
    first.wait(20)
    first.stdout.close()
    assert len(told(tmp_path)) in (count, count + 1)
    page.keyboard.press("2")
    page.wait_for_function("() => document.getElementById('study-fault').textContent.includes('does not answer') || document.querySelector('[data-stage=verdict]')")  # fmt: skip
    kept = len(told(tmp_path))
    with served(tmp_path, urlsplit(first.address).port) as second:
        page.goto(second.address)
        page.go_back()
        page.goto(page.url)
        page.wait_for_selector("[data-stage=gone]")
        assert "Every answer that was given is kept" in page.inner_text("#state")
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-stage=question]")
        assert len(told(tmp_path)) == kept
        second.terminate()
    context.close()
