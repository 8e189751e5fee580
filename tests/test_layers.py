"""Imports point down the layers, never up or around; light layers do without the heavy libraries."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import surefoot

ROOT = Path(surefoot.__file__).parent
LAYERS = [
    {"errors", "symbols"},
    {"rules", "schedules", "feedback", "stopping", "averaging", "penalties", "trace", "race"},
    {"diagnose", "records"},
    {"catalogue", "backends"},
    {"pytorch", "landscapes", "study"},
    {"training"},
    {"search"},
    {"fitting", "tasks", "planning", "chaos"},
    {"integrations", "workers"},
    {"page"},
    {"cli", "__main__"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
MODULES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")
HEAVY = {"torch", "numba", "llvmlite", "triton", "matplotlib", "sklearn"}


def place(path):
    """The room a module belongs to: its top folder or, at the top, its own name."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path, *, everywhere):
    """Modules that a file imports: at its top level, or anywhere in it; not those for type checkers alone."""
    tree = ast.parse(path.read_text())
    nodes = ast.walk(tree) if everywhere else tree.body
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path):
    here = place(path)
    assert here in LEVEL, f"{here} has no layer: give it one in DESIGN and here"
    for name in imported(path, everywhere=True):
        if name.startswith("surefoot."):
            there = name.split(".")[1]
            if there in LEVEL and there != here:
                assert LEVEL[there] < LEVEL[here], (
                    f"{path.name} of layer {LEVEL[here]} imports {name} of layer {LEVEL[there]}"
                )


def test_no_two_modules_import_each_other():
    names = {
        ".".join(("surefoot", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): path
        for path in MODULES
    }
    arrows = {
        name: {other for other in imported(path, everywhere=True) if other in names and other != name}
        for name, path in names.items()
    }
    done = set()

    def visit(name, trail):
        assert name not in trail, f"a cycle: {' -> '.join([*trail, name])}"
        if name not in done:
            for other in arrows[name]:
                visit(other, [*trail, name])
            done.add(name)

    for name in names:
        visit(name, [])


@pytest.mark.parametrize(
    "path", [p for p in MODULES if LEVEL.get(place(p), 99) <= 3 and place(p) != "backends"], ids=lambda p: p.stem
)
def test_light_layers_do_without_heavy_libraries(path):
    assert not {name.split(".")[0] for name in imported(path, everywhere=True) if name} & HEAVY


def test_importing_surefoot_and_its_schedules_loads_nothing_heavy():
    code = "import sys, surefoot as sf; sf.warmup(3) >> sf.cosine(4); import surefoot.cli; print(sorted({'torch', 'numba', 'matplotlib'} & {*sys.modules}))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_every_public_name_is_there_and_none_is_a_modules():
    for name in surefoot.__all__:
        assert getattr(surefoot, name) is not None
        assert not (ROOT / f"{name}.py").exists()
        assert not (ROOT / name).is_dir()
    with pytest.raises(AttributeError, match="no attribute 'Adamw'"):
        _ = surefoot.Adamw


def test_every_module_says_what_it_is_and_stays_readable():
    for path in MODULES:
        if path.parent.name != "kernels":
            text = path.read_text()
            assert ast.get_docstring(ast.parse(text)), f"{path} has no docstring"
            assert len(text.splitlines()) <= 300, f"{path} is longer than one idea"
