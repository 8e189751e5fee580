"""Laws of epochs begun at any batch, and of the loader that fetches item by item."""

import pickle
import random
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

import surefoot as sf
from surefoot.errors import InvalidValue, TaskError
from surefoot.search.held_back import judged
from surefoot.search.snapshot import Snapshot
from surefoot.training.batches import Epochs, epoch, length
from surefoot.training.sources import Kept, repeatable

ITEMS = list(range(100, 111))


class Noisy(Dataset):
    """Items that say how they were drawn: by torch, numpy and random."""

    def __init__(self, count=11):
        self.count, self.read = count, Counter()

    def __len__(self):
        return self.count

    def __getitem__(self, item):
        self.read[item] += 1
        return torch.tensor([float(item), torch.rand(()), np.random.rand(), random.random()], dtype=torch.float64)


def states():
    return torch.get_rng_state(), np.random.get_state(), random.getstate()


def assert_same(first, other):
    assert torch.equal(first[0], other[0])
    assert all(np.array_equal(a, b) for a, b in zip(first[1], other[1], strict=True))
    assert first[2] == other[2]


def assert_equal(batches, others):
    for one, other in zip(batches, others, strict=True):
        assert torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other


class Unstarted(Epochs):
    """A source of a user's own whose epochs cannot be begun later."""

    def __len__(self):
        return 4

    def __iter__(self):
        return self.epoch(0, 0)

    def epoch(self, seed, number):
        return iter([(seed, number, batch) for batch in range(4)])


SOURCES = {
    "Batches": lambda: sf.Batches(torch.arange(10.0), torch.arange(10), size=3),
    "Windows": lambda: sf.Windows(torch.arange(50), context=4, size=2, batches=4),
    "Loader": lambda: sf.Loader(Noisy(), size=3),
    "a loader that drops": lambda: sf.Loader(Noisy(14), size=3, drop_last=True),
    "what was kept": lambda: Kept(lambda: iter("abcd"), batches=9),
    "what was kept in part": lambda: Kept(lambda: iter("abcdefg"), batches=2),
    "a list": lambda: list("abcd"),
    "a function": lambda: lambda: iter("abcd"),
    "a function of epochs": lambda: lambda: sf.Batches(torch.arange(10.0), torch.arange(10), size=3),
    "a DataLoader": lambda: DataLoader(list(range(10)), batch_size=3),
    "epochs without a start": Unstarted,
}


def flat(batches):
    return [tuple(batch) if isinstance(batch, (tuple, list)) else batch for batch in batches]


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("number", [0, 1, 5])
def test_an_epoch_begun_later_is_the_rest_of_the_whole(name, number):
    whole = flat(epoch(SOURCES[name](), 3, number))
    assert len(whole) >= 4
    for start in (0, 1, 3, len(whole), len(whole) + 5):
        rest = flat(epoch(SOURCES[name](), 3, number, start))
        assert len(rest) == max(0, len(whole) - start)
        for one, other in zip(whole[start:], rest, strict=True):
            if isinstance(one, tuple) and isinstance(one[0], torch.Tensor):
                assert_equal(one, other)
            else:
                assert_equal([one], [other])


def test_no_epoch_begins_before_its_first_batch():
    with pytest.raises(InvalidValue, match="start is -1; it must be at least 0"):
        epoch([1], 0, 0, -1)


@given(
    count=st.integers(1, 40), size=st.integers(1, 50), seed=st.integers(0, 2**63), number=st.integers(0, 10**6),
    data=st.data(),
)  # fmt: skip
def test_every_item_comes_once_in_an_order_of_seed_and_number(count, size, seed, number, data):
    loader = sf.Loader(list(range(count)), size=size)
    first, again = (list(loader.epoch(seed, number)) for _ in range(2))
    assert_equal(first, again)
    assert len(first) == len(loader) == length(loader)
    assert sorted(torch.cat(first).tolist()) == list(range(count))
    start = data.draw(st.integers(0, len(loader) + 2))
    assert_equal(first[start:], list(loader.epoch(seed, number, start)))


def test_the_order_is_that_of_batches_and_epochs_and_seeds_differ():
    loader, batches = sf.Loader(list(range(50)), size=7), sf.Batches(torch.arange(50), torch.arange(50), size=7)
    orders = set()
    for seed in range(3):
        for number in range(3):
            assert_equal(list(loader.epoch(seed, number)), [x for x, _ in batches.epoch(seed, number)])
            orders.add(tuple(torch.cat(list(loader.epoch(seed, number))).tolist()))
    assert len(orders) == 9


def test_what_is_drawn_depends_on_seed_epoch_and_batch():
    loader = sf.Loader(Noisy(), size=4)
    told = [
        row[1:]
        for seed in (0, 1)
        for number in (0, 1)
        for batch in loader.epoch(seed, number)
        for row in batch.tolist()
    ]
    for column in zip(*told, strict=True):
        assert len(set(column)) == 44  # torch's, numpy's and random's alike
    alone = [next(sf.Loader(Noisy(), size=4).epoch(1, 1, start)) for start in range(3)]
    assert_equal(list(loader.epoch(1, 1)), alone)


@pytest.mark.parametrize("go", [iter, lambda loader: loader.epoch(4, 2)])
def test_the_generators_of_this_process_are_left_alone_and_do_not_matter(go):
    loader = sf.Loader(Noisy(), size=4)
    wanted = list(go(loader))
    torch.manual_seed(5), np.random.seed(5), random.seed(5)
    before = states()
    for batch, same in zip(go(loader), wanted, strict=True):
        assert torch.equal(batch, same)
        assert_same(before, states())
        torch.rand(3), np.random.randn(), random.random()  # whoever trains draws in between
        before = states()


def test_generators_are_left_alone_when_an_item_fails():
    def collate(items):
        torch.rand(1), np.random.rand(), random.random()
        raise ValueError("no")

    before = states()
    with pytest.raises(TaskError):
        next(iter(sf.Loader(ITEMS, collate=collate)))
    assert_same(before, states())


def test_nothing_is_fetched_before_the_start_nor_ahead():
    data = Noisy(100)
    batches = sf.Loader(data, size=10).epoch(0, 0, start=8)
    assert not data.read
    next(batches)
    assert data.read.total() == 10


def test_validation_goes_through_items_in_their_own_order():
    first, again = (torch.cat(list(sf.Loader(Noisy(), size=4))) for _ in range(2))
    assert first[:, 0].tolist() == list(range(11))
    assert torch.equal(first, again)


def test_the_last_batch_is_smaller_or_left_out():
    sizes = [[len(batch) for batch in sf.Loader(ITEMS, size=4, drop_last=drop).epoch(0, 0)] for drop in (False, True)]
    assert sizes == [[4, 4, 3], [4, 4]]
    assert len(sf.Loader(ITEMS, size=4, drop_last=True)) == 2


def test_many_items_are_fetched_at_once_where_a_data_set_can():
    class Table(Dataset):
        def __len__(self):
            return 9

        def __getitem__(self, item):
            raise AssertionError("one by one")

        def __getitems__(self, items):
            return [10 * item for item in items]

    assert torch.cat(list(sf.Loader(Table(), size=4))).tolist() == [10 * n for n in range(9)]


def test_a_batch_is_what_collate_makes():
    assert next(iter(sf.Loader(ITEMS, size=3, collate=tuple))) == (100, 101, 102)


@pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")  # more than there are cores
@pytest.mark.parametrize("start", [0, 2])
def test_workers_give_the_same_batches_bit_for_bit(start):
    before = states()
    alone, one, three = (
        list(sf.Loader(Noisy(), size=2, workers=workers, prefetch=1).epoch(1, 2, start)) for workers in (0, 1, 3)
    )
    assert_same(before, states())
    assert_equal(alone, one)
    assert_equal(alone, three)
    assert len(alone) == 6 - start


class Broken(Noisy):
    def __getitem__(self, item):
        if item == 7:
            raise KeyError("seventh")
        return super().__getitem__(item)


@pytest.mark.parametrize("workers", [0, 1])
def test_an_item_that_fails_is_told_with_its_batch_and_line_whoever_fetched_it(workers):
    loader = sf.Loader(Broken(), size=4, workers=workers)
    with pytest.raises(TaskError) as caught:
        list(loader)
    said = str(caught.value)
    assert said.startswith("Loader: fetching batch 2 of items 4, 5, 6, 7 failed: KeyError: 'seventh' (")
    assert "test_loader.py:" in said
    assert "\n" not in said
    assert "Traceback" in caught.value.__notes__[0]


def test_a_loader_can_be_sent_and_is_repeatable():
    loader = sf.Loader(Noisy(), size=4, drop_last=True)
    assert repeatable(loader)
    assert_equal(list(loader.epoch(0, 1)), list(pickle.loads(pickle.dumps(loader)).epoch(0, 1)))


def test_a_data_sets_own_generator_is_put_back_by_a_snapshot():
    class Own(Noisy):
        def __init__(self):
            super().__init__()
            self.draws = np.random.default_rng(0)

        def __getitem__(self, item):
            return self.draws.random()

    loader = sf.Loader(Own(), size=4)
    snapshot = Snapshot(None, sources=[loader])
    first = list(loader)
    assert not torch.equal(first[0], next(iter(loader)))
    snapshot.restore()
    assert_equal(first, list(loader))


def test_items_of_a_loader_are_held_back_for_a_task_without_validation():
    data = TensorDataset(torch.arange(20.0)[:, None], torch.arange(20.0)[:, None])
    train = sf.Loader(data, size=8, drop_last=True)
    held = judged(sf.Task(model=lambda: nn.Linear(1, 1), penalty=nn.MSELoss(), train=train))
    kept, back = ({*side.dataset.indices} for side in (held.train, held.validation))
    assert (len(kept), len(back), kept | back) == (16, 4, {*range(20)})
    assert (len(held.train), len(held.validation)) == (2, 1)


def test_a_network_is_trained_on_it(tmp_path):
    data = TensorDataset(torch.arange(16.0)[:, None] / 16, torch.arange(16.0)[:, None])
    task = sf.Task(model=lambda: nn.Linear(1, 1), penalty=nn.MSELoss(), train=sf.Loader(data, size=4))
    run = sf.fit(task, steps=8, step_size=0.1, search=0.0, runs=tmp_path, progress=False)
    assert run.ending.kind == "finished"


class Stream(IterableDataset):
    def __iter__(self):
        return iter(range(9))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((Stream(),), "Loader: dataset is a Stream, a stream without numbers; give the task a DataLoader over it"),
        ((3,), "dataset is a int without __len__ and __getitem__; give a map-style data set"),
        ((DataLoader(ITEMS),), "dataset is a DataLoader without __getitem__; give a map-style data set"),
        (([],), "dataset is empty; give one item at least"),
        ((ITEMS, 0), "size is 0; it must be a whole number, at least 1"),
        ((ITEMS, 2.5), "size is 2.5; it must be a whole number, at least 1"),
        ((ITEMS, True), "size is True; it must be a whole number"),
        ((ITEMS, 12, {"drop_last": True}), "dataset has 11 items, which make no batch of 12, and drop_last leaves out"),
        (([], 0, {"workers": -1, "prefetch": 0, "collate": 3}),
         "dataset is empty; .*; size is 0; .*; workers is -1; .* at least 0; prefetch is 0; .*; collate is a int;"),
    ],
)  # fmt: skip
def test_what_is_no_loader_is_refused_with_all_its_faults(given, words):
    *arguments, choices = given if isinstance(given[-1], dict) else (*given, {})
    with pytest.raises(InvalidValue, match=words):
        sf.Loader(*arguments, **choices)
