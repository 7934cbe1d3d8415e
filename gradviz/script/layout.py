"""Generated lines laid out as ruff's formatter would."""

from __future__ import annotations

WIDTH = 100


def fitted(line: str) -> list[str]:
    """The line, or three where it is too long: what stands in its last brackets on one of its own.

    Args:
        line: as it stands in the file, with its indentation.
    """
    if len(line) <= WIDTH or line[-1] not in ")]":
        return [line]
    opening = _opening(line)
    if not opening:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    inner = f"{indent}    {line[opening + 1 : -1]}"
    return [line[: opening + 1], inner, f"{indent}{line[-1]}"]


def _opening(line: str) -> int:
    """Where the bracket opens that the line's last character closes; 0 for nowhere."""
    depth = 0
    for place in range(len(line) - 1, 0, -1):
        depth += (line[place] in ")]}") - (line[place] in "([{")
        if not depth:
            return place
    return 0
