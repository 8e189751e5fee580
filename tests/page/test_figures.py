"""Laws of figures in files of their own: what is drawn on the page can be saved, as SVG and as PNG, and is whole."""

import csv
import re
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest
from page.shelves import client, finished
from page.test_views import SEARCH

from surefoot.page.drawing import Axis, Line, chart
from surefoot.page.jobs import Jobs
from surefoot.page.standing import LETTER, standing


def figure(answer):
    """A figure's file: a whole SVG with a size, a white ground and its own look."""
    assert answer.status_code == 200, answer.text
    assert 'filename="' in answer.headers["content-disposition"]
    root = ET.fromstring(answer.text)
    left, top, width, height = map(float, root.attrib["viewBox"].split())
    assert (float(root.attrib["width"]), float(root.attrib["height"])) == (width, height)
    ground = root.find("{*}rect[@class='sheet']")
    assert [float(ground.attrib[name]) for name in ("x", "y", "width", "height")] == [left, top, width, height]
    assert "--i0: #0072b2" in root.find("{*}style").text
    return root


def test_schedules_download_as_a_figure_and_a_table(tmp_path):
    asked, query = client(tmp_path), {"text": ["warmup(5%) >> cosine()", "wsd()", "nonsense("], "steps": "50"}
    words = [each.text for each in figure(asked.get("/schedules.svg", params=query)).iterfind(".//{*}text")]
    assert {"warmup(5%) >> cosine(to=0.0)", "step size"} <= {*words}
    rows = list(csv.reader(asked.get("/schedules.csv", params=query).text.splitlines()))
    assert rows[0] == ["step", "warmup(5%) >> cosine()", "wsd()"]
    assert rows[3][:2] == ["2", "0.001"]
    assert len(rows) == 51
    assert len(asked.get("/schedules.csv?steps=10000000").text.splitlines()) == 20_001
    assert asked.get("/schedules.svg?text=nonsense(").status_code == 404


def test_landscapes_download_as_figures(tmp_path):
    asked = client(tmp_path)
    found = re.findall(r'data-png="([^"]*)"', asked.get("/landscapes?surface=ravine").text)
    assert [where.partition("?")[0] for where in found] == ["/landscapes/map.svg", "/landscapes/penalties.svg"]
    for where in found:
        words = [each.text for each in figure(asked.get(where.replace("&amp;", "&"))).iterfind(".//{*}text")]
        assert "sgd, step size 0.07" in words
    assert asked.get("/landscapes/map.svg?surface=moon").status_code == 400
    assert asked.get("/landscapes/moon.svg").status_code == 404


def test_runs_that_are_compared_download_as_a_figure_and_a_table(tmp_path):
    one, other = finished(tmp_path, "one"), finished(tmp_path, 'the "other"', form="jsonl", steps=300)
    asked, query = client(tmp_path), f"run={one.name}&run={other.name}&run=nothing&run={one.name}"
    for column in ("penalty", "accuracy", "update_ratio"):
        words = [each.text for each in figure(asked.get(f"/compare/{column}.svg?{query}&log=1")).iterfind(".//{*}text")]
        assert {"A · one", 'B · the "other"'} <= {*words}
    rows = list(csv.reader(asked.get(f"/compare/penalty.csv?{query}").text.splitlines()))
    assert rows[0] == ["run", "step", "penalty"]
    assert {row[0] for row in rows[1:]} == {one.name, other.name}
    assert len(rows) == 1 + 400 + 300
    assert asked.get(f"/compare/nothing.svg?{query}").status_code == 404
    assert asked.get("/compare/penalty.svg").status_code == 404


def test_the_search_and_its_range_tests_download_as_figures(tmp_path):
    ramp = {"seed": 0, "step_sizes": [1e-4, 1e-3, 1e-2], "fastest": 1e-3, "lowest": 1e-2, "penalties": [2.0, 1.5, 1.0]}
    ranged = {"rule": "sgd", "decay": 0.0, "step_size": 0.003, "low": 1e-3, "high": 1e-2, "steps": 4, "ramps": [ramp]}
    nothing = {**ranged, "ramps": [{**ramp, "penalties": [None] * 3}]}
    path = finished(tmp_path, search={**SEARCH, "ranges": [nothing, ranged]})
    asked = client(tmp_path)
    found = re.findall(r'data-png="([^"]*/search/[^"]*)"', asked.get(f"/run/{path.name}").text)
    assert [each.rsplit("/", 1)[1] for each in found] == ["race.svg", "range-1.svg"]
    for where in found:
        figure(asked.get(where))
    for which in ("range-0", "range-9", "range-x", "moon"):
        assert asked.get(f"/run/{path.name}/search/{which}.svg").status_code == 404
    plain = finished(tmp_path, "plain")
    assert asked.get(f"/run/{plain.name}/search/race.svg").status_code == 404


def test_every_svg_that_can_be_saved_can_be_saved_as_png(tmp_path):
    path, other = finished(tmp_path, search=SEARCH), finished(tmp_path, "other")
    for view in (f"/run/{path.name}", "/schedules", "/landscapes"):
        text = client(tmp_path).get(view).text
        drawn = {*re.findall(r'href="([^"]*\.svg[^"]*)" download', text)}
        assert drawn == {*re.findall(r'<button type="button" data-png="([^"]+)" data-name="[^"/]+\.png"', text)}, view
        assert drawn
    assert "data-png" in client(tmp_path).get(f"/compare?run={path.name}&run={other.name}").text


def test_a_page_on_a_disk_offers_no_file_that_needs_the_server(tmp_path):
    path = finished(tmp_path, search=SEARCH)
    text = client(tmp_path).get(f"/run/{path.name}/page.html").text
    text = re.sub(r"<(script|style).*?</\1>", "", text, flags=re.DOTALL)
    assert re.findall(r'data-png|\.svg"|\.csv"', text) == []


def told(what, labels):
    """What a worker has said of runs that are done."""
    lines = [{"runs": labels, "steps": 20, "step_size": 0.01}]
    lines += [{"run": number, "penalties": [2.0 - 0.05 * i for i in range(20)]} for number in range(len(labels))]
    return SimpleNamespace(told=[*lines, *({"done": i} for i in range(len(labels)))], running=False, fault="")


@pytest.mark.parametrize(
    ("what", "labels", "many"), [("sizes", ["0.1", "1"], 1), ("schedules", ["linear()", "wsd()"], 2)]
)
def test_learning_curves_download_as_figures(tmp_path, monkeypatch, what, labels, many):
    asked = client(tmp_path)
    assert asked.get(f"/curves.svg?what={what}").status_code == 404
    monkeypatch.setattr(Jobs, "find", lambda *_: told(what, labels))
    found = re.findall(r'data-png="([^"]*)"', asked.get(f"/curves?what={what}").text)
    assert len(found) == many
    for where in found:
        figure(asked.get(where.replace("&amp;", "&")))
    if what == "schedules":
        assert asked.get("/curves.svg?what=schedules&run=9").status_code == 404


def test_the_map_around_a_runs_weights_downloads_as_a_figure(tmp_path):
    path, asked = finished(tmp_path), client(tmp_path)
    where = f"/run/{path.name}/around/map.svg"
    assert asked.get(where).status_code == 404
    row = "[1.0, 2.0, 3.0]"
    head = '"validation": true, "items": 9, "seconds": 1.0, "says": "a bowl", "caveat": "two directions"'
    (path / "around.json").write_text(f'{{"across": [-1, 0, 1], "penalties": [{row}, {row}, {row}], {head}}}')
    assert f'data-png="{where}"' in asked.get(f"/run/{path.name}/around").text
    figure(asked.get(where))


def drawn(labels, title="a title & more", width=300):
    lines = [Line(label, [0, 1], [0, 1], ink=ink) for ink, label in enumerate(labels)]
    inside = chart(lines, Axis("step", 0, 1), Axis("y", 0, 1), title=title, width=width)
    return ET.fromstring(standing(inside, [(line.label, line.ink) for line in lines]))


def test_a_legend_stands_under_the_figure_and_within_it():
    labels = ["warmup(5%) >> cosine()", "<b>", "a", "a longer name of a line", "b", "c"]
    root = drawn(labels)
    left, top, width, height = map(float, root.attrib["viewBox"].split())
    names = root.findall("{*}text[@class='name']")
    assert [each.text for each in names] == labels
    for each in names:
        assert left <= float(each.attrib["x"]) < left + width
        assert 320 < float(each.attrib["y"]) < top + height
    assert len({each.attrib["y"] for each in names}) > 1


def test_one_line_needs_no_legend_and_a_long_heading_ends_within_the_figure():
    root = drawn(["alone"], title="x" * 300)
    assert root.findall("{*}text[@class='name']") == []
    assert root.find("{*}text[@class='heading']").text == "X" + "x" * 33 + "…"


def test_what_has_no_size_is_no_figure():
    with pytest.raises(ValueError, match="viewBox"):
        standing("<svg></svg>")


def test_whatever_a_line_is_called_the_file_is_well_formed_and_nothing_leaves_it():
    svg = '<svg viewBox="0 0 400 200" class="chart wide-one" role="img" aria-label="two lines"><g class="in"/></svg>'
    told = ET.fromstring(standing(svg, [("wsd()" * 60, 0), ("a\x00<b>", 1)]))
    assert (told.get("class"), told.get("role"), told.get("aria-label")) == ("chart wide-one", "img", "two lines")
    names = [each for each in told.iter("{http://www.w3.org/2000/svg}text") if each.get("class") == "name"]
    assert [float(each.get("x")) + LETTER * len(each.text) <= 400 for each in names] == [True, True]
    assert names[0].text.endswith("…")
    assert names[1].text == "a\\x00<b>"
