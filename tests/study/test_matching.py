"""Laws of Matching: twelve tiles, six pairs, a second for a wrong pair."""

import pytest
from study.small import small_deck, small_note

from surefoot.errors import InvalidValue
from surefoot.study.deck import Deck, decks
from surefoot.study.matching import LONGEST, Matching, meaning_of
from surefoot.study.note import Note


def game(count=9, **more):
    return Matching(small_deck(count), 1, 0, begun=100.0, **more)


def halves(state, note):
    return [place for place, tile in enumerate(state.tiles) if tile.note == note and state.lies(place)]


def played(state, now=130.0):
    for note in state.notes:
        one, other = halves(state, note)
        state.choose(one, 1.7e9, now)
        told = state.choose(other, 1.7e9, now)
    return told


def test_six_pairs_are_twelve_tiles_of_six_notes():
    state = game()
    assert (len(state.tiles), state.left, len(state.notes)) == (12, 6, 6)
    assert {len(halves(state, note)) for note in state.notes} == {2}


def test_the_same_seed_lays_the_same_tiles():
    assert game().tiles == game().tiles
    assert Matching(small_deck(9), 1, 1, begun=0.0).tiles != game().tiles


def test_a_pair_that_belongs_together_is_taken_away():
    state = game()
    one, other = halves(state, next(iter(state.notes)))
    assert state.choose(one, 1.7e9, 101.0).chosen == one
    told = state.choose(other, 1.7e9, 103.0)
    assert (told.right, told.chosen, state.left) == (True, None, 5)
    assert not state.lies(one)
    answered = told.outcome.answered
    assert (answered.form, answered.mode, answered.right, answered.rating) == ("pair", "matching", True, None)
    assert answered.seconds == 3.0
    again, match = halves(state, list(state.notes)[1])
    state.choose(again, 1.7e9, 103.5)
    assert state.choose(match, 1.7e9, 105.0).outcome.answered.seconds == 2.0, "since the pair before"
    with pytest.raises(InvalidValue, match="no tile lies"):
        state.choose(one, 1.7e9, 104.0)


def test_a_wrong_pair_stays_and_costs_a_second():
    state = game()
    first, second = list(state.notes)[:2]
    term = next(place for place in halves(state, first) if state.tiles[place].side == "term")
    meaning = next(place for place in halves(state, second) if state.tiles[place].side == "meaning")
    state.choose(meaning, 1.7e9, 101.0)
    told = state.choose(term, 1.7e9, 101.0)
    assert (told.right, told.tried, state.left, state.wrong) == (False, (meaning, term), 6, 1)
    assert told.outcome.answered.card == f"{first}/forward"
    assert not told.outcome.answered.right
    assert state.time(110.0) == 11.0
    assert played(state).time == 31.0


def test_the_same_tile_again_lets_it_go_and_another_of_its_side_takes_its_place():
    state = game()
    terms = [place for place, tile in enumerate(state.tiles) if tile.side == "term"]
    assert state.choose(terms[0], 1.7e9, 101.0).chosen == terms[0]
    assert state.choose(terms[1], 1.7e9, 101.0).chosen == terms[1]
    assert state.choose(terms[1], 1.7e9, 101.0).chosen is None
    assert state.wrong == 0


def test_its_time_is_told_at_its_end_or_never():
    assert played(game()).time == 30.0
    assert played(game(timed=False)).time is None


def test_a_small_deck_has_fewer_pairs_and_one_note_makes_no_game():
    assert game(3).left == 3
    assert game(9, pairs=4).left == 4
    with pytest.raises(InvalidValue, match="has 1 notes; a game needs at least 2"):
        game(1)
    with pytest.raises(InvalidValue, match="there are 0 pairs"):
        game(pairs=0)


def test_notes_that_cannot_be_told_apart_are_never_in_one_game():
    twin = Note("twin", "own", "term N0", "What?", "Something else.", "-")
    echo = Note("echo", "own", "Echo", "What?", small_note("n1").says, "-")
    deck = Deck("twins", "Twins", (*small_deck(3).notes, twin, echo))
    for seed in range(20):
        notes = set(Matching(deck, 1, seed, begun=0.0).notes)
        assert not {"twin", "n0"} <= notes
        assert not {"echo", "n1"} <= notes


@pytest.mark.parametrize("deck", decks(), ids=lambda deck: deck.id)
def test_tiles_of_every_deck_fit(deck):
    texts = [meaning_of(note) for note in deck.notes]
    assert all(0 < len(text) <= LONGEST + 2 for text in texts)
