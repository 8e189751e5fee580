"""The layers over time in a real browser: the dead share, what is chosen, and what is downloaded."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from page.chromium import IN_CHROMIUM
from page.shelves import begun, finished, go_on

from surefoot.records.folder import RunFolder
from surefoot.trace import LAYER_UNITS

pytestmark = IN_CHROMIUM

INK = """name => { const found = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
return [1, 3, 5].map((at) => parseInt(found.slice(at, at + 2), 16)); }"""
COLOURS = """row => { const canvas = document.querySelector("#heat .frame canvas"), copy = new OffscreenCanvas(canvas.width, 1);
const tall = canvas.height / document.page.heat.rows.length, drawing = copy.getContext("2d");
drawing.drawImage(canvas, 0, -Math.floor((row + 0.4) * tall));
const { data } = drawing.getImageData(0, 0, canvas.width, 1);
const found = new Set(); for (let i = 0; i < data.length; i += 4) found.add(`${data.slice(i, i + 4)}`);
return [...found].map((each) => each.split(",").map(Number)); }"""
FILES = "e => e.map((each) => each.getAttribute('href') ?? each.dataset.png)"


@pytest.fixture(params=["light", "dark"])
def tab(browser, address, request):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=request.param)
    page, said = context.new_page(), []
    page.set_default_timeout(60_000)
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(address)
    page.root = address.split("?")[0].rstrip("/")
    yield page
    assert said == []
    context.close()


def opened(tab, path, asked="?map=dead_share"):
    tab.goto(f"{tab.root}/run/{path.name}{asked}")
    tab.wait_for_function(
        "() => document.page?.heat.ids?.length > 0 && document.querySelector('#heat .frame canvas').width > 0"
    )


def told(shelf, name, shares, steps=300):
    """A run of which each tensor has a share."""
    with RunFolder.made(shelf, name, {"settings": {"steps": steps}}) as folder:
        folder.begin_layers([f"body.{i}.weight" for i in range(len(shares))], list(LAYER_UNITS))
        for step in range(steps):
            folder.layers(step, [[1.0, 1.0, 0.1, 0.0, share] for share in shares])
        go_on(folder, 0, steps, layers=False)
    return folder.path


def test_a_dead_layer_is_all_in_the_alarms_colour_and_told_in_words(tab, shelf):
    opened(tab, told(shelf, "dead", [0.0, 1.0, np.nan, 0.25]))
    assert tab.locator("#heat .names span").all_inner_texts() == ["body.0.weight", "body.1.weight", "body.3.weight"]
    line, orange = tab.evaluate(INK, "line"), tab.evaluate(INK, "orange")
    assert tab.evaluate(COLOURS, 0) == [[*line, 255]]
    assert tab.evaluate(COLOURS, 1) == [[*orange, 255]]
    between = tab.evaluate(COLOURS, 2)
    assert len(between) == 1
    assert np.abs(np.array(between[0][:3]) - np.array(line) * 0.75 - np.array(orange) * 0.25).max() < 1
    assert tab.inner_text("#heat p.gone") == "No output of body.1.weight gets a gradient at the end of what is shown."
    assert tab.inner_text("#heat .names .gone") == "body.1.weight"
    said = tab.get_attribute("#heat .frame canvas", "aria-label")
    assert said.startswith("share of a layer's outputs that got no gradient, of 3 tensors over 300 steps")
    assert "100 % of body.1.weight, 25 % of body.3.weight" in said
    assert "0 %" in tab.inner_text("#heat .under")
    assert "share of a layer's outputs" in tab.inner_text("#heat .under")


def test_near_by_there_are_no_holes_between_two_looks(tab, shelf):
    opened(tab, told(shelf, "near", [0.5, 1.0], steps=90), "?map=dead_share&from=10&to=30")
    assert tab.evaluate("() => document.page.heat.level") == 0
    assert len(tab.evaluate(COLOURS, 0)) == len(tab.evaluate(COLOURS, 1)) == 1


def test_the_arrow_keys_read_a_share_in_per_cent(tab, shelf):
    opened(tab, told(shelf, "keys", [np.nan, 1.0, 0.125]))
    tab.focus("#heat .frame")
    tab.keyboard.press("ArrowLeft")
    assert re.fullmatch(r"body\.1\.weight · steps 29[68] to 299 · 100 %", tab.inner_text("#heat output"))
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowDown")
    assert re.fullmatch(r"body\.2\.weight · .* · 12\.5 %", tab.inner_text("#heat output"))


def test_other_pictures_have_all_tensors_and_their_own_scale(tab, shelf):
    opened(tab, told(shelf, "others", [np.nan, 1.0, 0.125]))
    tab.select_option("#which", "gradient_norm")
    tab.wait_for_function("() => document.querySelectorAll('#heat .names span').length === 3")
    assert "log scale" in tab.inner_text("#heat .under")
    assert not tab.is_visible("#heat p.gone")
    assert tab.locator("#heat .names .gone").count() == 0
    tab.select_option("#which", "dead_share")
    tab.wait_for_function("() => document.querySelectorAll('#heat .names span').length === 2")


def test_what_is_downloaded_is_what_is_chosen(tab, shelf, tmp_path):
    path = finished(shelf, "files")
    opened(tab, path, "?map=weight_norm")
    base = f"/run/{path.name}/layers"
    for which in ("weight_norm", "dead_share", "gradient_norm"):
        tab.select_option("#which", which)
        tab.wait_for_function("which => document.querySelector('#layer-files a').href.endsWith(which)", arg=which)
        files = tab.eval_on_selector_all("#layer-files a, #layer-files button", FILES)
        assert files == [f"{base}.{kind}?which={which}" for kind in ("csv", "svg", "svg")]
        assert tab.get_attribute("#layer-files [data-png]", "data-name") == f"{path.name}.{which}.layers.png"
    tab.click("#layers .menu summary")
    with tab.expect_download() as download:
        tab.click("#layer-files >> text=SVG")
    download.value.save_as(tmp_path / "layers.svg")
    drawn = ElementTree.parse(tmp_path / "layers.svg").getroot()
    assert any("gradient norm" in (each.text or "") for each in drawn.iter("{http://www.w3.org/2000/svg}text"))


def test_a_run_that_goes_on_is_followed_and_a_layer_that_appears_later_gets_a_row(tab, shelf):
    with begun(shelf, "live") as folder:
        go_on(folder, 0, 40, layers=False)
        for step in range(40):
            folder.layers(step, [[1.0, 1.0, 0.1, 0.0, 0.25], [np.nan] * 5])
        folder.flush()
        opened(tab, folder.path)
        assert tab.locator("#heat .names span").all_inner_texts() == ["body.2.weight"]
        go_on(folder, 40, 50)
        tab.wait_for_function("() => document.querySelectorAll('#heat .names span').length === 2")
        assert tab.inner_text("#heat .names .gone") == "body.10.weight"


def test_a_run_of_an_older_version_shows_what_it_has(tab, shelf):
    with RunFolder.made(shelf, "old", {"settings": {}}) as folder:
        folder.begin_layers(["w"], [*LAYER_UNITS][:4])
        for step in range(50):
            folder.layers(step, [[1.0, 1.0, 0.1, 0.0]])
    opened(tab, folder.path)
    assert tab.input_value("#which") == "update_ratio"
    assert tab.locator("#which option").count() == 3
    assert tab.is_visible("#heat .frame canvas")


def test_a_page_from_a_disk_has_the_dead_share_and_offers_no_download(tab, browser, shelf, tmp_path):
    path = told(shelf, "alone", [0.0, 1.0])
    (tmp_path / "run.html").write_bytes(tab.request.get(f"{tab.root}/run/{path.name}/page.html").body())
    tab.goto((tmp_path / "run.html").as_uri())
    tab.select_option("#which", "dead_share")
    tab.wait_for_function("() => document.querySelector('#heat p.gone')?.textContent.includes('body.1.weight')")
    assert tab.locator("#layer-files").count() == 0
