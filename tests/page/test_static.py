"""Laws of the files that pages load: they are what they are said to be, few, and from here."""

import os
import re
import subprocess
import sys
import tomllib
from hashlib import sha256

from page.shelves import client, finished

from surefoot.page.assets import FOLDER, assets, text_of
from surefoot.page.exporting import MODULES

MOST = 200_000
"""Bytes of a view with all that it loads, but for the run's own data."""


def vendored():
    return tomllib.loads((FOLDER / "vendor/VENDOR.toml").read_text())["file"]


def test_what_others_made_is_unchanged():
    for each in vendored():
        assert sha256((FOLDER / "vendor" / each["path"]).read_bytes()).hexdigest() == each["sha256"], each["path"]
        assert each["name"]
        assert each["version"]
        assert each["licence"]
    there = {path.name for path in (FOLDER / "vendor").iterdir()} - {"VENDOR.toml"}
    assert there == {each["path"] for each in vendored()}


def test_our_own_files_name_no_other_host():
    for name in assets():
        if not name.startswith("vendor/") and not name.endswith(".svg"):
            assert (
                re.findall(
                    r"""(?:https?:)?//[\w-]+\.\w""",
                    re.sub(r"(?m)^\s*//.*$|http://www.w3.org/2000/svg", "", text_of(name)),
                )
                == []
            ), name


def modules(name, found=()):
    """A module and all that it imports."""
    found = [*found, name]
    for other in re.findall(r'^import .* from "\./([\w.]+)";$', text_of(name), re.MULTILINE):
        found = found if other in found else modules(other, found)
    return found


def test_a_runs_script_is_bundled_whole_and_in_order():
    assert {*MODULES} == {*modules("run.js")}
    for place, name in enumerate(MODULES):
        assert {*modules(name)} - {name} <= {*MODULES[:place]}


def test_no_two_bundled_modules_have_the_same_name_at_their_top():
    names = [
        found
        for name in MODULES
        for found in re.findall(
            r"^(?:export )?(?:async )?(?:function|class|const|let) (\w+)", text_of(name), re.MULTILINE
        )
    ]
    assert len(names) == len({*names}), sorted(names)


def test_a_view_is_light(tmp_path, monkeypatch):
    monkeypatch.setenv("SUREFOOT_STUDY", str(tmp_path / "study"))
    path = finished(tmp_path)
    asked = client(tmp_path)
    study = ("/study", "/study/all-rules", "/study/note/momentum-update", "/study/schedules/test")
    runs = ("/", f"/run/{path.name}", f"/compare?run={path.name}&run={path.name}")
    for view in (*runs, "/schedules", "/landscapes", *study):
        text = re.sub(r'<script type="application/json".*?</script>', "", asked.get(view).text, flags=re.DOTALL)
        loaded = re.findall(r'(?:src|href)="/static/([^"]+)"', text)
        every = {*loaded}.union(*(modules(name) for name in loaded if name.endswith(".js") and "vendor" not in name))
        weight = len(text.encode()) + sum(len(assets()[name].content) for name in every)
        assert weight < MOST, (view, weight)


def test_figures_in_files_have_the_pages_light_colours():
    light = dict(re.findall(r"(--[\w-]+): (#\w{6});", re.search(r":root \{(.*?)\}", text_of("page.css"), re.DOTALL)[1]))
    own = dict(re.findall(r"(--[\w-]+): (#\w{6});", text_of("figure.css")))
    assert own == {name: light[name] for name in own}
    used = {*re.findall(r"var\((--[\w-]+)\)", text_of("figure.css"))}
    assert used == {*own}


PROGRAM = """
import sys
from pathlib import Path
from starlette.testclient import TestClient
from surefoot.page.application import application
from surefoot.page.safety import Address
import surefoot.cli
shelf = Path(sys.argv[1])
run = next(shelf.iterdir()).name
address = Address()
asked = TestClient(application(shelf, address), base_url="http://127.0.0.1:8000")
for path in ["/", f"/run/{run}", f"/run/{run}/story", f"/run/{run}/page.html", f"/run/{run}/penalty.svg", "/schedules.svg", f"/compare/penalty.svg?run={run}", f"/compare?run={run}&run={run}", "/schedules", "/study", "/study/descent", "/study/note/momentum", "/study/note/cosine-decay"]:
    assert asked.get(path).status_code == 200, path
owner = {"x-surefoot-token": address.token}
for mode in ["learn", "test", "matching", "spaced"]:
    where = asked.post(f"/study/schedules/{mode}", headers=owner).json()["where"]
    for turn, act in enumerate(["turn", "grade"] if mode == "spaced" else ["choose" if mode == "matching" else "answer"]):
        assert asked.post(where, data={"turn": turn, "act": act, "text": "1"}, headers=owner).status_code == 200
print(sorted({"torch", "numba", "matplotlib"} & {*sys.modules}))
"""


def test_the_page_never_loads_torch(tmp_path):
    finished(tmp_path)
    environment = {**os.environ, "SUREFOOT_STUDY": str(tmp_path.with_name(f"{tmp_path.name}-study"))}
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert told.stdout.strip() == "[]"
