"""Laws of the layers' picture and curves: norms of the whole net, ratios, and nothing that is not finite is hidden."""

import base64

import numpy as np
import pytest
from page.shelves import FORMS, SPIKE, begun, finished, go_on

from surefoot.page.layer_map import MAPS, curves, figures, later, maps_of, picture
from surefoot.records.folder import RunFolder
from surefoot.trace import LAYER_UNITS


def table(sent, name, kind):
    flat = np.frombuffer(base64.b64decode(sent[name]), kind)
    return flat.reshape(-1, len(sent["names"]))


def test_the_net_has_the_root_of_the_squares_of_its_tensors(tmp_path):
    found = curves(figures(finished(tmp_path)))
    assert found["gradient_norm"].mean[0] == pytest.approx(5.0)
    assert found["update_ratio"].mean[0] == pytest.approx(np.hypot(0.1, 0.2) / np.hypot(10.0, 20.0))


def test_tensors_are_sorted_as_people_count(tmp_path):
    sent = picture(figures(finished(tmp_path)), "gradient_norm")
    assert sent["names"] == ["body.2.weight", "body.10.weight"]
    assert table(sent, "mean", "<f4")[0].tolist() == [3.0, 4.0]


@pytest.mark.parametrize("which", MAPS)
def test_a_step_that_was_not_finite_is_marked_in_every_picture(tmp_path, which):
    sent = picture(figures(finished(tmp_path)), which)
    bad = table(sent, "bad", "<i4")
    assert bad.sum() == 1
    assert bad[SPIKE >> sent["level"], 1] == 1


def test_the_ratio_is_the_update_over_the_weight(tmp_path):
    sent = picture(figures(finished(tmp_path)), "update_ratio")
    np.testing.assert_allclose(table(sent, "mean", "<f4")[0], [0.01, 0.01], rtol=1e-6)


@pytest.mark.parametrize("form", FORMS)
def test_later_figures_are_those_after_a_step(tmp_path, form):
    with begun(tmp_path, form=form) as folder:
        go_on(folder, 0, 90)
        assert later(folder.path, 89) is None or not len(later(folder.path, 89))
        go_on(folder, 90, 100)
        assert later(folder.path, 94).first.tolist() == [95, 96, 97, 98, 99]


def test_a_run_without_layers_has_an_empty_picture(tmp_path):
    with begun(tmp_path, layers=False) as folder:
        folder.flush()
        assert figures(folder.path) is None
    assert picture(None, "update_ratio")["names"] == []


@pytest.mark.parametrize("form", FORMS)
def test_figures_that_were_taken_back_are_not_there(tmp_path, form):
    with begun(tmp_path, form=form) as folder:
        go_on(folder, 0, 90)
        go_on(folder, 90, 100)
        folder.rewind(1, 94)
        folder.flush()
        assert later(folder.path, 80).first.tolist() == [*range(81, 94)]
        assert figures(folder.path).last == 93


def test_the_dead_share_is_shown_as_it_was_told(tmp_path):
    sent = picture(figures(finished(tmp_path)), "dead_share")
    assert sent["names"] == ["body.2.weight", "body.10.weight"]
    np.testing.assert_array_equal(table(sent, "mean", "<f4"), [[0.25, 1.0]] * (len(table(sent, "mean", "<f4"))))


def told(shelf, rows, columns=tuple(LAYER_UNITS), form="sqlite", steps=600):
    """A run whose layers have these figures at every step."""
    with RunFolder.made(shelf, "told", {"settings": {}}, form) as folder:
        folder.begin_layers([f"w{i}" for i in range(len(rows))], columns)
        for step in range(steps):
            folder.layers(step, rows)
    return folder.path


@pytest.mark.parametrize("form", FORMS)
def test_a_tensor_without_outputs_is_blank_there_and_nothing_of_it_counts_as_not_finite(tmp_path, form):
    path = told(tmp_path, [[1.0, 1.0, 1.0, 0.0, np.nan], [1.0, 1.0, 1.0, 0.0, 0.5]], form=form)
    for found in (figures(path), later(path, 550)):
        sent = picture(found, "dead_share")
        assert table(sent, "bad", "<i4").sum() == 0
        assert np.isnan(table(sent, "mean", "<f4")[:, 0]).all()
        assert (table(sent, "mean", "<f4")[:, 1] == 0.5).all()
        assert table(sent, "counts", "<i4")[:, 0].sum() == 0


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("columns", [4, 5])
def test_a_tensor_that_was_not_stepped_is_blank_and_not_marked(tmp_path, form, columns):
    rows = [[np.nan] * columns, [np.nan, 1.0, 1.0, 0.0, 0.5][:columns], [1.0, 1.0, 1.0, 3.0, 0.5][:columns]]
    path = told(tmp_path, rows, [*LAYER_UNITS][:columns], form)
    for found, steps in ((figures(path), 600), (later(path, 549), 50)):
        assert found.bad.sum(axis=0)[0] == 0
        assert found.bad.sum(axis=0)[1] == steps  # a norm that is no number, of a tensor that was stepped
        assert found.bad.sum(axis=0)[2] >= steps // 16  # blocks in which elements were not finite


@pytest.mark.parametrize("form", FORMS)
def test_a_record_of_an_older_version_opens_and_has_the_other_pictures(tmp_path, form):
    path = told(tmp_path, [[3.0, 10.0, 0.1, 0.0]], [*LAYER_UNITS][:4], form)
    found = figures(path)
    assert [*maps_of(found)] == ["update_ratio", "gradient_norm", "weight_norm"]
    assert [*maps_of(None)] == [*MAPS]
    assert {*curves(found)} == {"gradient_norm", "update_ratio"}
    assert table(picture(found, "gradient_norm"), "mean", "<f4")[0] == [3.0]
    assert np.isnan(table(picture(found, "dead_share"), "mean", "<f4")).all()
