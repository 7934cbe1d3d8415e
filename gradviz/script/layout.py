"""Generated lines laid out as ruff's formatter would."""

from __future__ import annotations

from itertools import pairwise

WIDTH = 100


def fitted(line: str) -> list[str]:
    """The line, or several where it is too long.

    What stands in its last brackets comes on a line of its own or, where that is too long as well,
    on one for each part between commas.

    Args:
        line: as it stands in the file, with its indentation.
    """
    code = line.removesuffix(",")
    if len(line) <= WIDTH or code[-1] not in ")]":
        return [line]
    opening, commas = _brackets(code)
    if not opening:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    inner = f"{indent}    {code[opening + 1 : -1]}"
    if len(inner) > WIDTH and commas:
        cuts = [opening, *commas, len(code) - 1]
        parts = [code[start + 1 : end].strip() for start, end in pairwise(cuts)]
        body = [row for part in parts for row in fitted(f"{indent}    {part},")]
    else:
        body = fitted(inner)
    return [line[: opening + 1], *body, indent + line[len(code) - 1 :]]


def exploded(head: str, arguments: list[str]) -> str:
    """A call with each argument on a line of its own, however short."""
    return "\n".join([f"{head}(", *(f"    {each}," for each in arguments), ")"])


def _brackets(code: str) -> tuple[int, list[int]]:
    """Where the bracket opens that the last character closes (0: nowhere), and commas in it."""
    depth = 0
    commas: list[int] = []
    for place in range(len(code) - 1, 0, -1):
        depth += (code[place] in ")]}") - (code[place] in "([{")
        if not depth:
            return place, commas[::-1]
        if depth == 1 and code[place] == ",":
            commas.append(place)
    return 0, []
