"""The floors of the house: imports point down only, and torch stays out of the server."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from every import every

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "gradviz"

FLOORS = {
    "app": 5,
    "pages": 5,
    "ui": 4,
    "cards": 4,
    "shots": 4,
    "cli": 4,
    "__main__": 4,
    "training": 3,
    "runner": 3,
    "checks": 3,
    "sweep": 3,
    "scoreboard": 3,
    "cell_table": 3,
    "store": 3,
    "exports": 3,
    "recorder": 3,
    "figures": 3,
    "reading": 3,
    "script": 3,
    "flow": 2,
    "model": 2,
    "cells": 1,
    "tasks": 1,
    "remedies": 1,
    "uploads": 1,
    "theory": 0,
    "markdown": 0,
    "glossary": 0,
    "lectures": 3,
    "recorded": 3,
    "config": 0,
    "history": 0,
    "scenarios": 0,
}
"""A room may import the floors below its own."""

NEIGHBOURS = {
    ("config", "markdown"),
    ("history", "config"),
    ("scenarios", "config"),
    ("remedies", "cells"),
    ("tasks", "uploads"),
    ("theory", "config"),
    ("theory", "history"),
    ("lectures", "recorded"),
    ("recorded", "store"),
    ("recorded", "training"),
    ("runner", "training"),
    ("runner", "store"),
    ("checks", "training"),
    ("sweep", "training"),
    ("scoreboard", "sweep"),
    ("scoreboard", "training"),
    ("scoreboard", "reading"),
    ("recorder", "store"),
    ("exports", "figures"),
    ("cards", "cli"),
    # Pictures of the documentation show what the pages show, so they are drawn by the same lessons.
    ("shots", "ui"),
    ("cli", "shots"),
    ("__main__", "cli"),
}
"""And of its own floor only these."""

SEES_ONLY_RECORDS = ("figures", "reading")
WITHOUT_TORCH = ("config", "history", "scenarios", "store", "figures", "reading", "theory")
WITHOUT_TORCH += ("glossary", "lectures", "uploads", "script", "exports")
WITHOUT_TORCH += ("ui", "app", "pages", "shots")
WITH_STREAMLIT = ("ui", "app", "pages")
WITH_APP_TEST = ("shots/page_reading.py",)
"""It runs pages by streamlit.testing to read what they show; it draws nothing upon one."""
SERVER_FILES = ("runner/__init__.py", "runner/registry.py", "runner/check_process.py")
SERVER_FILES += ("runner/asking.py", "runner/budget.py", "runner/live_run.py")
SERVER_FILES += ("runner/process.py", "runner/run_view.py", "runner/saving.py")
"""Files that the web server imports, of a room that imports torch elsewhere."""


def sources() -> list[Path]:
    return [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py")), *sorted(PACKAGE.rglob("*.py"))]


def name_of(path: Path) -> str:
    """How these tests call a source: `runner/registry.py`, `app.py`."""
    base = PACKAGE if PACKAGE in path.parents else ROOT
    return path.relative_to(base).as_posix()


def room_of(path: Path) -> str:
    return name_of(path).split("/")[0].removesuffix(".py")


def is_part(path: Path) -> bool:
    """Whether it is read as text only, to be written into a script."""
    return name_of(path).startswith("script/parts/")


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and full name of everything imported anywhere in a file, inside functions as well."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are written in full here"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and _called(node) in {"import_module", "__import__"}:
            assert isinstance(node.args[0], ast.Constant), f"line {node.lineno}: name it literally"
            yield node.lineno, str(node.args[0].value)


def _called(node: ast.Call) -> str:
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


@cache
def public_names() -> dict[str, str]:
    """Name to full name of all that `from gradviz import …` gives, the lazy names included."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module != "__future__":
            found |= {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return found


def rooms_imported(path: Path) -> list[tuple[int, str]]:
    """Line and room of every import of gradviz itself."""
    public = public_names()
    found = []
    for line, name in imported(tree_of(path)):
        parts = name.split(".")
        if parts[0] != "gradviz":
            continue
        if len(parts) == 2 and parts[1] in public:
            parts = public[parts[1]].split(".")
        if len(parts) > 1 and not parts[1].startswith("__version"):
            found.append((line, parts[1]))
    return found


def outside_imported(path: Path) -> list[str]:
    return [name.split(".")[0] for _, name in imported(tree_of(path))]


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


PATHS = [path for path in sources() if path != PACKAGE / "__init__.py"]


@every("path", PATHS, ids=name_of)
def test_imports_point_down(path: Path) -> None:
    room = room_of(path)
    assert room in FLOORS, f"{name_of(path)}: say in FLOORS on which floor {room} lies"
    wrong = [
        f"{name_of(path)}:{line} imports {other}"
        for line, other in rooms_imported(path)
        if other != room and FLOORS[other] >= FLOORS[room] and (room, other) not in NEIGHBOURS
    ]
    assert not wrong


def test_parts_of_scripts_know_each_other_alone_and_nothing_knows_them() -> None:
    for path in PATHS:
        ours = [name for _, name in imported(ast.parse(path.read_text("utf-8")))]
        ours = [name for name in ours if name.startswith("gradviz.")]
        of_parts = [name for name in ours if name.startswith("gradviz.script.parts")]
        assert of_parts == (ours if is_part(path) else []), name_of(path)


@every("path", [p for p in PATHS if room_of(p) in SEES_ONLY_RECORDS], ids=name_of)
def test_pictures_and_words_see_only_the_records(path: Path) -> None:
    rooms = {room for _, room in rooms_imported(path)}
    assert rooms <= {room_of(path), "history", "config", "theory"}


@every(
    "path",
    [
        p
        for p in PATHS
        if (room_of(p) in WITHOUT_TORCH or name_of(p) in SERVER_FILES) and not is_part(p)
    ],
    ids=name_of,
)
def test_the_servers_rooms_never_name_torch(path: Path) -> None:
    assert "torch" not in outside_imported(path)


@every("path", [p for p in PATHS if room_of(p) not in WITH_STREAMLIT], ids=name_of)
def test_streamlit_stays_upstairs(path: Path) -> None:
    names = [name for _, name in imported(tree_of(path)) if name.split(".")[0] == "streamlit"]
    if name_of(path) in WITH_APP_TEST:
        assert names == ["streamlit.testing.v1.AppTest"]
    else:
        assert not names


def test_the_package_itself_imports_only_the_ground_floor() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    now = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    ours = {str(node.module) for node in now if str(node.module).startswith("gradviz")}
    assert ours == {"gradviz.config", "gradviz.history"}


def test_what_the_server_imports_does_not_bring_torch() -> None:
    modules = ["gradviz", "gradviz.figures", "gradviz.reading", "gradviz.runner", "gradviz.store"]
    modules += ["gradviz.scenarios", "gradviz.tasks", "gradviz.recorded", "gradviz.cards"]
    modules += ["gradviz.uploads", "gradviz.script", "gradviz.exports"]
    modules += [f"gradviz.ui.{path.stem}" for path in sorted((PACKAGE / "ui").glob("[!_]*.py"))]
    lines = ["import sys, importlib"]
    for module in modules:
        lines.append(f"importlib.import_module({module!r})")
        # sklearn and pandas would slow the start as well: 1 s and 0.4 s.
        lines.append(f"assert not {{'torch', 'sklearn'}} & set(sys.modules), {module!r}")
    done = run_python("\n".join(lines))
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", ["app.py", "pages/live_training.py", "pages/your_data.py", "pages/self_check.py"]
)
def test_drawing_a_page_does_not_bring_torch(page: str) -> None:
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "shown = AppTest.from_file('app.py', default_timeout=30).run()\n"
        f"shown = shown.switch_page({page!r}).run()\n"
        "assert not shown.exception, shown.exception\n"
        "assert len(shown.main.children) > 1, 'the page shows nothing'\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = run_python(code)
    assert done.returncode == 0, done.stderr


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import torch.nn", ["torch.nn"]),
        ("def f():\n    from gradviz.flow import watch", ["gradviz.flow.watch"]),
        ("import importlib\nimportlib.import_module('torch')", ["importlib", "torch"]),
    ],
)
def test_no_way_of_importing_is_overlooked(source: str, expected: list[str]) -> None:
    assert [name for _, name in imported(ast.parse(source))] == expected


def test_a_lazy_name_counts_as_the_room_it_comes_from(tmp_path: Path) -> None:
    path = tmp_path / "page.py"
    path.write_text("from gradviz import RunConfig, Trainer, figures\nimport gradviz.flow\n")
    assert [room for _, room in rooms_imported(path)] == ["config", "training", "figures", "flow"]
