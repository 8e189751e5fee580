"""In what runs differ, by their own words."""

from collections.abc import Mapping, Sequence
from typing import Any


def differences(metas: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return the settings in which runs differ, versions among them, with each run's value; None where it has none.

    Args:
        metas: what each run's `meta.json` says.

    >>> differences([{"settings": {"seed": 0, "rule": "sgd"}}, {"settings": {"seed": 1, "rule": "sgd"}}])
    {'seed': [0, 1]}
    """
    parts = [{**(meta.get("versions") or {}), **(meta.get("settings") or {})} for meta in metas]
    names = dict.fromkeys(name for part in reversed(parts) for name in part)
    found = {name: [part.get(name) for part in parts] for name in names}
    return {name: values for name, values in found.items() if any(value != values[0] for value in values)}
