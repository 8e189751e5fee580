"""The card: everything that is known of the headline, a line of the rest, never wider than a terminal."""

from surefoot.diagnose import CHECKS, Diagnosis, Seen, Where, card
from surefoot.diagnose.card import WIDTH, block

HEAD = CHECKS["softmax-twice"].finding(
    "Softmax is applied before cross-entropy, which applies it again. " * 4,
    "first line\nsecond line",
    [Seen("before log_softmax in the graph", "softmax", "the last layer")],
    Where(3, tuple(f"a.layer.with.quite.a.long.name.{index}" for index in range(9))),
)
NOTE = CHECKS["decay-on-norms-and-biases"].finding("Weight decay 0.1 also shrinks 2 biases.", "leave them out")


def test_a_sound_run_is_one_line():
    assert card(Diagnosis(), "3 steps") == "Nothing wrong found in 3 steps."
    assert card(Diagnosis()) == "Nothing wrong found."


def test_the_headline_shows_claim_values_place_change_disproof_and_how_to_dismiss_it():
    text = card(Diagnosis(HEAD, symptoms=(NOTE,), others=(HEAD,), notes=(NOTE,)))
    for part in (
        "FAULT softmax-twice (certain)",
        "seen:     before log_softmax in the graph: softmax, expected the last layer",
        "where:    step 3, a.layer.with.quite.a.long.name.0",
        "change:   first line\n            second line",
        "disproof: The output has no softmax, or the penalty none.",
        "dismiss:  sf.Doctor(..., dismiss=['softmax-twice'])",
        "What follows from it:\n  - decay-on-norms-and-biases: Weight decay 0.1 also shrinks 2 biases.",
        "Also wrong:\n  - softmax-twice",
        "True, and perhaps meant:",
    ):
        assert part in text


def test_no_line_is_wider_than_a_terminal():
    text = card(Diagnosis(HEAD, others=(HEAD,), notes=(NOTE,)))
    assert max(map(len, text.splitlines())) <= WIDTH


def test_what_is_not_known_has_no_line():
    assert not [line for line in block(NOTE) if "where:" in line or "seen:" in line]
