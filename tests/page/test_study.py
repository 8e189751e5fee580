"""Laws of the Study views: they show what the memory holds, each answer is kept before its reply, none counts twice."""

import html
import json
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from page.shelves import client, finding, finished

from surefoot.errors import InvalidValue, MissingPackage
from surefoot.page import study_views
from surefoot.page.study_demonstration import demonstration
from surefoot.page.study_learn import LearnPlay
from surefoot.page.study_links import note_about, subjects_of_settings
from surefoot.page.study_room import Room
from surefoot.page.study_routes import LARGEST
from surefoot.rules import RULES
from surefoot.study.answered import NAMES, Answered
from surefoot.study.deck import deck_of, decks
from surefoot.study.library import notes
from surefoot.study.mastery import EXPLAINED
from surefoot.study.memory import Memory
from surefoot.study.note import Note
from surefoot.study.spacing import Spacing
from surefoot.study.standing import NONE, length

OWN = "term\tquestion\tanswer\n" + "".join(
    f"{term}\tWhat is a {term.lower()}?\tIt has {text}.\n"
    for term, text in [("Ring", "two operations"), ("Field", "an inverse for all but zero"), ("Group", "one operation")]
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The learner's folder, which is never the one of whoever runs the tests."""
    found = tmp_path / "study"
    monkeypatch.setenv("SUREFOOT_STUDY", str(found))
    return found


@pytest.fixture
def asked(tmp_path):
    with client(tmp_path / "runs") as found:
        yield found


def memory(folder):
    return Memory(folder / "study.sqlite")


def begun(asked, mode, deck="descent", **given):
    """Begin a session; its path."""
    found = asked.post(f"/study/{deck}/{mode}", data=given)
    assert found.status_code == 200, found.text
    return found.json()["where"]


def act(asked, where, what, text="", turn=None):
    """Do something in the turn that is shown, or in another."""
    shown = int(re.search(r'data-turn="(\d+)"', asked.get(where).text)[1]) if turn is None else turn
    return asked.post(where, data={"turn": shown, "act": what, "text": text})


def stage(text):
    return re.search(r'data-stage="(\w+)"', text)[1]


def plain(text):
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)))


def put(text):
    """The question as it is put, without what there is to choose from."""
    card = re.search(r'<article class="card".*?</article>', text, re.DOTALL)[0]
    return plain(re.split(r'<[ou]l class="choices|<form|<div class="outcome', card)[0])


def right(text, taught):
    """What is right, of a deck in which each question and each meaning is known."""
    asks = put(text)
    found = next(note for note in taught if note.asks in asks or note.says in asks)
    return found.says if found.asks in asks else found.title


# looking


def test_decks_stand_with_their_figures_and_no_file_is_made_by_looking(asked, folder):
    text = asked.get("/study").text
    for deck in decks():
        assert html.escape(deck.title) in text
        for mode in NAMES:
            assert f'href="/study/{deck.id}/{mode}"' in text
    assert NONE in text
    for told in EXPLAINED.values():
        assert told.partition(":")[2].strip() in html.unescape(text)
    for path in ("/study/descent", "/study/descent/test", "/study/note/adamw", "/study/descent/learn/nothing"):
        assert asked.get(path).status_code == 200
    assert not folder.exists()


def test_what_was_answered_stands_in_the_table_and_in_the_history(asked, folder):
    cards = deck_of("descent").cards
    with memory(folder) as kept:
        number = kept.begin("spaced", "descent")
        for card in cards[: len(cards) // 2]:
            kept.answer(Answered(card.id, 1.7e9, "spaced", "turn", True, 1, "", 2.0, number))
    text = plain(asked.get("/study").text)
    assert f"{len(cards) // 2} of {len(cards) // 2} right, 72 s" in text
    row = re.search(r'<tr data-deck="descent">.*?</tr>', asked.get("/study").text, re.DOTALL)[0]
    assert re.search(r'data-label="due now">36<', row)
    assert asked.get("/study/descent").text.count('data-label="due now">0<') < len(deck_of("descent").notes)


def test_every_note_is_shown_whole_with_its_demonstration(asked):
    led = set()
    for note in notes():
        found = asked.get(f"/study/note/{quote(note.id)}")
        assert found.status_code == 200, note.id
        text = html.unescape(found.text)
        for told in (note.title, note.source.replace("`", "")):
            assert told in re.sub("</?code>", "", text), note.id
        assert note.mathml in found.text
        led |= {*re.findall(r'href="/study/note/([^"]+)"', found.text)}
        shown = demonstration(note)
        assert (shown is None) == (note.demo == ""), note.id
        if shown and not note.demo.startswith("/curves"):
            assert "<svg" in shown.drawn
            assert "tabindex" not in shown.drawn
            assert shown.told
    assert led <= {note.id for note in notes()}


def test_notes_are_searched_by_all_that_is_written_in_them(asked):
    part = asked.get("/study/descent", params={"search": "saddle linger"}, headers={"hx-request": "true"}).text
    assert part.count('<tr><th scope="row">') == 1
    assert "/study/note/saddle-points" in part
    assert "No note is like that" in asked.get("/study/descent", params={"search": "<b>zzz"}).text


@pytest.mark.parametrize("path", ["/study/nope", "/study/note/nope", "/study/nope/learn", "/study/../study/nope"])
def test_what_is_not_there_is_told(asked, path):
    assert asked.get(path).status_code == 404


@pytest.mark.parametrize("demo", ["javascript:alert(1)", "//evil.example/landscapes", "http://evil.example/schedules", "/run/x", "/landscapes?rule=nope", "/schedules?steps=x"])  # fmt: skip
def test_a_note_of_ones_own_leads_nowhere_else(demo):
    assert demonstration(Note("a", "own", "A", "What?", "This.", "-", demo=demo)) is None


def test_without_fsrs_one_sentence_says_what_to_install(asked, monkeypatch):
    def absent(*_):
        raise MissingPackage("studying needs fsrs; install it with: pip install 'surefoot[study]'")

    monkeypatch.setattr(study_views, "Spacing", absent)
    for path in ("/study", "/study/descent", "/study/descent/learn", "/study/note/adamw"):
        assert "Studying needs fsrs; install it with: pip install" in asked.get(path).text, path
    assert "studying needs fsrs" in asked.post("/study/descent/learn").json()["fault"]


# playing


def test_nothing_is_begun_or_answered_without_the_token(asked, tmp_path, folder):
    where = begun(asked, "learn")
    other = client(tmp_path / "runs", token=False)
    for path in (where, "/study/descent/learn", "/study?name=a.tsv", "/study/mine/forget"):
        assert other.post(path, data={"turn": 0, "act": "answer", "text": ""}).status_code == 403
    assert other.get("/study").status_code == 200
    assert "data-act" in asked.get(where).text
    with memory(folder) as kept:
        assert kept.answers() == []


def test_an_answer_is_kept_before_its_reply_and_counts_once(asked, folder):
    where = begun(asked, "learn")
    first = asked.get(where).text
    assert stage(first) == "question"
    assert asked.get(where).text == first, "loading anew shows the same question"
    told = act(asked, where, "answer", "", turn=0)
    assert stage(told.text) == "verdict"
    with memory(folder) as kept:
        assert len(kept.answers()) == 1
    for turn in (0, 7, -1):
        assert act(asked, where, "answer", "again", turn=turn).text == told.text
    assert act(asked, where, "nonsense").text == told.text
    with memory(folder) as kept:
        assert len(kept.answers()) == 1


def test_an_answer_that_cannot_be_kept_ends_the_session_and_says_so(asked, monkeypatch):
    where = begun(asked, "learn")

    def full(*_):
        raise InvalidValue("study.sqlite cannot be used: the disk is full.")

    monkeypatch.setattr(Memory, "answer", full)
    assert act(asked, where, "answer", "x").json() == {"fault": "study.sqlite cannot be used: the disk is full."}
    monkeypatch.undo()
    assert stage(asked.get(where).text) == "gone"


def test_after_a_restart_the_way_begins_anew_from_the_log(asked, tmp_path, folder):
    where = begun(asked, "learn")
    act(asked, where, "answer", "")
    with client(tmp_path / "runs") as other:
        assert "This session is over" in other.get(where).text
        assert "Every answer that was given is kept" in act(other, where, "answer", "").text
        assert "0 of 72 learned" in other.get(begun(other, "learn")).text
    with memory(folder) as kept:
        assert len(kept.answers()) == 1


def test_learn_is_played_to_its_end_and_a_wrong_card_comes_again(asked, folder):
    asked.post("/study", params={"name": "Algebra.tsv"}, content=OWN.encode())
    taught = memory(folder).own()[0].notes
    where, seen, missed = begun(asked, "learn", "algebra"), [], False
    while (now := stage(text := asked.get(where).text)) != "done":
        if now == "question":
            text = act(asked, where, "answer", right(text, taught) if missed else "no").text
            assert ("Right" in plain(text)) == missed
            missed = True
            assert "✓" in text
            seen.append(text)
        else:
            act(asked, where, "on")
    assert "Every card is learned" in text
    with memory(folder) as kept:
        told = kept.answers()
        assert len(told) == len(seen)
        assert {each.form for each in told} == {"choice", "typed"}
        assert kept.sessions()[0].ended is not None


def test_a_typed_answer_that_was_meant_right_is_counted_so(asked, folder):
    asked.post("/study", params={"name": "Algebra.tsv"}, content=OWN.encode())
    where = begun(asked, "test", "algebra", length=1, form="typed")
    act(asked, where, "answer", "something else")
    assert "Wrong" in plain(act(asked, where, "hand").text)
    looked = act(asked, where, "look").text
    assert "My answer was right" in plain(looked)
    assert "by your own word" in act(asked, where, "right").text
    assert "1 of 1 right, 100 %" in plain(act(asked, where, "on").text)
    with memory(folder) as kept:
        assert [each.right for each in kept.answers()] == [True]


def test_a_test_tells_nothing_before_it_is_handed_in(asked, folder):
    where = begun(asked, "test", "descent", length=3, form=["choice", "number"])
    for place in range(3):
        text = act(asked, where, "answer", "").text
        assert "✗" not in text
        assert "Right" not in plain(text)
        assert f"question {place + 2} of 3" in plain(text) or stage(text) == "full"
    assert stage(act(asked, where, "undo").text) == "question"
    with memory(folder) as kept:
        assert len(kept.answers()) == 2
    act(asked, where, "answer", "")
    assert "0 of 3 right, 0 %" in plain(act(asked, where, "hand").text)
    seen = [plain(act(asked, where, "look").text), *(plain(act(asked, where, "on").text) for _ in range(2))]
    assert [f"mistake {place} of 3" in text for place, text in enumerate(seen, 1)] == [True] * 3
    assert stage(act(asked, where, "on").text) == "marks"
    again = act(asked, where, "again").json()["where"]
    assert "/learn/" in again
    assert "0 of 3 learned" in plain(asked.get(again).text)


def test_a_test_that_cannot_be_is_refused_and_a_long_one_is_as_long_as_it_can_be(asked, folder):
    assert "no form of a test" in asked.post("/study/descent/test", data={"form": "turn"}).json()["fault"]
    assert asked.post("/study/descent/test", data={"length": "x"}).status_code == 400
    assert not folder.exists()
    where = begun(asked, "test", "descent", length=500, form="number")
    count = sum(card.kind == "numeric" for card in deck_of("descent").cards)
    assert f"question 1 of {count}" in plain(asked.get(where).text)


def pairs_of(text):
    """The places of tiles by the note they tell of, and which are terms."""
    tiles = re.findall(r'class="tile (term|meaning)[^"]*".*?data-place="(\d+)".*?<span>(.*?)</span></button>', text, re.DOTALL)  # fmt: skip
    return [(side, int(place), html.unescape(told)) for side, place, told in tiles]


def test_matching_ends_with_a_time_that_is_kept_or_without_one(asked, folder):
    from surefoot.study.markup import as_html
    from surefoot.study.matching import meaning_of

    for given in ({}, {"no_timer": "1"}):
        where = begun(asked, "matching", **given)
        text = asked.get(where).text
        assert ("data-elapsed" in text) == (not given)
        meant = {note.title: html.unescape(as_html(meaning_of(note))) for note in deck_of("descent").notes}
        tiles = pairs_of(text)
        assert len(tiles) == 12
        for term in [(place, told) for side, place, told in tiles if side == "term"]:
            act(asked, where, "choose", str(term[0]))
            other = next(place for side, place, told in tiles if side == "meaning" and told == meant[term[1]])
            text = act(asked, where, "choose", str(other)).text
        assert stage(text) == "over"
        assert ("Your best time" in text) == (not given)
    with memory(folder) as kept:
        assert len(kept.best_times("descent")) == 1
        assert [each.form for each in kept.answers()] == ["pair"] * 12


def test_a_tile_that_is_not_there_is_passed_over(asked, folder):
    where = begun(asked, "matching")
    for text in ("99", "-1", "x", "", "²", "9" * 500):
        assert stage(act(asked, where, "choose", text).text) == "tiles"
    with memory(folder) as kept:
        assert kept.answers() == []


def test_spaced_shows_the_interval_of_each_grade_and_takes_a_grade_back(asked, folder):
    where = begun(asked, "spaced")
    front = asked.get(where).text
    assert stage(front) == "front"
    assert stage(act(asked, where, "grade", "3").text) == "front", "a card is turned before it is graded"
    back = act(asked, where, "turn").text
    soon = Spacing().intervals("any", 1.7e9)
    for rating, word in ((1, "again"), (2, "hard"), (3, "good"), (4, "easy")):
        assert re.search(rf"{rating}</kbd> <b>{word}</b> <span>{length(soon[rating])}</span>", back)
    act(asked, where, "grade", "4")
    with memory(folder) as kept:
        assert [(each.rating, each.mode) for each in kept.answers()] == [(4, "spaced")]
    assert put(act(asked, where, "undo").text) == put(front)
    with memory(folder) as kept:
        assert kept.answers() == []
    for text in ("5", "0", "", "three"):
        act(asked, where, "turn")
        assert stage(act(asked, where, "grade", text).text) == "back"


def test_what_is_typed_is_shown_as_text_and_never_run(asked):
    where = begun(asked, "test", "descent", length=1, form="typed")
    act(asked, where, "answer", "<script>alert(1)</script>")
    act(asked, where, "hand")
    text = act(asked, where, "look").text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_of_answers_that_come_at_once_one_counts(folder):
    room = Room()
    play = LearnPlay(room, deck_of("descent"))
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(lambda _: play.take(0, "answer", ""), range(40)):
            pass
    assert (play.turn, len(room.memory.answers())) == (1, 1)
    room.close()


def test_a_deck_in_other_letters_is_learnt_as_any_other(asked, folder):
    rows = "".join(f"{sign * 3}是什么？\t{sign * 400}\n" for sign in "甲乙丙丁戊")
    assert asked.post("/study", params={"name": "代数.tsv"}, content=rows.encode()).status_code == 200
    assert asked.get("/study/代数").status_code == 200
    assert quote("代数") in asked.get("/study").text
    taught, where = memory(folder).own()[0].notes, begun(asked, "learn", "代数")
    assert "Right" in plain(act(asked, where, "answer", right(asked.get(where).text, taught)).text)
    assert asked.get("/study/export.csv", params={"deck": "代数"}).status_code == 200
    assert asked.post(where, content=b"x" * (1 << 18)).status_code == 413


def test_a_memory_that_is_none_is_told_in_a_sentence(asked, folder):
    folder.mkdir()
    (folder / "study.sqlite").write_bytes(b"nothing like it" * 100)
    for path in ("/study", "/study/descent"):
        assert "is no memory of studying" in asked.get(path).text
    assert "is no memory of studying" in asked.post("/study/descent/learn").json()["fault"]


def test_many_sessions_make_room_for_each_other(asked, monkeypatch):
    monkeypatch.setattr("surefoot.page.study_play.MOST", 3)
    places = [begun(asked, "matching") for _ in range(4)]
    assert [stage(asked.get(where).text) for where in places] == ["gone", "tiles", "tiles", "tiles"]


# files


def test_own_decks_and_the_log_go_out_and_in(asked, tmp_path, folder, monkeypatch):
    told = asked.post("/study", params={"name": "../../Algebra.tsv"}, content=OWN.encode()).json()["told"]
    assert told == ["Algebra (algebra) is kept with 3 notes."]
    act(asked, begun(asked, "spaced", "algebra"), "turn")
    where = begun(asked, "learn", "algebra")
    act(asked, where, "answer", "")
    whole = asked.get("/study/export.json")
    assert "attachment" in whole.headers["content-disposition"]
    assert len(json.loads(whole.text)["answers"]) == 1
    for form, begins in (("tsv", "#separator:tab"), ("csv", "id,"), ("md", "")):
        assert asked.get(f"/study/export.{form}", params={"deck": "algebra"}).text.startswith(begins)
    monkeypatch.setenv("SUREFOOT_STUDY", str(tmp_path / "other"))
    told = asked.post("/study", params={"name": "all.json"}, content=whole.content).json()["told"]
    assert told == ["1 of 1 answers are new.", "Algebra (algebra) is kept with 3 notes."]
    with memory(tmp_path / "other") as kept, memory(folder) as before:
        assert kept.answers() == before.answers()
        assert kept.own() == before.own()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.exe", b"x", "has the format 'exe'"),
        ("", b"x", "has no ending"),
        ("a.json", b"{", ""),
        ("a.tsv", b"\xff\xfe", "it is not UTF-8"),
        ("a.apkg", b"PK", "no package of Anki's"),
        ("a.csv", b"only one column", "has no answer"),
    ],
)
def test_a_file_that_is_none_is_refused_by_its_own_name(asked, name, content, said, folder):
    found = asked.post("/study", params={"name": name}, content=content)
    assert found.status_code == 400
    assert said in found.json()["fault"]
    assert str(folder.parent) not in found.text


def test_a_file_that_is_too_large_is_read_no_further(asked, folder):
    found = asked.post("/study", params={"name": "a.tsv"}, content=b"x" * (LARGEST + 1))
    assert (found.status_code, "2 MB" in found.json()["fault"]) == (413, True)
    assert not folder.exists()


def test_what_is_no_deck_or_format_cannot_be_carried_out(asked):
    assert asked.get("/study/export.tsv").status_code == 404
    assert asked.get("/study/export.tsv", params={"deck": "../../etc/passwd"}).status_code == 404
    assert asked.get("/study/export.exe", params={"deck": "descent"}).status_code == 400


def test_a_deck_of_ones_own_is_put_away_and_taken_back_and_none_that_comes_along(asked):
    asked.post("/study", params={"name": "Algebra.tsv"}, content=OWN.encode())
    assert "Put away" in asked.get("/study").text
    assert asked.post("/study/algebra/forget").json() == {"forgotten": "algebra", "title": "Algebra"}
    assert asked.get("/study/algebra").status_code == 404
    asked.post("/study/algebra/restore")
    assert asked.get("/study/algebra").status_code == 200
    assert asked.post("/study/descent/forget").status_code == 400
    assert asked.post("/study/nope/restore").status_code == 404


# from a run to its notes


def test_a_finding_leads_to_the_note_that_explains_it_but_not_from_a_file(asked, tmp_path):
    run = finished(tmp_path / "runs", "faulty", findings=[finding()]).name
    where = "/study/about/check%3Asoftmax-twice"
    assert asked.get(where).headers["location"] == f"/study/note/{quote(note_about('check:softmax-twice'))}"
    assert asked.get("/study/about/check:nothing").status_code == 404
    for path in (f"/run/{run}", f"/run/{run}/story"):
        text = asked.get(path).text
        assert re.search(rf'<a href="{where}"[^>]*>Learn why</a>', text)
        for subject, note in (("rule:adamw", "adamw"), ("schedule:warmup", "warm-up")):
            assert f'href="/study/about/{quote(subject)}"' in text
            assert note_about(subject) == note
    assert "/study" not in asked.get(f"/run/{run}/page.html").text


def test_every_check_leads_to_a_note():
    from surefoot.diagnose import CHECKS

    assert [code for code in CHECKS if not note_about(f"check:{code}")] == []
    assert subjects_of_settings({"rule": 3, "schedule": None}) == {}
    assert subjects_of_settings({"rule": "<b>", "schedule": "nothing()"}) == {}
    for rule in (*RULES, "muon"):
        assert note_about(subjects_of_settings({"rule": rule})["rule"][0][0])
