"""Muon and AdamW in one optimizer: who gets what, and that groups, schedules, statistics and checkpoints hold for both."""

import copy
import io
import math
import pickle

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

import surefoot as sf
from surefoot.backends.matrix import MatrixLane
from surefoot.errors import InvalidValue, UnsupportedInput
from surefoot.feedback import Plateau

# In the one optimizer


def net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 6, 3, bias=False),
        nn.BatchNorm2d(6),
        nn.Flatten(),
        nn.Linear(24, 12),
        nn.Tanh(),
        nn.Linear(12, 12),
        nn.Tanh(),
        nn.Linear(12, 3),
    )


def stepped(model, optimizer, steps, first=0):
    for step in range(first, first + steps):
        torch.manual_seed(step)
        optimizer.zero_grad()
        model(torch.randn(8, 2, 4, 4)).square().sum().backward()
        optimizer.step()
    return [p.detach().clone() for p in model.parameters()]


SCHEDULE = sf.warmup(3) >> sf.linear(7, to=0.1)


def test_the_hybrid_is_both_optimizers_side_by_side():
    model, other = net(), net()
    hybrid = sf.MuonAdamW(model, 0.02, precision="float32")
    hidden = [other[3].weight, other[5].weight]
    kernel = other[0].weight
    matrix = nn.Parameter(kernel.detach().flatten(1).clone())
    rest = [p for p in other.parameters() if not any(p is q for q in (*hidden, kernel, other[7].weight))]
    options = {"lr": 0.02, "betas": (0.9, 0.95)}
    parts = [
        sf.Muon([*hidden, matrix], 0.02, adjust_lr_fn="match_rms_adamw", precision="float32"),
        sf.AdamW([{"params": rest, "decay": 0.0}, {"params": [other[7].weight], "decay": 0.1}], **options),
    ]
    for step in range(6):
        stepped(model, hybrid, 1, step)
        for p, q in zip(model.parameters(), other.parameters(), strict=True):
            q.grad = p.grad.clone()
        matrix.grad = kernel.grad.flatten(1)
        for part in parts:
            part.step()
        kernel.data = matrix.detach().view_as(kernel).clone()
        for p, q in zip(model.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(p, q, rtol=1e-5, atol=1e-6)


def test_the_rest_keeps_its_kernel():
    model = net()
    optimizer = sf.MuonAdamW(model)
    stepped(model, optimizer, 1)
    lanes = {type(lane).__name__ for cohort in optimizer._taken for lane, _ in cohort.lanes}
    assert lanes == {"MatrixLane", "CpuLane"}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_statistics_are_those_computed_by_hand(dtype):
    model = net().to(dtype)
    optimizer = sf.MuonAdamW(model, 0.1, clip=0.5)
    before = {name: p.detach().double().clone() for name, p in model.named_parameters()}
    model(torch.ones(4, 2, 4, 4, dtype=dtype)).square().sum().backward()
    model[5].weight.grad[0, :2] = torch.tensor([math.nan, math.inf])
    optimizer.clip = None
    optimizer.step()
    found, close = optimizer.statistics, {"rtol": 1e-2 if dtype == torch.bfloat16 else 1e-5}
    now = dict(model.named_parameters())
    np.testing.assert_allclose(found.gradient_norms, [now[n].grad.double().norm() for n in found.names], **close)
    np.testing.assert_allclose(found.parameter_norms, [now[n].detach().double().norm() for n in found.names], **close)
    np.testing.assert_allclose(
        found.step_norms,
        [(now[n].detach().double() - before[n]).norm() for n in found.names],
        rtol=1e-4,
    )
    assert dict(zip(found.names, found.bad_gradients, strict=True))["5.weight"] == 2
    assert dict(zip(found.names, found.bad_parameters, strict=True))["5.weight"] == 144


def test_clipping_scales_the_gradients_of_both_halves():
    def final(clip):
        model = net()
        optimizer = sf.MuonAdamW(model, 0.02, clip=clip)
        for step in range(4):
            optimizer.zero_grad()
            model(torch.randn(8, 2, 4, 4, generator=torch.Generator().manual_seed(step))).square().sum().backward()
            if clip is None:
                nn.utils.clip_grad_norm_(model.parameters(), 0.1 * (step + 1))
            else:
                optimizer.clip = 0.1 * (step + 1)
            optimizer.step()
        return [p.detach() for p in model.parameters()]

    for p, q in zip(final(0.1), final(None), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-4, atol=1e-5)


def moved(optimizer, p):
    before = p.detach().clone()
    p.grad = torch.eye(4)
    optimizer.step()
    return (p.detach() - before).norm().item()


@pytest.mark.parametrize("make", [sf.Muon, lambda p, *a, **k: sf.MuonAdamW([{"params": p, "rule": "muon"}], *a, **k)])
def test_schedules_feedback_and_relative_step_sizes_act_on_it(make):
    p = nn.Parameter(torch.zeros(4, 4))
    optimizer = make([p], 0.1, decay=0.0, schedule=SCHEDULE, feedback=Plateau(patience=1))
    optimizer.param_groups[0]["relative"] = 0.5
    lengths = [moved(optimizer, p) / (0.05 * SCHEDULE(step)) for step in range(5)]
    np.testing.assert_allclose(lengths, lengths[0], rtol=0.01)
    optimizer.feedback.observe(1.0)
    optimizer.feedback.observe(2.0)
    assert moved(optimizer, p) == pytest.approx(0.5 * 0.05 * SCHEDULE(5) * lengths[0], rel=0.01)
    assert (optimizer.param_groups[0]["t"], optimizer.param_groups[0]["lr"]) == (6, 0.1)


def test_hyperparameters_of_either_half_have_schedules():
    model = net()
    schedules = {"momentum": sf.linear(4, to=0.5), "beta1": sf.linear(4, to=0.5), "decay": sf.linear(4)}
    optimizer = sf.MuonAdamW(model, 0.02, decay=0.3, schedule=schedules)
    stepped(model, optimizer, 6)
    with pytest.raises(InvalidValue, match="schedule has 'rho'"):
        sf.MuonAdamW(model, schedule={"rho": sf.linear(3)})
    p = nn.Parameter(torch.zeros(2, 2))
    optimizer = sf.Muon([p], momentum=1.0, schedule={"momentum": sf.linear(2)})
    p.grad = torch.ones(2, 2)
    optimizer.step()
    assert torch.equal(optimizer.state[p]["momentum_buffer"], torch.full((2, 2), 0.5))


def test_torchs_scheduler_drives_it():
    model = net()
    optimizer = sf.MuonAdamW(model, 0.1)
    scheduler = lr_scheduler.ExponentialLR(optimizer, 0.5)
    stepped(model, optimizer, 1)
    scheduler.step()
    assert optimizer.step_sizes == [0.05] * 3


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda both: pickle.loads(pickle.dumps(both))])
def test_a_copy_steps_on_alike(duplicate):
    model = net()
    optimizer = sf.MuonAdamW(model, 0.02, schedule=SCHEDULE, clip=0.5)
    stepped(model, optimizer, 3)
    twin, twins_optimizer = duplicate((model, optimizer))
    ahead = stepped(twin, twins_optimizer, 3, first=3)
    assert all(map(torch.equal, ahead, stepped(model, optimizer, 3, first=3)))


@pytest.mark.parametrize(
    "make",
    [
        lambda m: sf.MuonAdamW(m, 0.02, schedule=SCHEDULE),
        lambda m: sf.Muon([m[3].weight, m[5].weight], 0.02, schedule=SCHEDULE),
    ],
)
def test_a_resumed_run_is_bit_equal_to_the_unbroken_one(make):
    model = net()
    optimizer = make(model)
    stepped(model, optimizer, 3)
    buffer = io.BytesIO()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, buffer)
    whole = stepped(model, optimizer, 4, first=3)
    buffer.seek(0)
    saved = torch.load(buffer, weights_only=True)
    twin = net()
    twin.load_state_dict(saved["model"])
    resumed = make(twin)
    resumed.load_state_dict(saved["optimizer"])
    assert all(map(torch.equal, whole, stepped(twin, resumed, 4, first=3)))
    assert str(optimizer.state_dict()) == str(resumed.state_dict())


@pytest.mark.parametrize("make", [sf.MuonAdamW, lambda m: sf.Muon([m[3].weight, m[5].weight])])
def test_a_refused_step_leaves_everything_as_it_was(make):
    model = net()
    optimizer = make(model)
    stepped(model, optimizer, 1)
    kept = copy.deepcopy((model.state_dict(), optimizer.state_dict()))
    model[5].weight.grad = torch.ones(12, 12).to_sparse()
    with pytest.raises(UnsupportedInput, match="its gradient is sparse"):
        optimizer.step()
    model[5].weight.grad = torch.ones(12, 12)
    optimizer.param_groups[0]["momentum"] = -1.0
    with pytest.raises(InvalidValue, match="momentum is -1"):
        optimizer.step()
    optimizer.param_groups[0]["momentum"] = 0.95
    assert str(kept) == str((model.state_dict(), optimizer.state_dict()))


def test_a_matrix_lane_follows_memory_and_layouts_that_change():
    def final(change):
        model = net()
        optimizer = sf.MuonAdamW(model, 0.02)
        for step in range(4):
            change(model)
            stepped(model, optimizer, 1, step)
        return [p.detach().contiguous() for p in model.parameters()]

    def swapped(model):
        for p in model.parameters():
            p.data = (
                p.data.clone().to(memory_format=torch.channels_last)
                if p.ndim == 4
                else p.data.mT.contiguous().mT
                if p.ndim == 2
                else p.data.clone()
            )

    for p, q in zip(final(swapped), final(lambda model: None), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-4, atol=1e-5)


def test_a_parameter_made_double_between_steps_gets_a_lane_of_its_kind():
    model = net()
    optimizer = sf.Muon([model[3].weight], 0.02, precision="float64")
    stepped(model, optimizer, 1)
    model[3].weight.data = model[3].weight.data.double()
    model[3].weight.grad = None
    model[3].weight.grad = torch.ones(12, 24, dtype=torch.float64)
    optimizer.step()
    assert model[3].weight.isfinite().all()


def test_a_step_within_autocast_keeps_its_precision():
    def final(enabled):
        model = net()
        optimizer = sf.MuonAdamW(model, 0.02)
        for _ in range(3):
            for p in model.parameters():
                p.grad = torch.randn(p.shape, generator=torch.Generator().manual_seed(p.numel()))
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
                optimizer.step()
        return [p.detach() for p in model.parameters()]

    assert all(map(torch.equal, final(True), final(False)))


def test_tensors_without_memory_and_graphs_of_a_step_go_through():
    nowhere = nn.Parameter(torch.ones(3, 4, device="meta"))
    nowhere.grad = torch.ones(3, 4, device="meta")
    sf.Muon([nowhere]).step()
    p = torch.ones(2, 3, dtype=torch.float64, requires_grad=True).clone()
    g = torch.randn(2, 3, dtype=torch.float64).requires_grad_()
    p.grad = g
    p.retain_grad()
    optimizer = sf.Muon([p], 0.1, precision="float64")
    optimizer.param_groups[0]["differentiable"] = True
    optimizer.step()
    assert torch.autograd.grad(p.square().sum(), g)[0].abs().sum() > 0


def test_a_backward_through_a_graph_from_before_the_step_is_refused_by_torch():
    p = nn.Parameter(torch.ones(2, 2))
    penalty = (p * p).sum()
    p.grad = torch.ones(2, 2)
    sf.Muon([p]).step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        penalty.backward()


# Who gets what


class Decoder(nn.Module):
    """A small language model: `head` is its own, tied, or the embedding itself."""

    def __init__(self, head):
        super().__init__()
        self.embedding = nn.Embedding(30, 8)
        self.pos_embed = nn.Parameter(torch.zeros(5, 8))
        self.blocks = nn.ModuleList(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True) for _ in range(2))
        self.norm = nn.LayerNorm(8)
        if head != "none":
            self.head = nn.Linear(8, 30, bias=False)
        if head == "tied":
            self.head.weight = self.embedding.weight


def by_rule(model, rule, **options):
    return [row.name for row in sf.muon_groups(model, **options).rows if row.settings["rule"] == rule]


def decaying(model):
    return [row.name for row in sf.muon_groups(model).rows if row.settings["decay"]]


BLOCKS = [
    f"blocks.{i}.{leaf}.weight"
    for i in range(2)
    for leaf in ("self_attn.in_proj", "self_attn.out_proj", "linear1", "linear2")
]
BLOCKS = [name.replace("in_proj.weight", "in_proj_weight") for name in BLOCKS]


def test_of_an_mlp_the_last_layer_and_vectors_are_adamws():
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1))
    assert by_rule(model, "muon") == ["0.weight", "2.weight"]
    assert decaying(model) == ["0.weight", "2.weight", "4.weight"]


def test_of_a_convolutional_net_kernels_are_muons_and_norms_and_depthwise_filters_are_not():
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3),
        nn.BatchNorm2d(8),
        nn.Conv2d(8, 8, 3, groups=8),
        nn.Conv2d(8, 16, 1),
        nn.Flatten(),
        nn.Linear(16, 8),
        nn.Linear(8, 10),
    )
    assert by_rule(model, "muon") == ["0.weight", "3.weight", "5.weight"]
    assert decaying(model) == ["0.weight", "2.weight", "3.weight", "5.weight", "6.weight"]


@pytest.mark.parametrize("head", ["own", "tied", "none"])
def test_of_a_transformer_embeddings_and_head_are_adamws_however_they_are_tied(head):
    model = Decoder(head)
    assert by_rule(model, "muon") == BLOCKS
    assert decaying(model) == BLOCKS + (["head.weight"] if head == "own" else [])


def test_a_recurrent_layer_and_other_arrays():
    model = nn.Module()
    model.gru, model.experts = nn.GRU(5, 6), nn.Parameter(torch.zeros(3, 4, 4))
    assert by_rule(model, "muon") == ["gru.weight_ih_l0", "gru.weight_hh_l0"]


def test_rules_come_first_and_the_table_says_so():
    model = net()
    found = sf.muon_groups(
        model, rules=[(r"^0\.weight", {"rule": "adamw"}), (r"^7\.weight", {"rule": "muon", "decay": 0.5})]
    )
    names = {row.name: (row.settings["rule"], row.by) for row in found.rows}
    assert names["0.weight"] == ("adamw", (r"rule 1: ^0\.weight",))
    assert names["7.weight"] == ("muon", (r"rule 2: ^7\.weight",))
    assert names["5.weight"] == ("muon", ("hidden matrices",))
    assert r"rule 1: ^0\.weight" in str(found)
    optimizer = sf.MuonAdamW(model, rules=[(r"^7\.weight", {"rule": "muon", "decay": 0.5})])
    (group,) = (group for group in optimizer.param_groups if "7.weight" in group["param_names"])
    assert (group["rule"], group["weight_decay"]) == ("muon", 0.5)


def test_a_tied_parameter_is_told_without_a_quarrel():
    assert "head.weight is embedding.weight\n" in f"{sf.muon_groups(Decoder('tied'))}\n"


def test_groups_made_beforehand_give_the_same_optimizer():
    model = net()
    one, other = sf.MuonAdamW(model), sf.MuonAdamW(sf.muon_groups(model))
    assert str(one.state_dict()) == str(other.state_dict())
    assert [group["rule"] for group in one.state_dict()["param_groups"]] == ["muon", "adamw", "adamw"]


def test_a_checkpoint_says_the_rule_and_keeps_it():
    model = net()
    optimizer = sf.MuonAdamW(model)
    stepped(model, optimizer, 2)
    other = sf.MuonAdamW([{"params": group["params"], "rule": "adamw"} for group in optimizer.param_groups])
    other.load_state_dict(optimizer.state_dict())
    assert [group["rule"] for group in other.param_groups] == ["muon", "adamw", "adamw"]
    assert other.param_groups[0]["t"] == 2


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda m: sf.MuonAdamW(list(m.parameters())),
            "given a list of parameters, .*; give the model itself, or groups",
        ),
        (lambda m: sf.MuonAdamW(m.named_parameters()), "given a generator of parameters"),
        (lambda m: sf.MuonAdamW(sf.groups(m)), "given a Groups of parameters"),
        (lambda m: sf.MuonAdamW(sf.muon_groups(m), rules=[("x", {"rule": "muon"})]), "rules are given with groups"),
        (
            lambda m: sf.MuonAdamW(m, rules=[("bias", {"rule": "muon"})]),
            r"parameter 1\.bias has the shape \(6,\) and is no matrix",
        ),
        (lambda m: sf.MuonAdamW(m, rules=[("bias", {"rule": "sgd"})]), "rule is 'sgd'; it must be 'muon' or 'adamw'"),
        (lambda m: sf.MuonAdamW(m, rules=[("attn", {"rule": "muon"})]), r"rule 1 \(attn\) matches no parameter"),
        (lambda m: sf.MuonAdamW(m, betas=(0.9, 1.0)), "beta2 is 1; it must be"),
        (lambda m: sf.MuonAdamW(m, decay=0.1, weight_decay=0.1), "weight_decay and decay are two spellings"),
        (sf.muon_groups, None),
    ],
)
def test_wrong_arguments_of_the_hybrid_are_refused_in_words(make, words):
    model = net()
    if words is None:
        with pytest.raises(InvalidValue, match="model is a list; give the module itself"):
            make(list(model.parameters()))
        return
    with pytest.raises(InvalidValue, match=words):
        make(model)


def test_a_vector_that_a_group_comes_to_hold_is_refused_in_words():
    p = nn.Parameter(torch.zeros(3))
    optimizer = sf.MuonAdamW([{"params": [p], "rule": "adamw"}])
    optimizer.param_groups[0]["rule"] = "muon"
    p.grad = torch.ones(3)
    with pytest.raises(UnsupportedInput, match=r"muon: a parameter of shape \(3,\) is no matrix"):
        optimizer.step()


def test_small_matrices_of_one_shape_are_one_batch():
    parameters = [nn.Parameter(torch.zeros(8, 8)) for _ in range(5)] + [nn.Parameter(torch.zeros(300, 300))] * 1
    for p in parameters:
        p.grad = torch.ones_like(p)
    optimizer = sf.Muon(parameters)
    optimizer.step()
    ((lane, _),) = optimizer._taken[0].lanes
    assert isinstance(lane, MatrixLane)
    assert lane._batches == [[0, 1, 2, 3, 4], [5]]
