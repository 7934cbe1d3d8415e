"""The documentation as it is written: its links, its pictures, its place in the website."""

from __future__ import annotations

import ast
import json
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from every import every

from gradviz.config.__main__ import BEGIN, END, lines
from gradviz.markdown import put_between

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
SITE = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]

CODE = re.compile(r"^( *)(```|~~~).*?^\1\2 *$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(!?)\[(?:[^\[\]]|\[[^\]]*\])*\]\(<?([^)\s>]+)>?(?: +\"[^\"]*\")?\)")
ATTRIBUTE = re.compile(r"\b(href|src|srcset)=\"([^\"]+)\"")
DEFINITION = re.compile(r"^\[[^\]]+\]: +(\S+)", re.MULTILINE)
ELSEWHERE = re.compile(r"[a-z]+:|//")
LIST_AT_ONCE = re.compile(r"^(?![-*+|>#<\s]|\d+\. ).+\n([-*] |1\. ).*", re.MULTILINE)

ROOMS = ("", "cells", "exports", "figures", "history", "reading", "remedies", "scenarios", "store")
ROOMS += ("tasks",)
"""Whose public names are all in the reference; "" is gradviz itself."""


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@cache
def prose(page: Path) -> str:
    """A page without its code."""
    return CODE.sub("", page.read_text("utf-8"))


def links(page: Path) -> Iterator[tuple[str, bool]]:
    """Every address on a page, and whether it is a picture's."""
    text = prose(page)
    for mark, target in LINK.findall(text):
        yield target, bool(mark)
    for attribute, target in ATTRIBUTE.findall(text):
        for each in target.split(",") if attribute == "srcset" else [target]:
            yield each.split()[0], attribute != "href"
    for target in DEFINITION.findall(text):
        yield target, False


def local_links(page: Path) -> Iterator[tuple[str, Path, str]]:
    """Of the links to files: as it is written, the file, the anchor."""
    for target, _ in links(page):
        if not ELSEWHERE.match(target):
            path, _, anchor = unquote(target).partition("#")
            yield target, (page.parent / path).resolve() if path else page, anchor


@cache
def anchors(page: Path) -> set[str]:
    """Of the headings as Python-Markdown names them, and of the reference."""
    headings = re.findall(r"^#+ +(.+?) *#*$", CODE.sub(_words, page.read_text("utf-8")), re.M)
    names = (unicodedata.normalize("NFKD", LINK.sub("", each)) for each in headings)
    names = (re.sub(r"[^\w\s-]", "", each.encode("ascii", "ignore").decode()) for each in names)
    return {re.sub(r"[-\s]+", "-", each.strip().lower()) for each in names} | documented()


def _words(code: re.Match[str]) -> str:
    return "" if "\n" in code[0] else code[0].strip("`")


@cache
def documented() -> frozenset[str]:
    """What the reference shows: full names."""
    found = set()
    for page in (DOCS / "api").glob("*.md"):
        text = page.read_text("utf-8")
        for name, options in re.findall(r"^::: (\S+)\n((?:    .*\n)*)", text, re.MULTILINE):
            found.add(name)
            for members in re.findall(r"members: \[(.*)\]", options):
                found |= {f"{name}.{each.strip()}" for each in members.split(",")}
    return frozenset(found)


def test_the_patterns_find_what_they_are_for() -> None:
    text = '[a [b]](x.md#y "z") ![p](q.png) <img src="r.png"> `[no](no.md)`'
    assert [each[1] for each in LINK.findall(CODE.sub("", text))] == ["x.md#y", "q.png"]
    assert CODE.sub("", "a\n```\n[no](no.md)\n```\nb") == "a\n\nb"
    assert LIST_AT_ONCE.search("words\n- one")
    assert not LIST_AT_ONCE.search("words\n\n- one\n- two\n  more\n- three")


def test_every_link_leads_to_something() -> None:
    broken = []
    for page in (*PAGES, ROOT / "README.md", ROOT / "CHANGELOG.md"):
        for target, path, anchor in local_links(page):
            if not path.exists() or (
                anchor and path.suffix == ".md" and anchor not in anchors(path)
            ):
                broken.append(f"{name_of(page)}: {target}")
    assert broken == []


def test_the_documentation_links_to_itself_only() -> None:
    """The website has no other files: name one of those from the root, as `limits.toml`."""
    outside = [
        f"{name_of(page)}: {target}"
        for page in PAGES
        for target, path, _ in local_links(page)
        if DOCS not in path.parents
    ]
    assert outside == []


def test_pictures_are_made_by_gradviz_shots() -> None:
    folder = DOCS / "pictures"
    used = {
        (name_of(page), (page.parent / target).resolve())
        for page in PAGES
        for target, is_picture in links(page)
        if is_picture
    }
    manifest = folder / "manifest.json"
    made = json.loads(manifest.read_text("utf-8"))["pictures"] if manifest.exists() else {}
    foreign = [
        f"{page}: {path}" for page, path in used if path.parent != folder or path.name not in made
    ]
    assert foreign == []


def test_every_page_is_in_the_navigation_once() -> None:
    assert sorted(in_navigation(SITE["nav"])) == [
        each.relative_to(DOCS).as_posix() for each in PAGES
    ]


def in_navigation(entry: Any) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
        return
    for each in entry if isinstance(entry, list) else entry.values():
        yield from in_navigation(each)


def test_nothing_is_fetched_from_another_host() -> None:
    pictures = [
        f"{name_of(page)}: {target}"
        for page in PAGES
        for target, is_picture in links(page)
        if is_picture and ELSEWHERE.match(target)
    ]
    assert pictures == []
    scripts = [page for page in PAGES if re.search("<(script|link|iframe)", prose(page))]
    assert scripts == []
    assert SITE["theme"]["font"] is False
    own = [*SITE["extra_css"], *SITE["extra_javascript"], *SITE["extra"]["polyfills"]]
    assert all((DOCS / name).is_file() for name in own)


@every("page", PAGES, name_of)
def test_a_page_reads_alike_here_and_on_the_website(page: Path) -> None:
    text = prose(page)
    assert text.startswith(("# ", "--8<-- ")), "a page begins with its title"
    assert "<details>" not in text, "write <details markdown>, or its inside is shown as typed"
    found = LIST_AT_ONCE.search(text)
    assert not found, f"leave a line free before a list:\n{found and found[0]}"
    assert "$$" not in text, "mathematics is Unicode here"


@every("name", sorted(documented()))
def test_what_the_reference_shows_is_there(name: str) -> None:
    parent, _, last = name.rpartition(".")
    assert source(name) or last in names_of(parent)


def source(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    return next(
        (each for each in (path / "__init__.py", path.with_suffix(".py")) if each.is_file()), None
    )


@cache
def names_of(module: str) -> set[str]:
    """What is defined in a module, read without importing it, for that takes seconds."""
    path = source(module)
    assert path, f"there is no {module}"
    found = set()
    for each in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(each, ast.FunctionDef | ast.ClassDef):
            found.add(each.name)
        elif isinstance(each, ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in each.names}
        elif isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            found.add(each.id)
    return found


@every("room", ROOMS)
def test_every_public_name_is_in_the_reference(room: str) -> None:
    package = ROOT / "gradviz" / room
    tree = ast.parse((package / "__init__.py").read_text("utf-8"))
    (names,) = (
        ast.literal_eval(each.value)
        for each in tree.body
        if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "__all__"
    )
    shown = {
        each.rpartition(".")[2]
        for each in documented()
        if each.startswith(f"gradviz.{room}".rstrip(".")) or each.count(".") == 1
    }
    rooms = {each.name for each in package.iterdir() if each.is_dir()}  # `gradviz.figures`
    assert [name for name in names if name not in shown and name not in rooms] == []
    if not room:
        overview = (DOCS / "api/index.md").read_text("utf-8")
        assert [name for name in names if f"`{name}`" not in overview] == []


def test_the_table_of_settings_is_that_of_the_code(tmp_path: Path) -> None:
    written = (DOCS / "api/training.md").read_text("utf-8")
    page = tmp_path / "training.md"
    page.write_text(written, "utf-8")
    put_between(page, BEGIN, END, lines())
    assert page.read_text("utf-8") == written, "python -m gradviz.config"


def test_the_icon_is_the_apps() -> None:
    ours = DOCS / SITE["theme"]["favicon"]
    assert ours.read_bytes() == (ROOT / "gradviz/data/icon.svg").read_bytes()
