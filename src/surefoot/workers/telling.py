"""How a worker tells the page of its work: one JSON object a line, and the last one says how it ended."""

import json
from collections.abc import Callable

from surefoot.errors import SurefootError


def tell(**told: object) -> None:
    """Print one line.

    >>> tell(rows=3)
    {"rows": 3}
    """
    print(json.dumps(told, allow_nan=False), flush=True)


def told(work: Callable[[], None]) -> int:
    """Do some work; return 0, or 1 after telling what is wrong with it."""
    try:
        work()
    except SurefootError as error:
        tell(fault=str(error))
        return 1
    except Exception as error:  # of the user's code or of a broken file: any kind
        tell(fault=f"{type(error).__name__}: {error}")
        return 1
    return 0
