"""`surefoot page`: the local web page over recorded runs. It never imports torch."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Annotated

import typer

from surefoot.cli.app import EPILOG, FINISHED, app
from surefoot.errors import MissingPackage
from surefoot.records.place import runs_folder

RUNS = "Where runs are kept; if not given, the folder that SUREFOOT_RUNS names, or the platform's for a user's data."
HOST = "The interface to listen on. Any but this machine's own lets others ask too: they need the token for all of it."


@app.command(epilog=EPILOG)
def page(
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="8765 if not given, or another if taken.")] = None,
    runs: Annotated[Path | None, typer.Option(metavar="DIR", help=RUNS)] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
    host: Annotated[str, typer.Option(help=HOST)] = "127.0.0.1",
    path: Annotated[str, typer.Option("--open", metavar="PATH", help="What the browser opens.")] = "/",
    leash: Annotated[bool, typer.Option("--leash", hidden=True, help="End when standard input does.")] = False,
) -> int:
    """Serve the page: runs live and compared, schedules. Ctrl-C ends it."""
    try:
        from surefoot.page.safety import Address
        from surefoot.page.server import bound, serve

        listener = bound(host, port)
        address = Address(host, listener.getsockname()[1])
        print(f"surefoot page: {address.url(path)}", flush=True)
        if not address.private:
            print("Others on the network can reach it; what they read and send is not encrypted.", file=sys.stderr)
        if leash:
            Thread(target=_led, daemon=True).start()
        serve(listener, runs_folder(runs), address, path, browser=not no_browser)
    except ModuleNotFoundError as error:
        raise MissingPackage(f"the page needs {error.name}: pip install 'surefoot[page]'") from error
    return FINISHED


def _led() -> None:
    """End the page when whoever holds the other end of standard input is gone, however that came."""
    with suppress(OSError, ValueError):
        sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def page_beside(runs: Path) -> Iterator[None]:
    """Serve the page in a process of its own, opened at the run that begins now; it never waits for a training step.

    Where a person watches, the page stays after the run until Ctrl-C; else it ends with it.
    """
    command = [sys.executable, "-m", "surefoot.cli", "page", "--leash", "--runs", str(runs)]
    command += ["--open", f"/latest?after={time.time():.3f}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=sys.stderr, start_new_session=True) as server:
        try:
            yield
            if sys.stdin.isatty() and server.poll() is None:
                print("The page stays open; Ctrl-C closes it.", file=sys.stderr)
                with suppress(KeyboardInterrupt):
                    server.wait()
        finally:
            server.terminate()
