"""From the parts that a script uses to the definitions and imports that it needs.

A part is read as text and parsed, never imported, so torch stays out of this process.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from gradviz.script.imports import Imported, imported

PARTS = "gradviz.script.parts"

_FOR_MYPY = re.compile(r"  # type: ignore\[[a-z-]+\]$", re.MULTILINE)


@dataclass(frozen=True)
class Definition:
    """A function, a class or a constant of a part."""

    text: str
    """As the file has it, with the comments above it and the docstring below a constant."""
    uses: tuple[str, ...]
    """Names in it, in their order."""
    is_constant: bool


@dataclass(frozen=True)
class Part:
    """A file of `parts`."""

    definitions: dict[str, Definition]
    """By every name that they bind."""
    others: dict[str, Imported]
    """By the name that they are called here: definitions of other parts."""
    imports: dict[str, Imported]
    """Likewise: of PyTorch, the standard library, …."""


@dataclass
class Bundle:
    """Definitions, each behind those that it uses, and what they import."""

    definitions: list[Definition] = field(default_factory=list)
    imports: set[Imported] = field(default_factory=set)
    origin: dict[str, str] = field(default_factory=dict)
    """Name to the part that it is from."""

    def add(self, name: str, wanted: str) -> None:
        """Definition `wanted` of the part `name`, "tasks.adding".

        Raises:
            ValueError: where another part has given the name another meaning.
        """
        if wanted in self.origin:
            if self.origin[wanted] != name:
                raise ValueError(
                    f"{wanted} must be the name of one definition, got one in "
                    f"{self.origin[wanted]} and one in {name}; rename one."
                )
            return
        self.origin[wanted] = name
        part = read(name)
        definition = part.definitions[wanted]
        if definition in self.definitions:
            return
        for use in definition.uses:
            if use in part.others:
                other = part.others[use]
                self.add(other.module.removeprefix(f"{PARTS}."), other.name)
            elif use in part.imports:
                self.imports.add(part.imports[use])
            elif use in part.definitions and part.definitions[use] is not definition:
                self.add(name, use)
        self.definitions.append(definition)


def bundled(wanted: Iterable[tuple[str, str]]) -> Bundle:
    """All that the definitions need."""
    bundle = Bundle()
    for part, name in wanted:
        bundle.add(part, name)
    return bundle


@cache
def read(name: str) -> Part:
    """A part by its name, "tasks.adding"."""
    path = files("gradviz").joinpath("script", "parts", *name.split(".")[:-1])
    return parsed(path.joinpath(f"{name.split('.')[-1]}.py").read_text(encoding="utf-8"))


def parsed(source: str) -> Part:
    """A part from its text."""
    lines, part, end = source.splitlines(), Part({}, {}, {}), 0
    nodes = ast.parse(source).body
    for node, following in zip(nodes, [*nodes[1:], None], strict=True):
        start, end = end, node.end_lineno or 0
        if isinstance(node, ast.Import | ast.ImportFrom):
            for each in imported(node):
                (part.others if each.module.startswith(PARTS) else part.imports)[each.bound] = each
        elif not _is_docstring(node):
            if following is not None and _is_docstring(following):
                end = following.end_lineno or 0
            definition = Definition(
                text=_FOR_MYPY.sub("", "\n".join(lines[start:end]).strip("\n")),
                uses=tuple(dict.fromkeys(names_used(node))),
                is_constant=not isinstance(node, ast.FunctionDef | ast.ClassDef),
            )
            part.definitions.update(dict.fromkeys(_bound(node), definition))
    return part


def names_used(tree: ast.AST) -> Iterator[str]:
    """Names that are read anywhere in it, in their order in the text."""
    found = (node for node in ast.walk(tree) if isinstance(node, ast.Name))
    read_ones = (node for node in found if isinstance(node.ctx, ast.Load))
    for node in sorted(read_ones, key=lambda node: (node.lineno, node.col_offset)):
        yield node.id


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _bound(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    stored = (each for each in ast.walk(node) if isinstance(each, ast.Name))
    return [each.id for each in stored if isinstance(each.ctx, ast.Store)]
