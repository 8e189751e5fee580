"""The page on the network: one socket, one process, until it is interrupted."""

import signal
import socket
import sys
import webbrowser
from collections.abc import Callable
from pathlib import Path
from threading import Timer

from surefoot.errors import InvalidValue
from surefoot.page.safety import Address

PORT = 8765
"""The port that is tried first where none is given; the system chooses another if it is taken."""


def bound(host: str, port: int | None) -> socket.socket:
    """Return a socket that listens.

    Args:
        host: the interface, such as 127.0.0.1.
        port: which; None for the usual one, or any if that is taken.

    Errors: InvalidValue if it is taken or the interface is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for each in (PORT, 0) if port is None else (port,):
        # asyncio sends at once (no 40 ms of Nagle) only where the protocol is named
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host.strip("[]"), each))
            listener.listen(64)
        except (OSError, OverflowError) as error:
            listener.close()
            fault = error
            continue
        return listener
    raise InvalidValue(f"the page cannot listen on {host}:{port}: {fault}; give another --port, or none.") from fault


def serve(listener: socket.socket, runs: Path, address: Address, path: str = "/", *, browser: bool = False) -> None:
    """Serve the page until it is interrupted; it listens already, so that whoever asks now is answered soon.

    Args:
        listener: as `bound` returns it.
        runs: the folder of runs.
        address: what is answered to, with the token.
        path: what the browser opens.
        browser: whether to open one.
    """
    import uvicorn

    from surefoot.page.application import application

    config = uvicorn.Config(
        application(runs, address, lambda: server.should_exit), log_level="error", access_log=False, ws="none",
        http="h11", loop="asyncio", timeout_graceful_shutdown=2, server_header=False, date_header=False,
    )  # fmt: skip
    server = uvicorn.Server(config)
    opening = Timer(0.1, _open, (address.url(path),)) if browser else None
    if opening is not None:
        opening.daemon = True
        opening.start()
    _until_interrupted(lambda: server.run([listener]))


def _open(url: str) -> None:
    try:
        webbrowser.open(url)
    except webbrowser.Error as error:
        print(f"surefoot: no browser could be opened: {error}.", file=sys.stderr)


def _until_interrupted(serving: Callable[[], None]) -> None:
    """Serve; uvicorn puts the signal that ended it again, which is to end nothing more."""
    before = signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        serving()
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
