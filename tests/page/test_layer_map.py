"""Laws of the layers' picture and curves: norms of the whole net, ratios, and nothing that is not finite is hidden."""

import base64

import numpy as np
import pytest
from page.shelves import FORMS, SPIKE, begun, finished, go_on

from surefoot.page.layer_map import MAPS, curves, figures, later, picture


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
