"""The landscapes' view, as a browser asks for it; none of these starts one."""

import re
import socket
import subprocess
import sys
import warnings
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from starlette.datastructures import QueryParams

from surefoot.landscapes import SURFACES
from surefoot.page.application import application
from surefoot.page.contours import Ground, Map, levels
from surefoot.page.land import LESSONS, Asked
from surefoot.page.safety import Address
from surefoot.page.server import bound
from surefoot.rules import RULES

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette 1.10 prefers another client library to the one that is installed
    from starlette.testclient import TestClient


@pytest.fixture
def client(tmp_path):
    with TestClient(application(tmp_path, Address()), base_url="http://127.0.0.1:8000") as found:
        yield found


def part(client, **asked):
    answer = client.get("/landscapes", params=asked, headers={"hx-request": "true"})
    assert answer.status_code == 200
    return answer.text


def fault(text):
    return re.search(r'data-part="fault">(.*?)</div>', text, re.S).group(1)


@pytest.mark.parametrize("surface", SURFACES)
def test_each_surface_has_a_view_with_its_lesson_its_paths_and_where_they_ended(client, surface):
    text = client.get("/landscapes", params={"surface": surface}).text
    assert SURFACES[surface].lesson.split(":")[0] in text
    assert '<a href="/landscapes" class="active" aria-current="page">Landscapes</a>' in text
    assert len(re.findall('class="trail[ "]', text)) == text.count('scope="row"') >= 2
    assert text.count('class="limit"') == len(re.findall('class="trail[ "]', text))
    assert "style=" not in text, "the policy forbids styles in the page"
    assert not re.search(r"(src|href)=\"(https?:)?//", text)


def test_what_changes_comes_alone(client):
    text = part(client, surface="ravine")
    assert "<html" not in text
    assert set(re.findall(r'data-part="(\w+)"', text)) == {
        "fault", "map", "told", "penalties", "table", "limit0", "limit1", "limit2",
    }  # fmt: skip
    assert fault(text) == ""


@pytest.mark.parametrize("rule", RULES)
def test_any_rule_can_be_asked_for(client, rule):
    text = part(client, surface="beale", rule=rule, size="0.01", steps="20")
    assert fault(text) == ""
    assert f"<b>{rule}</b>" in text


def test_a_step_size_beyond_the_limit_is_said_to_diverge_and_has_no_end(client):
    text = part(client, surface="quadratic", conditioning="10", rule="sgd", size="0.25", steps="100")
    assert "step size x curvature is 0.25 x 10 = 2.5, above 2." in text
    assert "diverges above <b>0.2</b>" in text
    assert 'class="end ' not in text
    assert 'class="end ' in part(client, surface="quadratic", conditioning="10", rule="sgd", size="0.15", steps="100")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"surface": "../../etc"}, "there is no surface &#39;../../etc&#39;"),
        ({"rule": ["sgd", "nothing"], "size": ["0.1", "0.1"]}, "rule is &#39;nothing&#39;"),
        ({"rule": ["sgd"] * 7, "size": ["0.1"] * 7}, "there are 7 rules and 7 step sizes"),
        ({"rule": "sgd", "size": "nan"}, "step size of sgd is nan"),
        ({"rule": "sgd", "size": "1e9"}, "step size of sgd is 1e+09; it must be from 0.0001 to 10"),
        ({"rule": ["sgd", "adam"], "size": "0.1"}, "there are 2 rules and 1 step sizes"),
        ({"rule": "none"}, "rule is &#39;none&#39;"),
        ({"steps": "501"}, "steps is 501; it must be from 1 to 500"),
        ({"steps": "1e999"}, "steps is inf"),
        ({"steps": "many"}, "steps is &#39;many&#39;; it is a number"),
        ({"x": "inf", "momentum": "1"}, "x is inf; it must be from -27.2 to 20.8; momentum is 1;"),
        ({"conditioning": "0"}, "conditioning is 0; it must be from 1 to 1000"),
        ({"surface": "noisy", "seed": "-1"}, "seed is -1"),
        ({"schedule": "import os"}, "&#39;import os&#39; is no schedule"),
        ({"schedule": "linear(" * 200}, "the schedule has 1400 characters; give 200 at most"),
        ({"share": "0"}, "share is 0; it must be from 0.01 to 1"),
    ],
)
def test_what_is_not_allowed_is_told_and_nothing_is_computed(client, asked, told):
    text = part(client, **asked)
    assert told in fault(text)
    assert 'data-part="map"' not in text
    assert client.get("/landscapes", params=asked).status_code == 400


def test_the_address_of_a_view_gives_the_view_again(client):
    asked = {
        "surface": "ravine",
        "steepness": "20",
        "rule": ["sgd", "lion"],
        "size": ["0.02", "0.1"],
        "x": "-3",
        "y": "1",
    }
    asked |= {"steps": "40", "momentum": "0.7", "share": "0.3", "schedule": "linear()"}
    text = client.get("/landscapes", params=asked).text
    for name in ("steepness", "steps", "momentum", "share"):
        assert f'name="{name}" class="tiny" inputmode="decimal" value="{asked[name]}"' in text
    assert re.findall(r'name="size" [^>]*value="([^"]+)"', text) == asked["size"]
    assert re.findall(r"<option selected>(\w+)", text) == asked["rule"]
    assert 'value="linear()"' in text


@pytest.mark.parametrize(("title", "where"), LESSONS)
def test_each_view_to_begin_with_can_be_seen(client, title, where):
    answer = client.get(f"/landscapes?surface={where}")
    assert answer.status_code == 200
    assert where.replace("&", "&amp;") in answer.text
    assert title in answer.text


def test_the_view_to_begin_with_shows_what_its_title_says(client):
    texts = [client.get(f"/landscapes?surface={where}").text for _, where in LESSONS]
    assert "above 2." in texts[0]
    assert "zigzags" in texts[1]
    assert "nearer" in texts[2]
    assert "circles" in texts[-1]


def test_a_map_is_sound_xml_with_a_title_and_a_description_and_its_start_can_be_reached_by_keys():
    x, y = np.linspace(-1, 1, 30), np.linspace(0, 1, 20)
    drawn = Map(Ground(x, y, x**2 + y[:, None]), "a <map>", "it & more", start=(0.5, 0.5)).svg()
    root = ElementTree.fromstring(drawn)
    space = "{http://www.w3.org/2000/svg}"
    assert [root.find(f"{space}{tag}").text for tag in ("title", "desc")] == ["a <map>", "it & more"]
    handle = next(each for each in root.iter(f"{space}g") if each.get("class") == "handle")
    assert (handle.get("tabindex"), handle.get("role")) == ("0", "button")
    assert "arrow keys" in handle.get("aria-label")


def test_the_start_stands_where_its_place_says():
    ground = Ground(np.linspace(0.0, 10.0, 5), np.linspace(0.0, 5.0, 5), np.zeros((5, 5)) + np.arange(5.0))
    left, low = ground.place((0.0, 0.0))
    right, top = ground.place((10.0, 5.0))
    assert (right - left) / 10.0 == pytest.approx((low - top) / 5.0)
    assert ground.place((5.0, 2.5)) == pytest.approx(((left + right) / 2, (low + top) / 2))


@pytest.mark.parametrize("span", [(0.0, 1e-6), (1.0, 1e7), (-3.0, 4.0), (99.0, 100.0)])
def test_levels_are_few_and_lie_within(span):
    found = levels(np.linspace(*span, 3000)[None, :])
    assert 3 <= len(found) <= 11
    assert found == sorted(set(found))
    assert span[0] <= found[0] < found[-1] <= span[1]


def test_flat_or_blank_ground_has_no_levels():
    assert levels(np.ones((3, 3))) == levels(np.full((3, 3), np.nan)) == []


def test_a_request_that_names_nothing_is_the_surfaces_own(client):
    from starlette.datastructures import QueryParams

    asked = Asked.of(QueryParams("surface=saddle"))
    assert asked.start == SURFACES["saddle"].start
    assert Asked.of(QueryParams(asked.address.partition("?")[2])) == asked


def test_the_server_computes_all_of_this_without_torch(tmp_path):
    code = (
        "import sys, warnings; warnings.simplefilter('ignore'); from page.shelves import client, finished; from pathlib import Path\n"
        f"shelf = Path({str(tmp_path)!r}); run = finished(shelf, 'digits').name; asks = client(shelf)\n"
        "for where in ('/landscapes', '/curves', '/around', f'/run/{run}/around'): assert asks.get(where).status_code == 200, where\n"
        "print(sorted({'torch', 'numba', 'matplotlib'} & {*sys.modules}))"
    )
    tests = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tests, check=False)
    assert done.stdout.strip() == "[]", done.stderr


def test_answers_are_sent_at_once():
    with closing(bound("127.0.0.1", 0)) as listener:
        assert listener.proto == socket.IPPROTO_TCP, "asyncio turns Nagle off only then, which costs 40 ms an answer"


def test_rules_without_a_step_size_have_one_that_shows_the_lesson():
    asked = Asked.of(QueryParams("surface=ravine&rule=momentum&rule=nadam"))
    assert [choice.size for choice in asked.choices] == [0.03, 0.25]
