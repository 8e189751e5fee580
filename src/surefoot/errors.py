"""What surefoot raises, as a tree.

    SurefootError
    ├── InvalidValue      a value that is not allowed, refused where it enters (also a ValueError)
    ├── UnsupportedInput  a tensor or gradient of a kind no backend can step (also a RuntimeError)
    ├── TaskError         the user's task cannot be loaded or run
    └── MissingPackage    an optional package is not installed (also an ImportError)

A message says what was given, what is allowed and what to do, in that order.
"""


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
        raise InvalidValue(f"{where}: {'; '.join(faults)}.")
