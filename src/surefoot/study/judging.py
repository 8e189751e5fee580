"""What is to be said of an answer: numbers within their bounds, formulas as mathematics, words as they were meant."""

import math
import re
from functools import cache

from surefoot.errors import InvalidValue, short
from surefoot.schedules import parse
from surefoot.study.formula_tree import plain, tree_of
from surefoot.study.formulas import same, value_of
from surefoot.study.library import notes
from surefoot.study.question import Question, Verdict
from surefoot.study.words import matched, words_of

LONGEST = 300
"""Characters of an answer that are looked at; the longest right one has 96."""

MOST_ROUNDED = 0.5
"""How far rounding to one digit moves a number at most, as a part of it."""

_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_POWER = re.compile(r"[⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_BEFORE = re.compile(r"^[^=]*=|^\s*(?:about|circa|ca\.?|≈|~)")
_PLAIN = re.compile(r"[-+−]?(\d*[.,]?\d+)(?:[eE][-+]?\d+)?")
_GROUPED = re.compile(r"^\s*[-+−]?\d{1,3}(?:[,'\s\u2009\u202f]\d{3})+(?:\.\d+)?\s*$")


def judged(question: Question, text: str) -> Verdict:
    """Return whether a text answers a question, and what is to be said of it.

    A number may have a decimal comma, be a fraction, a power, a percentage or a sum; a formula may be written in any
    way that is the same mathematics; a word may have another case, another order or a letter off.

    Args:
        question: what was asked; of choice and curve the text is the choice that was taken.
        text: the answer; whatever it is, nothing of it is run.

    Errors: InvalidValue if the card was turned: its learner grades that.

    >>> from surefoot.study.card import Card
    >>> from surefoot.study.note import Note
    >>> note = Note("patience", "own", "patience", "How many?", "The bad checks that stop a run.", "-")
    >>> judged(Question(Card(note, "reverse"), "typed", "Which term?", "patience"), "Pateince")
    Verdict(right=True, says='it is written patience')
    """
    if question.form == "turn":
        raise InvalidValue(f"{question.card.id}: its card was turned; that is graded by its learner, from 1 to 4")
    text = text.strip()
    if not text:
        return Verdict(False, "nothing was answered")
    if question.form in ("choice", "curve"):
        chosen = text.casefold() == question.answer.casefold()
        return Verdict(chosen, "" if text in question.choices or chosen else "that was not among the choices")
    if len(text) > LONGEST:
        return Verdict(False, f"an answer has at most {LONGEST} characters")
    if question.form == "number":
        return _number_verdict(question, text)
    return _formula_verdict(question, text) if question.card.kind == "cloze" else _word_verdict(question, text)


def numbers_of(text: str) -> tuple[float, ...]:
    """Return the numbers that a text may mean: two where a comma may be a decimal's or a thousand's; none if none.

    >>> numbers_of("0,5"), numbers_of("1/4"), numbers_of("5 %"), numbers_of("2·10⁻³"), numbers_of("1,234")
    ((0.5,), (0.25,), (0.05,), (0.002,), (1.234, 1234.0))
    """
    text = _BEFORE.sub("", text, count=1)
    text = _POWER.sub(lambda found: "^" + found[0].translate(_SUPERSCRIPT), text)
    readings = [re.sub(r"(?<=\d),(?=\d)", ".", text) if text.count(",") == 1 else text]
    readings += [re.sub(r"(?<=\d)[,'\s\u2009\u202f](?=\d)", "", text)] if _GROUPED.match(text) else []
    found = [value for value in map(_value, readings) if value is not None]
    return tuple(dict.fromkeys(found))


def _value(text: str) -> float | None:
    try:
        tree = tree_of(plain(text).rstrip(" ."))
    except InvalidValue:
        return None
    found = value_of(tree, {}) if tree.names <= {"pi", "e"} else math.nan
    return None if math.isnan(found) else found


def _number_verdict(question: Question, text: str) -> Verdict:
    right, found = number_of(question.answer), numbers_of(text)
    if not found:
        return Verdict(False, "that is no number: 0.25, 0,25, 1/4, 25 % and 2.5e-1 are read")
    hit = any(near(value, right, question.within) for value in found)
    return Verdict(hit, "" if hit else _slip(text, found[0], right, question.within))


def number_of(answer: str) -> float:
    """Return the number of an answer that is shown.

    Errors: InvalidValue if it is none.
    """
    found = numbers_of(answer)
    if not found:
        raise InvalidValue(f"the answer {short(answer, 60)!r} is no number")
    return found[-1] if _GROUPED.match(answer) else found[0]


def near(value: float, right: float, within: float) -> bool:
    """Return whether a value is right, but for so large a part of it; what should be 0 is so to twelve decimals.

    >>> near(0.995, 1.0, 0.01), near(0.98, 1.0, 0.01), near(0.0, 1e-15, 0.01)
    (True, False, False)
    """
    return abs(value - right) <= (max(within, 1e-9) * abs(right) if right else 1e-12)


def _slip(text: str, value: float, right: float, within: float) -> str:
    """Say what a wrong number has in common with the right one, if it is a well-known slip."""
    if near(-value, right, within):
        return "the sign is the other way round"
    if right and near(value, 100 * right, within):
        return "it is a hundred times too large: a percentage needs its sign"
    if value and right:
        apart = math.log10(abs(value)) - math.log10(abs(right))  # of logarithms: a quotient may be 0 or too large
        if round(apart) and (value > 0) == (right > 0) and abs(apart - round(apart)) <= math.log10(1.0 + within) + 1e-9:
            return "the digits are right; the decimal point is in another place"
    if not near(value, right, max(5 * within, MOST_ROUNDED)):
        return ""
    digits = digits_of(text)
    if digits and value == float(f"{right:.{digits}g}"):
        return "it is rounded too far: more digits are asked"
    return "close, but further off than rounding explains" if near(value, right, 5 * within) else ""


def digits_of(text: str) -> int:
    """Return with how many significant digits a plain number is written; 0 if it is no plain number.

    >>> digits_of("0.0015"), digits_of("1,20e-3"), digits_of("1/3")
    (2, 3, 0)
    """
    found = _PLAIN.fullmatch(text.strip())
    return len(re.sub(r"\D", "", found[1]).lstrip("0")) if found else 0


def _formula_verdict(question: Question, text: str) -> Verdict:
    rights, fault = (question.answer, *question.accepts), ""
    names = frozenset(re.findall(r"[^\W\d]\w*", " ".join(question.card.note.formula)))
    for right in rights:
        if "".join(right.split()) == "".join(text.split()):
            return Verdict(True)  # of what a formula tells in words nothing else can be compared
        try:
            if _same_schedule(right, text) or same(right, text, names):
                return Verdict(True)
        except InvalidValue as error:
            fault = fault or f"it cannot be read: {short(str(error).rstrip('.'), 200)}"
    return Verdict(False, fault)


def _same_schedule(right: str, text: str) -> bool:
    """Whether both are texts of schedules, and the same one."""
    try:
        return str(parse(right)) == str(parse(text))
    except InvalidValue:
        return False


def _word_verdict(question: Question, text: str) -> Verdict:
    rights = (question.answer, *question.accepts)
    mine = {words_of(right) for right in rights}
    found = matched(text, rights, [term for term in _terms() if words_of(term) not in mine])
    return Verdict(False) if found is None else Verdict(True, found[1])


@cache
def _terms() -> tuple[str, ...]:
    """Return every term of the notes that come along."""
    return tuple(dict.fromkeys(term for note in notes() for term in (note.title, *note.also)))
