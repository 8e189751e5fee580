"""The site builds without a warning, its links lead somewhere, its examples run, and it holds what the catalogue holds."""

import re
import subprocess
import sys
import warnings
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import torch

import surefoot as sf
from surefoot.catalogue import KINDS, entries
from surefoot.cli import FAILED, FINISHED, INTERRUPTED, WRONG
from surefoot.cli.check import FOUND

pytest.importorskip("mkdocs", reason="mkdocs is not installed: pip install 'surefoot[docs]'")

ROOT = Path(__file__).parent.parent
GUIDES = [f"guides/{path.stem}" for path in (ROOT / "docs/guides").glob("*.md")]
PAGES = [f"{KINDS[entry.kind]}/{entry.name}" for entry in entries()]
RUNNING = ["index", *GUIDES, *PAGES]
"""The pages that have examples."""


class Page(HTMLParser):
    """What a page of the site has: headings, anchors, links, what it loads, and its examples."""

    def __init__(self, path):
        super().__init__()
        self.headings, self.anchors, self.links, self.loads, self.examples = [], set(), [], [], []
        self.within = None
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.anchors |= {given["id"]} if "id" in given else set()
        if tag == "a":
            self.links.append(given["href"])
        if tag in ("link", "script", "img", "source", "iframe", "image", "use"):
            self.loads += [given[name] for name in ("href", "src", "xlink:href", "srcset") if name in given]
        if tag in ("h1", "pre"):
            self.within = self.headings if tag == "h1" else self.examples
            self.within.append("")

    def handle_endtag(self, tag):
        if tag in ("h1", "pre"):
            self.within = None

    def handle_data(self, data):
        if self.within is not None:
            self.within[-1] += data


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The site, built once; any warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (built.returncode, built.stdout, built.stderr) == (0, "", "")
    return folder


@pytest.fixture(scope="session")
def pages(site):
    """Every page of the site by its path without its ending."""
    return {str(path.relative_to(site).with_suffix("")): Page(path) for path in site.rglob("*.html")}


def test_there_is_a_page_for_everything_and_nothing_else(pages):
    indexes = [f"{several}/index" for several in KINDS.values()]
    assert {*pages} == {*RUNNING, *indexes, "design"}


def test_headings_are_the_catalogues_names(pages):
    for entry in entries():
        heading = pages[f"{KINDS[entry.kind]}/{entry.name}"].headings[0].removesuffix("#")
        assert heading == entry.name
    for kind, several in KINDS.items():
        linked = [link for link in pages[f"{several}/index"].links if re.fullmatch(r"(?!index)[\w-]+\.html", link)]
        assert list(dict.fromkeys(linked)) == [f"{entry.name}.html" for entry in entries(kind)]


def test_every_link_and_anchor_leads_somewhere(site, pages):
    dead = []
    for here, page in pages.items():
        for link in [*page.links, *page.loads]:
            where = urlsplit(link)
            if where.scheme:
                continue
            path = (site / here).parent.joinpath(unquote(where.path)).resolve() if where.path else site / f"{here}.html"
            if not path.is_file():
                dead.append(f"{here}: {link}")
            elif where.fragment:
                name = str(path.relative_to(site.resolve() if where.path else site).with_suffix(""))
                dead += [f"{here}: {link}"] * (where.fragment not in pages[name].anchors)
    assert dead == []


def test_nothing_is_loaded_from_another_host(site, pages):
    for here, page in pages.items():
        assert [load for load in page.loads if urlsplit(load).netloc] == [], here
    for path in (path for path in site.rglob("*") if path.suffix in (".css", ".svg")):
        text = re.sub(
            r'xmlns(:\w+)?="[^"]*"|<!DOCTYPE[^>]*>|<metadata>.*?</metadata>', "", path.read_text(), flags=re.DOTALL
        )
        assert re.findall(r"""(?:@import|url\(|href=|src=)["']?\s*(?:https?:)?//[^\s"')]+""", text) == [], path


def test_every_entry_has_its_formula_typeset_and_its_figure(site):
    for entry in (entry for entry in entries() if entry.kind != "check"):
        text = (site / f"{KINDS[entry.kind]}/{entry.name}.html").read_text()
        joins = entry.kind == "schedule" and (">>" in entry.line or entry.name == "plateau")
        assert ("<math" in text) != joins
        assert (site / f"figures/{KINDS[entry.kind]}/{entry.name}.svg").read_text().rstrip().endswith("</svg>")


def examples(page):
    """The Python of a page that stands for itself: what begins with an import."""
    return [text for text in page.examples if text.startswith("import ")]


def run(code):
    """Run an example as a program of its own; a check's has a fault, of which torch may warn too."""
    given = {"__name__": "example"}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Detected call of `lr_scheduler")
            exec(compile(code, "example.py", "exec"), given)
    finally:
        torch.set_num_threads(threads)
        for doctor in (each for each in given.values() if isinstance(each, sf.Doctor)):
            doctor.close()


def findings(text):
    """The codes that a card tells of, the headline's first; not those that were not looked at."""
    return re.findall(r"^(?:FAULT |  - )([a-z0-9-]+)(?: \(|: )", text.partition("Not looked at:")[0], re.MULTILINE)


def without_numbers(text):
    """A text but for its numbers, whose last digits follow the machine, and its line ends, which follow them."""
    return " ".join(re.sub(r"\d[\d.,]*(?:e[+-]\d+)?", "0", text).split())


@pytest.mark.parametrize("name", RUNNING)
def test_a_pages_examples_run(pages, name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    found = examples(pages[name])
    assert found, "give it an example"
    for code in found:
        run(code)
    if name.startswith("checks/"):
        assert name.removeprefix("checks/") in findings(capsys.readouterr().out)


@pytest.mark.parametrize("entry", entries("check"), ids=lambda entry: entry.name)
def test_a_checks_page_has_its_program_and_the_card_that_shows_it(pages, entry):
    program, card = pages[f"checks/{entry.name}"].examples
    assert program.strip() == entry.example
    assert entry.name in findings(card)


@pytest.mark.parametrize(
    ("guide", "at"), [("guides/groups", 0), ("guides/doctor", 0), ("guides/doctor", 4), ("guides/doctor", 6)]
)
def test_what_a_guide_says_that_it_prints_it_prints(pages, capsys, guide, at):
    code, printed = pages[guide].examples[at : at + 2]
    run(code)
    assert without_numbers(capsys.readouterr().out) == without_numbers(printed)


def test_the_guide_to_the_doctor_tells_every_exit_code_of_check(site):
    told = re.findall(r"<td>(\d+)</td>", (site / "guides/doctor.html").read_text())
    assert {*map(int, told)} == {FINISHED, FOUND, WRONG, FAILED, INTERRUPTED}


def test_what_is_generated_is_not_kept():
    kept = {path.relative_to(ROOT / "docs").parts[0] for path in (ROOT / "docs").rglob("*") if path.is_file()}
    assert not kept & {*KINDS.values(), "figures"}
