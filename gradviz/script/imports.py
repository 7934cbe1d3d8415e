"""Import statements, merged and in the order that ruff and isort give them."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple


class Imported(NamedTuple):
    """One name that an import binds."""

    module: str
    name: str = ""
    """What is taken from the module; empty where it is the module itself."""
    alias: str = ""

    @property
    def bound(self) -> str:
        """The name by which the code calls it."""
        return self.alias or self.name or self.module.split(".")[0]


def imported(node: ast.Import | ast.ImportFrom) -> list[Imported]:
    """Of one statement."""
    if isinstance(node, ast.Import):
        return [Imported(each.name, alias=each.asname or "") for each in node.names]
    assert node.module, "imports are written in full here"
    return [Imported(node.module, each.name, each.asname or "") for each in node.names]


def import_lines(needed: Iterable[Imported]) -> list[str]:
    """The standard library's, an empty line, the others'; `import …` before `from …`."""
    sections: dict[bool, set[Imported]] = defaultdict(set)
    for each in needed:
        sections[each.module.split(".")[0] not in sys.stdlib_module_names].add(each)
    blocks = [_section(sections[other]) for other in (False, True) if sections[other]]
    return [line for block in blocks for line in ("", *block)][1:]


def _section(needed: set[Imported]) -> list[str]:
    modules = sorted(each for each in needed if not each.name)
    lines = [_renamed(f"import {each.module}", each) for each in modules]
    names: dict[str, list[Imported]] = defaultdict(list)
    for each in needed:
        if each.name:
            names[each.module].append(each)
    for module in sorted(names):
        taken = sorted(names[module], key=lambda each: (_kind(each.name), each.name))
        lines.append(f"from {module} import " + ", ".join(_renamed(e.name, e) for e in taken))
    return lines


def _renamed(text: str, each: Imported) -> str:
    return f"{text} as {each.alias}" if each.alias else text


def _kind(name: str) -> int:
    """Constants, then classes, then the others."""
    return 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
