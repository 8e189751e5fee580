"""An autopsy names what first stopped being finite, where, at whose fault and in which rows, and leaves no mark."""

import random
from collections import OrderedDict
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from surefoot.training.examine.replay import autocast_now, autopsy
from surefoot.training.generators import draws

INF, NAN = torch.inf, torch.nan


@pytest.fixture(autouse=True)
def same_numbers():
    torch.manual_seed(0)


def bits(tensor):
    """A tensor's bytes and version, None for none."""
    return (
        None
        if tensor is None
        else (tensor.detach().reshape(-1).contiguous().view(torch.uint8).tolist(), tensor._version)
    )


def state(model, things):
    """All of a run that could be changed, by value and by identity."""
    modules = [*model.modules()]
    tensors = [*model.parameters(), *model.buffers(), *(thing for thing in things if isinstance(thing, torch.Tensor))]
    return {
        "tensors": [(id(each), bits(each), each.requires_grad) for each in tensors],
        "gradients": [(id(each.grad), bits(each.grad)) for each in model.parameters()],
        "modes": [module.training for module in modules],
        "hooks": [[len(value) for name, value in module.__dict__.items() if name.endswith("hooks")] for module in modules],
        "attributes": [
            {name: list(value) if isinstance(value, list) else value for name, value in module.__dict__.items() if isinstance(value, int | float | list)}
            for module in modules
        ],
        "global hooks": (len(nn.modules.module._global_forward_hooks), len(nn.modules.module._global_forward_pre_hooks)),
        "torch": torch.get_rng_state().tolist(),
        "numpy": [str(part) for part in np.random.get_state()],
        "python": random.getstate(),
        "settings": (torch.is_grad_enabled(), torch.is_anomaly_enabled(), autocast_now(), torch.is_inference_mode_enabled()),
    }  # fmt: skip


def died(model, *args, penalty_of=None, **more):
    """The finding, after a check that the autopsy has changed nothing."""
    for parameter in model.parameters():  # something that could be lost
        parameter.grad = torch.full_like(parameter, 0.25)
    before = state(model, args)
    found = autopsy(model, args, {}, more.pop("draws", draws()), penalty_of, **more)
    assert state(model, args) == before
    assert found.code == "not-finite"
    assert found.change
    assert found.claim.endswith(".")
    return found


def seen(found):
    return {each.what: each.value for each in found.seen}


def told(found):
    """Layer, operation, rows."""
    return found.where.layer, seen(found).get("operation"), found.where.rows


class Through(nn.Module):
    """A module that is one function."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def net(function, inputs=3, outputs=3):
    """A model with a function in its middle, whose first layer passes its input on."""
    model = nn.Sequential(
        OrderedDict(body=nn.Linear(inputs, inputs), odd=Through(function), head=nn.Linear(inputs, outputs))
    )
    nn.init.eye_(model.body.weight)
    nn.init.zeros_(model.body.bias)
    return model


def squared(output):
    return output.square().mean()


def batch(*places, value, rows=4):
    """Rows of ones, but for a value in some places."""
    x = torch.ones(rows, 3)
    for place in places:
        x[place] = value
    return x


FORWARD = {
    "log of 0": (torch.log, 0.0, "log", "log(0)", "clamp_min"),
    "log of a negative number": (torch.log, -0.3, "log", "log(-0.3)", "clamp_min"),
    "square root of a negative number": (torch.sqrt, -2.0, "sqrt", "sqrt(-2)", "clamp_min"),
    "0 divided by 0": (lambda x: (x - x) / x, 0.0, "div", "div(0, 0)", "clamp_min"),
    "1 divided by 0": (lambda x: 1 / x, 0.0, "reciprocal", "reciprocal(0)", "clamp_min"),
    "exp of too much": (torch.exp, 104.0, "exp", "exp(104)", "clamp(max"),
    "a root by pow of a negative number": (lambda x: x**0.5, -1.0, "pow", "pow(-1, 0.5)", "clamp_min"),
    "acos of more than 1": (torch.acos, 1.5, "acos", "acos(1.5)", "clamp(-1"),
    "in place": (lambda x: x.clone().log_(), -1.0, "log", "log(-1)", "clamp_min"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORWARD)
def test_an_operation_of_the_forward_is_named_with_module_operands_rows_and_line(name):
    function, value, operation, operands, change = FORWARD[name]
    found = died(net(function), batch((1, 0), (3, 2), value=value), penalty_of=squared, step=17)
    assert told(found) == (("odd",), operation, (1, 3))
    assert seen(found)["operands"] == operands
    assert seen(found)["at fault"] == "the operation"
    assert change in found.change
    assert found.where.step == 17
    assert "test_replay.py:" in found.where.line
    assert (found.evidence, found.severity) == ("certain", "fault")


GRADIENT = {
    "square root at 0": (torch.sqrt, 0.0, "sqrt", "1e-12"),
    "norm written by hand at 0": (lambda x: x * x.square().sum(1, keepdim=True).sqrt(), [0.0, 0.0, 0.0], "sqrt", "1e-12"),
    "a root by pow at 0": (lambda x: x**0.5, 0.0, "pow", "1e-12"),
    "acos at 1": (lambda x: torch.acos(x / 2), 2.0, "acos", "clamp(-1"),
    "log in the branch that where drops": (lambda x: torch.where(x > 0, x.log(), x), 0.0, "log", "torch.where(ok"),
    "division in the branch that where drops": (lambda x: torch.where(x > 0, x / x, x), 0.0, "div", "torch.where(ok"),
    "exp in the branch that where drops": (lambda x: torch.where(x < 80, x.exp(), x), 200.0, "exp", "clamp(max"),
}  # fmt: skip


@pytest.mark.parametrize("name", GRADIENT)
def test_an_operation_of_the_gradient_is_named_as_the_forwards(name):
    function, value, operation, change = GRADIENT[name]
    x = torch.full((4, 3), 0.5)
    x[2] = torch.tensor(value)
    found = died(net(function), x, penalty_of=squared)
    layer, named, rows = told(found)
    assert (layer, named.removeprefix("the gradient of "), rows) == (("odd",), operation, (2,))
    assert "gradient" in found.claim
    assert change in found.change
    assert "test_replay.py:" in found.where.line


def test_rows_of_an_input_that_are_not_finite_are_named_with_their_columns():
    found = died(net(torch.tanh), batch((2, 1), value=NAN), penalty_of=squared)
    assert told(found) == ((), None, (2,))
    assert (seen(found)["at fault"], seen(found)["columns"], seen(found)["nan"]) == ("the input", "1", "1 of 12")
    assert "the input holds nan" in found.claim
    assert "isfinite(input)" in found.change


def test_an_infinite_feature_is_the_inputs_fault_too():
    found = died(nn.Linear(3, 1), batch((0, 0), value=-INF), penalty_of=squared)
    assert seen(found)["at fault"] == "the input"


def test_batch_norm_spreads_a_rows_nan_and_the_row_is_still_named():
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 1))
    found = died(model, batch((3, 0), value=NAN), penalty_of=squared)
    assert (seen(found)["at fault"], found.where.rows) == ("the input", (3,))


def test_a_target_that_is_not_finite_is_named_whether_it_is_given_or_not():
    x, y = torch.randn(4, 3), torch.tensor([[1.0], [NAN], [0.0], [1.0]])
    given = died(nn.Linear(3, 1), x, penalty_of=lambda output: nn.functional.mse_loss(output, y), target=y)
    assert (seen(given)["at fault"], given.where.rows) == ("the target", (1,))
    hidden = died(nn.Linear(3, 1), x, penalty_of=lambda output: nn.functional.mse_loss(output, y))
    assert "neither input nor weight" in hidden.claim
    assert hidden.where.rows == (1,)


def test_a_weight_that_was_infinite_before_is_named_with_the_step_before():
    model = net(torch.tanh)
    with torch.no_grad():
        model.head.weight[1, 2] = INF
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    found = died(model, torch.ones(4, 3), penalty_of=squared, optimizer=optimizer)
    assert found.where.layer == ("head.weight",)
    assert seen(found)["at fault"] == "the weight"
    assert "weights are gone" in found.claim
    assert "lr" in found.change
    bad = batch((1, 1), value=NAN)
    found = died(model, torch.ones(4, 3), penalty_of=squared, before=((bad,), {}, None))
    assert "its input holds nan in rows 1" in found.claim
    found = died(model, torch.ones(4, 3), penalty_of=squared, before=((torch.ones(4, 3),), {}, None))
    assert "its input is finite" in found.claim


def test_weights_after_a_step_with_nan_are_counted_and_the_optimizers_state_is_read():
    model = net(torch.tanh)
    optimizer = torch.optim.Adam(model.parameters())
    squared(model(batch((0, 0), value=NAN))).backward()
    optimizer.step()
    found = died(model, torch.ones(4, 3), penalty_of=squared, optimizer=optimizer)
    assert {*found.where.layer} == {name for name, _ in model.named_parameters()}
    assert "exp_avg" in seen(found)["in the optimizer's state"]


def test_a_buffer_that_was_not_finite_is_named():
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 1)).eval()
    model[0].running_mean[1] = NAN
    found = died(model, torch.randn(4, 3), penalty_of=squared)
    assert (found.where.layer, seen(found)["at fault"]) == (("0.running_mean",), "the buffer")


class Attention(nn.Module):
    """Attention by hand, with a mask of -inf."""

    def __init__(self, mask, after=lambda x: x):
        super().__init__()
        self.mask, self.after = mask, after
        self.mix = nn.Linear(3, 3)

    def forward(self, x):
        scores = self.mix(x) @ x.transpose(1, 2)
        return self.after(torch.softmax(self.mask(scores), -1) @ x)


CAUSAL = torch.ones(5, 5).triu(1).bool()


def test_softmax_over_a_row_that_is_masked_whole_is_named_and_not_the_mask():
    def mask(scores):
        hidden = CAUSAL.expand(4, 5, 5).clone()
        hidden[2, 3] = True
        return scores.masked_fill(hidden, -INF)

    found = died(Attention(mask), torch.randn(4, 5, 3), penalty_of=squared)
    assert told(found) == ((), "softmax", (2,))
    assert "masked_fill" in seen(found)["-inf comes from"]
    assert "1 of 20 rows hold nothing but -inf" in seen(found)["operands"]
    assert "hidden.all" in found.change


MASKS = {
    "filled": lambda scores: scores.masked_fill(CAUSAL, -INF),
    "added": lambda scores: scores + torch.full((5, 5), -INF).triu(1),
    "chosen": lambda scores: torch.where(CAUSAL, torch.tensor(-INF), scores),
    "a logarithm": lambda scores: scores + (~CAUSAL).float().log(),
    "written": lambda scores: scores.clone().index_put_((torch.tensor([0]), torch.tensor([1]), torch.tensor([2])), torch.tensor(-INF)),
}  # fmt: skip


@pytest.mark.parametrize("name", MASKS)
def test_a_healthy_mask_of_minus_infinity_is_passed_by(name):
    found = died(
        Attention(MASKS[name], after=lambda x: torch.log(x.abs() * 0)), torch.randn(4, 5, 3), penalty_of=squared
    )
    assert seen(found)["operation"] == "log"
    assert seen(found)["operands"] == "log(0)"
    found = died(Attention(MASKS[name]), torch.randn(4, 5, 3), penalty_of=lambda output: (output - output).sum().sqrt())
    assert seen(found)["operation"] == "the gradient of sqrt"
    found = died(Attention(MASKS[name]), batch((1, 0), value=NAN, rows=20).view(4, 5, 3), penalty_of=squared)
    assert (seen(found)["at fault"], found.where.rows) == ("the input", (0,))


@pytest.mark.parametrize("name", MASKS)
def test_a_healthy_run_with_a_mask_is_told_to_be_finite(name):
    found = died(Attention(MASKS[name]), torch.randn(4, 5, 3), penalty_of=squared)
    assert "did not come back" in found.claim


def test_a_transformer_with_a_causal_mask_is_searched_for_the_fault_elsewhere():
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)
    model = nn.ModuleDict(
        {"body": nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), "head": Through(torch.log)}
    )
    mask = nn.Transformer.generate_square_subsequent_mask(6)
    model.forward = lambda x, mask: model["head"](model["body"](x, mask=mask))
    found = died(model, torch.randn(4, 6, 8), mask, penalty_of=squared)
    assert found.where.layer == ("head",)
    assert seen(found)["operation"] == "log"


def test_a_transformers_padding_that_hides_a_whole_row_is_named_with_its_input():
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    model = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
    model.forward = lambda x, mask: layer_norm_of(model.layers[0].self_attn, x, mask)
    mask = torch.zeros(6, 6)
    mask[3] = -INF
    found = died(model, torch.randn(4, 6, 8), mask, penalty_of=squared)
    assert (seen(found)["at fault"], seen(found)["operation"]) == ("the operation", "softmax")
    assert seen(found)["-inf comes from"] == "mask"


def layer_norm_of(attention, x, mask):
    scores = x @ x.transpose(1, 2) + mask
    return attention.out_proj(scores.softmax(-1) @ x)


def test_batch_norm_over_a_variance_of_zero_is_named():
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3, eps=1e-300))
    nn.init.zeros_(model[0].weight)
    found = died(model, torch.randn(4, 3), penalty_of=squared)
    assert told(found) == (("1",), "batch_norm", ())
    assert "eps" in found.change
    assert seen(found)["rows"] == "all 4"


def test_layer_norm_without_eps_over_equal_features_is_named_with_its_rows():
    model = nn.Sequential(nn.LayerNorm(3, eps=0.0), nn.Linear(3, 1))
    found = died(model, torch.tensor([[1.0, 2.0, 3.0], [2.0, 2.0, 2.0]]), penalty_of=squared)
    assert told(found) == (("0",), "layer_norm", (1,))


def test_a_module_three_deep_is_named_whole():
    model = nn.ModuleDict(
        {"outer": nn.Sequential(nn.Linear(3, 3), nn.Sequential(nn.Tanh(), Through(lambda x: torch.log(x - 9))))}
    )
    model.forward = lambda x: model["outer"](x)
    found = died(model, torch.randn(4, 3), penalty_of=squared)
    assert told(found) == (("outer.1.1",), "log", ())


def test_dropout_is_replayed_from_the_kept_random_state():
    model = nn.Sequential(nn.Dropout(0.5), Through(lambda x: 1 / x.sum(1)))
    torch.manual_seed(3)
    kept = torch.get_rng_state()
    x = torch.ones(16, 3)
    with torch.no_grad():
        rows = tuple(model(x).isinf().nonzero().flatten().tolist())
    assert rows
    random.random()
    found = died(model, x, penalty_of=squared, draws=kept)
    assert told(found) == (("1",), "reciprocal", rows)


def test_a_gru_is_entered():
    model = nn.GRU(3, 2, batch_first=True)
    with torch.no_grad():
        model.weight_ih_l0.copy_(torch.tensor([3e38, -3e38, 0.0]).expand(6, 3))
    found = died(model, batch((1,), value=9.0).view(4, 1, 3), penalty_of=lambda output: squared(output[0]))
    assert told(found) == ((), "linear", (1,))
    assert "GRU" in found.claim
    assert "lr" in found.change


def test_the_number_of_kept_items_being_0_is_named_in_the_penalty():
    kept = torch.zeros(4, 1)
    found = died(nn.Linear(3, 1), torch.randn(4, 3), penalty_of=lambda output: (output * kept).sum() / kept.sum())
    assert told(found) == ((), "div", ())
    assert seen(found)["operands"] == "div(0, 0)"
    assert "in the penalty" in found.claim
    assert "count.clamp_min(1)" in found.change


def test_cross_entropy_with_every_target_ignored_is_named():
    target = torch.full((4,), -100)
    found = died(
        nn.Linear(3, 2), torch.randn(4, 3), penalty_of=lambda output: nn.functional.cross_entropy(output, target)
    )
    assert seen(found)["operation"] == "nll_loss"
    assert seen(found)["within"] == "cross_entropy"
    assert seen(found)["operands"] == "all 4 targets are -100, which is ignored"
    assert "clamp_min(1)" in found.change


def test_a_target_whose_class_is_masked_is_named():
    target, hidden = torch.tensor([0, 1, 0]), torch.tensor([False, True])
    penalty = nn.CrossEntropyLoss()
    found = died(
        nn.Linear(3, 2), torch.randn(3, 3), penalty_of=lambda output: penalty(output.masked_fill(hidden, -INF), target)
    )
    assert seen(found)["operation"] == "nll_loss"
    assert "masked_fill" in seen(found)["-inf comes from"]
    assert "CrossEntropyLoss" in found.claim


def test_a_penalty_by_hand_is_told_to_use_torchs():
    def by_hand(output):
        return -torch.log(torch.softmax(output, -1))[:, 0].mean()

    found = died(
        nn.Linear(3, 2),
        torch.ones(4, 3) * torch.tensor([[1.0], [1.0], [1e6], [1.0]]),
        penalty_of=lambda output: by_hand(output * torch.tensor([-1.0, 1.0]) * output.sign()),
    )
    assert told(found) == ((), "log", (2,))
    assert "in the penalty" in found.claim
    assert "F.cross_entropy" in found.change


def test_a_gradient_of_the_penalty_is_named():
    y = torch.zeros(4, 1)
    model = nn.Linear(3, 1)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    found = died(model, torch.randn(4, 3), penalty_of=lambda output: torch.sqrt(nn.functional.mse_loss(output, y)))
    assert (seen(found)["operation"], found.where.layer) == ("the gradient of sqrt", ())
    assert "in the penalty" in found.claim


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_product_too_large_for_a_half_is_tested_in_float32(dtype):
    large = 300.0 if dtype is torch.float16 else 1e20
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
    nn.init.constant_(model[0].weight, large)
    x = torch.ones(4, 3)
    x[1] = large
    found = died(model, x, penalty_of=lambda output: output.float().mean(), precision={"cpu": dtype})
    if dtype is torch.float16:
        assert told(found) == (("0",), "linear", (1,))
        assert seen(found)["the same replay in float32"] == "finite"
        assert "bfloat16" in found.change
    else:
        assert seen(found)["the same replay in float32"] == "not finite either"


def test_a_gradient_too_large_for_a_half_is_found_with_the_scale_it_had():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
    found = died(
        model,
        torch.ones(4, 3),
        penalty_of=lambda output: output.float().sum() * 100,
        precision={"cpu": torch.float16},
        scale=2.0**16,
    )
    assert "gradient" in found.claim
    assert seen(found)["the same replay in float32"] == "finite"


def test_a_backward_by_hand_is_named_at_its_own_line():
    class Odd(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx, gradient):
            (x,) = ctx.saved_tensors
            return gradient * (x - 1).reciprocal()

    found = died(net(Odd.apply), torch.ones(4, 3) * torch.tensor([[2.0], [1.0], [3.0], [4.0]]), penalty_of=squared)
    assert told(found)[::2] == (("odd",), (1,))
    assert "reciprocal" in seen(found)["written"]


def test_activations_kept_for_later_by_checkpointing_are_named_all_the_same():
    body = net(torch.sqrt)
    model = Through(lambda x: torch.utils.checkpoint.checkpoint(body, x, use_reentrant=False))
    model.body = body
    x = batch((2, 1), value=0.0)
    found = died(model, x, penalty_of=squared)
    assert (found.where.layer, seen(found)["operation"], found.where.rows) == (
        ("body.odd",),
        "the gradient of sqrt",
        (2,),
    )


def test_without_a_penalty_the_outputs_are_judged():
    found = died(net(torch.log), batch((1, 0), value=0.0))
    assert told(found) == (("odd",), "log", (1,))
    found = died(net(torch.sqrt), batch((1, 0), value=0.0))
    assert (seen(found)["operation"], found.evidence) == ("the gradient of sqrt", "tested")
    assert "stands in for the penalty" in found.claim
    found = died(net(torch.tanh), torch.ones(4, 3))
    assert "the fault is in the penalty" in found.claim
    assert "doctor.penalty" in found.change


def test_outputs_that_hold_minus_infinity_on_purpose_are_not_blamed():
    model = net(lambda x: x)
    model.forward = lambda x: model.head(x).masked_fill(torch.tensor([True, False, False]), -INF)
    found = died(model, torch.ones(4, 3))
    assert "the fault is in the penalty" in found.claim


PENALTIES = {
    "a logarithm": (lambda output: output.clamp(min=0).log().mean(), "log"),
    "a division by 0": (lambda output: (output * 0).sum() / (output.detach() * 0).sum(), "div"),
    "cross entropy with nothing kept": (lambda output: nn.functional.cross_entropy(output, torch.full((4,), -100)), "nll_loss"),
}  # fmt: skip


@pytest.mark.parametrize("name", PENALTIES)
def test_a_penalty_that_was_only_seen_is_read_from_its_graph(name):
    penalty_of, operation = PENALTIES[name]
    model, x = net(lambda x: -x.abs(), outputs=2), torch.randn(4, 3)
    nn.init.ones_(model.head.weight)
    nn.init.zeros_(model.head.bias)
    penalty = penalty_of(model(x))
    found = died(model, x, penalty=penalty)
    assert seen(found)["operation"] == operation
    penalty.backward()  # the graph is still good


def test_a_term_that_the_replay_lacks_is_read_from_the_graph_or_told():
    model, x = nn.Linear(3, 1), torch.ones(4, 3)
    penalty = squared(model(x)) + (model.weight * 0).sum().log()
    found = died(model, x, penalty_of=squared, penalty=penalty)
    assert (seen(found)["operation"], seen(found)["operands"]) == ("log", "log(0)")
    found = died(model, x, penalty_of=squared, penalty=torch.tensor(NAN))
    assert "it has a term that the replay lacks" in found.claim


def test_a_mask_among_the_buffers_is_not_listed_with_weights_that_are_not_finite():
    model = nn.Linear(3, 1)
    model.register_buffer("mask", torch.full((3, 3), -INF).triu(1))
    with torch.no_grad():
        model.weight[0, 0] = NAN
    assert died(model, torch.ones(4, 3), penalty_of=squared).where.layer == ("weight",)


def test_a_mask_among_the_buffers_is_passed_by_and_named_where_it_hides_a_row():
    model = nn.Linear(5, 5)
    model.register_buffer("mask", torch.full((5, 5), -INF).triu(1))
    model.forward = lambda x: torch.softmax(x @ x.transpose(1, 2) + model.mask, -1) @ x
    assert "did not come back" in died(model, torch.randn(4, 5, 3), penalty_of=squared).claim
    model.mask[3] = -INF
    found = died(model, torch.randn(4, 5, 3), penalty_of=squared)
    assert (seen(found)["operation"], seen(found)["-inf comes from"]) == ("softmax", "mask")


def test_a_graph_that_waits_for_its_backward_stays_good():
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.ReLU(inplace=True), nn.Linear(3, 1))
    x = torch.randn(4, 3)
    gradients = []
    for look in (False, True):
        model.zero_grad()
        model[1].reset_running_stats()
        penalty = squared(model(x))
        if look:
            autopsy(model, (x,), {}, draws(), squared)
        penalty.backward()
        gradients.append([bits(each.grad) for each in model.parameters()])
    assert gradients[0] == gradients[1]


class Counting(nn.Module):
    """A model that keeps more than it should."""

    def __init__(self):
        super().__init__()
        self.lin, self.calls, self.norms, self.state = nn.Linear(3, 3), 0, [], torch.zeros(3)
        self.register_buffer("total", torch.zeros(3))

    def forward(self, x):
        self.calls += 1
        self.norms.append(float(x.sum()))
        self.total += x.sum(0)
        self.state.add_(1)
        self.last = x
        with torch.no_grad():
            self.lin.weight.clamp_(-0.1, 0.1)
        x.mul_(torch.rand(()) + np.random.rand() + random.random())
        return self.lin(x).log()


def test_whatever_the_forward_writes_is_put_back():
    model = Counting()
    kept, x = model.state.clone(), -torch.ones(4, 3)
    before = bits(model.state), bits(x)
    died(model, x, penalty_of=squared)
    assert (bits(model.state), bits(x)) == before
    assert torch.equal(model.state, kept)
    assert "last" not in model.__dict__


def test_an_error_of_the_forward_is_told_and_nothing_is_raised():
    def broken(x):
        np.random.rand()
        raise ArithmeticError("no such\nthing")

    found = died(net(broken), batch((1, 0), value=NAN), penalty_of=squared)
    assert "ArithmeticError: no such thing" in found.claim
    assert "the input input holds nan" in found.claim
    assert found.where.rows == (1,)
    found = died(net(torch.tanh), torch.ones(4, 3), penalty_of=broken)
    assert "could not be replayed" in found.claim
    assert "could not be replayed" in autopsy(nn.Linear(3, 1), (1, 2, 3)).claim


REFUSED = {
    "a penalty that wants probabilities": lambda output: nn.functional.binary_cross_entropy(output, torch.ones(4, 3)),
    "a draw": lambda output: torch.multinomial(output, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_an_operation_refuses_is_traced_to_its_cause(name):
    found = died(net(lambda x: torch.sqrt(x - 2)), torch.ones(4, 3), penalty_of=REFUSED[name])
    assert (found.where.layer, seen(found)["operation"]) == (("odd",), "sqrt")
    assert "The forward fails with RuntimeError" in found.claim


def test_a_softmax_by_hand_over_a_masked_row_is_named_where_it_gives_nan():
    hidden = torch.tensor([[False], [True], [False], [False]])

    def by_hand(x):
        x = x.masked_fill(hidden, -INF)
        return (x - x.max(1, keepdim=True).values).exp()

    found = died(net(by_hand), torch.ones(4, 3), penalty_of=squared)
    assert told(found) == (("odd",), "sub", (1,))
    assert seen(found)["operands"] == "sub(-inf, -inf)"
    assert "hidden.all" in found.change


def test_the_mean_of_nothing_is_named():
    found = died(nn.Linear(3, 1), torch.ones(4, 3), penalty_of=lambda output: output[output > INF].mean())
    assert (seen(found)["operation"], seen(found)["operands"]) == ("mean", "no values")


def test_a_model_in_float16_is_tested_with_float32_weights():
    model = nn.Linear(3, 3).half()
    x = torch.full((4, 3), 6e4, dtype=torch.float16)
    found = died(model, x, penalty_of=lambda output: output.float().square().mean() * 1e4)
    assert seen(found)["the same replay in float32"] == "finite"


def test_nan_that_is_overwritten_in_place_is_passed_by():
    def mended(x):
        x = torch.log(x)
        x[x.isnan()] = 0.0
        return torch.sqrt(x - 1)

    found = died(net(mended), batch((2, 1), value=-1.0), penalty_of=squared)
    assert seen(found)["operation"] == "sqrt"


def test_an_infinity_that_is_cut_off_again_is_not_blamed():
    def two(x):
        large = torch.exp(x * 1000)
        wrong = torch.log(x - 9)
        return torch.where(torch.arange(4)[:, None] == 2, wrong, large).clamp(max=10.0)

    found = died(net(two), torch.ones(4, 3), penalty_of=squared)
    assert told(found) == (("odd",), "log", (2,))


def test_a_mask_with_slopes_that_hides_a_row_is_not_a_buffer_at_fault():
    model = nn.Linear(5, 5)
    model.register_buffer("mask", torch.full((5, 5), -INF).triu(1) - torch.arange(5.0))
    model.mask[3] = -INF
    model.forward = lambda x: torch.softmax(x @ x.transpose(1, 2) + model.mask, -1) @ x
    found = died(model, torch.randn(4, 5, 3), penalty_of=squared)
    assert (seen(found)["operation"], seen(found)["-inf comes from"]) == ("softmax", "mask")


def test_a_row_of_the_input_that_is_masked_out_does_not_hide_an_operation_in_another():
    x = batch((0, 1), value=NAN)
    x[2, 0] = -1.0
    hidden = torch.tensor([[True], [False], [False], [False]])
    found = died(net(lambda x: torch.log(x).masked_fill(hidden, 0.0)), x, penalty_of=squared)
    assert told(found) == (("odd",), "log", (2,))
    assert seen(found)["operands"] == "log(-1)"


def test_rows_of_the_input_that_are_masked_out_are_not_named():
    kept = torch.tensor([True, True, False, True])
    x = batch((1, 0), (2, 0), value=NAN)
    found = died(nn.Linear(3, 1), x, penalty_of=lambda output: squared(output.masked_fill(~kept[:, None], 0.0)))
    assert found.where.rows == (1,)


def test_operations_that_draw_are_not_done_twice():
    def drawing(x):
        x = nn.functional.rrelu(x, training=True).nan_to_num(1.0)
        return 1 / nn.functional.dropout(x).sum(1, keepdim=True)

    model, x = net(drawing, outputs=1), -torch.ones(64, 3)
    model.head = nn.Identity()
    x[0, 0] = NAN
    kept = draws()
    with torch.no_grad():
        rows = tuple(model(x).isinf().any(1).nonzero().flatten().tolist())
    assert rows
    assert told(died(model, x, penalty_of=squared, draws=kept)) == (("odd",), "reciprocal", rows)


def test_rows_of_a_weight_are_not_taken_for_the_batchs():
    model = nn.Linear(4, 4)
    nn.init.constant_(model.weight, 1.0)
    with torch.no_grad():
        model.weight[2, 1] = 0.0
    model.forward = lambda x: x @ model.weight.log()
    assert told(died(model, torch.ones(4, 4), penalty_of=squared)) == ((), "log", ())


def test_a_partial_random_state_is_enough():
    now = draws()
    kept = replace(now, numpy=None, python=None)
    found = died(net(torch.log), batch((1, 0), value=0.0), penalty_of=squared, draws=kept)
    assert seen(found)["operation"] == "log"


def test_a_batch_that_changed_since_is_told_to_be_finite_now():
    model, x = net(torch.log), batch((1, 0), value=0.0)
    x.fill_(1.0)
    found = died(model, x, penalty_of=squared)
    assert "did not come back" in found.claim
    assert found.where.layer == ()


def test_it_works_under_no_grad_and_in_eval_mode():
    with torch.no_grad():
        found = died(net(torch.sqrt).eval(), batch((1, 0), value=0.0), penalty_of=squared)
    assert seen(found)["operation"] == "the gradient of sqrt"


def test_a_generators_graph_beyond_the_input_is_left_alone():
    generator, judge = nn.Linear(3, 3), net(torch.sqrt)
    fake = generator(torch.ones(4, 3)) * 0
    squared(judge(fake)).backward()
    found = autopsy(judge, (fake,), {}, draws(), squared)
    assert seen(found)["operation"] == "the gradient of sqrt"


def test_inputs_by_name_and_in_dicts_are_named():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.lin = nn.Linear(3, 1)

        def forward(self, batch, *, scale):
            return self.lin(batch["image"]) * scale

    found = autopsy(Named(), ({"image": torch.ones(4, 3)},), {"scale": batch((2, 0), value=NAN)[:, :1]}, None, squared)
    assert "the input scale" in found.claim
    found = autopsy(Named(), ({"image": batch((2, 0), value=NAN)},), {"scale": 1.0}, None, squared)
    assert "the input batch['image']" in found.claim
    assert found.where.rows == (2,)


def test_of_several_causes_the_input_leads_and_the_others_are_told():
    x = batch((1, 0), value=NAN)
    x[3, 2] = -1.0
    found = died(net(torch.log), x, penalty_of=squared)
    assert (seen(found)["at fault"], found.where.rows) == ("the input", (1,))
    assert seen(found)["not finite besides"] == "log in odd"
