"""Runs to show: made as a training makes them, in either form, finished or going on."""

import numpy as np
from starlette.testclient import TestClient

from surefoot.diagnose import CHECKS, Seen, Where
from surefoot.page.application import application
from surefoot.page.safety import TOKEN, Address
from surefoot.records.folder import RunFolder
from surefoot.trace import LAYER_UNITS, Event, Series, Trace

FORMS = ("sqlite", "jsonl")
SPIKE = 137
"""The step of the one that stands out."""


def penalties(steps):
    """A curve that falls, with one spike."""
    values = 2.3 * np.exp(-np.asarray(steps) / 150.0) + 0.1
    return np.where(np.asarray(steps) == SPIKE, 40.0, values)


def begun(shelf, name="digits", steps=400, form="sqlite", layers=True, **settings):
    """A run that goes on: its folder, open, with a schedule and its layers laid out."""
    told = {
        "seed": 0,
        "steps": steps,
        "rule": "adamw",
        "step_size": 0.01,
        "schedule": f"warmup({steps // 10}) >> linear(to=0.0)",
        "end": None,
    }
    folder = RunFolder.made(shelf, name, {"settings": {**told, **settings}, "versions": {"surefoot": "0"}}, form)
    if layers:
        folder.begin_layers(["body.2.weight", "body.10.weight"], list(LAYER_UNITS))
    return folder


def go_on(folder, first, end, layers=True):
    """Take some steps and look at the validation penalty after them."""
    steps = np.arange(first, end)
    series = {"penalty": Series(steps, penalties(steps)), "step_size": Series(steps, np.full(len(steps), 0.01))}
    checked = {
        "validation_penalty": Series([end], penalties([end]) + 0.1),
        "accuracy": Series([end], [min(end / 500, 1.0)]),
    }
    folder.tell(Trace({**series, **checked}, (Event(end, "best", "the best so far"),)))
    for step in steps if layers else ():
        late = np.nan if step == SPIKE else 20.0
        folder.layers(int(step), [[3.0, 10.0, 0.1, 0.0, 0.25], [4.0, late, 0.2, 0.0, 1.0]])
    folder.flush()


def finding():
    """A finding, as a run's end tells it."""
    check = CHECKS["softmax-twice"]
    return check.finding(
        "Softmax <b>twice</b>.", "nn.Linear(8, 3)", [Seen("sum of each row", 1.0, "anything")], Where(3, ("body.2",))
    ).to_json()


def ended(folder, steps, kind="finished", **more):
    """Close a run."""
    told = {
        "ended": kind,
        "reason": f"all {steps} steps were taken",
        "step": steps,
        "steps": steps,
        "best_step": steps,
        "best": {"validation_penalty": 0.25, "accuracy": 0.75},
        "seconds": 1.5,
        "findings": [],
        "search": None,
        "average": None,
    }
    folder.close({**told, **more})


def finished(shelf, name="digits", steps=400, form="sqlite", **more):
    """A run that has finished; returns its folder."""
    settings = more.pop("settings", {})
    with begun(shelf, name, steps, form, **settings) as folder:
        for first in range(0, steps, 100):
            go_on(folder, first, min(first + 100, steps))
        ended(folder, steps, **more)
    return folder.path


def client(shelf, *, token=True, **given):
    """Ask the page as a browser on this machine does, with the token or without."""
    address = Address(token="secret", **given)
    headers = {TOKEN: "secret"} if token else {}
    return TestClient(
        application(shelf, address),
        base_url=f"http://{address.host}:{address.port}",
        headers=headers,
        follow_redirects=False,
    )
