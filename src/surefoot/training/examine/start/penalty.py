"""Whether the penalty before any step is what it should be, and the outputs are undecided."""

import math
from statistics import fmean

from surefoot.diagnose.checks.start import INITIAL_PENALTY, OVERCONFIDENT_OUTPUTS
from surefoot.diagnose.checks.start_model import First, brief, initial_penalty, overconfident
from surefoot.penalties import Distributions, Numbers
from surefoot.training.examine.start.contact import Contact
from surefoot.training.examine.start.outcome import Looked
from surefoot.training.examine.start.references import at_start, chance_level, names, spread_of


def first_of(contact: Contact) -> First | None:
    """Return the first penalty beside its references, or None if none is known."""
    of, found = contact.first.known, contact.samples
    if of is None or not found:
        return None
    numbers = [each for each in found if isinstance(each, Numbers)] if of.facts.key != "poisson" else []
    deviation = math.sqrt(fmean(each.variance for each in numbers)) if numbers else 1.0
    mean = math.sqrt(fmean(each.mean**2 for each in numbers)) if numbers else 0.0
    offset = found[0].entropy if isinstance(found[0], Distributions) else 0.0
    return First(
        contact.value, at_start(of, found), chance_level(of, found), *names(of, contact.first.classes),
        "quantities" if of.kind == "quantities" else "choices", offset, mean, deviation,
    )  # fmt: skip


def looked_at_penalty(contact: Contact, layer: str) -> Looked:
    """Return whether the first penalty is what it should be; layer is the name of the last one with weights."""
    first, code = first_of(contact), INITIAL_PENALTY.code
    if first is None:
        if not math.isfinite(contact.training):
            nowhere = First(contact.training, math.nan, math.nan, "a finite number", "", "choices")
            return Looked(code, initial_penalty(nowhere))
        return Looked(code, skipped=f"there is nothing to compare {contact.value:.4g} with: {contact.misfit}")
    return Looked(
        code, initial_penalty(first, layer), f"penalty {brief(first.value)} before any step, {first.matched()}"
    )


def looked_at_outputs(contact: Contact, layer: str) -> Looked:
    """Return whether the first outputs are undecided; layer is the name of the last one with weights."""
    first, code = first_of(contact), OVERCONFIDENT_OUTPUTS.code
    of, output = contact.first.known, contact.first.output
    if output is None or of is None or first is None:
        return Looked(code, skipped="what the outputs mean is not known")
    if first.kind == "quantities":
        return Looked(code, skipped="the outputs are quantities")
    spread = spread_of(output, of)
    return Looked(code, overconfident(first, spread, layer), f"outputs spread by {spread:.2g}")
