"""The pages of the schedules, and their figures."""

import math

import numpy as np

from surefoot.catalogue import Entry
from surefoot.feedback import Memory, Plateau
from surefoot.schedules import parse
from surefoot.training.figure import BLUE, ORANGE
from surefoot.training.schedule_figure import schedule_figure
from writer import parts
from writer.drawing import Figure, axes_of, new_figure

STEPS = 1000
CHECKS = 100
_EXAMPLE = """
import surefoot as sf
import torch

schedule = {use}.over(steps=1000)
schedule(0), schedule(500), schedule(999)  # factors of the peak step size

model = torch.nn.Linear(4, 1)
optimizer = sf.AdamW(model.parameters(), step_size=3e-3, schedule=schedule)
"""
_PLATEAU = """
import surefoot as sf
import torch

model = torch.nn.Linear(4, 1)
optimizer = sf.AdamW(model.parameters(), step_size=3e-3, feedback={use})
for check in range(12):
    optimizer.feedback.observe(1.0)  # the validation penalty of each check: it stands still, so the step size is cut
optimizer.step_sizes
"""


def page(entry: Entry) -> str:
    """Return the Markdown of a schedule's page."""
    typeset = parts.formulas()["schedules"].get(entry.name)
    example = _EXAMPLE if entry.settings else _PLATEAU
    return "\n\n".join(
        [
            *parts.head(entry),
            parts.formula([typeset["mathml"]] if typeset else [], entry.formula),
            parts.figure(f"../figures/schedules/{entry.name}.svg", _caption(entry)),
            "## Use it",
            parts.python(example.format(use=f"({entry.use})" if ">>" in entry.use else entry.use)),
            *_in_terminal(entry),
            "## Names and defaults",
            parts.terms(entry),
            "## More",
            parts.facts(entry.facts),
            *parts.kin(entry),
        ]
    )


def draw(entry: Entry) -> Figure:
    """Draw what a schedule can do over a run."""
    if not entry.settings:
        return _plateau()
    return schedule_figure([parse(text).over(steps=STEPS) for text in entry.settings], steps=STEPS)


def _caption(entry: Entry) -> str:
    if not entry.settings:
        return (
            "A validation penalty that stops falling, made up: it sinks towards a floor that the step size sets. "
            "Each plateau is cut, the floor falls with the step size, and the penalty goes on sinking."
        )
    texts = ", ".join(f"<code>{text.replace('>', '&gt;')}</code>" for text in entry.settings)
    return f"Over a run of {STEPS} steps: {texts}."


def _in_terminal(entry: Entry) -> list[str]:
    if not entry.settings:
        return []
    return ["In a terminal:", f'```text\nsurefoot schedule "{entry.settings[0]}" --steps {STEPS}\n```']


def _plateau() -> Figure:
    rule = Plateau(patience=8, rest=2)
    memory, value, values, multipliers = rule.start, 1.0, [], []
    for check in range(CHECKS):
        floor = 0.08 + 0.4 * memory.multiplier
        value = floor + (value - floor) * 0.85
        memory = rule.after(memory, value * (1.0 + 0.02 * math.sin(2.4 * check)))
        values.append(value * (1.0 + 0.02 * math.sin(2.4 * check)))
        multipliers.append(memory.multiplier)
    return _two_panels(np.array(values), np.array(multipliers), memory)


def _two_panels(values: np.ndarray, multipliers: np.ndarray, memory: Memory) -> Figure:
    figure = new_figure(7.2, 3.2)
    left, right = axes_of(figure, 2)
    for axes, shown, ink, title in (
        (left, values, BLUE, "validation penalty"),
        (right, multipliers, ORANGE, "multiplier"),
    ):
        axes.plot(shown, color=ink, linewidth=1.6, drawstyle="default" if ink == BLUE else "steps-post")
        axes.set(ylim=(0, None), xlim=(0, CHECKS), xlabel="check", ylabel=title)
        axes.grid(axis="y", color="#E6E6E6", linewidth=0.8)
        for cut in np.flatnonzero(np.diff(multipliers)) + 1:
            axes.axvline(cut, color="#9AA2AB", linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    right.set_title(f"{memory.cuts} cuts", loc="right", fontsize=9)
    return figure
