"""What the tests against hostile input share: how many examples, and what a message may be."""

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

THOROUGH = "SUREFOOT_HOSTILE"
"""The environment variable by which `make hostile` asks for more examples."""

EXAMPLES = int(os.environ.get(THOROUGH, "30"))

fuzzed = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(10**400), 10**400), st.floats(), st.text(max_size=9),
    st.binary(max_size=9),
)  # fmt: skip
"""What may stand where something else is expected."""

trees = st.recursive(
    values,
    lambda each: st.lists(each, max_size=4) | st.dictionaries(st.text(max_size=9), each, max_size=4),
    max_leaves=9,
)


@st.composite
def damaged(draw, good):
    """Bytes that are nearly those of a good file: cut off, with bits flipped, a stretch of other bytes, or longer."""
    found = bytearray(draw(st.sampled_from(good)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(found) - 1)))
        match draw(st.sampled_from(["cut", "flip", "write", "insert", "remove"])):
            case "cut":
                del found[at:]
            case "flip" if found:
                found[at] ^= 1 << draw(st.integers(0, 7))
            case "write":
                more = draw(st.binary(min_size=1, max_size=8))
                found[at : at + len(more)] = more
            case "insert":
                found[at:at] = draw(st.binary(min_size=1, max_size=8))
            case "remove":
                del found[at : at + draw(st.integers(1, 64))]
    return bytes(found)


def assert_one_sentence(message):
    """Fail unless a message is one that a person can read: a line of bounded length, whole, of printable characters."""
    assert message.strip()
    assert message.isprintable(), message
    assert "Traceback" not in message
    assert len(message) <= 5000, len(message)


def assert_said(code, out, err):
    """Fail unless a command that did not do what it was asked said why, in one sentence on standard error."""
    assert code in (2, 3), (code, out, err)
    assert out == ""
    assert err.startswith("surefoot: ")
    assert err.endswith(".\n")
    assert err.count("\n") == 1, err
    assert_one_sentence(err[:-1])


def everything(folder):
    """Return all files below a folder with their contents, but for what Python keeps of modules."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}
