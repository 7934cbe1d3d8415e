"""From parts to definitions and imports."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from gradviz.script import bundle
from gradviz.script.bundle import bundled, parsed
from gradviz.script.imports import Imported, import_lines, imported
from gradviz.script.layout import fitted

LOOP = '''"""A part."""

import math

import torch

# Why it is 3.
TIMES = 3
"""Of what."""
SIZE, OTHER = 1, 2


def unused() -> float:
    return math.pi


def turn(value: torch.Tensor) -> torch.Tensor:
    return value * half(TIMES)


@cache
def half(value: int) -> float:
    return value / SIZE
'''


def test_only_what_is_used_is_taken_each_behind_what_it_uses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bundle, "read", lambda name: parsed(LOOP))
    found = bundled([("any", "turn")])
    assert [each.text.splitlines()[0] for each in found.definitions] == [
        "SIZE, OTHER = 1, 2",
        "@cache",
        "# Why it is 3.",
        "def turn(value: torch.Tensor) -> torch.Tensor:",
    ]
    assert found.definitions[2].text.endswith('TIMES = 3\n"""Of what."""')
    assert found.imports == {Imported("torch")}


def test_one_name_cannot_be_of_two_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "read", lambda name: parsed(LOOP))
    with pytest.raises(ValueError, match="turn must be the name of one definition"):
        bundled([("one", "turn"), ("other", "turn")])


def test_imports_are_merged_and_sorted() -> None:
    source = """
import sys
from torch import nn
import numpy as np
from collections.abc import Iterator
from torch import Tensor
import torch
from a import b, C, D_E
from math import pi as circle
"""
    nodes = [
        node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    needed = [each for node in nodes for each in imported(node)]
    assert import_lines(needed) == [
        "import sys",
        "from collections.abc import Iterator",
        "from math import pi as circle",
        "",
        "import numpy as np",
        "import torch",
        "from a import D_E, C, b",
        "from torch import Tensor, nn",
    ]


def test_a_long_line_is_broken_at_its_last_brackets() -> None:
    short = "    x = f(a)(b)"
    assert fitted(short) == [short]
    words = "b" * 85
    assert fitted(f"    x = f(a)({words}, c)") == ["    x = f(a)(", f"        {words}, c", "    )"]
    rows = [f"        {words},", f"        {words},"]
    assert fitted(f"    x = f({words}, {words})") == ["    x = f(", *rows, "    )"]


def test_sunspots_are_the_ones_of_gradviz() -> None:
    from gradviz.script.parts.tasks.sunspots import sunspots
    from gradviz.tasks.sunspots import series

    assert sunspots().flatten().tolist() == pytest.approx(series(), rel=1e-7)


def test_parts_are_read_without_being_imported() -> None:
    bundle.read.cache_clear()
    before = {name for name in sys.modules if "script.parts" in name}
    assert bundle.read("tasks.adding").definitions
    assert {name for name in sys.modules if "script.parts" in name} == before
    assert Path(bundle.__file__).with_name("parts").is_dir()
