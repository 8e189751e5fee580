"""Words compared as a teacher would: what was meant counts, and what was off in the spelling is said."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

LONG = 6
"""Letters from which on a word may have one letter off: among shorter ones too many differ by one (adam, adamw)."""

_AMERICAN = (
    (re.compile(r"is(e|ed|es|ing|er|ation|ations)\b"), r"iz\1"),
    (re.compile(r"our(ed|ing|able|s?)\b"), r"or\1"),
    (re.compile(r"([aeiou])ll(ed|ing|er)\b"), r"\1l\2"),
    (re.compile(r"(t|b)re(s?)\b"), r"\1er\2"),
    (re.compile(r"yse(d?)\b"), r"yze\1"),
    (re.compile(r"(def|off|lic|pret)ence\b"), r"\1ense"),
    (re.compile(r"ogue(s?)\b"), r"og\1"),
)
"""Endings that British and American English write in two ways, brought to one of them."""

_SMALL = frozenset({"a", "an", "the", "of", "for", "to"})
_APOSTROPHES = re.compile(r"['’`´]s\b|['’`´]")
_ASIDE = re.compile(r"\([^)]*\)|\[[^\]]*\]")


@lru_cache(maxsize=8192)
def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text as they are compared: no case, accents, hyphens, articles or plurals, one spelling.

    >>> words_of("The Glorot-Initialisations"), words_of("Polyak’s heavy ball")
    (('glorot', 'initialization'), ('polyak', 'heavy', 'ball'))
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(each for each in plain if not unicodedata.combining(each))
    plain = plain.replace("ß", "ss").replace("ø", "o").replace("ł", "l")
    found = re.findall(r"[\w+]+", _APOSTROPHES.sub("", plain).replace("_", " "))
    return tuple(_stem(word) for word in found if word not in _SMALL) or tuple(found)


def _stem(word: str) -> str:
    if word.endswith(("sses", "shes", "ches", "xes")):
        word = word[:-2]
    elif len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is", "as")):
        word = word[:-3] + "y" if word.endswith("ies") else word[:-1]
    for pattern, spelled in _AMERICAN:
        if len(word) > 5:
            word = pattern.sub(spelled, word)
    return word


def spellings(text: str) -> tuple[tuple[str, ...], ...]:
    """Return the ways to write a term: with what it has in brackets, without that, or by that alone.

    >>> spellings("learning rate (step size)")
    (('learning', 'rate', 'step', 'size'), ('learning', 'rate'), ('step', 'size'))
    """
    asides = [each[1:-1] for each in _ASIDE.findall(text)]
    found = [words_of(each) for each in (text, _ASIDE.sub(" ", text), *asides)]
    return tuple(dict.fromkeys(each for each in found if each))


def matched(typed: str, rights: Iterable[str], others: Iterable[str] = ()) -> tuple[str, str] | None:
    """Return which of the right terms was typed and what was off, or None if none was.

    The order of the words does not matter. Of a word of six letters and more one letter may be off, but where what was
    typed is another term.

    Args:
        typed: the learner's.
        rights: all that count as right.
        others: terms that are something else.

    >>> matched("rate learning", ["Learning rate"]), matched("momentun", ["momentum"])
    (('Learning rate', ''), ('momentum', 'it is written momentum'))
    >>> matched("nadamw", ["nadam"], ["nadamw"]) is None
    True
    """
    rights = list(rights)
    given = spellings(typed)
    for right in rights:
        if any(_same(one, other) for one in given for other in spellings(right)):
            return right, ""
    if any(_same(one, other) for each in others for one in given for other in spellings(each)):
        return None
    for right in rights:
        if any(_near(one, other) for one in given for other in spellings(right)):
            return right, f"it is written {right}"
    return None


def _same(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return sorted(one) == sorted(other) or "".join(one) == "".join(other)


def _near(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether all words are the same but for a letter in long ones."""
    left, pairs = list(other), list[tuple[str, str]]()
    for word in one:
        found = next((each for each in _nearest(word, left)), None)
        if found is None:
            return False
        left.remove(found)
        pairs.append((word, found))
    return not left


def _nearest(word: str, others: list[str]) -> Iterator[str]:
    yield from (other for other in others if other == word)
    yield from (other for other in others if one_off(word, other))


def one_off(word: str, other: str) -> bool:
    """Return whether two long words differ by a letter: another one, one too many, one too few, or two swapped.

    >>> one_off("momentun", "momentum"), one_off("momnetum", "momentum"), one_off("beta1", "beta2")
    (True, True, False)
    """
    if min(len(word), len(other)) < LONG - 1 or max(len(word), len(other)) < LONG or abs(len(word) - len(other)) > 1:
        return False
    if not (word.isalpha() and other.isalpha()):  # a digit that is off is another thing
        return False
    short, long = sorted((word, other), key=len)
    at = next((place for place, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    swapped = short[at : at + 2][::-1] == long[at : at + 2] and short[at + 2 :] == long[at + 2 :]
    return swapped or short[at + 1 :] == long[at + 1 :]
