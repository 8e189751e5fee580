"""The optimizer in the loops people write: groups, closures, hooks, scalers, swapped memory, refused steps."""

import gc
import math
import weakref

import pytest
import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook

import surefoot as sf
from surefoot.errors import InvalidValue, UnsupportedInput


def problem(seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
    return model, torch.randn(16, 4), torch.randn(16, 2)


def trained(make, steps=5, change=lambda model, optimizer, step: None):
    """The parameters after some steps; `change` may meddle before each."""
    model, x, y = problem()
    optimizer = make(model)
    for step in range(steps):
        change(model, optimizer, step)
        optimizer.zero_grad()
        (model(x) - y).square().mean().backward()
        optimizer.step()
    return [p.detach() for p in model.parameters()]


def assert_same_path(change, steps=6, options=None):
    ours, theirs = (
        trained(lambda model, home=home: home.AdamW(model.parameters(), lr=0.01, **(options or {})), steps, change)
        for home in (sf, torch.optim)
    )
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


# Loops


def test_a_closure_is_called_once_with_gradients_on_and_its_penalty_returned():
    model, x, y = problem()
    optimizer = sf.SGD(model.parameters(), lr=0.1)
    calls = []

    def closure():
        calls.append(torch.is_grad_enabled())
        optimizer.zero_grad()
        penalty = (model(x) - y).square().mean()
        penalty.backward()
        return penalty

    with torch.no_grad():
        first = optimizer.step(closure)
    assert calls == [True]
    assert optimizer.step(closure) < first


def test_hooks_of_the_optimizer_and_of_all_optimizers_are_called_around_the_step():
    model, _, _ = problem()
    optimizer = sf.SGD(model.parameters(), lr=0.1)
    seen = []
    every = register_optimizer_step_post_hook(lambda *a: seen.append("every"))
    before = optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append("before"))
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("after"))
    optimizer.step()
    assert seen == ["before", "after", "every"]
    every.remove()
    before.remove()
    optimizer.step()
    assert seen[3:] == ["after"]


def test_the_profiler_shows_the_step_by_name():
    model, _, _ = problem()
    optimizer = sf.AdamW(model.parameters())
    with torch.profiler.profile() as profile:
        optimizer.step()
    assert "Optimizer.step#AdamW.step" in {event.key for event in profile.key_averages()}


def test_a_step_takes_no_memory_that_grows_with_the_parameters():
    p = nn.Parameter(torch.randn(1000, 1000))
    p.grad = torch.randn(1000, 1000)
    optimizer = sf.AdamW([p], clip=1.0)
    optimizer.step()
    with torch.profiler.profile(profile_memory=True) as profile:
        optimizer.step()
    assert max((event.self_cpu_memory_usage for event in profile.events()), default=0) < 4096


def test_gradients_accumulate_and_both_ways_of_zeroing_them_work():
    def change(model, optimizer, step):
        for _ in range(2):
            model(torch.ones(3, 4)).sum().backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=step % 2 == 0)

    assert_same_path(change)


def test_a_grad_scaler_skips_a_step_that_is_not_finite_and_the_clock_stands_still():
    p = nn.Parameter(torch.ones(3))
    optimizer = sf.AdamW([p], lr=0.1, schedule=sf.linear(10))
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    scaler.scale((p * math.inf).sum()).backward()
    scaler.step(optimizer)
    scaler.update()
    assert torch.equal(p.detach(), torch.ones(3))
    assert optimizer.param_groups[0]["t"] == 0
    optimizer.zero_grad()
    scaler.scale((p * 2).sum()).backward()
    scaler.step(optimizer)
    assert optimizer.param_groups[0]["t"] == 1
    assert torch.equal(p.grad, torch.full((3,), 2.0))


def test_a_compiled_training_step_steps():
    def final(compiled):
        model, x, y = problem()
        optimizer = sf.AdamW(model.parameters(), lr=0.01)

        def step():
            optimizer.zero_grad()
            (model(x) - y).square().mean().backward()
            optimizer.step()

        step = torch.compile(step, backend="eager") if compiled else step
        for _ in range(3):
            step()
        return [p.detach() for p in model.parameters()]

    for a, b in zip(final(True), final(False), strict=True):
        torch.testing.assert_close(a, b)


# Groups


def test_a_group_may_join_during_the_run_in_our_words_and_at_the_runs_step():
    model, x, y = problem()
    optimizer = sf.AdamW(model[0].parameters(), step_size=0.01, schedule=sf.linear(10))
    for _ in range(3):
        (model(x) - y).square().mean().backward()
        optimizer.step()
    optimizer.add_param_group({"params": list(model[2].parameters()), "step_size": 0.5, "decay": 0.0, "beta1": 0.7})
    group = optimizer.param_groups[1]
    assert (group["lr"], group["weight_decay"], group["betas"], group["t"]) == (0.5, 0.0, (0.7, 0.999), 3)
    before = model[2].weight.detach().clone()
    optimizer.step()
    assert optimizer.state[model[2].weight]["step"] == 1
    assert optimizer.state[model[0].weight]["step"] == 4
    assert (model[2].weight.detach() - before).abs().max() == pytest.approx(0.5 * 0.6, rel=1e-4)


def test_values_changed_in_a_group_act_at_once():
    def change(model, optimizer, step):
        group = optimizer.param_groups[0]
        group["lr"] = 0.01 * (step + 1)
        group["betas"] = (0.9, 0.9) if step == 3 else (0.8, 0.99)
        group["weight_decay"] = 0.1 * step
        group["maximize"] = step == 4
        group["amsgrad"] = False

    assert_same_path(change)


def test_a_step_size_held_in_a_tensor_may_change_in_place():
    lr = torch.tensor(0.5, dtype=torch.float64)
    p = nn.Parameter(torch.zeros(1))
    optimizer = sf.SGD([p], lr=lr)
    p.grad = torch.ones(1)
    optimizer.step()
    lr.fill_(0.25)
    optimizer.step()
    assert p.item() == -0.75


def test_a_parameter_replaced_in_its_group_is_stepped():
    model, _, _ = problem()
    optimizer = sf.SGD(model.parameters(), lr=1.0, momentum=0.9)
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    optimizer.step()
    new = nn.Parameter(torch.zeros(3))
    new.grad = torch.ones(3)
    optimizer.param_groups[0]["params"][1] = new
    optimizer.step()
    assert torch.equal(new.detach(), -torch.ones(3))


def test_parameters_with_and_without_gradients_in_any_pattern_follow_torch():
    def final(home):
        parameters = [nn.Parameter(torch.ones(3)) for _ in range(6)]
        optimizer = home.AdamW(parameters, lr=0.1)
        generator = torch.Generator().manual_seed(0)
        for _ in range(40):
            for p in parameters:
                p.grad = torch.randn(3, generator=generator) if torch.rand((), generator=generator) < 0.5 else None
            optimizer.step()
        return torch.stack([p.detach() for p in parameters]), [optimizer.state[p]["step"].item() for p in parameters]

    (ours, counts), (theirs, torchs) = final(sf), final(torch.optim)
    torch.testing.assert_close(ours, theirs)
    assert counts == torchs


# Memory


def swapped_for_a_copy(p):
    p.data = p.data.clone()


def swapped_for_another_layout(p):
    if p.dim() == 2:
        p.data = p.data.t().contiguous().t()


def swapped_in_place_of_freed_memory(p):
    values = p.data.clone()
    p.data = torch.empty(0)
    p.data = values


@pytest.mark.parametrize("swap", [swapped_for_a_copy, swapped_for_another_layout, swapped_in_place_of_freed_memory])
def test_memory_swapped_between_steps_is_followed(swap):
    assert_same_path(lambda model, optimizer, step: [swap(p) for p in model.parameters()])


def test_a_parameter_made_double_between_steps_is_followed():
    model, x, y = problem()
    optimizer = sf.SGD(model.parameters(), lr=0.1)
    (model(x) - y).square().mean().backward()
    optimizer.step()
    optimizer.zero_grad()
    model.double()
    before = [p.detach().clone() for p in model.parameters()]
    (model(x.double()) - y).square().mean().backward()
    optimizer.step()
    for old, p in zip(before, model.parameters(), strict=True):
        torch.testing.assert_close(p.detach(), old - 0.1 * p.grad, rtol=1e-15, atol=1e-15)


def test_gradients_in_another_order_of_strides_than_their_parameters_are_read_right():
    p = nn.Parameter(torch.zeros(3, 4))
    optimizer = sf.SGD([p], lr=1.0)
    g = torch.arange(12.0).reshape(4, 3).t()
    for grad in (g.contiguous(), g, g[:1].expand(3, 4), g.contiguous()):
        p.data.zero_()
        p.grad = grad
        optimizer.step()
        assert torch.equal(p.detach(), -grad)


def test_one_odd_gradient_does_not_keep_a_parameter_from_its_kernel():
    p = nn.Parameter(torch.zeros(3, 4))
    optimizer = sf.AdamW([p])
    lanes = []
    for grad in (torch.ones(1, 1).expand(3, 4), torch.ones(3, 4), torch.ones(4, 3).t(), torch.ones(3, 4)):
        p.grad = grad
        optimizer.step()
        lanes.append(type(optimizer._taken[0].lanes[0][0]).__name__)
    assert lanes == ["EagerLane", "CpuLane", "EagerLane", "CpuLane"]
    assert optimizer.state[p]["step"] == 4


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_clipping_by_a_norm_that_is_not_finite_does_what_torchs_does(bad):
    ours, theirs = nn.Parameter(torch.zeros(3)), nn.Parameter(torch.zeros(3))
    for p in (ours, theirs):
        p.grad = torch.tensor([1.0, bad, 2.0])
    sf.SGD([ours], lr=1.0, clip=1.0).step()
    nn.utils.clip_grad_norm_([theirs], 1.0)
    torch.optim.SGD([theirs], lr=1.0).step()
    torch.testing.assert_close(ours, theirs, equal_nan=True)


def test_constants_held_in_a_list_or_a_tensor_may_change_in_place():
    def change(model, optimizer, step):
        group = optimizer.param_groups[0]
        if step == 0:
            group["betas"] = [0.9, 0.999]
        group["betas"][0] = 0.5 if step > 2 else 0.9

    assert_same_path(change)


def test_a_lazily_negated_gradient_is_read_right():
    p = nn.Parameter(torch.zeros(3))
    optimizer = sf.SGD([p], lr=1.0)
    for _ in range(2):
        p.grad = torch.complex(torch.ones(3), torch.ones(3)).conj().imag
        assert p.grad.is_neg()
        p.data.zero_()
        optimizer.step()
        assert torch.equal(p.detach(), torch.ones(3))


def test_a_backward_through_a_graph_from_before_the_step_is_refused_by_torch():
    p = nn.Parameter(torch.ones(3))
    optimizer = sf.SGD([p], lr=0.1)
    penalty = (p * p).sum()
    p.grad = torch.ones(3)
    optimizer.step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        penalty.backward()


def test_gradients_are_freed_when_the_user_lets_them_go():
    p = nn.Parameter(torch.ones(3))
    optimizer = sf.AdamW([p], clip=1.0)
    p.grad = torch.ones(3)
    optimizer.step()
    gone = weakref.ref(p.grad)
    optimizer.zero_grad()
    gc.collect()
    assert gone() is None


def test_the_gradient_is_left_as_it_is():
    p = nn.Parameter(torch.ones(3))
    for optimizer in (
        sf.AdamW([p], clip=0.1, maximize=True),
        sf.SGD([p], weight_decay=0.1, momentum=0.9, nesterov=True),
    ):
        p.grad = torch.tensor([1.0, -2.0, 3.0])
        optimizer.step()
        assert torch.equal(p.grad, torch.tensor([1.0, -2.0, 3.0]))


class Tagged(torch.Tensor):
    """A tensor of a user's own kind."""


def test_subclasses_and_tensors_without_memory_step_eagerly():
    tagged = nn.Parameter(torch.ones(3).as_subclass(Tagged))
    tagged.grad = torch.ones(3)
    sf.SGD([tagged], lr=0.25).step()
    assert tagged.tolist() == [0.75] * 3
    nowhere = nn.Parameter(torch.ones(3, device="meta"))
    nowhere.grad = torch.ones(3, device="meta")
    optimizer = sf.AdamW([nowhere])
    optimizer.step()
    assert optimizer.state[nowhere]["exp_avg"].device.type == "meta"


# Clipping


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("largest", [0.5, 1e6])
def test_clipping_scales_as_torchs_does_and_leaves_the_gradient(dtype, largest):
    torch.manual_seed(0)
    values, slopes = [[torch.randn(n, 7).to(dtype) for n in (3, 5000)] for _ in range(2)]
    ours, theirs = ([nn.Parameter(v.clone()) for v in values] for _ in range(2))
    for p, q, g in zip(ours, theirs, slopes, strict=True):
        p.grad, q.grad = g.clone(), g.clone()
    optimizer = sf.SGD(ours, lr=0.1, clip=largest)
    optimizer.step()
    norm = nn.utils.clip_grad_norm_(theirs, largest)
    torch.optim.SGD(theirs, lr=0.1).step()
    for p, q, g in zip(ours, theirs, slopes, strict=True):
        torch.testing.assert_close(p, q, **({"rtol": 1e-2, "atol": 1e-2} if dtype == torch.bfloat16 else {}))
        assert torch.equal(p.grad, g)
    assert optimizer.statistics.gradient_norm == pytest.approx(
        float(norm), rel=1e-2 if dtype == torch.bfloat16 else 1e-5
    )
    assert optimizer.statistics.clip == pytest.approx(
        min(1.0, largest / float(norm)), rel=1e-2 if dtype == torch.bfloat16 else 1e-5
    )


# Refusals


def snapshot(optimizer):
    return (
        [p.detach().clone() for group in optimizer.param_groups for p in group["params"]],
        {id(p): {k: v.clone() for k, v in entry.items()} for p, entry in optimizer.state.items()},
        [group["t"] for group in optimizer.param_groups],
    )


def make_sparse(p):
    p.grad = torch.ones(p.shape).to_sparse()


def make_step_size_nan(optimizer):
    optimizer.param_groups[1]["lr"] = math.nan


def make_beta_wrong(optimizer):
    optimizer.param_groups[1]["betas"] = (0.9, 1.5)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    ("spoil", "error", "words"),
    [
        (
            lambda o: make_sparse(o.param_groups[1]["params"][0]),
            UnsupportedInput,
            r"parameter 1\.0 of shape \(3,\): its gradient is sparse",
        ),
        (make_step_size_nan, InvalidValue, r"step_size \(lr\) is nan"),
        (make_beta_wrong, InvalidValue, "beta2 is 1.5; it must be at least 0 and below 1"),
    ],
)
def test_a_refused_step_leaves_everything_as_it_was(spoil, error, words, first):
    groups = [{"params": [nn.Parameter(torch.ones(3))]} for _ in range(2)]
    optimizer = sf.AdamW(groups, lr=0.1, schedule=sf.constant())
    for group in optimizer.param_groups:
        group["params"][0].grad = torch.ones(3)
    if not first:
        optimizer.step()
    before = snapshot(optimizer)
    spoil(optimizer)
    with pytest.raises(error, match=words):
        optimizer.step()
    after = snapshot(optimizer)
    assert all(map(torch.equal, before[0], after[0]))
    assert before[1].keys() == after[1].keys()
    assert all(torch.equal(v, after[1][p][k]) for p, entry in before[1].items() for k, v in entry.items())
    assert before[2] == after[2]


def test_complex_parameters_are_refused_in_words():
    p = nn.Parameter(torch.ones(2, dtype=torch.complex64))
    p.grad = torch.ones(2, dtype=torch.complex64)
    with pytest.raises(UnsupportedInput, match=r"complex; step torch\.view_as_real"):
        sf.SGD([p]).step()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: sf.AdamW(p, lr=0.1, step_size=0.1), "lr and step_size are two spellings of one thing"),
        (lambda p: sf.AdamW(p, weight_decay=0.1, decay=0.1), "weight_decay and decay are two spellings"),
        (lambda p: sf.AdamW(p, betas=(0.9, 0.99), beta1=0.9), "betas and beta1 or beta2 are two spellings"),
        (
            lambda p: sf.SGD(p, weight_decay=0.1, decay=0.1),
            r"decay \(decoupled\) and weight_decay \(torch's L2 term\) are two different things",
        ),
        (lambda p: sf.AdamW(p, beta1=1.0, eps=-1.0), "beta1 is 1; .*; eps is -1"),
        (lambda p: sf.AdamW([{"params": p, "lr": 0.1, "step_size": 0.1}]), "step_size and lr are two spellings"),
        (lambda p: sf.AdamW(p, lr=torch.ones(2)), "tensor of 2 elements; give a number"),
        (lambda p: sf.AdamW(p, clip=0.0), "clip is 0; it must be above 0"),
        (lambda p: sf.AdamW(p, schedule=sf.warmup(0.1)), r"over\(steps="),
        (
            lambda p: sf.RuleOptimizer(p, __import__("surefoot.rules").rules.RULES["adamw"], constants={"gamma": 1.0}),
            "no constant 'gamma'; it has beta1",
        ),
    ],
)
def test_wrong_arguments_are_refused_where_they_enter(make, words):
    with pytest.raises(InvalidValue, match=words):
        make([nn.Parameter(torch.zeros(1))])


def test_decoupled_decay_of_sgd_does_not_enter_the_momentum():
    p = nn.Parameter(torch.ones(1))
    optimizer = sf.SGD([p], lr=0.5, momentum=0.9, decay=0.1)
    p.grad = torch.zeros(1)
    optimizer.step()
    assert p.item() == pytest.approx(0.95)
    assert optimizer.state[p]["momentum_buffer"].item() == 0.0
