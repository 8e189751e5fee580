"""What surefoot raises, as a tree.

    SurefootError
    ├── InvalidValue      a value that is not allowed, refused where it enters (also a ValueError)
    ├── UnsupportedInput  a tensor or gradient of a kind no backend can step (also a RuntimeError)
    ├── TaskError         the user's task cannot be loaded or run
    └── MissingPackage    an optional package is not installed (also an ImportError)

A message says what was given, what is allowed and what to do, in that order.
"""

MOST = 30
"""Faults that one message tells: a file of a million bad names makes no message of a million."""


class SurefootError(Exception):
    """The root of every error that surefoot raises on purpose."""


class InvalidValue(SurefootError, ValueError):
    """A value that is not allowed; all faults of one call are told at once."""


class UnsupportedInput(SurefootError, RuntimeError):
    """A tensor or gradient of a kind that no backend can step."""


class TaskError(SurefootError):
    """A task that cannot be loaded or run."""


class MissingPackage(SurefootError, ImportError):
    """An optional package that this call needs is not installed."""


def refuse(where: str, faults: list[str]) -> None:
    """Raise `InvalidValue` naming every fault of a call, or return when there is none.

    >>> refuse("AdamW", [])
    >>> refuse("AdamW", ["beta2 is 1.2; it must be at least 0 and below 1"])
    Traceback (most recent call last):
    surefoot.errors.InvalidValue: AdamW: beta2 is 1.2; it must be at least 0 and below 1.
    """
    if faults:
        more = [f"and {len(faults) - MOST} more"] if len(faults) > MOST else []
        raise InvalidValue(f"{short(where, 200)}: {'; '.join([*map(short, faults[:MOST]), *more])}.")


def short(text: str, most: int = 800) -> str:
    """Return a text as it is, or without its middle if it has more characters than a person reads in a message.

    >>> short("warmup(5%)"), short("(" * 10**6, most=8)
    ('warmup(5%)', '(((( ... ((((')
    """
    half = most // 2
    return text if len(text) <= most else f"{text[:half]} ... {text[-half:]}"


def printable(text: str) -> str:
    r"""Return a text on one line, with what no screen shows written as in Python.

    >>> printable("unrecognized token: \x01")
    'unrecognized token: \\x01'
    """
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
