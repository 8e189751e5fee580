"""The landscapes in a real browser: the start is dragged and moved by keys, sliders move paths, the address follows."""

import re

import pytest
from page.chromium import IN_CHROMIUM, playwright

pytestmark = IN_CHROMIUM


@pytest.fixture
def tab(browser, address):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(address.replace("/?", "/landscapes?"))
    yield page
    assert said == []
    context.close()


def told(tab):
    return tab.inner_text("#part-told")


def test_dragging_the_start_moves_the_paths_and_the_address(tab):
    before, place = tab.locator("#part-told").inner_text(), tab.locator("[data-start] .start").bounding_box()
    tab.mouse.move(place["x"] + 5, place["y"] + 5)
    tab.mouse.down()
    tab.mouse.move(place["x"] + 300, place["y"] + 40, steps=8)
    tab.mouse.up()
    playwright.expect(tab.locator("#part-told")).not_to_have_text(before)
    wanted = tab.input_value("[name=x]")
    tab.wait_for_url(re.compile(rf"x={re.escape(wanted)}&"))
    moved = tab.locator("[data-start] .start").bounding_box()
    assert moved["x"] == pytest.approx(place["x"] + 295, abs=8)
    assert float(wanted) > -1.0


def test_arrow_keys_move_the_start_which_keeps_the_focus(tab):
    x = float(tab.input_value("[name=x]"))
    tab.focus("[data-start]")
    for _ in range(5):
        tab.keyboard.press("ArrowRight")
    tab.wait_for_url(re.compile(rf"x={x + 0.4:.4g}".replace(".", r"\.")))
    assert tab.evaluate("document.activeElement.hasAttribute('data-start')")


def test_a_slider_makes_a_path_diverge(tab):
    tab.locator("#rules .log").first.fill("75")
    playwright.expect(tab.locator("#part-told")).to_contain_text("diverges")
    assert float(tab.input_value("#rules [name=size] >> nth=0")) > 0.4
    assert "size=0.56" in tab.url


def test_rules_are_added_and_removed(tab):
    tab.click("#add")
    playwright.expect(tab.locator(".trail")).to_have_count(4)
    assert tab.locator("#rules li").count() == 4
    tab.locator("[data-remove]").first.click()
    playwright.expect(tab.locator(".trail")).to_have_count(3)
    assert "sgd" not in told(tab)


def test_what_is_not_allowed_is_told_and_the_picture_stays(tab):
    tab.fill("[name=steps]", "9999")
    playwright.expect(tab.locator("#part-fault")).to_contain_text("steps is 9999")
    assert tab.locator(".trail").count() == 3
    assert "9999" not in tab.url
    tab.fill("[name=steps]", "20")
    playwright.expect(tab.locator("#part-fault")).to_have_text("")


def test_learning_curves_are_trained_by_a_button_and_come_live(tab):
    tab.click("text=Learning curves")
    tab.fill("[name=steps]", "20")
    tab.click("text=Train")
    playwright.expect(tab.locator("tbody tr")).to_have_count(5, timeout=60_000)
    playwright.expect(tab.locator("#drawn")).to_contain_text("best", timeout=60_000)
    playwright.expect(tab.locator("#work button")).to_be_enabled(timeout=60_000)  # once the program has ended
    assert "steps=20" in tab.url
    assert tab.locator("#drawn .line").count() == 5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_view_has_text_that_is_wider_than_the_screen(tab, scheme):
    tab.emulate_media(color_scheme=scheme)
    tab.set_viewport_size({"width": 380, "height": 800})
    for section in ("Landscapes", "Learning curves"):
        tab.click(f"nav >> text={section}")
        tab.wait_for_function("document.documentElement.scrollWidth <= 380")  # once its style has come
