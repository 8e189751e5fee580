"""The hook of mkdocs: adds a page for every entry of the catalogue, the figures, and the navigation.

Nothing that it writes is kept in the repository. Pages and figures are made once for each run of mkdocs.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from writer import check_pages, guides, index_pages, penalty_pages, rule_pages, schedule_pages, search_figures, valley
from writer.drawing import look, svg_of

from surefoot.catalogue import KINDS, Entry, Kind, entries

GUIDES = {
    "The doctor": "doctor",
    "What fit chooses": "search",
    "Parameter groups": "groups",
    "Schedules": "schedules",
    "Coming from torch.optim": "drop_in",
    "Never lose a run": "resume",
    "The page": "page",
    "Study": "study",
}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Write the navigation."""
    config["nav"] = [
        {"Home": "index.md"},
        *({KINDS[kind].capitalize(): _listed(kind)} for kind in KINDS),
        {"Guides": [{title: f"guides/{name}.md"} for title, name in GUIDES.items()]},
        {"Design": "design.md"},
    ]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages and the figures."""
    for path, content in _written().items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Fill in what a guide shows of the library as it is."""
    parts = guides.PARTS.get(page.file.src_uri, {})
    for name, made in parts.items():
        markdown = markdown.replace(f"{{{name}}}", made())
    return markdown


def _listed(kind: Kind) -> list[Any]:
    pages = [{entry.name: f"{KINDS[kind]}/{entry.name}.md"} for entry in entries(kind)]
    return [{f"All {KINDS[kind]}": f"{KINDS[kind]}/index.md"}, *pages]


@cache
def _written() -> dict[str, str]:
    with look():
        return dict(_files())


def _files() -> Iterator[tuple[str, str]]:
    yield from search_figures.figures()
    for kind, several in KINDS.items():
        yield f"{several}/index.md", index_pages.page(kind)
        for entry in entries(kind):
            page, figure = _entry(entry)
            yield f"{several}/{entry.name}.md", page
            if figure is not None:
                yield f"figures/{several}/{entry.name}.svg", figure


def _entry(entry: Entry) -> tuple[str, str | None]:
    """Return an entry's page and its figure, if it has one."""
    if entry.kind == "rule":
        walks = valley.walks(entry)
        return rule_pages.page(entry, walks), svg_of(valley.draw(walks))
    if entry.kind == "check":
        return check_pages.page(entry), None
    pages = schedule_pages if entry.kind == "schedule" else penalty_pages
    return pages.page(entry), svg_of(pages.draw(entry))
