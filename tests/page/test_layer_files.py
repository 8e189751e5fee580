"""Laws of the layers' picture as a file: what it shows is what the page shows, and every name is in it."""

import csv
import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from page.shelves import SPIKE, begun, client, finished, go_on

from surefoot.page.layer_files import ALARM, VIRIDIS, drawing, rows, shade
from surefoot.page.layer_map import MAPS, figures, grid
from surefoot.records.folder import RunFolder
from surefoot.trace import LAYER_UNITS

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg):
    return ["".join(each.itertext()) for each in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def fills(svg):
    return re.findall(r'<path [^>]*fill="(rgb\([\d,]+\))"', svg)


@pytest.mark.parametrize("which", MAPS)
def test_a_picture_names_every_layer_once_and_says_what_it_shows(tmp_path, which):
    words = texts(drawing(figures(finished(tmp_path)), which, "A <run> & more"))
    assert [each for each in words if each.startswith("body")] == ["body.2.weight", "body.10.weight"]
    assert words[0].startswith("A <run> & more: ")
    assert "step" in words
    assert any("not finite" in each for each in words)


@pytest.mark.parametrize("which", MAPS)
def test_a_picture_needs_nothing_from_elsewhere(tmp_path, which):
    svg = drawing(figures(finished(tmp_path)), which, "digits")
    assert not re.findall(r'(?:href|src|url\()[="]*(?!#)', svg)
    assert "<script" not in svg


def test_a_dead_layer_has_the_alarms_colour_and_its_scale_goes_to_all(tmp_path):
    svg = drawing(figures(finished(tmp_path)), "dead_share", "digits")
    assert len(fills(svg)) == 2
    assert fills(svg)[1] == f"rgb({','.join(map(str, ALARM[-1]))})"
    assert {"0 %", "100 %"} <= {*texts(svg)}


def test_a_long_name_is_shown_by_its_end_and_told_whole(tmp_path):
    name = f"{'a.long.way.down.' * 6}weight"
    with RunFolder.made(tmp_path, "told", {"settings": {}}) as folder:
        folder.begin_layers([name], list(LAYER_UNITS))
        folder.layers(0, [[1.0, 1.0, 1.0, 0.0, 0.5]])
    text = next(ElementTree.fromstring(drawing(figures(folder.path), "dead_share", "told")).iter(f"{SVG}title")).text
    assert text == name


def test_tensors_without_outputs_are_left_out_unless_none_has_any(tmp_path):
    for shares, expected in (([np.nan, 0.5, np.nan], ["w1"]), ([np.nan] * 3, ["w0", "w1", "w2"])):
        with RunFolder.made(tmp_path, "told", {"settings": {}}) as folder:
            folder.begin_layers(["w0", "w1", "w2"], list(LAYER_UNITS))
            folder.layers(0, [[1.0, 1.0, 1.0, 0.0, share] for share in shares])
        words = texts(drawing(figures(folder.path), "dead_share", "told"))
        assert [each for each in words if each.startswith("w")] == expected


def test_what_was_not_finite_is_marked_where_it_was(tmp_path):
    svg = drawing(figures(finished(tmp_path)), "weight_norm", "digits")
    assert svg.count('fill="#1f2328"/>') == 1
    assert 'fill="#1f2328"/>' not in drawing(figures(finished(tmp_path, steps=100)), "weight_norm", "digits")


def test_colours_go_from_one_end_to_the_other():
    assert [shade(value, "gradient_norm", 0.01, 1.0) for value in (0.01, 1.0)] == [VIRIDIS[0], VIRIDIS[-1]]
    assert [shade(value, "dead_share", 0.0, 1.0) for value in (0.0, 1.0)] == [ALARM[0], ALARM[-1]]
    assert shade(0.0, "gradient_norm", 0.01, 1.0) == VIRIDIS[0]


@pytest.mark.parametrize("which", MAPS)
@pytest.mark.parametrize("steps", [1, 90, 400, 5000])
def test_the_table_has_the_numbers_of_the_picture_and_every_step_once(tmp_path, which, steps):
    found = figures(finished(tmp_path, steps=steps))
    made, told = grid(found, which), list(rows(found, which))
    for tensor, name in enumerate(made.names):
        its = [row for row in told if row[2] == name]
        steps_in = [step for first, last, *_ in its for step in range(first, last + 1)]
        assert steps_in == [*range(steps)]
        np.testing.assert_array_equal([row[4] for row in its], made.buckets.mean[:, tensor])
        assert all(np.isnan(row[4]) or (row[3] <= row[4] * 1.001 and row[4] <= row[5] * 1.001) for row in its)


def test_the_files_are_had_from_the_page(tmp_path):
    run = finished(tmp_path).name
    page = client(tmp_path)
    picture = page.get(f"/run/{run}/layers.svg?which=dead_share")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert f"{run}.dead_share.layers.svg" in picture.headers["content-disposition"]
    assert "body.10.weight" in texts(picture.text)
    table = list(csv.DictReader(io.StringIO(page.get(f"/run/{run}/layers.csv?which=weight_norm").text)))
    assert {row["layer"] for row in table} == {"body.2.weight", "body.10.weight"}
    spike = [row for row in table if int(row["first_step"]) <= SPIKE <= int(row["last_step"])]
    assert [row["not_finite"] for row in spike] == ["0", "1"]
    assert {row["mean"] for row in table if row["layer"] == "body.2.weight"} == {"10.0"}
    assert page.get(f"/run/{run}/penalty.svg").status_code == 200


def test_a_picture_that_there_is_not_is_refused_in_words(tmp_path):
    run = finished(tmp_path).name
    page = client(tmp_path)
    for ending in ("svg", "csv"):
        asked = page.get(f"/run/{run}/layers.{ending}?which=loudness")
        assert asked.status_code == 400
        assert "update_ratio, gradient_norm, weight_norm, dead_share" in asked.text
    with begun(tmp_path, "bare", layers=False) as folder:
        go_on(folder, 0, 5, layers=False)
    old = RunFolder.made(tmp_path, "old", {"settings": {}})
    with old:
        old.begin_layers(["w"], [*LAYER_UNITS][:4])
        old.layers(0, [[3.0, 10.0, 0.1, 0.0]])
    for name, which in ((folder.path.name, "gradient_norm"), (old.path.name, "dead_share")):
        for ending in ("svg", "csv"):
            assert page.get(f"/run/{name}/layers.{ending}?which={which}").status_code == 404
    assert page.get(f"/run/{old.path.name}/layers.svg").status_code == 200


def test_a_run_of_an_older_version_has_no_dead_share_to_choose(tmp_path):
    with RunFolder.made(tmp_path, "old", {"settings": {}}) as old:
        old.begin_layers(["w"], [*LAYER_UNITS][:4])
        old.layers(0, [[3.0, 10.0, 0.1, 0.0]])
    page = client(tmp_path)
    new = finished(tmp_path).name
    for path in ("", "/page.html"):
        assert 'value="dead_share"' not in page.get(f"/run/{old.path.name}{path}").text
        assert 'value="dead_share"' in page.get(f"/run/{new}{path}").text
    assert page.get(f"/run/{old.path.name}/layers?map=dead_share").status_code == 200
