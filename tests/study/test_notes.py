"""Laws of the notes that come along: each is whole, each has its source, and every number and formula is checked."""

import pytest
from study.facts import NAMES, shown, unchecked

from surefoot.catalogue import entries, find
from surefoot.diagnose import CHECKS
from surefoot.study.card import cards_of
from surefoot.study.library import FILES, notes
from surefoot.study.note import TOPICS

NOTES = {note.id: note for note in notes()}
WRITTEN = [note for note in notes() if "." not in note.id]


def test_every_entry_of_the_catalogue_has_a_note():
    assert {note.entry for note in notes()} >= {f"{entry.kind}:{entry.name}" for entry in entries()}


def test_ids_differ_and_every_topic_has_notes():
    assert len(NOTES) == len(notes())
    assert {note.topic for note in notes()} == {*TOPICS} - {"own"}
    assert len(FILES) == len(TOPICS) - 1


@pytest.mark.parametrize("note", notes(), ids=lambda note: note.id)
def test_a_note_has_its_source_and_two_kinds_of_card(note):
    assert len(note.source) > 10
    assert len({card.kind for card in cards_of(note)}) >= 2
    assert {*note.explains} <= {*CHECKS}


@pytest.mark.parametrize("note", WRITTEN, ids=lambda note: note.id)
def test_every_fact_of_a_note_holds(note):
    for text, expression in note.facts:
        assert shown(text, eval(expression, {**NAMES})), f"{text}: {expression}"  # our own files


@pytest.mark.parametrize("note", WRITTEN, ids=lambda note: note.id)
def test_no_number_or_formula_of_a_note_is_without_a_check(note):
    assert unchecked(note) == []


@pytest.mark.parametrize("note", WRITTEN, ids=lambda note: note.id)
def test_the_formula_of_a_note_that_has_an_entry_is_the_entrys(note):
    if note.entry:
        assert note.formula == find(note.entry).formula
