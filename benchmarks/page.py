"""How quick and light the page is: `python benchmarks/page.py [--axe AXE.min.js] [--json FILE]`.

First answer after the command, weight of each view, time from a row's commit to its drawing, the opening of a run of a
million points, and what axe-core finds. It needs Chromium; axe-core is given as a file. The machine's load stands
beside the numbers.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from surefoot.page.assets import assets, text_of
from surefoot.records.folder import RunFolder
from surefoot.trace import LAYER_UNITS, Event, Series, Trace

MILLION = 1_000_000


def settings(steps):
    schedule = f"warmup({steps // 20}) >> linear({steps - steps // 20}, to=0.0)"
    return {
        "settings": {"seed": 0, "steps": steps, "rule": "adamw", "step_size": 0.001, "schedule": schedule},
        "versions": {},
    }


def told(steps, rng):
    values = 2.3 * np.exp(-steps / MILLION * 4) + 0.1 + 0.05 * rng.random(len(steps))
    values[rng.random(len(steps)) < 2e-5] *= 5
    checked = Series([int(steps[-1]) + 1], [float(values.mean()) + 0.1])
    return Trace(
        {"penalty": Series(steps, values), "validation_penalty": checked}, (Event(int(steps[-1]) + 1, "best", "best"),)
    )


def made(shelf, name, count, form, piece=10_000):
    """Make a finished run of so many points."""
    rng = np.random.default_rng(0)
    with RunFolder.made(shelf, name, settings(count), form) as folder:
        folder.begin_layers([f"layer.{i}.weight" for i in range(12)], list(LAYER_UNITS))
        for first in range(0, count, piece):
            folder.tell(told(np.arange(first, min(first + piece, count)), rng))
            folder.flush()
        for step in range(min(count, 2000)):
            folder.layers(step, np.abs(rng.standard_normal((12, len(LAYER_UNITS)))) * [1, 10, 0.01, 0, 0.1])
        folder.close(
            {
                "ended": "finished",
                "reason": "all steps were taken",
                "step": count,
                "steps": count,
                "best_step": count,
                "best": {"validation_penalty": 0.2},
                "findings": [],
                "seconds": 1.0,
            }
        )
    return folder.path


class Served:
    """The page in a process of its own."""

    def __init__(self, shelf):
        command = [sys.executable, "-m", "surefoot.cli", "page", "--no-browser", "--port", "0", "--runs", str(shelf)]
        begun = time.perf_counter()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[-1]
        self.root = self.url.split("/?")[0]
        with urllib.request.urlopen(f"{self.root}/") as answer:
            answer.read()
        self.first_answer = time.perf_counter() - begun

    def worked(self):
        """Return the processor's seconds so far, which say on a busy machine what a quiet one would take."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def weight(root, path):
    """Bytes of a view and all that it loads, its data apart: files of our own follow their imports."""
    with urllib.request.urlopen(f"{root}{path}") as answer:
        text = answer.read().decode()
    view = re.sub(r'<script type="application/json".*?</script>', "", text, flags=re.DOTALL)
    names = {*re.findall(r'(?:src|href)="/static/([^"]+)"', view)}
    fresh = {*names}
    while fresh:
        fresh = {
            each
            for name in fresh
            if name.endswith(".js") and "vendor" not in name
            for each in re.findall(r'from "\./([\w.]+)"', text_of(name))
        } - names
        names |= fresh
    return len(view.encode()) + sum(len(assets()[name].content) for name in names), len(text) - len(view)


def first_openings(browser, shelf, runs, count=5):
    """Seconds until a run is drawn that a new server and a new tab never saw, and the server's processor seconds."""
    found = {form: {"seconds": [], "cpu": []} for form in runs}
    for form, path in [*runs.items()] * count:
        with Served(shelf) as served:
            page = browser.new_context().new_page()
            page.goto(served.url)
            before = served.worked()
            found[form]["seconds"].append(round(opened(page, served.root, path.name), 3))
            found[form]["cpu"].append(round(served.worked() - before, 2))
            page.context.close()
    return {form: {name: sorted(each) for name, each in told.items()} for form, told in found.items()}


def opened(page: Page, root, run):
    """Seconds from asking for a run until its first curve is drawn."""
    begun = time.perf_counter()
    page.goto(f"{root}/run/{run}", wait_until="commit")
    page.wait_for_function("() => document.page?.charts.get('penalty')?.drawn")
    return time.perf_counter() - begun


LISTEN = """() => { window.drawn = []; new PerformanceObserver((list) => { for (const each of list.getEntries())
requestAnimationFrame(() => window.drawn.push([each.detail, Date.now()])); }).observe({ entryTypes: ['mark'] }); }"""


def latencies(page: Page, root, folder, rng, count=40):
    """Milliseconds from the commit of a piece to the frame in which it is drawn; pieces come a third of a second apart."""
    page.goto(f"{root}/run/{folder.path.name}")
    page.wait_for_function("() => document.page?.stream?.source?.readyState === 1")
    page.wait_for_timeout(1000)
    page.evaluate(LISTEN)
    committed = {}
    for step in range(count):
        folder.tell(told(np.arange(1000 + step * 5, 1005 + step * 5), rng))
        folder.flush()
        committed[str(folder.told)] = time.time() * 1000
        time.sleep(0.33)
    drawn = {detail.split("@")[0]: at for detail, at in page.evaluate("() => window.drawn")}
    return sorted(at - committed[piece] for piece, at in drawn.items() if piece in committed)


def violations(page: Page, axe: Path):
    """What axe-core finds in a view, worst first; it is put in past the page's own policy, by the debugger."""
    page.evaluate(f"() => {{ {axe.read_text()} }}")
    found = page.evaluate(
        "async () => (await axe.run()).violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.length, first: nodes[0].html.slice(0, 160) }))"
    )
    return sorted(found, key=lambda each: ["critical", "serious", "moderate", "minor"].index(each["impact"]))


def views(names):
    """The paths of all views that are there without anything being begun."""
    return {
        "runs": "/",
        "run": f"/run/{names[0]}",
        "compare": f"/compare?run={names[0]}&run={names[1]}",
        "choose": "/compare",
        "schedules": "/schedules",
        "landscapes": "/landscapes",
        "curves": "/curves",
        "arounds": "/around",
        "around": f"/run/{names[0]}/around",
        "study": "/study",
        "deck": "/study/descent",
        "note": "/study/note/momentum-update",
    }


def axe_of(browser, served, names, axe):
    found = {}
    for scheme, width in (("light", 1280), ("dark", 1280), ("narrow", 400)):
        shade = "dark" if scheme == "dark" else "light"
        page = browser.new_page(color_scheme=shade, viewport={"width": width, "height": 900})
        page.goto(served.url)
        for name, path in views(names).items():
            page.goto(f"{served.root}{path}")
            page.wait_for_timeout(600)
            found[f"{name}, {scheme}"] = violations(page, axe)
        page.close()
    return found


def measured(shelf, axe):
    small = [made(shelf, "small", 600, "sqlite", 50), made(shelf, "other", 900, "jsonl", 50)]
    large = {form: made(shelf, f"million {form}", MILLION, form) for form in ("sqlite", "jsonl")}
    answers, worked = [], []
    for _ in range(5):
        with Served(shelf) as served:
            answers.append(served.first_answer)
            worked.append(served.worked())
    found = {"first_answer_s": [round(each, 3) for each in sorted(answers)], "first_answer_cpu_s": sorted(worked)}
    rng = np.random.default_rng(1)
    with Served(shelf) as served, sync_playwright() as player:
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = player.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-background-networking"]
        )
        found["million_points_first"] = first_openings(browser, shelf, large)
        names = [path.name for path in small]
        for view, path in views(names).items():
            found.setdefault("weight_bytes", {})[view], _ = weight(served.root, path)
        page = browser.new_page()
        page.goto(served.url)
        for form, path in large.items():
            found.setdefault("million_points_s", {})[form] = [
                round(opened(page, served.root, path.name), 3) for _ in range(4)
            ]
            found.setdefault("million_points_data_bytes", {})[form] = weight(served.root, f"/run/{path.name}")[1]
        for form in ("sqlite", "jsonl"):
            with RunFolder.made(shelf, f"live {form}", settings(2000), form) as folder:
                folder.tell(told(np.arange(1000), rng))
                folder.flush()
                each = latencies(page, served.root, folder, rng)
            found.setdefault("latency_ms", {})[form] = {
                "median": round(statistics.median(each), 1),
                "worst": round(each[-1], 1),
                "pieces": len(each),
            }
        if axe:
            found["axe"] = axe_of(browser, served, names, axe)
        browser.close()
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--axe", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as shelf:
        found = {"load": os.getloadavg()[0], "cores": os.cpu_count(), **measured(Path(shelf), given.axe)}
    print(json.dumps(found, indent=1))
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
