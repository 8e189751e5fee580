"""Writes a rule's CPU kernel as Python text: `python -m surefoot.backends.emit` renews the committed kernels.

The text holds the formula's own lines inside a loop over blocks. Whatever in them is made of numbers alone is computed
once per block in float64 and then rounded, so that `1 - beta2` in float32 is the nearest float32 and not one with four
good digits, and so that no literal turns the loop into float64 (a numba pitfall that costs a factor of two).

A worker takes blocks from a shared counter until none is left: whichever threads call it, each block is done once, in
the same order of additions, so results do not depend on the thread count.
"""

import ast
from dataclasses import dataclass, field
from pathlib import Path

from surefoot.rules import RULES
from surefoot.rules.gradient import NUMBERS, prepared
from surefoot.rules.language import Formula, formula_of
from surefoot.rules.rule import Rule

BLOCK = 16384
"""Elements of a block: the longest float32 sum that is accurate enough, and small enough for the second-level cache."""

SUMS = ("g_squared", "p_squared", "step_squared", "g_bad", "p_bad")
"""What a kernel sums per block, in the order of its columns."""

_NUMPY = {"where": "select", "abs": "abs", "sign": "sign"}


@dataclass
class Hoister(ast.NodeTransformer):
    """Replaces every largest expression of numbers alone by a name, and remembers what it stands for."""

    numbers: set[str]
    locals: list[str] = field(default_factory=list)
    hoisted: dict[str, str] = field(default_factory=dict)

    def visit(self, node: ast.AST) -> ast.AST:
        """Hoist an expression of numbers, descend into any other."""
        if isinstance(node, ast.expr) and not isinstance(node, ast.Attribute) and self.is_number(node):
            text = ast.unparse(node)
            name = self.hoisted.setdefault(text, f"k{len(self.hoisted)}")
            return ast.Name(name, ast.Load())
        return super().visit(node)  # type: ignore[no-any-return]

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Spell a function of xp as numba compiles it best."""
        node.args = [self.visit(argument) for argument in node.args]  # type: ignore[misc]
        assert isinstance(node.func, ast.Attribute)
        node.func = ast.parse(_NUMPY.get(node.func.attr, f"np.{node.func.attr}"), mode="eval").body
        return node

    def is_number(self, node: ast.expr) -> bool:
        """Tell whether an expression is made of numbers alone."""
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        return names <= self.numbers and not isinstance(node, ast.Compare)


def kernel_text(rule: Rule, *, sums: bool = True) -> str:
    """Return the text of a rule's kernel module, which defines `step_float32` and `step_float64`.

    `sums=False` leaves the statistics out: the benchmark measures what they cost.
    """
    head = _HEAD.format(title=f"The formula {rule.parsed.name} in one pass over memory.")
    imports = "\nimport numpy as np\n\nfrom surefoot.backends.intrinsics import array, select, sign, take\n"
    return head + imports + "".join(_function(rule, kind, sums) for kind in ("float32", "float64"))


def measure_text() -> str:
    """Return the text of the kernel that sums squared gradients before a step, in float64 (for clipping)."""
    head = _HEAD.format(title="The sum of squared gradients.")
    imports = "\nimport numpy as np\n\nfrom surefoot.backends.intrinsics import array, take\n"
    return head + imports + "".join(_MEASURE.format(kind=kind, size=size) for kind, size in _SIZE.items())


def _function(rule: Rule, kind: str, sums: bool) -> str:
    arrays = rule.parsed.arrays
    columns = (*NUMBERS, *rule.names)
    size = _SIZE[kind]
    hoister = Hoister(set(columns))
    lines = [*_lines(formula_of(prepared), hoister), *_lines(rule.parsed, hoister)]
    before = [f"{name} = numbers[row + {j}]" for j, name in enumerate(columns)]
    before += hoister.locals
    before += [f"{name} = np.{kind}({text})" for text, name in hoister.hoisted.items()]
    loads = [f"{name} = {name}_[i]" for name in arrays]
    stores = [f"{name}_[i] = {name}" for name in arrays if name != "g"]
    add = ["g_squared += grad * grad", "p_squared += p * p", "step_squared += (p - old) * (p - old)"]
    body = [*loads, *(["old = p", "grad = g"] if sums else []), *lines, *stores, *(add if sums else [])]
    return _STEP.format(
        kind=kind,
        width=len(arrays),
        pointers=_indented(8, [_POINTER.format(name=a, j=j, size=size, kind=kind) for j, a in enumerate(arrays)]),
        before=_indented(8, before),
        zeros=_indented(8, [f"{name} = np.{kind}(0.0)" for name in SUMS[:3]] if sums else ["pass"]),
        body=_indented(12, body),
        after=(_AFTER.format(kind=kind) if sums else "") + _NEXT,
    )  # fmt: skip


def _lines(formula: Formula, hoister: Hoister) -> list[str]:
    lines = []
    for line in formula.lines:
        target = line.targets[0]
        assert isinstance(target, ast.Name)
        value = ast.parse(ast.unparse(line.value), mode="eval").body
        if hoister.is_number(value):
            hoister.locals.append(f"{target.id} = {ast.unparse(value)}")
            hoister.numbers.add(target.id)
        else:
            lines.append(f"{target.id} = {ast.unparse(hoister.visit(value))}")
    return lines


def _indented(depth: int, lines: list[str]) -> str:
    return "\n".join(" " * depth + line for line in lines)


_HEAD = '''"""{title}

Written by `python -m surefoot.backends.emit`; do not edit.
"""
'''

_POINTER = "{name}_ = array(addresses[{j} * tensors + tensor] + start * {size}, size, np.{kind})"

_SIZE = {"float32": 4, "float64": 8}

_STEP = """

def step_{kind}(arguments):
    count = arguments[1]
    blocks = array(arguments[2], 3 * count, np.int64)
    tensors = arguments[7]
    addresses = array(arguments[3], {width} * tensors, np.int64)
    numbers = array(arguments[4], arguments[8], np.float64)
    sums = array(arguments[5], 5 * count, np.float64)
    chunk = arguments[9]
    block = end = 0
    while True:
        if block == end:
            block = take(arguments) * chunk
            end = min(block + chunk, count)
            if block >= count:
                return
        tensor = blocks[3 * block]
        start = blocks[3 * block + 1]
        size = blocks[3 * block + 2]
        row = tensor * arguments[6]
{pointers}
{before}
{zeros}
        for i in range(size):
{body}
{after}"""

_AFTER = """        g_bad = 0
        p_bad = 0
        if not abs(g_squared + p_squared + step_squared) <= np.finfo(np.{kind}).max:
            # Something is not finite, or a square overflowed: count exactly, and sum again in float64.
            wide_g = 0.0
            wide_p = 0.0
            for i in range(size):
                grad = g_[i]
                p = p_[i]
                g_bad += not abs(grad) <= np.finfo(np.{kind}).max
                p_bad += not abs(p) <= np.finfo(np.{kind}).max
                wide_g += np.float64(grad) * np.float64(grad)
                wide_p += np.float64(p) * np.float64(p)
            sums[5 * block] = wide_g
            sums[5 * block + 1] = wide_p
        else:
            sums[5 * block] = g_squared
            sums[5 * block + 1] = p_squared
        sums[5 * block + 2] = step_squared
        sums[5 * block + 3] = g_bad
        sums[5 * block + 4] = p_bad
"""

_NEXT = """        block += 1
"""

_MEASURE = """

def measure_{kind}(arguments):
    count = arguments[1]
    blocks = array(arguments[2], 3 * count, np.int64)
    tensors = arguments[7]
    addresses = array(arguments[3], 2 * tensors, np.int64)
    sums = array(arguments[5], 5 * count, np.float64)
    chunk = arguments[9]
    block = end = 0
    while True:
        if block == end:
            block = take(arguments) * chunk
            end = min(block + chunk, count)
            if block >= count:
                return
        size = blocks[3 * block + 2]
        g_ = array(addresses[tensors + blocks[3 * block]] + blocks[3 * block + 1] * {size}, size, np.{kind})
        g_squared = 0.0
        for i in range(size):
            grad = np.float64(g_[i])
            g_squared += grad * grad
        sums[5 * block] = g_squared
        block += 1
"""

KERNELS = Path(__file__).parent / "kernels"


def committed() -> dict[Path, str]:
    """Return every committed kernel module's path and the text that it must have: one for each formula."""
    texts = {KERNELS / f"{rule.parsed.name}.py": kernel_text(rule) for rule in RULES.values()}
    return {**texts, KERNELS / "measure.py": measure_text()}


if __name__ == "__main__":
    for path in {*KERNELS.glob("[a-z]*.py")} - {*committed()}:
        path.unlink()
    for path, text in committed().items():
        path.write_text(text)
