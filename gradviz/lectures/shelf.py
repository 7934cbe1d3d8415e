"""Where lectures are found, and by what names."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from gradviz.lectures.load import LectureError
from gradviz.lectures.shown import shown

SHIPPED = Path(str(files("gradviz"))) / "data" / "lectures"

_NAME = re.compile(r"[a-z0-9_-]{1,60}")


def folders() -> tuple[Path, ...]:
    """Where is looked: $GRADVIZ_LECTURES (several as in $PATH), ./lectures, then the shipped ones.

    So a teacher's copy under the same name comes before the shipped lecture.
    """
    own = [Path(each) for each in os.environ.get("GRADVIZ_LECTURES", "").split(os.pathsep) if each]
    return (*own, Path("lectures"), SHIPPED)


def names(where: Sequence[Path] | None = None) -> tuple[str, ...]:
    """The lectures there are, sorted: .yaml files named with small letters, digits, - and _."""
    return tuple(sorted(_shelf(where)))


def find(name: str, where: Sequence[Path] | None = None) -> Path:
    """The file of a lecture.

    Args:
        name: as in `names`; nothing else is ever opened, so it may come from a URL.
        where: folders; None: `folders()`.

    Raises:
        LectureError: when there is none of this name.
    """
    shelf = _shelf(where)
    if name not in shelf:
        known = ", ".join(sorted(shelf)) or "(there is none)"
        raise LectureError([f"lecture must be one of {known}, got “{shown(name)}”."])
    return shelf[name]


def _shelf(where: Sequence[Path] | None) -> dict[str, Path]:
    """Name → file; the first folder that has the name."""
    found: dict[str, Path] = {}
    for folder in folders() if where is None else where:
        try:
            paths = sorted(folder.glob("*.yaml"))
        except OSError:  # A folder that may not be listed has no lectures.
            continue
        for path in paths:
            if _NAME.fullmatch(path.stem) and path.is_file():
                found.setdefault(path.stem, path)
    return found
