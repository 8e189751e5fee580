"""Pictures of the page: `python docs/writer/page_shots.py RUNS OUT` takes each view, light, dark and narrow.

It needs Chromium (CHROMIUM names another than the one on the path) and a folder with some runs in it.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from playwright.sync_api import Browser, sync_playwright

SIZES = {"light": (1280, 900), "dark": (1280, 900), "narrow": (400, 860)}
TOLD = "surefoot page: "


@contextmanager
def served(runs: Path) -> Iterator[str]:
    """Serve the page over a folder of runs; the address has the token."""
    command = [sys.executable, "-m", "surefoot.cli", "page", "--no-browser", "--port", "0", "--runs", str(runs)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().removeprefix(TOLD).strip()
        server.terminate()


def browser_of() -> str | None:
    """Return where Chromium is, or None."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def views(runs: Path) -> dict[str, str]:
    """Return the paths of the views, the run being the one with most findings."""
    names = sorted(path.parent.name for path in runs.glob("*/meta.json"))
    told = max(names, key=lambda name: (runs / name / "meta.json").read_text().count('"disproof"'))
    chosen = "&".join(f"run={name}" for name in names[:3])
    text = "text=warmup(5%25)+%3E%3E+cosine()&text=wsd()&text=restarts(cycles=3,+growth=2.0)"
    return {
        "runs": "/",
        "run": f"/run/{names[0]}",
        "found": f"/run/{told}",
        "compare": f"/compare?{chosen}",
        "schedules": f"/schedules?{text}&steps=1000&step_size=0.001",
    }


def take(browser: Browser, address: str, paths: dict[str, str], out: Path) -> None:
    """Take every view in every size."""
    for size, (width, height) in SIZES.items():
        scheme = "dark" if size == "dark" else "light"
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        page.goto(address)
        for name, path in paths.items():
            page.goto(urlunsplit((*urlsplit(address)[:2], *urlsplit(path)[2:])))
            page.wait_for_timeout(900)
            page.screenshot(path=out / f"{name}-{size}.png", full_page=True)
        page.close()


def main() -> None:
    """Take them all."""
    runs, out = map(Path, sys.argv[1:3])
    out.mkdir(parents=True, exist_ok=True)
    with served(runs) as address, sync_playwright() as player:
        browser = player.chromium.launch(executable_path=browser_of(), args=["--no-sandbox"])
        take(browser, address, views(runs), out)
        browser.close()


if __name__ == "__main__":
    main()
