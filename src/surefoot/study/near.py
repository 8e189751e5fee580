"""Notes near a note: whose answers may stand beside its own as wrong ones, and never are right too."""

from collections.abc import Callable, Sequence
from random import Random

from surefoot.catalogue import find
from surefoot.study.library import notes
from surefoot.study.note import Note
from surefoot.study.words import words_of

AMONG = 9
"""Nearest notes from which wrong answers are drawn."""

TELLING = 4
"""Letters from which on a word that two titles share tells that they are about one thing."""


def others_of(
    note: Note, pool: Sequence[Note], text: Callable[[Note], str], drawn: Random, count: int = 3
) -> list[str]:
    """Return texts of other notes, none of which is right for this one, nearest ones of like length preferred.

    Args:
        note: whose answer is right.
        pool: the notes of its deck; those that come along are taken where these are too few.
        text: what of a note is the answer.
        drawn: chooses.
        count: how many.
    """
    right, found = words_of(text(note)), dict[tuple[str, ...], str]()
    of_catalogue = _of_catalogue(note)
    for strict in (not of_catalogue, False):  # notes on the same thing only where there is nothing else
        if len(found) == count:
            break
        every = [each for each in (*pool, *notes()) if _other(note, each, strict=strict)]
        every.sort(key=lambda each: _distance(note, each, text))
        most = 2 * count if of_catalogue else max(AMONG, 3 * count)
        nearest = list(dict.fromkeys(map(text, every)))[:most]
        for each in drawn.sample(nearest, len(nearest)):
            if words_of(each) != right and len(found) < count:
                found.setdefault(words_of(each), each)
    return list(found.values())


def _other(note: Note, other: Note, *, strict: bool) -> bool:
    """Whether another note's answers are wrong for this one."""
    if other.id == note.id or same_answer(note, other) or (note.entry and note.entry == other.entry):
        return False
    return not (strict and _terms(note) & _terms(other))


def same_answer(note: Note, other: Note) -> bool:
    """Return whether two notes ask or say the same, or have a name in common."""
    if words_of(note.says) == words_of(other.says) or words_of(note.asks) == words_of(other.asks):
        return True
    return bool(
        {words_of(name) for name in (note.title, *note.also)} & {words_of(n) for n in (other.title, *other.also)}
    )


def _terms(note: Note) -> set[str]:
    return {word for name in (note.title, *note.also) for word in words_of(name) if len(word) >= TELLING}


def _distance(note: Note, other: Note, text: Callable[[Note], str]) -> tuple[bool, bool, bool, int, bool, int]:
    """Return how far another note is: of the catalogue's own, those of one kind with the same words come first.

    Without them the one answer that shares a word with its question would be the right one.
    """
    read_off = _of_catalogue(note)
    shared, kin = 0, True
    if read_off:
        shared = len(_terms(note) & {*_terms(other), *words_of(text(other))})
        kin = other.entry.partition(":")[2] in find(note.entry).kin
    kind = read_off and other.entry.partition(":")[0] != note.entry.partition(":")[0]
    apart = abs(len(text(other)) - len(text(note)))
    return kind, _of_catalogue(other) != read_off, other.topic != note.topic, -shared, not kin, apart


def _of_catalogue(note: Note) -> bool:
    """Whether a note is read off an entry; an id of one's own deck may hold a dot too."""
    return bool(note.entry) and note.id == note.entry.replace(":", ".", 1)
