"""Laws of averages kept beside a model: what is averaged, what is copied, and that nothing of it leaves a mark."""

import io
import random
from itertools import chain

import numpy as np
import pytest
import torch
from torch import nn

import surefoot as sf
from surefoot.averaging import Exponential, Last, Tail
from surefoot.errors import InvalidValue
from surefoot.pytorch.averager import refresh_statistics

KINDS = {
    "last": (lambda model, **kw: sf.TailAverage(model, last=3, **kw), Last(3)),
    "share": (lambda model, **kw: sf.TailAverage(model, share=0.4, **kw), Tail(0.4)),
    "memory": (lambda model, **kw: sf.ExponentialAverage(model, memory=4, **kw), Exponential(0.75)),
    "decay": (lambda model, **kw: sf.ExponentialAverage(model, decay=0.3, **kw), Exponential(0.3)),
}
KIND = pytest.mark.parametrize("kind", KINDS)


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2))


def state(model):
    return [tensor.detach().clone() for tensor in chain(model.parameters(), model.buffers())]


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def moved(model, seed):
    """Put other numbers into a model, as a step would."""
    draws = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.copy_(torch.randn(parameter.shape, generator=draws))
    model(torch.randn(8, 3, generator=draws))


@KIND
def test_the_mean_is_that_of_the_shares(kind):
    make, average = KINDS[kind]
    model, snapshots = network(), []
    kept = make(model)
    for seed in range(7):
        moved(model, seed)
        kept.observe()
        snapshots.append([parameter.detach().double() for parameter in model.parameters()])
        wanted = [torch.stack(p, -1) @ torch.tensor(average.shares(seed + 1)) for p in zip(*snapshots, strict=True)]
        with kept.swapped():
            for parameter, value in zip(model.parameters(), wanted, strict=True):
                torch.testing.assert_close(parameter.double(), value, rtol=1e-5, atol=1e-6)
    assert kept.seen == 7
    assert str(kept) == str(average)


@KIND
def test_the_mean_of_equal_snapshots_is_exactly_themselves(kind):
    model = network()
    kept, before = KINDS[kind][0](model), state(model)
    for _ in range(9):
        kept.observe()
    kept.copy_to(model)
    assert same(state(model), before)


@KIND
def test_the_models_own_weights_are_back_however_the_swap_is_left(kind):
    model = network()
    kept = KINDS[kind][0](model)
    for seed in range(4):
        moved(model, seed)
        kept.observe()
    before = state(model)
    with kept.swapped() as inside:
        assert inside is model
        assert not same(state(model), before)
        model(torch.randn(8, 3))  # buffers change, and come back
        with kept.swapped():
            pass
    assert same(state(model), before)
    for error in (ZeroDivisionError, KeyboardInterrupt):
        with pytest.raises(error), kept.swapped():
            raise error
        assert same(state(model), before)
    kept.observe()  # and goes on


def test_nothing_is_put_in_before_anything_was_seen():
    model = network()
    before, kept = state(model), sf.TailAverage(model)
    with pytest.raises(InvalidValue, match="no weights were observed yet; call observe"), kept.swapped():
        pass
    assert same(state(model), before)


def test_averaged_weights_are_not_observed():
    model = network()
    kept = sf.TailAverage(model)
    kept.observe()
    with pytest.raises(InvalidValue, match="outside of `swapped"), kept.swapped():
        kept.observe()
    assert kept.seen == 1


@KIND
def test_buffers_are_copied_as_at_the_latest_snapshot_and_counters_stay_whole(kind):
    model = network()
    kept = KINDS[kind][0](model)
    for seed in range(5):
        moved(model, seed)
        kept.observe()
    wanted = [buffer.clone() for buffer in model.buffers()]
    moved(model, 9)
    with kept.swapped():
        assert same([*model.buffers()], wanted)
        assert model[1].num_batches_tracked == 5
    assert model[1].num_batches_tracked == 6


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Embedding(5, 3), nn.Linear(3, 5, bias=False)
        self.last.weight = self.first.weight
        self.register_buffer("mask", torch.ones(100, 100), persistent=False)


def test_tied_weights_are_kept_once_and_what_is_made_with_the_model_not_at_all():
    model = Tied()
    kept = sf.TailAverage(model, share=0.5)
    kept.observe()
    held = kept.state_dict()
    assert [*held["kept"][0]] == ["first.weight"]
    assert held["buffers"] == {}
    with kept.swapped():
        assert model.first.weight is model.last.weight


@KIND
def test_frozen_weights_are_not_copied_and_join_when_thawed(kind):
    model = network()
    model[0].requires_grad_(False)
    frozen = model[0].weight.clone()
    kept = KINDS[kind][0](model)
    for seed in range(3):
        moved(model, seed)
        kept.observe()
    assert not any(name.startswith("0.") for part in kept.state_dict()["kept"] for name in part)
    with kept.swapped():
        assert torch.equal(model[0].weight, frozen)
    model[0].requires_grad_(True)
    kept.observe()
    kept.observe()
    with kept.swapped():
        torch.testing.assert_close(model[0].weight, frozen)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_averaged_in_float32(dtype):
    """In bfloat16 itself a thousandth of the way to 2 would never leave 1."""
    model = nn.Linear(1, 1, bias=False).to(dtype)
    kept = sf.ExponentialAverage(model, memory=1000)
    for value in [1.0] + [2.0] * 1500:
        with torch.no_grad():
            model.weight.fill_(value)
        kept.observe()
    assert kept.state_dict()["kept"][0]["weight"].dtype is torch.float32
    shares = Exponential.over(1000).shares(1501)
    assert kept.state_dict()["kept"][0]["weight"].item() == pytest.approx(2 - shares[0], rel=1e-4)
    with kept.swapped():
        assert model.weight.dtype is dtype


def test_the_last_copies_are_kept_as_they_are_and_never_more_than_asked():
    model = network().bfloat16()
    kept = sf.TailAverage(model, last=2)
    for _ in range(5):
        kept.observe()
    copies = kept.state_dict()["kept"]
    assert len(copies) == 2
    assert {tensor.dtype for part in copies for tensor in part.values()} == {torch.bfloat16}


def test_float64_stays_float64():
    model = network().double()
    kept = sf.TailAverage(model, share=0.5)
    kept.observe()
    assert {tensor.dtype for tensor in kept.state_dict()["kept"][0].values()} == {torch.float64}


@KIND
def test_copies_can_be_kept_on_another_device(kind):
    here = torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    model = network().to(here)
    kept, beside = KINDS[kind][0](model, device="cpu"), KINDS[kind][0](model)
    for _ in range(3):
        for average in (kept, beside):
            average.observe()
    assert {t.device.type for part in kept.state_dict()["kept"] for t in part.values()} == {"cpu"}
    assert {t.device.type for part in beside.state_dict()["kept"] for t in part.values()} == {here.type}
    with kept.swapped():
        assert {parameter.device.type for parameter in model.parameters()} == {here.type}


@KIND
def test_a_resumed_average_goes_on_bit_for_bit(kind):
    make, _ = KINDS[kind]
    model = network()
    whole, first = make(model), make(model)
    for seed in range(5):
        moved(model, seed)
        whole.observe()
        first.observe()
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    file.seek(0)
    resumed = make(model)
    resumed.load_state_dict(torch.load(file, weights_only=True))
    for seed in range(5, 9):
        moved(model, seed)
        whole.observe()
        resumed.observe()
    one, other = network(), network()
    whole.copy_to(one)
    resumed.copy_to(other)
    assert same(state(one), state(other))
    assert resumed.seen == whole.seen == 9


def test_loading_copies():
    model = network()
    kept, other = sf.TailAverage(model, share=0.5), sf.TailAverage(model, share=0.5)
    kept.observe()
    other.load_state_dict(kept.state_dict())
    moved(model, 1)
    kept.observe()
    other.copy_to(model)
    assert same(state(model), state(network()))


def test_what_does_not_fit_is_told_all_at_once_and_nothing_is_changed():
    model = network()
    kept = sf.TailAverage(model, share=0.5)
    kept.observe()
    other = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(4))
    before = state(other)
    with pytest.raises(InvalidValue, match=r"has no '3.weight'.*has no '3.bias'.*'0.weight' is \(4, 3\) and the mod"):
        kept.copy_to(other)
    assert same(state(other), before)
    with pytest.raises(InvalidValue, match=r"state is of Tail\(share=0.5\) and this is Last\(count=5\)"):
        sf.TailAverage(model).load_state_dict(kept.state_dict())
    with pytest.raises(InvalidValue, match=r"has no 'average'.*has no 'seen'"):
        kept.load_state_dict({})
    with pytest.raises(InvalidValue, match=r"the model has no '3\.weight'"):
        sf.TailAverage(other, share=0.5).load_state_dict(kept.state_dict())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda m: sf.TailAverage(m, last=5, share=0.1), r"last is 5 and share is 0\.1; give one of the two"),
        (lambda m: sf.TailAverage(m, last=0), "last is 0"),
        (lambda m: sf.ExponentialAverage(m, memory=9, decay=0.1), "memory is 9 and decay is"),
        (lambda m: sf.ExponentialAverage(m, decay=1.0), "decay is 1"),
    ],
)
def test_what_is_not_allowed_is_refused_in_words(make, words):
    with pytest.raises(InvalidValue, match=words):
        make(network())


def test_a_model_without_weights_has_a_mean_too():
    model = nn.Flatten()
    for kept in (sf.TailAverage(model), sf.ExponentialAverage(model)):
        kept.observe()
        kept.copy_to(model)
        with kept.swapped():
            pass


BATCHES = [(torch.randn(6, 3, generator=torch.Generator().manual_seed(seed)), None) for seed in range(4)]


def test_refreshed_statistics_are_the_plain_mean_over_the_batches():
    model = network()
    moved(model, 1)
    counter = model[1].num_batches_tracked.clone()
    assert refresh_statistics(model, BATCHES) == 4
    given = [model[0](batch) for batch, _ in BATCHES]
    torch.testing.assert_close(model[1].running_mean, torch.stack([g.mean(0) for g in given]).mean(0))
    torch.testing.assert_close(model[1].running_var, torch.stack([g.var(0) for g in given]).mean(0))
    assert torch.equal(model[1].num_batches_tracked, counter)


def test_refreshing_leaves_modes_momenta_gradients_and_all_generators_as_they_were():
    def drawing():
        for batch in BATCHES:
            yield (batch[0] + torch.rand(()) + np.random.rand() + random.random(), None)

    model = network()
    model[1].momentum = 0.3
    model[2].eval()
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    refresh_statistics(model, drawing())
    assert torch.equal(states[0], torch.get_rng_state())
    assert (states[1] == np.random.get_state()[1]).all()
    assert states[2] == random.getstate()
    assert [module.training for module in model] == [True, True, False, True]
    assert model[1].momentum == 0.3
    assert all(parameter.grad is None for parameter in model.parameters())


def test_nothing_is_dropped_while_statistics_are_refreshed():
    model = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(3))
    refresh_statistics(model, BATCHES)
    first = model[1].running_var.clone()
    model[0].p = 0.0
    refresh_statistics(model, BATCHES)
    assert torch.equal(first, model[1].running_var)


def test_a_norm_that_training_leaves_alone_is_left_alone():
    model = nn.Sequential(nn.BatchNorm1d(3), nn.BatchNorm1d(3))
    model[0].eval()
    refresh_statistics(model, BATCHES)
    assert torch.equal(model[0].running_mean, torch.zeros(3))
    assert not torch.equal(model[1].running_mean, torch.zeros(3))


def test_a_model_in_evaluation_mode_is_refreshed_and_stays_in_it():
    model = network().eval()
    refresh_statistics(model, BATCHES)
    assert model[1].running_mean.abs().sum() > 0
    assert not any(module.training for module in model.modules())


def test_norms_of_a_plain_mean_count_the_batches_it_is_of():
    model = nn.BatchNorm1d(3, momentum=None)
    refresh_statistics(model, BATCHES)
    assert model.num_batches_tracked == 4


def test_without_norms_no_batch_is_read():
    def read():
        raise AssertionError
        yield

    assert refresh_statistics(nn.Linear(3, 1), read()) == 0


@pytest.mark.parametrize(("batches", "words"), [([], "batches is empty"), ([*BATCHES, {"x": 1}], "a batch is a dict")])
def test_on_an_error_the_statistics_are_as_they_were(batches, words):
    model = network()
    moved(model, 1)
    before = state(model)
    with pytest.raises(InvalidValue, match=words):
        refresh_statistics(model, batches)
    assert same(state(model), before)
    assert model[1].momentum == 0.1


def test_any_kind_of_batch_goes_with_a_forward_of_ones_own():
    model = network()
    assert refresh_statistics(model, [{"x": BATCHES[0][0]}], lambda model, batch: model(batch["x"])) == 1
