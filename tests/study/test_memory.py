"""Laws of the learner's memory: what was told is there, whatever dies, and nothing is ever deleted."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hostility import assert_one_sentence, damaged, fuzzed
from hypothesis import given
from hypothesis import strategies as st

from surefoot.errors import InvalidValue
from surefoot.study.answered import Answered
from surefoot.study.deck import Deck, deck_of
from surefoot.study.library import notes
from surefoot.study.log import LATEST, Log, Session
from surefoot.study.memory import Memory
from surefoot.study.memory_file import VARIABLE, VERSION
from surefoot.study.note import Note

NOTE = Note("own.ring", "own", "Ring", "What is a ring?", "A set.", "a book", also=("a", "b"))
OWN = Deck("algebra", "Algebra", (NOTE, notes()[0]), own=True)


@pytest.fixture
def memory(tmp_path):
    with Memory(tmp_path / "deep" / "study.sqlite") as made:
        yield made


def an_answer(session, card="momentum/forward", at=1.7e9, right=True, rating=3, text="né ✓"):
    return Answered(card, at, "spaced", "turn", right, rating, text, 2.5, session)


def filled(file):
    """A memory with two sessions, five answers of which one was taken back, a time, and a deck."""
    with Memory(file) as memory:
        first, second = memory.begin("spaced", "descent", at=1.7e9), memory.begin("matching", "descent", at=1.8e9)
        for at in range(4):
            memory.answer(an_answer(first, at=1.7e9 + at, right=at % 2 == 0))
        memory.undo()
        memory.answer(an_answer(second, "adam/forward", 1.8e9))
        memory.keep_time(second, 31.5)
        memory.end(first, at=1.7e9 + 9)
        memory.keep(OWN)
    return file


def test_what_was_told_is_returned_as_it_was(memory):
    number = memory.begin("spaced", "descent")
    told = [an_answer(number, at=1.7e9 + at / 3, rating=rating) for at, rating in enumerate((1, 2, 3, 4, None))]
    for answered in told:
        memory.answer(answered)
    assert memory.answers() == told
    assert memory.answers(["adam/forward"]) == memory.answers([]) == []
    with Memory(memory.file) as again:
        assert again.answers(["momentum/forward", "other"]) == told


def test_answers_come_by_their_time_and_then_as_they_were_told(memory):
    number = memory.begin("spaced", "descent")
    for card, at in (("late", 9.0), ("one", 5.0), ("two", 5.0)):
        memory.answer(an_answer(number, card, at))
    assert [answered.card for answered in memory.answers()] == ["one", "two", "late"]


def test_undo_takes_the_last_back_and_so_on_and_deletes_nothing(memory):
    number = memory.begin("spaced", "descent")
    told = [an_answer(number, f"card {at}", 1.7e9 + at) for at in range(3)]
    for answered in told:
        memory.answer(answered)
    assert [memory.undo(), memory.undo()] == [told[2], told[1]]
    assert memory.answers() == told[:1]
    memory.answer(told[2])
    assert [memory.undo(), memory.undo(), memory.undo()] == [told[2], told[0], None]
    assert [each.undone is not None for each in memory.log().answers] == [True] * 4


def test_undo_of_one_session_leaves_another_alone(memory):
    one, other = memory.begin("spaced", "descent"), memory.begin("learn", "adaptive")
    memory.answer(an_answer(one, "mine"))
    memory.answer(an_answer(other, "yours"))
    assert memory.undo(one).card == "mine"
    assert memory.undo(one) is None
    assert [answered.card for answered in memory.answers()] == ["yours"]


@pytest.mark.parametrize("order", ["UPDATE {} SET rowid = 9", "DELETE FROM {}"])
@pytest.mark.parametrize("table", ["session", "ended", "answer", "undone", "time", "deck"])
def test_the_file_itself_refuses_to_change_or_delete_a_row(tmp_path, table, order):
    with closing(sqlite3.connect(filled(tmp_path / "study.sqlite"))) as database:
        assert database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        with pytest.raises(sqlite3.IntegrityError, match="only ever appended"):
            database.execute(order.format(table))


def test_an_answer_is_on_the_disk_and_not_only_in_the_systems_memory(memory):
    assert memory._database.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    assert memory._database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_session_is_reckoned_from_its_answers_and_one_without_any_is_none(memory):
    memory.begin("learn", "descent")
    number = memory.begin("spaced", "descent", at=1.7e9)
    for right in (True, False, True, False):
        memory.answer(an_answer(number, right=right))
    memory.undo()
    assert memory.sessions() == [Session(number, "spaced", "descent", 1.7e9, None, 3, 2, 7.5)]
    memory.end(number, at=1.7e9 + 60)
    memory.end(number, at=1.7e9 + 90)
    assert memory.sessions()[0].ended == 1.7e9 + 60


def test_best_times_are_of_their_deck_and_the_best_first(memory):
    one, other = memory.begin("matching", "descent"), memory.begin("matching", "adaptive")
    for session, seconds in ((one, 40.0), (one, 31.5), (other, 12.0), (one, 35.25)):
        memory.keep_time(session, seconds)
    assert memory.best_times("descent", most=2) == [31.5, 35.25]
    assert memory.best_times("stopping") == []


def test_a_deck_of_ones_own_is_kept_replaced_and_forgotten(memory):
    memory.keep(OWN)
    assert memory.own() == (OWN,)
    memory.keep(replace(OWN, title="Rings", notes=(NOTE,)))
    assert [(deck.title, deck.notes) for deck in memory.own()] == [("Rings", (NOTE,))]
    memory.forget("algebra")
    assert memory.own() == ()
    with pytest.raises(InvalidValue, match="there is no deck of your own called 'algebra'; there are none"):
        memory.forget("algebra")


@pytest.mark.parametrize(
    ("deck", "words"),
    [
        (deck_of("descent"), "descent comes along and cannot be changed"),
        (Deck("x", "X", ()), "it has no notes"),
        (Deck("x", "X", (NOTE, NOTE)), "the id 'own.ring' stands twice"),
        (Deck("x", "X", (replace(NOTE, demo="https://elsewhere"),)), "demo must be an address on the page"),
        (Deck("x", "X", (replace(NOTE, demo="//elsewhere"),)), "demo must be an address on the page"),
        (Deck("x", "X", (replace(NOTE, why="\x1b[2J"),)), "why is not printable"),
        (Deck("", "X", (NOTE,)), "an id and a title"),
    ],
)
def test_a_deck_that_cannot_be_kept_is_refused(memory, deck, words):
    with pytest.raises(InvalidValue, match=words):
        memory.keep(deck)
    assert memory.own() == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"session": 7}, "there is no session 7; begin one first"),
        ({"session": 2**70}, "session is a int; it must be a whole number"),
        ({"at": float("nan")}, "at is nan; it must be seconds since 1970"),
        ({"at": LATEST}, "before the year 2200"),
        ({"seconds": -1.0, "text": None, "right": 3}, "seconds is -1.0.* right is a int"),
        ({"card": None}, "card is None; it must be a text"),
    ],
)
def test_an_answer_that_is_none_is_refused_and_the_next_is_taken(memory, changes, words):
    number = memory.begin("spaced", "descent")
    with pytest.raises(InvalidValue, match=words):
        memory.answer(replace(an_answer(number), **changes))
    memory.answer(an_answer(number))
    assert len(memory.answers()) == 1


def test_half_a_letter_from_a_terminal_loses_no_answer(memory):
    memory.answer(an_answer(memory.begin("spaced", "descent"), text="caf\udce9"))
    assert memory.answers()[0].text == "caf\\udce9"


def test_the_folder_is_the_one_that_the_environment_names(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine"))
    with Memory() as memory:
        assert memory.file == tmp_path / "mine" / "study.sqlite"
        assert memory.file.exists()


def test_a_newer_file_another_programs_and_no_database_are_refused_and_left_alone(tmp_path):
    newer, other, text = filled(tmp_path / "newer"), tmp_path / "other", tmp_path / "text"
    with closing(sqlite3.connect(newer)) as database:
        database.execute(f"PRAGMA user_version={VERSION + 1}")
    with closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE mine (x)")
    text.write_text("Dear diary, " * 200)
    words = {newer: "written by a newer surefoot: its version is 2 and this one reads 1; update",
             other: "another program's database", text: "it is no database", tmp_path: "cannot be opened"}  # fmt: skip
    for file, said in words.items():
        before = file.read_bytes() if file.is_file() else b""
        with pytest.raises(InvalidValue, match=said) as caught:
            Memory(file)
        assert_one_sentence(str(caught.value))
        assert not file.is_file() or file.read_bytes() == before


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    file = filled(tmp_path_factory.mktemp("good") / "study.sqlite")
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode=DELETE")
    return file.read_bytes()


@fuzzed
@given(data=st.data())
def test_a_damaged_file_is_used_or_refused_in_one_sentence(good, data):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "study.sqlite"
        file.write_bytes(data.draw(damaged([good]) | st.binary(max_size=200)))
        try:
            with Memory(file) as memory:
                memory.answers(), memory.sessions(), memory.own(), memory.best_times("descent"), memory.log()
                memory.answer(an_answer(memory.begin("spaced", "descent")))
                memory.undo()
        except InvalidValue as error:
            assert_one_sentence(str(error))


ANSWERING = """
import sys
from pathlib import Path
from surefoot.study.answered import Answered
from surefoot.study.memory import Memory

file, name, most = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
memory = Memory(file)
session = memory.begin("spaced", "descent", at=1.7e9)
for at in range(most):
    memory.answer(Answered(f"{name}/{at}", 1.7e9 + at, "spaced", "turn", True, 3, "", 1.0, session))
    print(at, flush=True)
"""


def answering(file, name, most):
    command = [sys.executable, "-c", ANSWERING, str(file), name, str(most)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL on this system")
@pytest.mark.parametrize("seed", range(3))
def test_every_answer_that_was_told_survives_a_kill(tmp_path, seed):
    file = tmp_path / "study.sqlite"
    child = answering(file, "card", 10**9)
    told = [int(child.stdout.readline()) for _ in range(random.Random(seed).randrange(1, 60))]
    child.send_signal(signal.SIGKILL)
    told += [int(line) for line in child.communicate()[0].splitlines(keepends=True) if line.endswith("\n")]
    with Memory(file) as memory:
        cards = [answered.card for answered in memory.answers()]
        assert len(told) <= len(cards) <= len(told) + 1  # the one being given may be there
        assert cards == [f"card/{at}" for at in range(len(cards))]
        assert memory.sessions()[0].answers == len(cards)
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_processes_that_begin_and_answer_at_once_lose_nothing(tmp_path):
    file = tmp_path / "study.sqlite"
    children = [answering(file, name, 40) for name in ("a", "b", "c")]
    assert [child.communicate()[0].split()[-1] for child in children] == ["39"] * 3
    with Memory(file) as memory:
        assert sorted(answered.card for answered in memory.answers()) == sorted(
            f"{n}/{at}" for n in "abc" for at in range(40)
        )
        assert [(session.answers, session.right) for session in memory.sessions()] == [(40, 40)] * 3


def whole(memory):
    """All that a memory holds, whatever the numbers of its sessions and the order of rows."""
    log = memory.log()
    about = {each.id: (each.mode, each.deck, each.begun, each.ended) for each in log.sessions}
    answers = [
        (str(replace(each.answered, session=0)), about[each.answered.session], each.undone is None)
        for each in log.answers
    ]
    times = [(about[time.session], time.seconds) for time in log.times]
    return sorted(about.values(), key=str), sorted(answers, key=str), sorted(times, key=str)


def test_taking_a_log_twice_or_ones_own_changes_nothing(tmp_path):
    with Memory(filled(tmp_path / "one")) as one, Memory(tmp_path / "other") as other:
        assert (other.take(one.log()), other.take(one.log()), one.take(one.log())) == (5, 0, 0)
        assert whole(other) == whole(one)
        assert other.answers() == one.answers()


def test_two_logs_become_the_same_one_whichever_is_taken_first(tmp_path):
    with Memory(filled(tmp_path / "a")) as a, Memory(filled(tmp_path / "b")) as b:
        b.answer(an_answer(b.begin("test", "adaptive", at=1.75e9), "adam/reverse", 1.75e9))
        a.undo()
        a.keep_time(2, 28.0)
        logs = a.log(), b.log()
    with Memory(tmp_path / "ab") as ab, Memory(tmp_path / "ba") as ba:
        assert [ab.take(log) for log in logs] == [5, 1]
        assert [ba.take(log) for log in logs[::-1]] == [6, 0]
        assert whole(ab) == whole(ba)
        assert [answered.at for answered in ab.answers()] == [1.7e9, 1.7e9 + 1, 1.7e9 + 2, 1.75e9]
        assert ab.best_times("descent") == [28.0, 31.5]


def test_a_log_with_a_fault_is_refused_whole(memory):
    number = memory.begin("spaced", "descent")
    memory.answer(an_answer(number))
    log = memory.log()
    with pytest.raises(InvalidValue, match="session 1 is not among its sessions"):
        memory.take(Log((), log.answers, ()))
    with pytest.raises(InvalidValue, match="mode 'play'"):
        memory.take(Log((replace(log.sessions[0], mode="play", begun=5.0),), log.answers))
    assert len(memory.log().sessions) == 1
