"""Laws of `surefoot study`: its lists, and each of the four ways to its end by keys alone, in a terminal and without."""

import json
import os
import re
import select
import signal
import struct
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path
from typing import final

import pytest

import surefoot
from surefoot.cli import FINISHED, INTERRUPTED, WRONG, main
from surefoot.cli.study import FORMS, WAYS
from surefoot.cli.study_curves import drawn
from surefoot.cli.study_keys import Left, SingleKeys
from surefoot.study.answered import MODES
from surefoot.study.deck import Deck
from surefoot.study.learning import rungs_of
from surefoot.study.memory import Memory
from surefoot.study.note import Note
from surefoot.study.paper import ASKABLE
from surefoot.study.question import Picture

WORDS = {"Quark": "flavour", "Sonnet": "rhyme", "Harbour": "ships"}
"""Terms that have nothing in common, with what each is about."""

NOTES = tuple(
    Note(f"own.{about}", "own", term, f"Which {about}?", f"All about {about}.", "-") for term, about in WORDS.items()
)
DECK = Deck("own-words", "Words", NOTES, own=True)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A memory of its own, with a deck of three notes."""
    monkeypatch.setenv("SUREFOOT_STUDY", str(tmp_path / "study"))
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    with Memory() as memory:
        memory.keep(DECK)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(capsys, *arguments):
    """Run `surefoot study` here; return its exit code and its two outputs."""
    code = main(["study", *arguments])
    return code, *capsys.readouterr()


def answers():
    with Memory() as memory:
        return memory.answers()


def sessions():
    with Memory() as memory:
        return memory.sessions()


def python(*arguments, given=None, **environment):
    """Run a new Python that finds this surefoot wherever it stands."""
    found = os.environ | {"PYTHONPATH": str(Path(surefoot.__file__).parents[1])} | environment
    return subprocess.run(
        [sys.executable, *arguments], input=given, capture_output=True, text=True, env=found, check=False, timeout=120
    )


def test_the_list_has_a_line_for_each_deck_and_says_that_nothing_was_studied(capsys):
    code, out, err = command(capsys, "--list")
    assert (code, err) == (FINISHED, "")
    assert out.splitlines()[0].split() == ["deck", "title", "notes", "known", "now", "mastered", "due", "now"]
    assert [line.split()[0] for line in out.splitlines()[1:3]] == ["learning", "penalties"]
    assert "own-words" in out
    assert "no study sessions yet" in out


def test_the_list_of_a_deck_has_a_line_for_each_note(capsys):
    out = command(capsys, "own-words", "--list")[1]
    assert [line.split()[:2] for line in out.splitlines()[1:]] == [[note.id, note.title] for note in NOTES]


def test_json_is_one_object_and_nothing_else(capsys):
    out = command(capsys, "--list", "--json")[1]
    told = json.loads(out)
    own = next(deck for deck in told["decks"] if deck["id"] == "own-words")
    assert own == {"id": "own-words", "title": "Words", "own": True, "notes": 3, "cards": 6, "seen": 0, "known": 0.0,
                   "mastered": 0.0, "due": 0}  # fmt: skip
    assert told["sessions"] == []
    deck = json.loads(command(capsys, "own-words", "--json")[1])
    assert [note["says"] for note in deck["notes"]] == [note.says for note in NOTES]
    assert deck["notes"][0]["asked"][0]["id"] == "own.flavour/forward"


def test_words_of_the_help_are_those_of_the_library():
    assert tuple(MODES) == WAYS
    assert ASKABLE == FORMS


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing",), "there is no deck 'nothing'; there are learning, penalties"),
        (("descent", "--mode", "dream"), "--mode is 'dream'; it is one of learn, test, matching, spaced"),
        (("--mode", "learn"), "--mode needs a deck"),
        (("descent", "--mode", "learn", "--list"), "--list and --json begin nothing"),
        (("descent", "--forms", "oral"), "--forms has 'oral'; there are choice, typed, number, curve"),
        (("descent", "more"), "No such command 'more'"),
        (("own-words", "--mode", "test", "--length", "99"), "the length is 99; it is from 1 to 6"),
        (("own-words", "--mode", "test", "--forms", "curve"), "no card of this deck can be asked so"),
        (("export", "words.md", "--deck", "nothing"), "there is no deck 'nothing'"),
        (("import", "absent.md"), "absent.md: it cannot be read"),
        (("decks", "--forget", "nothing"), "there is no deck of your own called 'nothing'"),
        (("descnt", "export", "x.csv"), "there is no deck 'descnt'; there are learning"),
        (
            ("descent", "export", "x.csv", "--deck", "stopping"),
            "the deck 'descent' stands before `export`, and --deck says stopping",
        ),
        (("descent", "import", "x.csv"), "`import` takes no deck, and 'descent' stands before it"),
        (("--list", "decks"), "--list does not go with `decks`"),
        (("descent", "more", "export", "x.csv"), "No such command 'more'"),
        (("descent", "--mode", "export"), "--mode is 'export'; it is one of"),
        (("own-words", "decks"), "`decks` takes no deck, and 'own-words' stands before it"),
        (("descent", "--mode", "learn", "export", "x.csv"), "--mode does not go with `export`"),
        (
            ("descent", "--list", "--no-timer", "export", "x.csv"),
            "--list does not go with `export`; what belongs to it follows it; --no-timer",
        ),
        (("own-words", "--mode", "learn", "--length", "3"), "learn takes no --length"),
        (("own-words", "--mode", "learn", "--forms", "choice"), "learn takes no --forms"),
        (("own-words", "--mode", "matching", "--forms", "choice"), "matching takes no --forms"),
        (
            ("own-words", "--mode", "spaced", "--no-timer", "--forms", "choice"),
            "spaced takes no --forms; leave it out; spaced takes no --no-timer",
        ),
        (("own-words", "--mode", "test", "--no-timer"), "test takes no --no-timer"),
        (("own-words", "--list", "--length", "3"), "--list and --json begin nothing; leave --length out"),
    ],
)
def test_a_mistake_is_one_sentence_and_its_code(capsys, monkeypatch, arguments, said):
    monkeypatch.setattr(sys, "stdin", StringIO())
    code, _, err = command(capsys, *arguments)
    assert said in err
    assert (code, err.count("\n")) == (WRONG, 1)
    assert err.startswith("surefoot: ")
    assert not answers()


@pytest.mark.parametrize("arguments", [("descent", "export"), ("descent", "export", "--deck", "descent")])
def test_a_deck_before_export_is_the_deck_that_is_written(capsys, arguments):
    code, out, _ = command(capsys, *arguments, "d.csv")
    assert (code, out) == (FINISHED, "d.csv: descent\n")
    assert "descent" in Path("d.csv").read_text()
    assert "Quark" not in Path("d.csv").read_text()


def test_the_usage_says_that_a_command_need_not_follow(capsys):
    out = command(capsys, "--help")[1]
    assert "surefoot study [OPTIONS] [DECK] [COMMAND [ARGS]...]" in out


def test_export_writes_over_a_file_only_by_force(capsys):
    Path("words.csv").write_text("mine")
    code, _, err = command(capsys, "export", "words.csv")
    assert (code, Path("words.csv").read_text()) == (WRONG, "mine")
    assert "words.csv is there already; give another name, or --force to replace it" in err
    assert command(capsys, "export", "words.csv", "--force")[0] == FINISHED
    assert "Quark" in Path("words.csv").read_text()


def test_decks_are_carried_out_and_in_again(capsys):
    for name in ("words.md", "words.tsv", "words.csv", "words.json"):
        assert command(capsys, "export", name)[0] == FINISHED
        assert command(capsys, "decks", "--forget", "own-words")[0] == FINISHED
        assert "no decks of your own" in command(capsys, "decks")[1]
        code, out, _ = command(capsys, "import", name)
        assert code == FINISHED
        assert "Words" in out
        with Memory() as memory:
            (deck,) = memory.own()
        assert [note.title for note in deck.notes] == [*WORDS]
        assert json.loads(command(capsys, "decks", "--json")[1])["decks"][0]["notes"] == 3


def test_the_log_goes_along_even_without_a_deck_of_ones_own(capsys):
    command(capsys, "decks", "--forget", "own-words")
    assert command(capsys, "export", "all.json")[0] == FINISHED
    assert json.loads(Path("all.json").read_text())["surefoot"] == "study"
    assert command(capsys, "export", "all.md")[0] == WRONG


def test_help_and_list_import_nothing_heavy():
    code = (
        "import sys; from surefoot.cli import main; main(['study', '--help']); main(['study', '--list']);"
        "print(sorted({'torch', 'numba', 'fsrs', 'sympy', 'matplotlib'} & {*sys.modules}))"
    )
    assert python("-c", code).stdout.splitlines()[-1] == "[]"


def test_studying_imports_no_torch():
    code = (
        "import sys; from surefoot.cli import main; main(['study', 'descent', '--mode', 'spaced']);"
        "print(sorted({'torch', 'numba', 'matplotlib'} & {*sys.modules}))"
    )
    assert python("-c", code, given="\n3\n\n1\n").stdout.splitlines()[-1] == "[]"


CLEAR = "\x1b[H\x1b[2J"
CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
WAITS = re.compile(r"(\[q\] (leave|back)|(answer|number): )\s*$")
BEGIN = (
    "import fcntl, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "from surefoot.cli import main; sys.exit(main(['study', *sys.argv[1:]]))"
)


class Player:
    """Someone at a real terminal, of 80 by 24, who has nothing but keys."""

    def __init__(self, *arguments, rows=24, **environment):
        fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")
        self.master, self.slave = os.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 80, 0, 0))
        self.before = termios.tcgetattr(self.slave)
        found = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
        found |= {"PYTHONPATH": str(Path(surefoot.__file__).parents[1]), "TERM": "xterm-256color"} | environment
        self.process = subprocess.Popen(
            [sys.executable, "-c", BEGIN, *arguments], env=found, start_new_session=True,
            stdin=self.slave, stdout=self.slave, stderr=self.slave,
        )  # fmt: skip
        self.raw, self.shown = "", 0
        self.screen = self.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)

    def wait(self):
        """Read until the next screen waits for a key, or the program has ended."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            ended = self.process.poll() is not None
            while select.select([self.master], [], [], 0.02)[0]:
                self.raw += os.read(self.master, 65536).decode("utf-8", "replace")
            screens = self.raw.split(CLEAR)
            plain = CODES.sub("", screens[-1]).replace("\r\n", "\n").replace("\r", "\n")
            if ended or (len(screens) > self.shown and WAITS.search(plain)):
                self.shown = len(screens)
                return plain
        raise AssertionError(f"nothing waits for a key:\n{self.raw[-2000:]}")

    def press(self, keys):
        os.write(self.master, keys.encode())
        self.screen = self.wait()
        return self.screen

    @property
    def ended(self):
        return self.process.poll() is not None


def right(screen):
    """Return the keys that answer the question on a screen rightly, or lead on from what is said of an answer."""
    if "[space] on" in screen or "[space] round" in screen or "[space] done" in screen:
        return " "
    note = next(note for note in NOTES if note.asks in screen or note.says in screen.partition("[1]")[0])
    wanted = note.says if note.asks in screen else note.title
    if screen.rstrip(" ").endswith("answer:"):
        return f"{note.title}\r"
    return re.search(rf"\[(\d)\] {re.escape(wanted)}", screen)[1]


def test_learn_is_played_to_its_end_by_keys_alone():
    with Player("own-words", "--mode", "learn") as player:
        assert "round 1, 6 to go; 0/6 learned" in player.screen
        pressed = 0
        while not player.ended:
            pressed += 1
            assert pressed < 60
            player.press(right(player.screen))
        assert player.process.returncode == FINISHED
        assert "Every card is learned" in player.raw
    assert set(rungs_of(DECK.cards, answers()).values()) == {0}, "all learned: it begins anew"
    assert (sessions()[0].mode, sessions()[0].right, sessions()[0].ended is None) == ("learn", 12, False)


def test_in_learn_my_answer_was_right_is_one_key_and_what_was_wrong_comes_again():
    with Player("own-words", "--mode", "learn") as player:
        question = player.screen
        wrong = next(key for key in "1234" if key != right(question))
        assert "Wrong." in player.press(wrong)
        missed = next(note for note in NOTES if note.asks in player.screen or note.says in player.screen)
        while not player.screen.endswith("answer: "):
            player.press(right(player.screen))
        assert f"came again: {missed.title}" in player.raw
        assert "[r] my answer was right" in player.press("something else\r")
        player.press("r")
        assert [(each.right, each.text) for each in answers()[-1:]] == [(True, "something else")]
        player.press("\x1b")
        assert (player.ended, player.process.returncode) == (True, FINISHED)


def test_a_test_is_played_to_its_end_by_keys_alone():
    with Player("own-words", "--mode", "test", "--length", "4") as player:
        assert "no verdict before you hand in" in player.screen
        player.press(" ")
        first = right(player.screen)
        assert "question 2 of 4" in player.press(first)
        player.press(":u\r" if player.screen.endswith("answer: ") else "u")
        assert "question 1 of 4" in player.screen
        for place in range(4):
            assert f"question {place + 1} of 4" in player.screen
            assert "Right" not in player.screen
            unknown = "\r" if player.screen.endswith("answer: ") else "0"
            player.press(right(player.screen) if place else unknown)
        assert "All 4 questions are answered" in player.screen
        assert "3 of 4 right, 75 %" in player.press("\r")
        assert "Not known." in player.press("m")
        assert "3 of 4 right" in player.press(" ")
        assert "Learn: Words" in player.press("l")
        while not player.ended:
            player.press(right(player.screen))
        assert player.process.returncode == FINISHED
    told = answers()
    assert [each.right for each in told if each.mode == "test"] == [False, True, True, True]
    assert {each.card for each in told if each.mode == "learn"} == {told[0].card}


def pair(screen):
    """Return the keys of a pair on the screen of matching."""
    for term, about in WORDS.items():
        found = re.search(rf"^[> ](\w) +{term}", screen, re.MULTILINE), re.search(rf"(\d) +All about {about}", screen)
        if all(found):
            return found[0][1], found[1][1]
    raise AssertionError(screen)


def test_matching_is_played_to_its_end_and_its_time_is_kept():
    with Player("own-words", "--mode", "matching") as player:
        letter, number = pair(player.screen)
        other = next(each for each in "123" if each != number)
        assert f">{letter}" in player.press(letter)
        assert "1 wrong, +1 s" in player.press(other)
        while "all pairs are found" not in player.screen:
            letter, number = pair(player.screen)
            player.press(number)
            player.press(letter)
        assert "Your best time." in player.screen
        assert "3 to go" in player.press("n")
        player.press("q")
        assert player.process.returncode == FINISHED
    with Memory() as memory:
        (best,) = memory.best_times("own-words")
    assert best > 1.0
    assert [each.right for each in answers()] == [False, True, True, True]


def test_matching_without_a_timer_keeps_no_time():
    with Player("own-words", "--mode", "matching", "--no-timer") as player:
        while "all pairs are found" not in player.screen:
            for key in pair(player.screen):
                player.press(key)
        assert "time" not in player.screen
        player.press(" ")
    with Memory() as memory:
        assert memory.best_times("own-words") == []


def test_spaced_is_played_to_its_end_by_keys_alone():
    with Player("own-words", "--mode", "spaced") as player:
        first = player.screen
        assert "All about" not in first.partition("[space]")[0] or "Which term" in first
        assert "[1] again 1 min   [2] hard 6 min   [3] good 10 min   [4] easy 8 d" in player.press(" ")
        player.press("1")
        assert len(answers()) == 1
        assert player.press("u") == first.replace("  [u] take back", "")
        assert answers() == []
        while "nothing is due" not in player.screen:
            player.press("4" if "[1] again" in player.screen else " ")
        assert "6 answers on 6 cards; 0 times forgotten." in player.screen
        assert "The next card comes in 8 d." in player.screen
        player.press(" ")
        assert player.process.returncode == FINISHED
        assert "6 answers kept." in player.raw
    assert sessions()[0].ended is not None


def test_from_the_first_screen_every_place_is_reached_and_left_by_keys():
    with Player() as player:
        assert "no study sessions yet" in player.screen
        assert "known now: " in player.screen
        assert len(player.screen.splitlines()) <= 24
        key = re.search(r"\[(\w)\] Words", player.screen)[1]
        assert "no study sessions yet" in player.press(key)
        assert "Known now, 0%: how likely" in player.screen
        assert "Mastered, 0%: the share" in player.screen
        for way, head in enumerate(("Learn: Words", "Test: Words", "Matching: Words", "Spaced: Words"), 1):
            assert head in player.press(str(way))
            assert "[1] Learn" in player.press("q")
        player.press("1")
        player.press(right(player.screen))
        player.press("q")
        assert re.search(r"Learn +own-words: 1 of 1 right, \d+ s", player.screen)
        assert "The figures" in player.press("?") + player.press(" ")
        assert "[1] Learn" in player.press("q")
        assert "[a]-[" in player.press("q")
        player.press("q")
        assert (player.ended, player.process.returncode) == (True, FINISHED)


def test_a_demonstration_is_told_by_its_address():
    with Player("descent", "--mode", "spaced") as player:
        os.write(player.master, b"d")
        end = time.monotonic() + 60
        while "surefoot page --open '/" not in player.raw and time.monotonic() < end:
            select.select([player.master], [], [], 0.1)
            player.raw += os.read(player.master, 65536).decode()
        assert "See it live: surefoot page --open '/landscapes?" in player.raw


def test_a_long_screen_is_shown_in_pages():
    with Player("own-words", rows=12) as player:
        assert "[space] more (1 of" in player.screen
        assert len(player.screen.splitlines()) <= 12
        while "more (" in player.screen:
            player.press(" ")
        assert "[1]-[4] begin" in player.screen


def test_no_colour_is_shown_where_none_is_wanted():
    with Player("own-words", "--mode", "learn", NO_COLOR="1") as player:
        player.press(right(player.screen))
        assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", player.raw)
    with Player("own-words", "--mode", "learn") as player:
        player.press(right(player.screen))
        assert re.search(r"\x1b\[[0-9;]*32m", player.raw)


@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_interrupting_leaves_cleanly_and_the_terminal_as_it_was(key):
    termios = pytest.importorskip("termios")
    with Player("own-words", "--mode", "learn") as player:
        player.press(right(player.screen))
        player.press(key)
        player.process.wait(30)
        assert player.process.returncode == (INTERRUPTED if key == "\x03" else FINISHED)
        assert termios.tcgetattr(player.slave) == player.before
        assert "1 answer kept." in player.wait()
        assert "Traceback" not in player.raw
    assert len(answers()) == 1


@pytest.mark.parametrize("mode", WAYS)
def test_kill_in_the_middle_of_a_way_loses_no_answer_that_was_given(mode):
    given = 0
    with Player("own-words", "--mode", mode) as player:
        for _ in range(4):
            if mode == "matching":
                for key in pair(player.screen):
                    player.press(key)
                given += 1
                break
            if mode == "spaced":
                player.press(" ")
                player.press("3")
            elif mode == "test":
                if not given:
                    player.press(" ")
                player.press(right(player.screen))
            else:
                player.press(right(player.screen))
                if given < 3:
                    player.press(" ")
            given += 1
        player.process.send_signal(signal.SIGKILL)
        player.process.wait()
    assert [each.right for each in answers()] == [True] * given
    assert (sessions()[0].answers, sessions()[0].ended) == (given, None)
    with Memory() as memory:
        assert memory.begin(mode, "own-words") > 1


@final
class Signs(SingleKeys):
    """A terminal that sends what it is told; what follows Esc at once belongs to it."""

    BEGIN = "\x1b"

    def __init__(self, *sent):
        self.sent = list(sent)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def _sign(self):
        self.last = self.sent.pop(0)
        return self.last[0]

    def _rest(self):
        return self.last[1:]


@pytest.mark.parametrize(
    ("sent", "typed"),
    [
        ("sigma\r", "sigma"),
        ("sigmb\x7fa\n", "sigma"),
        ("\x7fall wrong\x15sigma\r", "sigma"),
        (" à ß \x07\r", "à ß"),
        ("\r", ""),
    ],
)
def test_what_is_typed_can_be_mended(sent, typed):
    assert Signs(*sent).line("answer: ") == typed


def test_arrows_are_no_keys_and_leave_nothing():
    assert Signs("\x1b[A", "\x1bOB", "Q").key() == "q"
    assert Signs("a", "\x1b[D", "b", "\r").line("answer: ") == "ab"


@pytest.mark.parametrize("sign", ["\x1b", "\x04"])
def test_escape_and_the_end_leave_what_is_typed(sign):
    with pytest.raises(Left):
        Signs("a", sign).line("answer: ")


def test_without_a_terminal_lines_take_the_place_of_keys():
    ran = python("-m", "surefoot.cli", "study", "own-words", "--mode", "spaced", given="\n3\n\n4\nu\n\n2\nq\n")
    assert (ran.returncode, ran.stderr) == (FINISHED, "")
    assert "\x1b" not in ran.stdout
    assert max(map(len, ran.stdout.splitlines())) <= 80
    assert "2 answers kept." in ran.stdout
    assert [each.rating for each in answers()] == [3, 2]


def test_the_end_of_the_input_leaves():
    for arguments in ([], ["own-words"], ["own-words", "--mode", "learn"], ["own-words", "--mode", "test"]):
        ran = python("-m", "surefoot.cli", "study", *arguments, given="")
        assert (ran.returncode, ran.stderr) == (FINISHED, "")


def test_a_terminal_of_ascii_gets_curves_of_ascii():
    picture = Picture(tuple(place / 40 for place in range(40)), "it rises")
    for blocks in (True, False):
        lines = drawn([picture, picture, picture], ["A", "B", "C"], 80, blocks)
        assert max(map(len, lines)) <= 80
        assert len(lines) == 14
        assert blocks or "".join(lines).isascii()


def test_a_curve_that_leaves_all_bounds_is_drawn_as_high_as_there_is_room():
    lines = drawn([Picture((0.0, 1.0, float("inf"), float("nan")), "it diverges")], ["A"], 30, True)
    assert lines[1] == "│ ███"
    assert lines[5] == "│ ███"
    flat = drawn([Picture((0.0, 0.0), "flat")], ["A"], 30, True)
    assert [line.rstrip() for line in flat[1:-1]] == ["│"] * 5
