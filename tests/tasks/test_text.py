"""Laws of the text and of the transformer that reads it."""

import sysconfig
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from surefoot.errors import MissingPackage
from surefoot.fitting import fit
from surefoot.tasks import load, text
from surefoot.tasks.transformer import Transformer
from surefoot.training.batches import Batches
from surefoot.training.compute import Compute
from surefoot.training.validation import validated

STDLIB = Path(sysconfig.get_paths()["stdlib"])


@pytest.fixture(scope="module")
def library():
    return text.library()


@pytest.fixture(scope="module")
def task():
    """The task, judged on an eighth of what it usually is."""
    whole = load("text")
    some = Batches(whole.validation.input[::8], whole.validation.target[::8])
    return replace(whole, validation=some)


def test_the_text_is_files_of_the_standard_library_and_neither_tests_nor_packages(library):
    for path, content in library.items():
        assert (STDLIB / path).read_bytes() == content
        assert path.endswith(".py")
        assert not {"test", "tests", "site-packages"} & set(Path(path).parts)


def test_it_is_bounded_and_spread_over_the_library(library):
    size = sum(map(len, library.values()))
    assert text.LEAST < size < text.MOST + text.LARGEST
    assert len({path[0].lower() for path in library}) > 15


def test_the_same_files_come_in_the_same_order_whatever_the_order_of_the_disk(library, monkeypatch):
    found = list(text._paths(STDLIB))
    monkeypatch.setattr(text, "_paths", lambda _: reversed(found))
    assert list(text.library()) == list(library)


def test_whole_files_are_held_back_and_no_byte_is_on_both_sides(library):
    back = [path for path in library if text.held_back(path)]
    assert 0.05 < len(back) / len(library) < 0.2
    sides = [text.joined(library, back=side) for side in (True, False)]
    assert sum(map(len, sides)) == sum(map(len, library.values())) + len(library) - 2
    assert bytes(sides[0].tolist()) == b"\0".join(library[path] for path in back)


def test_files_that_cannot_be_read_are_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "LEAST", 1)
    (tmp_path / "good.py").write_bytes(b"x = 1\n")
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere.py")
    (tmp_path / "large.py").write_bytes(b"#" * (text.LARGEST + 1))
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "some.py").write_bytes(b"x = 1\n")
    assert text.library(tmp_path) == {"good.py": b"x = 1\n"}


def test_a_python_without_its_source_is_told(tmp_path):
    with pytest.raises(MissingPackage, match=r"holds 0 bytes of it; use a Python that has its source"):
        text.library(tmp_path / "python311.zip")


def test_what_comes_later_does_not_change_what_is_said_before():
    torch.manual_seed(0)
    model = text.network().eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)  # at its start a block adds nothing
    tokens = torch.randint(256, (2, text.CONTEXT))
    other = tokens.clone()
    other[:, 40] = (other[:, 40] + 1) % 256
    one, two = model(tokens), model(other)
    torch.testing.assert_close(one[:, :40], two[:, :40], rtol=0, atol=1e-5)
    assert (one[:, 40:] - two[:, 40:]).abs().amax(dim=(0, 2)).min() > 1e-3


def test_a_shorter_text_and_bfloat16_will_do():
    model = Transformer(tokens=10, width=8, depth=1, heads=2, context=6)
    with Compute(precision="bfloat16").autocast(model):
        assert model(torch.zeros(2, 3, dtype=torch.long)).shape == (2, 3, 10)


def test_thirty_steps_learn_and_repeat(task):
    torch.manual_seed(0)
    start = validated(task, task.make())
    assert start["bits_per_byte"] == pytest.approx(8.2, abs=0.4)  # knows nothing yet
    first, again = (fit(task, steps=30) for _ in range(2))
    assert first.best["bits_per_byte"] < 0.55 * start["bits_per_byte"]
    assert first.best == again.best
