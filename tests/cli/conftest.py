"""What tests of commands on a file of tasks share: the file, the call, and what a mistake must look like."""

import sys

import pytest
import torch

from surefoot.cli import main


@pytest.fixture
def here(tmp_path, monkeypatch, request):
    """Stand in a folder with the test module's TASKS as tasks.py, and compute with one thread."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "tasks.py").write_text(request.module.TASKS)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield tmp_path
    torch.set_num_threads(threads)


@pytest.fixture
def command(here, capsys, request):
    """Run the test module's COMMAND there; return its exit code and its two outputs."""

    def ran(*arguments):
        code = main([request.module.COMMAND, *arguments])
        return code, *capsys.readouterr()

    return ran


@pytest.fixture
def refused(command):
    """Run it with a mistake; fail unless one sentence says so, and the exit code."""

    def refuses(arguments, code, said):
        found, out, err = command(*arguments)
        assert (found, out) == (code, "")
        assert said in err
        assert err.startswith("surefoot: ")
        assert err.count("\n") == 1

    return refuses
