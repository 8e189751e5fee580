"""The pages of the rules."""

import inspect
import textwrap

from surefoot.catalogue import Entry
from surefoot.rules import RULES
from surefoot.rules.rule import Rule, no_numbers
from writer import parts
from writer.valley import DEPTH, STEPS, Walk

_EXAMPLE = """
import surefoot as sf
import torch

torch.manual_seed(0)
model = torch.nn.Linear(4, 1)
inputs = torch.randn(64, 4)
target = inputs.sum(dim=1, keepdim=True)
penalty = sf.MeanSquaredError()

optimizer = {use}
for step in range(30):
    optimizer.zero_grad()
    penalty(model(inputs), target).backward()
    optimizer.step()
"""


def page(entry: Entry, walks: list[Walk]) -> str:
    """Return the Markdown of a rule's page."""
    rule = RULES[entry.name]
    written = parts.formulas()["rules"][rule.parsed.name]
    facts = {fact.title: fact for fact in entry.facts}
    return "\n\n".join(
        [
            *parts.head(entry),
            parts.formula([written["mathml"]], entry.formula),
            parts.figure(f"../figures/rules/{entry.name}.svg", _caption(walks)),
            "## Use it",
            parts.python(_EXAMPLE.format(use=entry.use)),
            "## Names and defaults",
            parts.terms(entry),
            *_numbers(rule),
            "## Laws",
            '<ul class="laws">' + "".join(f"<li>{parts.worded(law)}</li>" for law in rule.laws) + "</ul>",
            "## Elsewhere",
            parts.table((), [(key, parts.worded(text)) for key, text in facts["elsewhere"].told], "facts"),
            "## Source",
            parts.worded(rule.source),
            *parts.kin(entry),
        ]
    )


def _caption(walks: list[Walk]) -> str:
    sizes = ", ".join(f"{walk.label} {walk.step_size:.2g}" for walk in walks)
    return (
        f"{STEPS} steps down a valley that is {DEPTH:g} times as steep across as along, from one start, each at its "
        f"best constant step size ({sizes}). Left the paths, right the height above the floor. "
        f"The valley has no noise and two parameters: it shows what a rule does, not how good it is."
    )


def _numbers(rule: Rule) -> list[str]:
    """Return the functions that compute the numbers of a step, as they are."""
    functions = [function for function in (rule.per_step, rule.carry) if function is not no_numbers]
    if not functions:
        return []
    told = "The formula's numbers that depend on how many gradients a parameter has had, computed on the host."
    return ["## Numbers of a step", told, parts.code("\n\n".join(map(_source, functions)))]


def _source(function: object) -> str:
    return textwrap.dedent(inspect.getsource(function))  # type: ignore[arg-type]
