"""Laws of windows of a sequence, and of sources that draw their epochs."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from surefoot.errors import InvalidValue
from surefoot.training.batches import Epochs, epoch, length
from surefoot.training.windows import Windows, spread

LONG = torch.arange(1000)


@given(seed=st.integers(0, 2**32 - 1), number=st.integers(0, 1000), context=st.integers(1, 999))
def test_an_epoch_depends_on_seed_and_number_alone_and_targets_stand_one_place_later(seed, number, context):
    windows = Windows(LONG, context=context, size=3, batches=2)
    before = torch.get_rng_state()
    first, again = (list(epoch(windows, seed, number)) for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    for (x, y), (same, _) in zip(first, again, strict=True):
        assert torch.equal(x, same)
        assert torch.equal(y, x + 1)
        assert x.shape == (3, context)
        assert torch.equal(x, x[:, :1] + torch.arange(context))


def test_epochs_and_seeds_differ_and_every_place_can_be_drawn():
    windows = Windows(torch.arange(5), context=3, size=50)
    starts = {tuple(next(windows.epoch(seed, number))[0][:, 0].tolist()) for seed in range(3) for number in range(3)}
    assert len(starts) == 9
    assert {start for row in starts for start in row} == {0, 1}
    assert length(windows) == len(list(windows)) == 100


@given(count=st.integers(1, 400), context=st.integers(1, 999))
def test_spread_windows_cover_from_end_to_end_without_overlap(count, context):
    x, y = spread(LONG, context, count)
    assert len(x) == min(count, 999 // context)
    assert x[0, 0] == 0
    assert len(x) == 1 or y[-1, -1] == 999
    assert len(x.unique()) == x.numel()


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"context": 1000}, "1000 tokens and context is 1000; give one token more"),
        ({"context": 0, "size": 0, "batches": 0}, "context is 0; .*size is 0; .*batches is 0"),
        ({"sequence": torch.ones(9)}, "sequence is torch.float32"),
        ({"sequence": torch.ones(9, 9, dtype=torch.long)}, r"of shape \(9, 9\); give whole numbers in one row"),
    ],
)
def test_what_has_no_windows_is_refused(choices, words):
    with pytest.raises(InvalidValue, match=words):
        Windows(**{"sequence": LONG, "context": 4, **choices})


def test_a_loader_whose_epoch_is_a_number_is_gone_through_as_it_is():
    class Loader(list):
        epoch = 3

    assert list(epoch(Loader([1, 2]), seed=0, number=0)) == [1, 2]


def test_a_users_own_source_is_given_seed_and_number():
    class Numbered(Epochs):
        def __len__(self):
            return 1

        def __iter__(self):
            return iter([])

        def epoch(self, seed, number):
            yield seed, number

    assert list(epoch(Numbered, seed=4, number=2)) == [(4, 2)]
