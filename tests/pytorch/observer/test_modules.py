"""Which modules change with the mode, what a pass runs through, and what a model hides from torch."""

import pickle

import torch
from torch import nn

from surefoot.pytorch.observer.modules import Run, census, hidden, named, norms, traceable, traced


def test_dropout_counts_only_with_a_probability_and_a_norm_only_with_statistics():
    model = nn.Sequential(
        nn.Dropout(0.0), nn.Dropout(0.1), nn.BatchNorm1d(3), nn.BatchNorm1d(3, track_running_stats=False),
        nn.InstanceNorm1d(3), nn.LayerNorm(3), nn.GRU(3, 3, 2, dropout=0.1), nn.MultiheadAttention(4, 2),
    )  # fmt: skip
    found = census(model)
    assert (found.norms, found.drops, found.resting) == (("2 (BatchNorm1d)",), ("1 (Dropout)", "6 (GRU)"), ())
    model[2].eval()
    assert census(model).resting == ("2 (BatchNorm1d)",)
    assert not census(model).renewed
    model[2].momentum = None
    assert census(model).renewed
    assert list(norms(model)) == ["2 (BatchNorm1d)"]


def test_a_tied_parameter_has_its_first_name():
    model = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False))
    model[1].weight = model[0].weight
    assert [*named(model).values()] == ["0.weight"]


def test_a_trace_shows_layers_in_order_with_rows_and_graph_and_leaves_no_hook():
    model = nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.ReLU(), nn.Linear(4, 2)))
    found = []
    with traced(traceable(model), found):
        model(torch.randn(5, 3))
        with torch.no_grad():
            model(torch.randn(1, 3))
    model(torch.randn(5, 3))
    assert found == [Run("0", True, 5), Run("1.1", True, 5), Run("0", False, 1), Run("1.1", False, 1)]
    assert not any(module._forward_hooks for module in model.modules())


def test_a_model_can_be_pickled_while_it_is_traced():
    model = nn.Sequential(nn.Linear(3, 4))
    found = []
    with traced(traceable(model), found):
        pickle.loads(pickle.dumps(model))(torch.randn(5, 3))
    assert not found


def test_parameters_of_modules_in_plain_lists_and_dicts_are_named():
    model = nn.Linear(2, 2)
    model.layers = [nn.Linear(2, 2)]
    model.heads = {"a": nn.Linear(2, 2, bias=False)}
    model.proper = nn.ModuleList([nn.Linear(2, 2)])
    assert sorted(hidden(model).values()) == ["heads['a'].weight", "layers[0].bias", "layers[0].weight"]
