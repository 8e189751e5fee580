"""Pictures of the page: `make shots`, or `python docs/writer/page_shots.py [--all OUT]`, from the folder above docs.

It trains some runs in a temporary folder, serves the page over them and takes the views that the README and the guide
show, into docs/pictures; with `--all` every view, light, dark and narrow, into OUT, to be looked at. It needs Chromium
(CHROMIUM names another than the one on the path).
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit

from playwright.sync_api import Browser, Page, sync_playwright

PICTURES = Path(__file__).parents[1] / "pictures"
"""What is committed."""

SIZES = {"light": (1280, 900), "dark": (1280, 900), "narrow": (400, 860)}
TOLD = "surefoot page: "

RUNS = (
    ("digits", "--seed", "0"),
    ("digits", "--seed", "1", "--rule", "adamw", "--steps", "600"),
    ("digits", "--seed", "0", "--rule", "sgd", "--steps", "600", "--step-size", "0.05"),
    ("stumble.py:task", "--steps", "400", "--rule", "adamw", "--step-size", "0.003"),
)
"""What is trained; the last has a fault that the doctor finds, and a layer that is dead."""

STUMBLE = '''
"""Digits with a softmax before a penalty that applies one, and a layer whose units are never on."""

from torch import nn

import surefoot as sf
from surefoot.tasks import load


def net():
    body = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10), nn.Softmax(dim=1)
    )
    nn.init.constant_(body[3].bias[16:], -20.0)
    return body


def task():
    digits = load("digits")
    return sf.Task(
        model=net, penalty=nn.CrossEntropyLoss(), train=digits.train, validation=digits.validation, name="softmax twice"
    )
'''


def trained(folder: Path) -> Path:
    """Train the runs; return the folder that holds them."""
    (folder / "stumble.py").write_text(STUMBLE)
    for arguments in RUNS:
        command = [sys.executable, "-m", "surefoot.cli", "fit", *arguments, "--runs", "runs"]
        subprocess.run(command, cwd=folder, check=True)
    return folder / "runs"


@contextmanager
def served(runs: Path) -> Iterator[str]:
    """Serve the page over a folder of runs; the address has the token."""
    command = [sys.executable, "-m", "surefoot.cli", "page", "--no-browser", "--port", "0", "--runs", str(runs)]
    nobody = {**os.environ, "SUREFOOT_STUDY": str(runs / "study")}  # whose answers are none of these pictures' business
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=nobody) as server:
        assert server.stdout is not None
        yield server.stdout.readline().removeprefix(TOLD).strip()
        server.terminate()


def browser_of() -> str | None:
    """Return where Chromium is, or None."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def views(runs: Path) -> dict[str, str]:
    """Return the paths of the views."""
    first, second, third, stumbled = sorted(path.parent.name for path in runs.glob("*/meta.json"))
    chosen = "&".join(f"run={name}" for name in (first, second, third))
    text = "text=warmup(5%25)+%3E%3E+cosine()&text=wsd()&text=restarts(cycles=3,+growth=2.0)"
    return {
        "runs": "/",
        "run": f"/run/{first}",
        "found": f"/run/{stumbled}",
        "compare": f"/compare?{chosen}",
        "schedules": f"/schedules?{text}&steps=1000&step_size=0.001",
        "landscapes": "/landscapes",
        "curves": "/curves",
        "around": f"/run/{first}/around",
        "study": "/study",
        "note": "/study/note/momentum-update",
    }


def at(address: str, path: str) -> str:
    """Return the address of a view."""
    return urlunsplit((*urlsplit(address)[:2], *urlsplit(path)[2:]))


def computed(page: Page, address: str, paths: dict[str, str]) -> None:
    """Have the views that compute something do so, and wait until they are done."""
    for name, there in (("curves", "svg.chart"), ("around", "svg.map")):
        page.goto(at(address, paths[name]))
        page.click("#work button.main")
        page.wait_for_selector(there, timeout=180_000)
        page.wait_for_selector("#work:not([data-running]) button.main:not([disabled])", timeout=180_000)


def whole(browser: Browser, address: str, paths: dict[str, str], out: Path) -> None:
    """Take every view in every size, from top to bottom."""
    for size, (width, height) in SIZES.items():
        scheme = "dark" if size == "dark" else "light"
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        page.goto(address)
        for name, path in paths.items():
            page.goto(at(address, path))
            page.wait_for_timeout(900)
            page.screenshot(path=out / f"{name}-{size}.png", full_page=True)
        page.close()


def shown(browser: Browser, address: str, paths: dict[str, str], out: Path) -> None:
    """Take what the README and the guide show: the first screen of each view, or the part that is spoken of."""
    page = browser.new_page(viewport={"width": 1240, "height": 860}, color_scheme="light")
    page.goto(address)
    for name, path in paths.items():
        page.goto(at(address, path))
        page.wait_for_timeout(900)
        if name == "found":
            page.select_option("#which", "dead_share")
            page.wait_for_timeout(300)
            page.locator("#layers").screenshot(path=out / "layers.png")
            page.locator("#findings").screenshot(path=out / "found.png")
        else:
            page.screenshot(path=out / f"{name}.png")
    page.close()
    narrow = browser.new_page(viewport={"width": 400, "height": 860}, color_scheme="dark")
    narrow.goto(address)
    narrow.goto(at(address, paths["run"]))
    narrow.wait_for_timeout(900)
    narrow.screenshot(path=out / "narrow.png")


def main() -> None:
    """Train, serve, take."""
    everything = sys.argv[1:2] == ["--all"]
    out = Path(sys.argv[2]) if everything else PICTURES
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        runs = trained(Path(folder))
        with served(runs) as address, sync_playwright() as player:
            browser = player.chromium.launch(executable_path=browser_of(), args=["--no-sandbox"])
            page = browser.new_page()
            page.goto(address)
            computed(page, address, views(runs))
            (whole if everything else shown)(browser, address, views(runs), out)
            browser.close()


if __name__ == "__main__":
    main()
