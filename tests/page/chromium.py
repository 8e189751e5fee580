"""What the tests in a real browser share: whether there is one, and the page served for it."""

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
playwright = pytest.importorskip("playwright.sync_api")

IN_CHROMIUM = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium, neither in CHROMIUM nor on the path"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@contextmanager
def served(shelf):
    """Serve the page over a folder of runs; the address has the token."""
    command = [sys.executable, "-m", "surefoot.cli", "page", "--no-browser", "--port", "0", "--runs", str(shelf)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        yield server.stdout.readline().split()[-1]
        server.terminate()
        assert server.wait(20) == 0


@contextmanager
def launched():
    """Start a browser without a window that asks nobody else for anything."""
    with playwright.sync_playwright() as made:
        found = made.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"])
        yield found
        found.close()
