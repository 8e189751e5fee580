"""Laws of the share of outputs that get no gradient."""

import numpy as np
import pytest
import torch
from torch import nn

from surefoot.training.dead_share import LOOKS, DeadShares, Outputs, flat, outputs

X = torch.linspace(-1, 1, 64)[:, None].repeat(1, 4)


def shares(model, x=X, times=1, **given):
    """Look at the gradients of a model's sum so many times; the shares by name."""
    found = DeadShares([*model.parameters()], given.get("known", model))
    for _ in range(times):
        model.zero_grad()
        model(x).square().sum().backward()
        found.look()
    return dict(zip(dict(model.named_parameters()), found.shares.tolist(), strict=True))


def relu_net(*, off=0):
    """A net of 8 hidden units, the first of which are off for every input."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    with torch.no_grad():
        net[0].bias.fill_(1.0)[:off] = -100.0
    return net


@pytest.mark.parametrize("off", range(8))
def test_the_share_is_that_of_the_units_that_are_never_on(off):
    found = shares(relu_net(off=off), times=3)
    assert found["0.weight"] == off / 8
    assert found["2.weight"] == 0.0  # its units have no ReLU


def test_a_layer_of_which_no_unit_is_on_leaves_none_to_the_weights_around_it():
    assert shares(relu_net(off=8))["0.weight"] == shares(relu_net(off=8))["2.weight"] == 1.0


def test_a_tensor_of_one_axis_has_no_share():
    model = nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8))
    found = shares(model)
    assert [name for name, share in found.items() if not np.isnan(share)] == ["0.weight"]


class Words(nn.Module):
    """An embedding of which a batch has few words, a table of positions, and a head, which may be the embedding."""

    def __init__(self, *, tied):
        super().__init__()
        self.words, self.head = nn.Embedding(50, 4), nn.Linear(4, 50)
        self.pos_emb = nn.Parameter(torch.randn(9, 4))
        if tied:
            self.head.weight = self.words.weight

    def forward(self, x):
        return self.head(self.words(x) + self.pos_emb[: x.shape[1]])


@pytest.mark.parametrize("tied", [False, True])
def test_an_embedding_has_none_whether_tied_or_not(tied):
    found = shares(Words(tied=tied), torch.tensor([[1, 2, 3]]))
    assert np.isnan(found["words.weight"])
    assert np.isnan(found["pos_emb"])
    assert tied or found["head.weight"] == 0.0


@pytest.mark.parametrize("groups", [1, 2])
def test_a_convolution_has_its_kernels_as_rows_and_a_transposed_one_too(groups):
    torch.manual_seed(0)
    x = torch.rand(2, 4, 5, 5)
    for made in (nn.Conv2d, nn.ConvTranspose2d):
        layer = made(4, 8, 3, groups=groups)
        with torch.no_grad():
            layer.bias.fill_(1.0)[[0, 5, 6]] = -1000.0
        assert shares(nn.Sequential(layer, nn.ReLU()), x)["0.weight"] == 3 / 8


def test_memory_in_another_order_and_other_precisions_are_read_as_they_are():
    torch.manual_seed(0)
    for dtype in (torch.float64, torch.bfloat16, torch.float16):
        layer = nn.Conv2d(4, 8, 3).to(dtype=dtype, memory_format=torch.channels_last)
        layer.weight.grad = torch.zeros_like(layer.weight)
        layer.weight.grad[2, 3, 2, 1] = torch.finfo(dtype).tiny
        assert not layer.weight.grad.is_contiguous()
        found = DeadShares([layer.weight], layer)
        found.look()
        assert found.shares.tolist() == [7 / 8]


def test_an_output_is_dead_when_it_had_no_gradient_at_so_many_looks_in_a_row():
    rng = np.random.default_rng(0)
    on = rng.random((40, 16)) < 0.4
    its, found = Outputs(flat), []
    for look in on:
        gradient = torch.zeros(16, 30)
        gradient[look, rng.integers(30)] = 1.0
        found.append(its.share(gradient))
    expected = [1.0 - on[max(0, look + 1 - LOOKS) : look + 1].any(axis=0).mean() for look in range(40)]
    assert found == pytest.approx(expected)
    assert len({*found}) > 3


@pytest.mark.parametrize("value", [torch.nan, -torch.inf, -1e-45])
def test_a_gradient_that_is_anything_but_zero_is_one(value):
    gradient = torch.zeros(2, 20)
    gradient[1, 13] = value
    assert Outputs(flat).share(gradient) == 0.5


def test_minus_zero_is_no_gradient():
    assert Outputs(flat).share(-torch.zeros(3, 4)) == 1.0


def test_the_gradient_stays_as_it_was():
    model = relu_net(off=2)
    model(X).square().sum().backward()
    before = [p.grad.clone() for p in model.parameters()]
    DeadShares([*model.parameters()], model).look()
    assert all(map(torch.equal, before, (p.grad for p in model.parameters())))


def test_a_parameter_without_a_gradient_keeps_its_share_and_its_looks():
    model = relu_net(off=2)
    found = DeadShares([*model.parameters()], model)
    found.look()
    assert np.isnan(found.shares).all()
    model(X).square().sum().backward()
    found.look()
    model.zero_grad(set_to_none=True)
    for _ in range(2 * LOOKS):
        found.look()
    assert found.shares[0] == 0.25


def test_a_gradient_that_is_no_plain_tensor_is_left_alone():
    model = nn.Sequential(nn.Linear(4, 8))
    model[0].weight.grad = torch.zeros(8, 4).to_sparse()
    found = DeadShares([*model.parameters()], model)
    found.look()
    assert np.isnan(found.shares).all()


def test_without_a_model_there_is_no_share():
    assert np.isnan(list(shares(relu_net(), known=None).values())).all()


def test_a_recurrent_layer_and_an_attention_have_rows_for_all_that_they_put_out():
    model = nn.ModuleList([nn.LSTM(3, 5), nn.MultiheadAttention(4, 2)])
    known = outputs(model)
    named = {name for name, p in model.named_parameters() if id(p) in known}
    assert named == {"0.weight_ih_l0", "0.weight_hh_l0", "1.in_proj_weight", "1.out_proj.weight"}
