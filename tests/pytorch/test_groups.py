"""Parameter groups: who gets what by rules, kinds and layers, what optimizers make of it, and how it is told."""

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import surefoot as sf
from surefoot.errors import InvalidValue
from surefoot.pytorch.groups.keys import misspelled
from surefoot.pytorch.groups.names import folded, named


class Block(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, 2)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))


class Transformer(nn.Module):
    """A language model whose head is tied to its embedding."""

    def __init__(self, width=16, depth=3, tied=True):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))
        self.tokens = nn.Embedding(11, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 11, bias=False)
        if tied:
            self.head.weight = self.tokens.weight


class Basic(nn.Module):
    def __init__(self, into, out):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(into, out, 3, bias=False), nn.BatchNorm2d(out)
        self.conv2, self.bn2 = nn.Conv2d(out, out, 3, bias=False), nn.BatchNorm2d(out)
        self.downsample = nn.Sequential(nn.Conv2d(into, out, 1), nn.BatchNorm2d(out)) if into != out else None


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8)
        self.layer1 = nn.Sequential(Basic(8, 8), Basic(8, 8))
        self.layer2 = nn.Sequential(Basic(8, 16), Basic(16, 16))
        self.fc = nn.Linear(16, 10)


class Recurrent(nn.Module):
    """No Sequential and no ModuleList: no trunk."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 8, 2)
        self.out = nn.Linear(8, 3)


def mlp():
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 2))


def got(groups):
    return {row.name: dict(row.settings) for row in groups.rows}


def refusal(*args, **options):
    with pytest.raises(InvalidValue) as caught:
        sf.groups(*args, **options)
    return str(caught.value)


# Decay


def test_matrices_decay_and_embeddings_norms_biases_and_vectors_do_not():
    model = Transformer(tied=False)
    model.norm2d = nn.LayerNorm((4, 4))
    model.table = nn.Module()
    model.table.register_parameter("position_bias_table", nn.Parameter(torch.zeros(5, 2)))
    decayed = {name for name, each in got(sf.groups(model, decay=0.1)).items() if each == {"decay": 0.1}}
    rest = {name for name, each in got(sf.groups(model, decay=0.1)).items() if each == {"decay": 0.0}}
    assert decayed == {
        "head.weight",
        *(f"blocks.{i}.{leaf}" for i in range(3) for leaf in ("attn.in_proj_weight", "attn.out_proj.weight")),
        *(f"blocks.{i}.mlp.{j}.weight" for i in range(3) for j in (0, 2)),
    }
    assert rest == {name for name, _ in model.named_parameters()} - decayed
    assert {"tokens.weight", "norm2d.weight", "table.position_bias_table", "scale"} < rest


def test_without_a_decay_the_optimizers_own_applies_to_matrices_and_none_to_the_rest():
    optimizer = sf.AdamW(sf.groups(mlp()), decay=0.25)
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.25, 0.0]


def test_embeddings_decay_by_one_rule():
    rows = got(sf.groups(Transformer(), decay=0.1, rules=[(nn.Embedding, {"decay": 0.1})]))
    assert rows["tokens.weight"] == {"decay": 0.1}


@pytest.mark.parametrize("make", [mlp, ResNet, Recurrent])
def test_for_plain_models_decay_is_on_matrices_and_the_rest_has_none(make):
    model = make()
    matrices, rest = sf.groups(model, decay=0.1)
    trained = list(model.named_parameters())
    assert (matrices["decay"], rest["decay"]) == (0.1, 0.0)
    for group, wanted in ((matrices, True), (rest, False)):
        same = [(name, p) for name, p in trained if (p.ndim >= 2) is wanted]
        assert [name for name, _ in group["params"]] == [name for name, _ in same]
        assert all(a is b for (_, a), (_, b) in zip(group["params"], same, strict=True))


# Layers


def test_each_layers_step_size_is_the_one_aboves_times_the_factor():
    rows = got(sf.groups(Transformer(tied=False), layers=0.5))
    assert rows["head.weight"]["relative"] == rows["norm.bias"]["relative"] == 1.0
    assert [rows[f"blocks.{i}.norm1.weight"]["relative"] for i in range(3)] == [0.125, 0.25, 0.5]
    assert rows["tokens.weight"]["relative"] == rows["scale"]["relative"] == 0.0625


def test_the_stages_of_a_resnet_are_one_trunk_of_blocks():
    layers = {row.name: row.layer for row in sf.groups(ResNet(), layers=0.5).rows}
    assert list(dict.fromkeys(layers.values())) == ["below", "layer1.0", "layer1.1", "layer2.0", "layer2.1", "top"]
    assert layers["bn1.weight"] == "below"
    assert layers["layer2.0.downsample.1.bias"] == "layer2.0"


def test_a_child_without_a_matrix_is_part_of_the_layer_before_it():
    rows = got(sf.groups(mlp(), layers=0.5))
    assert rows["1.weight"]["relative"] == rows["0.weight"]["relative"] == 0.5
    assert rows["3.weight"]["relative"] == 1.0


def test_a_stack_between_a_stem_and_a_head_of_one_sequential_is_the_trunk():
    stack = nn.Sequential(*(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True) for _ in range(3)))
    rows = sf.groups(nn.Sequential(nn.Embedding(5, 8), stack, nn.Linear(8, 5)), layers=0.5).rows
    assert list(dict.fromkeys(row.layer for row in rows)) == ["below", "1.0", "1.1", "1.2", "top"]


def test_a_trunk_may_be_named_and_be_several_stacks_in_the_given_order():
    class Pair(nn.Module):
        def __init__(self):
            super().__init__()
            self.decoder = nn.ModuleList(Block(8) for _ in range(2))
            self.encoder = nn.ModuleList(Block(8) for _ in range(2))
            self.out = nn.Linear(8, 2)

    one = got(sf.groups(Pair(), layers=0.5, trunk="encoder"))
    assert one["decoder.1.norm1.weight"]["relative"] == 0.125
    both = got(sf.groups(Pair(), layers=0.5, trunk=("encoder", "decoder")))
    relative = [both[f"{part}.{i}.norm1.weight"]["relative"] for part in ("encoder", "decoder") for i in range(2)]
    assert [*relative, both["out.bias"]["relative"]] == [0.0625, 0.125, 0.25, 0.5, 1.0]


def test_a_frozen_layer_keeps_its_place():
    model = Transformer()
    model.blocks[1].requires_grad_(False)
    model.norm.requires_grad_(False)
    rows = got(sf.groups(model, layers=0.5))
    assert rows["blocks.2.norm1.weight"]["relative"] == 0.5
    assert rows["blocks.0.norm1.weight"]["relative"] == 0.125


def test_no_trunk_is_refused_in_words():
    assert "no nn.Sequential or nn.ModuleList holds a matrix" in refusal(Recurrent(), layers=0.8)
    model = Recurrent()
    model.out = nn.Sequential(nn.Linear(8, 2), nn.Linear(2, 2))
    assert "the largest stack, out, holds 2% of the elements" in refusal(model, layers=0.8)
    assert sf.groups(model, layers=0.8, trunk="out")[0]["relative"] == pytest.approx(0.64)


def test_a_trunk_that_is_not_there_or_no_stack_is_refused_with_what_is_near():
    assert "trunk 'block' is no module of the model; the nearest are blocks" in refusal(
        Transformer(), layers=0.8, trunk="block"
    )
    assert "trunk 'norm' is of type LayerNorm; it must be" in refusal(Transformer(), layers=0.8, trunk="norm")
    assert "layers is not given" in refusal(Transformer(), trunk="blocks")


# Rules


def test_for_each_key_the_first_rule_that_gives_it_decides():
    rules = [
        (r"blocks\.0\..*weight", {"decay": 0.3}),
        (nn.MultiheadAttention, {"decay": 0.2, "relative": 0.5}),
        (lambda name, parameter, module: parameter.ndim == 1, {"relative": 0.1, "eps": 1e-3}),
    ]
    groups = sf.groups(Transformer(), decay=0.1, rules=rules)
    rows = got(groups)
    assert rows["blocks.0.attn.in_proj_weight"] == {"decay": 0.3, "relative": 0.5}
    assert rows["blocks.0.attn.in_proj_bias"] == {"decay": 0.2, "relative": 0.5, "eps": 1e-3}
    assert rows["blocks.0.norm1.weight"] == {"decay": 0.3, "relative": 0.1, "eps": 1e-3}
    assert rows["blocks.1.mlp.0.weight"] == {"decay": 0.1}
    by = {row.name: row.by for row in groups.rows}
    assert by["blocks.0.attn.in_proj_weight"] == (r"rule 1: blocks\.0\..*weight", "rule 2: MultiheadAttention")
    assert by["blocks.1.mlp.0.weight"] == ()


def test_a_rules_relative_step_size_replaces_the_layers():
    rows = got(sf.groups(mlp(), layers=0.5, rules=[("^0", {"relative": 3.0})]))
    assert [rows[name]["relative"] for name in ("0.weight", "1.weight", "3.weight")] == [3.0, 0.5, 1.0]


def test_a_type_is_for_what_directly_belongs_to_it_parametrised_or_not():
    model = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(2, 3)), nn.Linear(3, 1))
    rows = got(sf.groups(model, rules=[((nn.Linear, nn.Conv2d), {"relative": 0.5})]))
    assert len(rows) == 5
    assert all(each["relative"] == 0.5 for each in rows.values())
    assert "rule 1 (Sequential) matches no parameter" in refusal(model, rules=[(nn.Sequential, {"relative": 0.5})])


def test_rules_that_match_nothing_are_refused_all_at_once_with_what_is_near():
    text = refusal(
        Transformer(),
        rules=[
            (r"blocks\.\d+\.atn", {"decay": 0.0}), ("norm", {"decay": 0.0}), (nn.Conv2d, {"decay": 0.0}),
            (lambda *_: False, {"decay": 0.0}),
        ],
    )  # fmt: skip
    assert "rule 1 (blocks\\.\\d+\\.atn) matches no parameter; the nearest names are blocks.0.attn." in text
    assert "rule 3 (Conv2d) matches no parameter; parameters belong directly to Transformer, Embedding" in text
    assert "rule 4 (a function)" in text
    assert "rule 2" not in text


def test_a_rule_that_matches_only_frozen_parameters_is_no_mistake():
    model = mlp()
    model[0].requires_grad_(False)
    assert len(sf.groups(model, rules=[("^0", {"relative": 0.1})]).rows) == 4


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (("[", {"decay": 0.0}), "no regular expression"),
        ((int, {"decay": 0.0}), "it must be a regular expression, a type of module"),
        ((3, {"decay": 0.0}), "it must be a regular expression, a type of module"),
        (((), {"decay": 0.0}), "it must be a regular expression, a type of module"),
        (("0", {}), "rule 1 gives no settings"),
        (("0", {"frozen": True}), "call requires_grad_(False)"),
        (("0", {"params": []}), "groups itself fills in"),
        (("0", {"decay": -1}), "rule 1 decay is -1; it must be a number, at least 0"),
        (("0", {"relative": float("nan")}), "rule 1 relative is nan"),
        (("0", {1: 2}), "it must be a word"),
        (("0", {"weigth_decay": 0.1}), "rule 1 gives the key 'weigth_decay', which no optimizer knows; is 'weight_dec"),
        (("0", {"relativ": 0.1}), "is 'relative' meant?"),
        (("0", {"decays": 0.1}), "is 'decay' meant?"),
        ("0", "give (pattern, settings)"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rule, words):
    assert words in refusal(mlp(), rules=[rule])


def test_wrong_arguments_are_refused_all_at_once():
    text = refusal([nn.Parameter(torch.ones(1))], decay=-1.0, layers=2.0, rules="0")
    for words in ("decay is -1.0", "model is a list", "layers is 2.0", "rules is a str"):
        assert words in text


# Tied, frozen, lazy, wrapped


def test_a_tied_parameter_stands_once_under_its_first_name_which_decides():
    groups = sf.groups(Transformer(), decay=0.1)
    assert [name for group in groups for name, _ in group["params"] if name in ("tokens.weight", "head.weight")] == [
        "tokens.weight"
    ]
    assert got(groups)["tokens.weight"] == {"decay": 0.0}
    assert "tied     head.weight is tokens.weight, whose name decides: decay 0 and not 0.1" in str(groups)


def test_a_rule_for_a_second_name_alone_is_refused_with_the_first():
    text = refusal(Transformer(), rules=[("head", {"relative": 0.1})])
    assert "matches only a second name of tokens.weight" in text


def test_a_block_that_is_used_again_stands_once():
    block = Block()
    groups = sf.groups(nn.Sequential(*[block] * 4), decay=0.1)
    assert len(groups.rows) == len(list(block.parameters()))
    assert "1-3.norm1.weight is 0.norm1.weight" in str(groups)


def test_frozen_parameters_are_left_out_and_named():
    model = Transformer()
    model.blocks.requires_grad_(False)
    groups = sf.groups(model)
    assert len(groups.rows) == 4
    assert "frozen   blocks.0-2.norm{1,2}.{weight,bias}" in str(groups)
    model.requires_grad_(False)
    assert "none of the model's 40 parameters can be trained" in refusal(model)


def test_a_parameter_that_has_no_shape_yet_is_refused():
    model = nn.Sequential(nn.LazyLinear(3), nn.Linear(3, 1))
    assert "0.{weight,bias} have no shape yet; run one batch through the model" in refusal(model)
    model(torch.ones(2, 5))
    assert len(sf.groups(model)) == 2


def test_names_are_those_of_the_model_within_its_wrappers():
    plain = [row.name for row in sf.groups(Transformer()).rows]
    partly = Transformer()
    partly.blocks[1] = torch.compile(partly.blocks[1], backend="eager")
    for model in (torch.compile(Transformer(), backend="eager"), nn.DataParallel(Transformer()), partly):
        groups = sf.groups(model, rules=[("^tokens", {"relative": 0.1})], layers=0.5)
        assert [row.name for row in groups.rows] == plain
        assert got(groups)["tokens.weight"]["relative"] == 0.1
    assert str(sf.groups(nn.DataParallel(Transformer()))).startswith("Transformer: ")


def test_distributed_data_parallel_is_a_wrapper_too_and_a_users_own_module_is_not():
    store = torch.distributed.HashStore()
    torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    try:
        wrapped = nn.parallel.DistributedDataParallel(mlp())
        assert next(row.name for row in sf.groups(wrapped).rows) == "0.weight"
    finally:
        torch.distributed.destroy_process_group()
    own = nn.Module()
    own.module = nn.Linear(2, 2)
    assert [row.name for row in sf.groups(own).rows] == ["module.weight", "module.bias"]


# Groups


PATTERNS = [
    "blocks", r"\.0\.", "weight$", "norm", "tokens", nn.LayerNorm, (nn.Linear, nn.Embedding), nn.MultiheadAttention,
    lambda name, parameter, module: parameter.numel() > 40,
]  # fmt: skip
KEYS = {"decay": st.sampled_from([0.0, 0.1, 0.2]), "relative": st.sampled_from([0.5, 2.0]), "eps": st.just(1e-6)}
RULES = st.lists(st.tuples(st.sampled_from(PATTERNS), st.fixed_dictionaries({}, optional=KEYS).filter(len)), max_size=5)


@settings(deadline=None, max_examples=60)
@given(rules=RULES, frozen=st.sets(st.integers(0, 39)), layers=st.sampled_from([None, 0.7]))
def test_every_parameter_that_can_be_trained_is_in_exactly_one_group(rules, frozen, layers):
    model = Transformer()
    for index, parameter in enumerate(model.parameters()):
        parameter.requires_grad_(index not in frozen)
    trained = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    if not trained:
        return
    groups = sf.groups(model, decay=0.1, layers=layers, rules=rules)
    pairs = [pair for group in groups for pair in group["params"]]
    assert {(name, id(parameter)) for name, parameter in pairs} == {(name, id(p)) for name, p in trained}
    assert len(pairs) == len(trained)
    keys = [{key: value for key, value in group.items() if key != "params"} for group in groups]
    assert all(one != other for at, one in enumerate(keys) for other in keys[:at]), "groups of the same settings merge"
    order = [name for name, _ in trained]
    starts = [[order.index(name) for name, _ in group["params"]] for group in groups]
    assert all(places == sorted(places) for places in starts)
    assert [places[0] for places in starts] == sorted(places[0] for places in starts)


@settings(deadline=None, max_examples=60)
@given(rules=RULES)
def test_the_first_rule_that_gives_a_key_decides_it_whatever_the_rules(rules):
    model = Transformer(tied=False)
    rows = got(sf.groups(model, decay=0.1, rules=rules))
    default = got(sf.groups(model, decay=0.1))
    for each in named(model):
        expected = default[each.name]
        for pattern, keys in reversed(rules):
            place = each.places[0]
            if isinstance(pattern, str):
                hit = re.search(pattern, place.name)
            elif isinstance(pattern, type | tuple):
                hit = isinstance(place.module, pattern)
            else:
                hit = pattern(place.name, each.parameter, place.module)
            expected = {**expected, **keys} if hit else expected
        assert rows[each.name] == expected


def test_groups_are_a_sequence_of_fresh_dicts_so_two_optimizers_may_share_them():
    groups = sf.groups(mlp(), decay=0.1)
    first, second = torch.optim.SGD(groups.torch(), lr=1.0), torch.optim.AdamW(groups.torch(), lr=0.5)
    assert (first.param_groups[0]["lr"], second.param_groups[0]["lr"]) == (1.0, 0.5)
    assert len(groups) == 2
    assert [group["decay"] for group in groups[::-1]] == [0.0, 0.1]
    assert groups[-1]["decay"] == 0.0
    groups[0]["decay"] = 9.0
    assert groups[0]["decay"] == 0.1
    with pytest.raises(IndexError):
        groups[2]


def test_a_row_says_all_about_a_parameter_in_plain_values():
    row = sf.groups(mlp(), decay=0.1, layers=0.5, rules=[("^3.w", {"decay": 0.2})]).rows[4]
    assert (row.name, row.shape, row.elements, row.layer, row.kind) == ("3.weight", (2, 8), 16, "3", "matrices")
    assert (row.by, row.ruled, row.settings, row.others) == (
        ("rule 1: ^3.w",), True, {"decay": 0.2, "relative": 1.0}, (),
    )  # fmt: skip


# Optimizers


def moved(optimizer, model):
    """By how much one step without any gradient worth the name shrinks each parameter."""
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    for p in model.parameters():
        p.data.fill_(1.0)
        p.grad = torch.zeros_like(p)
        before = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimizer.step()
    return {name: (before[name] - p.detach()).abs().max().item() for name, p in model.named_parameters()}


@pytest.mark.parametrize("home", ["ours", "torch"])
def test_adamw_decays_only_what_it_should_and_keeps_the_names(home):
    model = Transformer()
    groups = sf.groups(model, decay=0.5, rules=[(r"blocks\.1\.mlp", {"decay": 0.25})])
    optimizer = sf.AdamW(groups, step_size=0.1) if home == "ours" else torch.optim.AdamW(groups.torch(), lr=0.1)
    assert [group["param_names"] for group in optimizer.param_groups] == [
        [name for name, _ in group["params"]] for group in groups
    ]
    wanted = {row.name: 0.1 * row.settings["decay"] for row in groups.rows}
    assert moved(optimizer, model) == pytest.approx(wanted, abs=1e-6)


def test_our_optimizers_multiply_the_relative_step_size_in_and_leave_the_peak_alone():
    optimizer = sf.AdamW(sf.groups(mlp(), layers=0.5), step_size=0.1)
    assert [group["relative"] for group in optimizer.param_groups] == [0.5, 0.5, 1.0, 1.0]
    assert [group["lr"] for group in optimizer.param_groups] == [0.1] * 4
    assert optimizer.step_sizes == pytest.approx([0.05, 0.05, 0.1, 0.1])


@pytest.mark.parametrize("make", [sf.SGD, sf.RMSprop])
def test_our_other_optimizers_take_the_groups_and_decay_decoupled(make):
    model = mlp()
    changes = moved(make(sf.groups(model, decay=0.5), step_size=0.1), model)
    assert changes == pytest.approx({name: 0.05 * (p.ndim >= 2) for name, p in model.named_parameters()}, abs=1e-6)


def test_torch_steps_each_layer_by_its_own_step_size():
    model = mlp()
    optimizer = torch.optim.SGD(sf.groups(model, layers=0.5).torch(step_size=0.1), lr=7.0)
    for p in model.parameters():
        p.data.zero_()
        p.grad = torch.ones_like(p)
    optimizer.step()
    assert [-p.flatten()[0].item() for p in model.parameters()] == pytest.approx([0.05] * 4 + [0.1] * 2)


def test_in_torchs_words_decay_is_weight_decay_and_relative_step_sizes_need_the_optimizers():
    groups = sf.groups(mlp(), decay=0.1, rules=[("^3", {"relative": 0.5, "beta1": 0.8, "beta2": 0.9, "eps": 1e-6})])
    with pytest.raises(InvalidValue, match="torch\\(step_size=\\)"):
        groups.torch()
    for group in groups.torch(step_size=0.2):
        assert not {"decay", "relative", "beta1", "step_size"} & {*group}
    last = groups.torch(step_size=0.2)[2]
    assert (last["weight_decay"], last["lr"], last["betas"], last["eps"]) == (0.1, 0.1, (0.8, 0.9), 1e-6)
    torch.optim.AdamW(groups.torch(step_size=0.2))


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"schedule": sf.linear(10)}, "a rule gives a schedule"),
        ({"beta1": 0.8}, "give both"),
        ({"weight_decay": 0.1}, "decay and weight_decay are two spellings"),
        ({"lr": 0.1, "step_size": 0.2}, "step_size and lr are two spellings"),
    ],
)
def test_what_torchs_groups_cannot_hold_is_refused(keys, words):
    with pytest.raises(InvalidValue, match=re.escape(words)):
        sf.groups(mlp(), rules=[("^3.bias", keys)]).torch()


def test_every_key_of_an_optimizer_is_known_and_one_unlike_any_may_be_anothers():
    for make in (sf.AdamW, sf.SGD, sf.Adagrad, sf.RMSprop):
        keys = {key for key in make([nn.Parameter(torch.ones(1))]).param_groups[0] if key not in ("params", "t")}
        assert misspelled(keys) == []
    assert len(sf.groups(mlp(), rules=[("^0", {"gain": 0.1})])) == 4


@pytest.mark.parametrize("key", ["momentum", "gain"])
def test_a_key_that_the_optimizer_does_not_know_is_refused_by_it(key):
    groups = sf.groups(mlp(), decay=0.1, rules=[("^0", {key: 0.5})])
    with pytest.raises(
        InvalidValue, match=f"AdamW: a rule of the groups gives '{key}', which it does not know; it knows"
    ):
        sf.AdamW(groups)
    assert len(torch.optim.AdamW(groups).param_groups) == len(groups)  # torch's keep what they do not know


def test_a_constant_of_ones_own_rule_may_be_given_by_groups():
    groups = sf.groups(mlp(), rules=[("^0", {"beta1": 0.5})])
    assert sf.AdamW(groups).param_groups[0]["betas"] == (0.5, 0.999)
    assert sf.MuonAdamW(mlp(), rules=[("^0", {"momentum": 0.8})]).param_groups[0]["momentum"] == 0.8


def test_a_rule_may_give_a_schedule_and_constants_of_our_optimizers():
    optimizer = sf.AdamW(
        sf.groups(mlp(), rules=[("^3", {"schedule": sf.linear(10), "beta1": 0.5, "step_size": 0.3})]), step_size=0.1
    )
    assert [group["schedule"] for group in optimizer.param_groups] == [None, None, sf.linear(10), sf.linear(10)]
    assert optimizer.param_groups[2]["betas"] == (0.5, 0.999)
    assert optimizer.param_groups[2]["lr"] == 0.3


# The table


def test_the_table_of_a_transformer_says_everything_in_a_hundred_columns():
    model = Transformer()
    model.norm.requires_grad_(False)
    text = str(sf.groups(model, decay=0.1, layers=0.8, rules=[(r"\.attn\.", {"relative": 0.5})]))
    assert max(map(len, text.splitlines())) <= 100
    head, _, columns, *lines = text.splitlines()
    assert head == "Transformer: 9 groups, 38 tensors, 10,032 elements"
    assert columns.split()[:6] == ["#", "tensors", "elements", "layer", "decay", "relative"]
    assert lines[0].split()[:7] == ["0", "2", "192", "below", "0", "0.4096", "vectors,"]
    assert any(re.search(r"blocks\.0-2 .* rule 1: \\.attn\\. +\.attn\.in_proj_weight, \+1$", line) for line in lines)
    assert any(re.search(r"blocks\.1 .* norms, biases +\.norm", line) for line in lines)
    notes = lines[lines.index("") + 1 :]
    assert [line.split()[0] for line in notes if line[2] != " "] == ["tied", "frozen", "no"]
    assert notes[-2:] == [
        "  no rule  scale, tokens.weight, blocks.0-2.norm{1,2}.{weight,bias},",
        "           blocks.0-2.mlp.{0,2}.{weight,bias}",
    ]


def test_a_value_that_is_left_to_the_optimizer_is_called_its_own():
    text = str(sf.groups(mlp()))
    assert "own  matrices       {0,3}.weight" in text
    assert text.endswith("own      as the optimizer has it")


def test_a_long_list_ends_with_how_many_names_are_left():
    model = nn.Sequential(nn.Linear(2, 2))
    for at in range(60):
        model.add_module(f"part{at}_{'x' * (at % 3)}", nn.ParameterDict({f"leaf{at}_": nn.Parameter(torch.ones(2))}))
    alike = nn.ParameterDict({f"{'x' * at}y": nn.Parameter(torch.ones(2)) for at in range(9)})
    model.add_module("alike", alike)
    lines = str(sf.groups(model, rules=[("^0", {"decay": 0.0})])).splitlines()
    assert max(map(len, lines)) <= 100
    assert re.search(r", \+\d+$", lines[3])
    assert re.search(r", \+\d+$", lines[-1])
    assert len(lines) < 16
    assert ",+4}" in str(sf.groups(nn.ModuleDict({"alike": alike})))


def test_folded_names_stand_for_the_given_ones_and_no_other():
    names = [
        "a.0.x",
        "a.1.x",
        "a.2.x",
        "a.4.x",
        "b.0.w",
        "b.0.b",
        "stage1.w",
        "stage2.w",
        "stage3.w",
        "in1.v",
        "in2.v",
        "v",
    ]
    assert folded(names) == ["a.{0-2,4}.x", "b.0.{w,b}", "stage1-3.w", "in{1,2}.v", "v"]
    assert folded([]) == []
