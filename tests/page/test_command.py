"""Laws of `surefoot page`: it says where it is, answers soon, ends when it is told to, and trains nothing."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from page.shelves import finished

from surefoot.cli import WRONG, main

COMMAND = [sys.executable, "-m", "surefoot.cli", "page", "--no-browser"]


@pytest.fixture
def started(tmp_path):
    """Start the command, and end it after the test."""
    there = []

    def start(*arguments, **given):
        command = [*COMMAND, "--runs", str(tmp_path), *arguments]
        there.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **given))
        return there[-1], there[-1].stdout.readline().removeprefix("surefoot page: ").strip()

    yield start
    for process in there:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def fetched(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


def test_it_prints_where_it_is_answers_there_and_ends_when_told(started, tmp_path):
    path = finished(tmp_path)
    process, url = started("--port", "0")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{32}", url)
    assert path.name in fetched(url.split("?")[0])
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert process.stderr.read() == ""


def test_only_this_machine_can_reach_it(started):
    _, url = started("--port", "0")
    port = int(re.search(r":(\d+)/", url)[1])
    with socket.socket() as other, pytest.raises(OSError, match="refused"):
        other.connect(("127.0.0.2", port))


def test_each_start_has_a_token_of_its_own(started):
    tokens = {started("--port", "0")[1].partition("token=")[2] for _ in range(2)}
    assert len(tokens) == 2


def test_without_a_port_one_is_found(started):
    (_, one), (_, other) = started(), started()
    assert one.split("?")[0] != other.split("?")[0]
    fetched(one.split("?")[0])
    fetched(other.split("?")[0])


@pytest.mark.skipif(os.name != "posix", reason="a leash is a pipe of POSIX")
def test_on_a_leash_it_ends_with_who_started_it(started):
    process, url = started("--port", "0", "--leash", stdin=subprocess.PIPE)
    fetched(url.split("?")[0])
    process.stdin.close()
    assert process.wait(30) == 0


def test_a_port_that_is_taken_and_an_interface_that_is_not_there_are_told(capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert main(["page", "--no-browser", "--port", port]) == WRONG
    assert f"cannot listen on 127.0.0.1:{port}" in capsys.readouterr().err
    assert main(["page", "--no-browser", "--host", "203.0.113.1"]) == WRONG
    assert "cannot listen on 203.0.113.1" in capsys.readouterr().err


@pytest.mark.slow
def test_a_fit_opens_the_page_on_its_own_run_and_closes_it_where_nobody_watches(tmp_path):
    command = [
        sys.executable,
        "-m",
        "surefoot.cli",
        "fit",
        "digits",
        "--steps",
        "30",
        "--no-search",
        "--page",
        "--runs",
        str(tmp_path),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "BROWSER": "echo"}
    told = subprocess.run(
        command, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL, check=True
    )
    url = re.search(r"surefoot page: (http://\S+)", told.stderr)[1]
    assert re.search(r"/latest\?after=[\d.]+&token=", url)
    assert "finished after 30 of 30 steps" in told.stdout
    with pytest.raises(urllib.error.URLError):
        fetched(url)
