"""The README's code runs as it stands, and its commands exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_the_readmes_code_runs(number, tmp_path, capsys):
    script = tmp_path / "readme.py"  # a file, since a formula's source is read
    script.write_text(BLOCKS[number])
    exec(compile(BLOCKS[number], script, "exec"), {"__name__": "readme"})


def test_the_readme_has_code_and_its_commands_and_files_exist():
    assert len(BLOCKS) == 6
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^    make (\w+)", README, flags=re.MULTILINE):
        assert f"\n{target}:" in makefile
    for link in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / link).exists(), link
