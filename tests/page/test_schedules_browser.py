"""Schedules in a real browser: handles are dragged, moved by keys and touched; the text, the address and PNG follow."""

import re
import struct
from base64 import b64encode

import pytest
from page.chromium import IN_CHROMIUM

pytestmark = IN_CHROMIUM


def opened(browser, address, query="", **look):
    """A tab with schedules, and what its console says."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, **look)
    tab, said = context.new_page(), []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.goto(address)
    tab.goto(f"{address.split('/?')[0]}/schedules{query}")
    tab.wait_for_selector(".grip")
    tab.said = said
    return tab


@pytest.fixture
def tab(browser, address):
    found = opened(browser, address)
    yield found
    assert found.said == []
    found.context.close()


def field(tab, number=0):
    return tab.input_value(f"[name=text] >> nth={number}")


def says(tab, number, text):
    tab.wait_for_function(
        "([n, text]) => document.querySelectorAll('[name=text]')[n].value === text", arg=[number, text]
    )


def middle(tab, name):
    box = tab.locator(f"[data-name='{name}'] i").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(tab, name, right, down, *, drop=True):
    x, y = middle(tab, name)
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x + right, y + down, steps=12)
    if drop:
        tab.mouse.up()


def test_a_border_is_dragged_and_text_formula_code_and_address_follow(tab):
    drag(tab, "end 1", 221, 30)  # a fifth of the axis, which is 1105 pixels wide
    says(tab, 0, "warmup(25%) >> cosine()")
    tab.wait_for_function("text => new URLSearchParams(location.search).get('text') === text", arg=field(tab))
    assert tab.inner_text(".course code >> nth=0") == field(tab)
    assert "sf.warmup(0.25)" in tab.inner_text(".code >> nth=0")
    assert tab.evaluate("document.activeElement.dataset.name") == "end 1"
    assert field(tab, 1) == "wsd()"


def test_an_end_value_is_dragged_up(tab):
    drag(tab, "to 2", 0, -120)
    tab.wait_for_function("() => /to=0\\.\\d+/.test(document.querySelectorAll('[name=text]')[0].value)")
    assert re.fullmatch(r"warmup\(5%\) >> cosine\(to=0\.\d\d?\)", field(tab))


def test_the_curve_is_under_the_hand_while_it_is_dragged(browser, address):
    tab = opened(browser, address, "?text=constant(value%3D0.8)")
    x, y = middle(tab, "value 1")
    drag(tab, "value 1", 0, 150, drop=False)
    tab.wait_for_function("() => !document.querySelector('[name=text]').value.includes('0.8')")
    tab.wait_for_timeout(200)
    shown = middle(tab, "value 1")
    assert shown == pytest.approx((x, y + 150), abs=8)  # the axis would have shrunk to the value
    tab.mouse.up()
    tab.context.close()


def test_escape_takes_a_drag_back(tab):
    drag(tab, "end 1", 200, 0, drop=False)
    tab.wait_for_function("() => document.querySelectorAll('[name=text]')[0].value !== 'warmup(5%) >> cosine()'")
    tab.keyboard.press("Escape")
    says(tab, 0, "warmup(5%) >> cosine()")
    tab.mouse.move(900, 500)
    tab.mouse.up()
    tab.wait_for_timeout(300)
    assert field(tab) == "warmup(5%) >> cosine()"
    tab.wait_for_function("() => document.querySelector('.course code').innerText === 'warmup(5%) >> cosine()'")


def test_keys_move_a_handle_and_it_says_where_it_is(tab):
    tab.focus("[data-name='end 1']")
    for key, text, told in (
        ("ArrowRight", "warmup(5.5%) >> cosine()", "step 55 of 1,000"),
        ("ArrowLeft", "warmup(5%) >> cosine()", "step 50 of 1,000"),
        ("PageUp", "warmup(7.5%) >> cosine()", "step 75 of 1,000"),
        ("Shift+ArrowLeft", "warmup(5%) >> cosine()", "step 50 of 1,000"),
        ("End", "warmup(99.9%) >> cosine()", "step 999 of 1,000"),
        ("Home", "warmup(0.1%) >> cosine()", "step 1 of 1,000"),
    ):
        tab.keyboard.press(key)
        says(tab, 0, text)
        assert told in tab.evaluate("document.activeElement.getAttribute('aria-valuetext')")
    assert tab.get_attribute("[data-name='end 1']", "aria-label") == "end of phase 1, warm-up of schedule 1"
    tab.focus("[data-name='to 2']")
    tab.keyboard.press("ArrowUp")
    says(tab, 0, "warmup(0.1%) >> cosine(to=0.01)")


def test_the_handles_are_those_of_the_text_in_hand(tab):
    assert tab.locator(".grip").count() == 3
    tab.focus("[name=text] >> nth=1")
    tab.wait_for_selector("[data-name='end 2']")
    drag(tab, "end 2", -110, 0)
    tab.wait_for_function("() => document.querySelectorAll('[name=text]')[1].value.startsWith('wsd(cooldown=')")
    assert field(tab) == "warmup(5%) >> cosine()"


def test_handles_are_there_again_after_typing(tab):
    tab.fill("[name=text] >> nth=0", "linear(50%)")
    tab.wait_for_function(
        "() => [...document.querySelectorAll('.grip')].map((each) => each.dataset.name).join() === 'end 1,to 1'"
    )
    tab.fill("[name=text] >> nth=0", "nonsense(")
    tab.wait_for_function("() => document.querySelectorAll('.grip').length === 0")


def test_a_value_is_dragged_over_decades_on_a_log_axis(browser, address):
    tab = opened(browser, address, "?text=cosine(to%3D0.01)&log=1")
    drag(tab, "to 1", 0, -100)
    tab.wait_for_function("() => document.querySelector('[name=text]').value !== 'cosine(to=0.01)'")
    tab.wait_for_timeout(300)
    assert 0.015 < float(re.fullmatch(r"cosine\(to=(0\.\d+)\)", field(tab))[1]) < 0.1
    assert tab.said == []
    tab.context.close()


def test_a_finger_drags_too(browser, address):
    tab = opened(browser, address, has_touch=True)
    x, y = middle(tab, "end 1")
    session = tab.context.new_cdp_session(tab)
    touch = [{"x": x, "y": y}]
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": touch})
    for step in range(1, 9):
        touch = [{"x": x + 20 * step, "y": y + 10 * step}]
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": touch})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    tab.wait_for_function("() => document.querySelector('[name=text]').value !== 'warmup(5%) >> cosine()'")
    assert tab.evaluate("scrollY") == 0
    tab.context.close()


def saved(tab, path):
    with tab.expect_download() as download:
        tab.click("[data-png]")
    download.value.save_as(path)
    content = path.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", content[16:24])


CORNERS = """async (path) => { const image = new Image(); image.src = path; await image.decode(); const canvas =
document.createElement("canvas"); canvas.width = image.width; canvas.height = image.height; const brush = canvas.getContext("2d");
brush.drawImage(image, 0, 0); const { data } = brush.getImageData(0, 0, image.width, image.height); const inks = new Set();
for (let i = 0; i < data.length; i += 4) inks.add(`${data[i]},${data[i + 1]},${data[i + 2]},${data[i + 3]}`);
return [[...data.slice(0, 4)], inks.has("0,114,178,255"), [...inks].every((each) => each.endsWith(",255"))]; }"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_picture_is_saved_as_an_opaque_light_png_of_twice_its_size(browser, address, tmp_path, scheme):
    tab = opened(browser, address, color_scheme=scheme)
    size = saved(tab, tmp_path / "a.png")
    assert size[0] == 1920
    blank = browser.new_page()
    address = f"data:image/png;base64,{b64encode((tmp_path / 'a.png').read_bytes()).decode()}"
    assert blank.evaluate(CORNERS, address) == [[255, 255, 255, 255], True, True]
    tab.evaluate(
        "document.querySelector('.held').id = 'here'; document.querySelector('[data-png]').dataset.png = '#here'"
    )
    assert saved(tab, tmp_path / "b.png") == (1920, 760)
    assert tab.said == []
    tab.context.close()


def test_a_picture_that_cannot_be_made_says_so(browser, address):
    tab = opened(browser, address)
    tab.evaluate("document.querySelector('[data-png]').dataset.png = '#nowhere'")
    tab.click("[data-png]")
    tab.wait_for_function(
        "() => document.querySelector('#toasts').innerText.includes('schedules.png could not be made: the picture is not drawn.')"
    )
    tab.evaluate("document.querySelector('[data-png]').dataset.png = '/schedules.csv'")
    tab.click("[data-png]")
    tab.wait_for_function(
        "() => document.querySelector('#toasts').innerText.includes('the picture is not there any more')"
    )
    tab.context.close()


def test_without_a_script_nothing_is_offered_that_needs_one(browser, address):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(address)
    tab.goto(f"{address.split('/?')[0]}/schedules")
    assert tab.locator(".grip").count() == 0
    assert not tab.locator("[data-png]").is_visible()
    assert tab.locator("#drawn svg.chart").is_visible()
    context.close()
