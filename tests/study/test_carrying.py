"""Laws of carrying: what goes out comes in again, ids and history with it; and any file is read or refused."""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hostility import assert_one_sentence, damaged, everything, fuzzed, trees
from hypothesis import given
from hypothesis import strategies as st

import surefoot
from surefoot.errors import InvalidValue
from surefoot.study.answered import Answered
from surefoot.study.card import cards_of
from surefoot.study.carrying import FORMATS, Carried, format_of, keep, read, write
from surefoot.study.deck import Deck, deck_of, decks
from surefoot.study.library import notes
from surefoot.study.log import Log
from surefoot.study.markup import as_html, as_text
from surefoot.study.memory import Memory
from surefoot.study.note import Drill, Note
from surefoot.study.rows import own_id

NOTE = Note(
    "own.ring", "own", 'A "ring", <b>or</b> & so', "What\\tis `a < b` in a ring; why, say?", "Both, `x & y`: it is.",
    "van der Waerden, §3", why="# not a heading", picture="--- nor a rule", use="id: nor a field", common="*** never",
    also=("ring with unity", "Ring"), formula=("a*b = c", "d < e"), laws=("a `b` c",), demo="/schedules?text=cosine()",
)  # fmt: skip
PLAIN = Note("own.field", "own", "Field", "Field", "A ring in which one may divide.", "")
ODD = Note('Q>xK.?/`:"', "own", "\\ ` odd", "why: is it odd?", "\\ --- So it is.", "")
OWN = Deck("algebra", "Algebra", (NOTE, PLAIN, ODD, notes()[0]), own=True)
OTHER = Deck("mine-2", "Anneaux & corps", (PLAIN,), own=True)

has_genanki = pytest.mark.skipif(not __import__("importlib.util").util.find_spec("genanki"), reason="no genanki")
formats = pytest.mark.parametrize(
    "form", [pytest.param(name, marks=has_genanki if name == "apkg" else ()) for name in FORMATS]
)


@formats
def test_own_decks_come_in_as_they_went_out(tmp_path, form):
    file = tmp_path / f"decks.{form}"
    write(file, [OWN, OTHER])
    assert read(file) == Carried((OWN, OTHER), Log())
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


@formats
def test_a_deck_that_comes_along_keeps_its_ids_and_is_not_kept_twice(tmp_path, form):
    file, deck = tmp_path / f"deck.{form}", deck_of("descent")
    write(file, [deck])
    found = read(file)
    assert found.decks == ()
    assert found.told == ("The deck descent comes along with surefoot; there is nothing to keep of it.",) * (
        form != "json"
    )


@formats
def test_every_deck_that_comes_along_can_go_out(tmp_path, form):
    write(tmp_path / f"all.{form}", decks())
    assert read(tmp_path / f"all.{form}").decks == ()


def test_notes_that_come_along_keep_all_they_are_in_a_deck_of_ones_own(tmp_path):
    """Their drills and formulas stand in no table; the id leads to them."""
    deck = Deck("choice", "Choice", deck_of("descent").notes[:3], own=True)
    write(tmp_path / "choice.csv", [deck])
    assert read(tmp_path / "choice.csv").decks == (deck,)


def test_json_keeps_drills_topics_and_facts_of_own_notes(tmp_path):
    note = replace(PLAIN, topic="descent", drills=(Drill("one_step", {"rule": "sgd"}),), facts=(("1", "1"),))
    deck = replace(OWN, notes=(note,))
    write(tmp_path / "a.json", [deck])
    assert read(tmp_path / "a.json").decks == (deck,)


def answered(memory, cards):
    number = memory.begin("spaced", "algebra", at=1.7e9)
    for at, card in enumerate(cards):
        memory.answer(Answered(card.id, 1.7e9 + at / 3, "spaced", "turn", at % 2 == 0, 1 + at % 4, "né\n", 0.1, number))
    memory.undo()
    memory.keep_time(number, 12.25)
    memory.end(number, at=1.7e9 + 60)


def test_the_whole_log_moves_to_another_machine_in_json(tmp_path):
    with Memory(tmp_path / "one") as one, Memory(tmp_path / "other") as other:
        one.keep(OWN)
        answered(one, OWN.cards)
        write(tmp_path / "all.json", one.own(), one.log())
        told = keep(read(tmp_path / "all.json"), other)
        count = len(OWN.cards)
        assert told == (f"{count} of {count} answers are new.", "Algebra (algebra) is kept with 4 notes.")
        assert (other.answers(), other.log(), other.own()) == (one.answers(), one.log(), one.own())
        told = keep(read(tmp_path / "all.json"), other)
        assert told == (f"0 of {count} answers are new.", "Algebra (algebra) is kept with 4 notes; it had 4.")
        assert other.log() == one.log()


@formats
def test_history_is_found_again_by_id_when_a_deck_went_out_and_came_in(tmp_path, form):
    with Memory(tmp_path / "memory") as memory:
        memory.keep(OWN)
        answered(memory, OWN.cards)
        write(tmp_path / f"deck.{form}", memory.own())
        memory.forget("algebra")
        keep(read(tmp_path / f"deck.{form}"), memory)
        (deck,) = memory.own()
        assert {each.card for each in memory.answers()} <= {card.id for card in deck.cards}
        assert len(memory.answers()) == len(OWN.cards) - 1


texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], include_characters=" "), min_size=1, max_size=30
)
words = texts.map(lambda text: " ".join(text.split())).filter(bool)
pieces = st.sampled_from(
    ["`", "<b>", "&lt;", "---", "***", "# ", "## ", "id: x", "\\", '"', ",", ";", "why:", "<br>", "::"]
)
telling = (
    st.lists(words | pieces, min_size=1, max_size=4).map(lambda found: " ".join("".join(found).split())).filter(bool)
)
own_notes = st.builds(
    Note, st.uuids().map(str), st.just("own"), telling, telling, telling, telling | st.just(""), why=telling | st.just(""),
    also=st.lists(telling, max_size=2).map(tuple), formula=st.lists(telling, max_size=2).map(tuple),
)  # fmt: skip


@pytest.mark.parametrize("form", ["tsv", "csv", "json", "md"])
@fuzzed
@given(made=st.lists(own_notes, min_size=1, max_size=3, unique_by=lambda note: note.title.casefold()), title=words)
def test_any_text_survives_any_format(form, made, title):
    deck = Deck("some-id", title, tuple(made), own=True)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"deck.{form}"
        write(file, [deck])
        assert read(file).decks == (deck,)


@given(telling)
def test_a_text_is_the_same_after_html(text):
    assert as_text(as_html(text)) == text


def imported(tmp_path, content, name="my cards.csv", **choices):
    (tmp_path / name).write_text(content, encoding="utf-8")
    return read(tmp_path / name, **choices)


TWO = [("Ring", "A set."), ("Field", "A ring, too.")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("my cards.csv", 'Ring,A set.\nField,"A ring, too."\n'),
        ("my cards.csv", "\ufeffterm;answer\r\nRing;A set.\r\nField;A ring, too.\r\n"),
        ("my cards.csv", 'front,back,why\nRing,A set.,"a;\nb;\nc;d"\nField,"A ring, too.","e;\nf;"\n'),
        ("my cards.csv", "Source,Back,Front\nx,A set.,Ring\n,\"A ring, too.\",Field"),
        ("my cards.tsv", "Ring\tA set.\n\n   \nField\tA ring, too.\n"),
        ("my cards.txt", "#separator:Pipe\n#html:false\nRing|A set.\nField|A ring, too.\n"),
        ("my cards.txt", "#separator:tab\n#html:true\n#tags column:3\nRing\t<b>A</b> set.\tx\nField\tA&nbsp;ring, too.\t\n"),
        ("my cards.md", "Ring\n---\nA set.\n\n***\n\nField\n----\nA ring,\ntoo.\n"),
        ("my cards.md", "## Ring\nA set.\n\n## Field\nA ring, too.\n"),
        ("x.md", "# my cards\n\nRing\n---\nA set.\n## Field\n---\nA ring, too.\n"),
    ],
)  # fmt: skip
def test_a_table_or_text_of_two_columns_is_a_deck(tmp_path, name, content):
    (deck,) = imported(tmp_path, content, name).decks
    assert (deck.id, deck.title, deck.own) == ("my-cards", "my cards", True)
    assert [(note.title, note.says) for note in deck.notes] == TWO
    assert [note.id for note in deck.notes] == [own_id("my-cards", term) for term, _ in TWO]
    assert {card.kind for card in cards_of(deck.notes[0])} == {"forward", "reverse"}


def test_markdown_tells_every_field_as_its_description_says(tmp_path):
    import surefoot.study.headings as described

    (deck,) = imported(
        tmp_path, "\n".join(line[4:] for line in described.__doc__.splitlines() if line[:4] in ("    ", "")), "x.md"
    ).decks
    ring, field = deck.notes
    assert (deck.title, ring.title, ring.asks, ring.also) == (
        "Algebra",
        "Ring",
        "What is a ring?",
        ("ring with unity",),
    )
    assert ring.source == "van der Waerden, Algebra, chapter 3"
    assert (field.title, field.says) == ("What is a field?", "A ring in which one may divide by all but zero.")


def test_a_corrected_answer_keeps_its_note(tmp_path):
    before, after = (imported(tmp_path, f"Ring,{says}\n").decks[0] for says in ("A st.", "A set."))
    assert [note.id for note in before.notes] == [note.id for note in after.notes]


def test_a_term_that_stands_twice_is_told_and_both_answers_are_kept_but_no_row_twice(tmp_path):
    found = imported(tmp_path, "Bank,of a river\nring,x\nbank,for money\nring,x\n")
    assert found.told == ("bank stands twice: line 1 and line 3.", "ring stands twice: line 2 and line 4.")
    assert [note.says for note in found.decks[0].notes] == ["of a river", "x", "for money"]
    assert len({note.id for note in found.decks[0].notes}) == 3


def test_all_faults_of_a_file_are_told_at_once(tmp_path):
    with pytest.raises(InvalidValue) as caught:
        imported(tmp_path, "id,front,back\n1,a,\n1,b,c\n1,d,e\n,,f\n2,\x07,g\n")
    assert str(caught.value) == (
        "my cards.csv: its rows: line 2 has no answer; line 4: its id '1' stands twice; line 5 has no question; "
        "line 6: title is not printable; line 6: asks is not printable."
    )


def test_a_changed_deck_that_comes_along_becomes_ones_own_beside_it(tmp_path):
    deck = deck_of("stopping")
    write(tmp_path / "a.csv", [replace(deck, notes=(*deck.notes[:1], PLAIN), own=True)])
    found = read(tmp_path / "a.csv")
    assert [(each.id, each.notes) for each in found.decks] == [("own-stopping", (deck.notes[0], PLAIN))]
    assert found.told == ("The deck stopping comes along with surefoot; yours is kept as own-stopping.",)
    with Memory(tmp_path / "memory") as memory:
        keep(found, memory)
        assert [each.id for each in memory.own()] == ["own-stopping"]


def test_other_texts_for_a_note_that_comes_along_are_told_and_not_taken(tmp_path):
    note = notes()[0]
    found = imported(tmp_path, f"id,front,back\n{note.id},Mine?,Mine.\n")
    assert found.decks[0].notes == (note,)
    assert found.told[0].startswith("Some notes come along with surefoot and stay as they are there")


def test_pictures_are_left_out_and_that_is_told(tmp_path):
    found = imported(tmp_path, '#html:true\n#separator:tab\nRing\tA set.<img src="x.png">\n', "a.txt")
    assert (found.decks[0].notes[0].says, found.told) == ("A set.", ("Pictures and sounds are left out.",))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.xlsx", b"x", "a.xlsx has the format 'xlsx'; a format is one of tsv, csv, json, apkg, md"),
        ("a", b"x", "a has no ending"),
        ("a.csv", b"", "there is no note in it"),
        ("a.csv", b"caf\xe9,x", "it is not UTF-8; save it as UTF-8"),
        ("a.csv", b'x,"' + b"y" * 200_000 + b'"', "line 1 is no row of a table: field larger than"),
        ("a.json", b"[1", "not JSON; give one that `surefoot study export` wrote"),
        ("a.json", b"[" * 100_000, "not JSON"),
        ("a.json", b"{}", "not one of studying"),
        ("a.json", b'{"surefoot": "study", "version": 2}', "the file's version is '2' and this surefoot reads 1; update"),
        ("a.json", b'{"surefoot": "study", "version": 1, "answers": [{}]}', "answer 1: card is None; it must be a text; .*at is"),
        ("a.json", b'{"surefoot": "study", "version": 1, "decks": {}}', "decks must be a list"),
        ("a.apkg", b"x", "no package of Anki's"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused_in_one_sentence(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidValue, match=words) as caught:
        read(tmp_path / name)
    assert_one_sentence(str(caught.value))


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    for name in ("none.csv", "none.apkg", "folder.csv"):
        with pytest.raises(InvalidValue, match="it cannot be read") as caught:
            read(tmp_path / name)
        assert_one_sentence(str(caught.value))


READING = "import sys; from pathlib import Path; from surefoot.study.carrying import read; read(Path(sys.argv[1]))"


def in_a_process(code, *arguments):
    """Run code in a Python of its own, which is ended if it does not end."""
    found = os.environ | {"PYTHONPATH": str(Path(surefoot.__file__).parents[1])}
    ran = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(ran, capture_output=True, text=True, env=found, check=False, timeout=60)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name")
@pytest.mark.parametrize("name", ["pipe.csv", "pipe.apkg", "zero.json"])
def test_what_is_no_ordinary_file_is_refused_before_it_is_opened(tmp_path, name):
    if name.startswith("zero"):
        (tmp_path / name).symlink_to("/dev/zero")
    else:
        os.mkfifo(tmp_path / name)
    said = in_a_process(READING, tmp_path / name).stderr
    assert f"{name}: it cannot be read: it is no ordinary file" in said


def test_of_a_file_that_grows_while_it_is_read_no_more_is_read_than_is_allowed(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("Ring,A set.\n" * 10)
    monkeypatch.setattr("surefoot.study.carrying.MOST", 100)
    with pytest.raises(InvalidValue, match="at most"):
        read(tmp_path / "a.csv")
    monkeypatch.setattr("surefoot.study.carrying._size", lambda file: None)  # as it was before it grew
    with pytest.raises(InvalidValue, match="at most"):
        read(tmp_path / "a.csv")


@pytest.mark.parametrize("text", ["'<' + 'a' * n", "'<!--' * n", "'<a' * n", "'</' + 'a1 ' * n", "'<!-- -' * n + '<b'"])
def test_reading_html_takes_no_longer_than_its_length_allows(text):
    ran = in_a_process(f"from surefoot.study.markup import as_text; n = 1_000_000; as_text({text}); print('read')")
    assert ran.stdout == "read\n"


def test_html_is_read_to_its_end():
    assert as_text("a <!-- <b>x</b> -->b<!----> <BR/>c <!-- d") == "a b \nc <!-- d"
    assert as_text("1 < 2 <code class='x'>a</code> <unended <i>e</i>") == "1 < 2 `a` <unended e"
    assert as_text("&#65;&#" + "9" * 5000 + ";&#x41;") == "A\ufffdA"


def test_a_file_that_is_there_is_written_over_only_if_that_is_wanted(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("before")
    with pytest.raises(InvalidValue, match=r"a\.csv is there already") as caught:
        write(file, [OWN])
    assert_one_sentence(str(caught.value))
    assert everything(tmp_path) == {file: b"before"}
    write(file, [OWN], force=True)
    assert read(file).decks == (OWN,)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name")
def test_what_is_no_ordinary_file_is_never_written_over(tmp_path):
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(InvalidValue, match="no ordinary file"):
        write(tmp_path / "a.csv", [OWN], force=True)
    assert (tmp_path / "a.csv").is_fifo()


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    (tmp_path / "a.csv").write_text("before")
    with pytest.raises(InvalidValue, match="there is no deck to write"):
        write(tmp_path / "a.csv", [])
    with pytest.raises(InvalidValue, match="cannot be written"):
        write(tmp_path / "a.csv", [Deck("x", "X", (replace(PLAIN, why="\ud800"),))], force=True)
    with pytest.raises(InvalidValue, match="cannot be written"):
        write(tmp_path / "none" / "a.csv", [OWN])
    assert everything(tmp_path) == {tmp_path / "a.csv": b"before"}


def test_an_ending_may_be_spelled_otherwise():
    assert [format_of(Path(name)) for name in ("a.TXT", "a.markdown", "a.Json")] == ["tsv", "md", "json"]


@cache
def good(form):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"good.{form}"
        with Memory(Path(folder) / "memory") as memory:
            answered(memory, PLAIN_DECK.cards)
            write(file, [PLAIN_DECK, OTHER], memory.log())
        return file.read_bytes()


PLAIN_DECK = replace(OWN, notes=(NOTE, PLAIN))


@formats
@fuzzed
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_in_one_sentence(form, data):
    content = data.draw(damaged([good(form)]) | st.binary(max_size=200))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"file.{form}"
        file.write_bytes(content)
        try:
            found = read(file)
            with Memory(Path(folder) / "memory") as memory:
                keep(found, memory)
                assert all(each.own for each in memory.own())
        except InvalidValue as error:
            assert_one_sentence(str(error))


@has_genanki
@fuzzed
@given(data=st.data())
def test_a_damaged_collection_in_a_whole_package_is_read_or_refused(data):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "file.apkg"
        file.write_bytes(good("apkg"))
        with zipfile.ZipFile(file) as package:
            content = package.read("collection.anki2")
        with zipfile.ZipFile(file, "w") as package:
            package.writestr("collection.anki2", data.draw(damaged([content])))
        try:
            read(file)
        except InvalidValue as error:
            assert_one_sentence(str(error))


def altered(draw, told):
    """A JSON file with something else in some place."""
    inside, place, key = told, None, None
    while isinstance(inside, (dict, list)) and inside and (place is None or draw(st.integers(0, 4))):
        place, key = inside, draw(st.sampled_from(list(inside) if isinstance(inside, dict) else range(len(inside))))
        inside = place[key]
    place[key] = draw(trees)
    return told


@fuzzed
@given(data=st.data())
def test_json_with_something_else_in_some_place_is_read_or_refused(data):
    told = altered(data.draw, json.loads(good("json")))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "file.json"
        file.write_text(json.dumps(told, default=repr), encoding="utf-8")
        try:
            found = read(file)
            with Memory(Path(folder) / "memory") as memory:
                keep(found, memory)
                memory.own(), memory.answers(), memory.sessions()
        except InvalidValue as error:
            assert_one_sentence(str(error))


def packed(tmp_path, script, name="collection.anki2"):
    with closing(sqlite3.connect(tmp_path / "c")) as database:
        database.executescript(script)
    with zipfile.ZipFile(tmp_path / "a.apkg", "w", zipfile.ZIP_DEFLATED) as package:
        package.write(tmp_path / "c", name)
    return tmp_path / "a.apkg"


COL = 'CREATE TABLE col (models, decks); INSERT INTO col VALUES (\'{}\', \'{"1": {"name": "Basics"}}\');'
CARDS = "CREATE TABLE cards (nid, did); INSERT INTO cards VALUES (1, 1);"


def test_a_package_of_anybodys_gives_question_answer_and_id(tmp_path):
    note = "CREATE TABLE notes (id, guid, mid, tags, flds); INSERT INTO notes VALUES (1, 'g/1', 5, '', 'Ring' || char(31) || 'A<br>set' || char(31) || 'x');"
    (deck,) = read(packed(tmp_path, COL + CARDS + note)).decks
    assert (deck.title, [(each.id, each.asks, each.says) for each in deck.notes]) == (
        "Basics",
        [("g/1", "Ring", "A set")],
    )


@pytest.mark.parametrize(
    "rows",
    [
        "SELECT i AS id, i AS guid, 1 AS mid, '' AS tags, 'a' AS flds FROM n",
        "SELECT i AS id, i AS guid, 1 AS mid, '' AS tags, 'a' AS flds FROM n WHERE i < 0",
        "SELECT 1 AS id, 1 AS guid, 1 AS mid, '' AS tags, zeroblob(1000000000) AS flds",
    ],
)
def test_a_package_made_to_have_no_end_is_refused(tmp_path, rows):
    endless = f"CREATE VIEW notes AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) {rows};"
    with pytest.raises(InvalidValue, match=r"a\.apkg") as caught:
        read(packed(tmp_path, COL + CARDS + endless))
    assert_one_sentence(str(caught.value))


def test_a_package_that_unpacks_to_too_much_or_that_only_newer_anki_reads_is_refused(tmp_path, monkeypatch):
    file = packed(tmp_path, "CREATE TABLE x (y);", "collection.anki21b")
    with pytest.raises(InvalidValue, match="export it again with 'Support older Anki versions' ticked"):
        read(file)
    monkeypatch.setattr("surefoot.study.anki.MOST", 4095)
    with pytest.raises(InvalidValue, match="when it is unpacked"):
        read(packed(tmp_path, "CREATE TABLE z (y);"))


@pytest.fixture
def collection(tmp_path):
    """An empty collection of Anki's own."""
    found = pytest.importorskip("anki.collection", reason="no anki")
    made = found.Collection(str(tmp_path / "collection.anki2"))
    yield made
    made.close()


def assert_in_anki(collection, own):
    """Fail unless Anki has every note of a deck under its id, in the deck of its title, with its texts."""
    found = dict(collection.db.all("SELECT guid, id FROM notes"))
    assert {*found} == {note.id for note in own.notes}
    for note in own.notes:
        there = collection.get_note(found[note.id])
        assert as_text(there.fields[0]) == note.asks
        assert as_text(there.fields[1]).startswith(note.says)
        (name,) = {collection.decks.name(card.current_deck_id()) for card in there.cards()}
        assert name == f"surefoot::{own.title}"


@pytest.mark.parametrize("own", [OWN, deck_of("descent")], ids=lambda deck: deck.id)
def test_anki_imports_the_table_with_ids_kept_and_ours_comes_back_from_it(tmp_path, collection, own):
    from anki.import_export_pb2 import ImportCsvRequest

    file = tmp_path / "deck.txt"
    write(file, [own], form="tsv")
    for _ in range(2):  # the second time the notes are there
        metadata = collection.get_csv_metadata(path=str(file), delimiter=None)
        log = collection.import_csv(ImportCsvRequest(path=str(file), metadata=metadata)).log
        assert (log.found_notes, len(log.missing_notetype), len(log.conflicting)) == (len(own.notes), 0, 0)
        assert_in_anki(collection, own)


@has_genanki
@pytest.mark.parametrize("own", [OWN, deck_of("descent")], ids=lambda deck: deck.id)
def test_anki_imports_the_package_with_ids_kept_and_gives_it_back(tmp_path, collection, own):
    from anki.collection import (
        DeckIdLimit,
        ExportAnkiPackageOptions,
        ImportAnkiPackageOptions,
        ImportAnkiPackageRequest,
    )

    file = tmp_path / "deck.apkg"
    write(file, [own])
    request = ImportAnkiPackageRequest(package_path=str(file), options=ImportAnkiPackageOptions())
    for _ in range(2):
        collection.import_anki_package(request)
        assert_in_anki(collection, own)
    assert collection.card_count() == 2 * len(own.notes)
    back = tmp_path / "back.apkg"
    options = ExportAnkiPackageOptions(with_scheduling=False, with_deck_configs=False, with_media=False, legacy=True)
    collection.export_anki_package(
        out_path=str(back), options=options, limit=DeckIdLimit(collection.decks.id_for_name(f"surefoot::{own.title}"))
    )
    assert read(back).decks == ((own,) if own.own else ())


def own_decks(memory):
    return {deck.title: [note.title for note in deck.notes] for deck in memory.own()}


def test_decks_of_titles_that_differ_in_signs_alone_stay_apart(tmp_path):
    with Memory(tmp_path / "memory") as memory:
        for title in ("C++", "C", "C#", "c", "my cards", "my-cards"):
            keep(imported(tmp_path, f"{title} word,A.\n", f"{title}.csv"), memory)
        assert own_decks(memory) == {
            "C++": ["C++ word"], "C#": ["C# word"], "c": ["c word"],
            "my cards": ["my cards word"], "my-cards": ["my-cards word"],
        }  # fmt: skip
        before = {deck.title: deck for deck in memory.own()}
        keep(imported(tmp_path, "my-cards word,B.\n", "my-cards.csv"), memory)
        after = {deck.title: deck for deck in memory.own()}
        assert after["my cards"] == before["my cards"]
        assert [(note.id, note.says) for note in after["my-cards"].notes] == [(before["my-cards"].notes[0].id, "B.")]


def test_decks_of_one_file_stay_apart_too_and_share_no_note(tmp_path):
    found = imported(tmp_path, "deck,front,back\nC++,class,1\nC,class,2\nmy-c,class,3\nmy c,class,4\n").decks
    assert [(deck.title, deck.notes[0].says) for deck in found] == [
        ("C++", "1"),
        ("C", "2"),
        ("my-c", "3"),
        ("my c", "4"),
    ]
    assert len({deck.id for deck in found}) == len({deck.notes[0].id for deck in found}) == 4


def test_two_decks_under_one_name_share_no_note(tmp_path):
    with Memory(tmp_path / "memory") as memory:
        for title in ("my cards", "my-cards"):
            keep(imported(tmp_path, "Ring,A.\nring,B.\n", f"{title}.csv"), memory)
        assert len({note.id for deck in memory.own() for note in deck.notes}) == 4


def test_a_second_file_of_a_deck_takes_no_notes_away_and_that_is_told(tmp_path):
    with Memory(tmp_path / "memory") as memory:
        keep(imported(tmp_path, "Ring,A set.\nField,A ring.\n", "words.csv"), memory)
        told = keep(imported(tmp_path, "Group,A monoid.\nRing,A set!\n", "words.csv"), memory)
        assert told == ("words (words) is kept with 3 notes; it had 2, and 1 not in the file stays.",)
        (deck,) = memory.own()
        assert [(note.title, note.says) for note in deck.notes] == [
            ("Ring", "A set!"), ("Field", "A ring."), ("Group", "A monoid."),
        ]  # fmt: skip


@formats
def test_an_id_of_a_decks_own_stays_whatever_its_title_is(tmp_path, form):
    deck = Deck("c", "C++", (PLAIN,), own=True)
    with Memory(tmp_path / "memory") as memory:
        write(tmp_path / f"c.{form}", [deck])
        keep(read(tmp_path / f"c.{form}"), memory)
        assert memory.own() == (deck,)


def test_only_lines_that_anki_knows_are_header_lines(tmp_path):
    content = "# words of mine\n#separator:tab\n#define\tA macro.\n#include\tA file.\n"
    found = imported(tmp_path, content, "a.txt")
    assert [(note.title, note.says) for note in found.decks[0].notes] == [
        ("#define", "A macro."),
        ("#include", "A file."),
    ]
    assert found.told == ('line 1, "# words of mine", is passed over.',)


@pytest.mark.parametrize("content", ["#define\tMacro\n", "#define\tMacro\nRing\tA set.\n", "#html:x\n#define\tMacro\n"])
def test_a_card_may_begin_with_the_sign_of_header_lines(tmp_path, content):
    note = imported(tmp_path, content, "a.tsv").decks[0].notes[0]
    assert (note.title, note.says) == ("#define", "Macro")


def test_header_lines_that_say_nothing_of_a_note_are_told(tmp_path):
    found = imported(tmp_path, "#if matches:update current\n#html:false\n#tags:x y\nRing\tA set.\n", "a.txt")
    assert found.told == (
        'line 1, "#if matches:update current", is passed over.', 'line 3, "#tags:x y", is passed over.',
    )  # fmt: skip
    with pytest.raises(InvalidValue, match="line 5 has no answer"):
        imported(tmp_path, "# a\n#html:false\n# b\nRing\tA set.\n# c\t\n", "a.txt")


def test_of_many_lines_that_are_passed_over_a_few_are_told(tmp_path):
    found = imported(tmp_path, "# x\n" * 5000 + "Ring\tA set.\n", "a.txt")
    assert len(found.told) == 11
    assert found.told[-1] == "4,990 more lines are passed over."


def test_a_separator_that_is_named_is_not_sought(tmp_path):
    """Read with commas, the quotation mark would open a cell that is longer than any may be."""
    rows = 'Ring\tA set,"as it were.\n' + f"Field\t{'x' * 100_000}\nGroup\t{'y' * 100_000}\n"
    assert len(imported(tmp_path, f"#separator:tab\n{rows}", "a.txt").decks[0].notes) == 3


def test_a_note_whose_id_begins_with_the_sign_of_header_lines_survives_a_table(tmp_path):
    deck = replace(OWN, notes=(replace(PLAIN, id="#1"), NOTE))
    write(tmp_path / "a.tsv", [deck])
    assert read(tmp_path / "a.tsv").decks == (deck,)
