"""manifest.json: what each picture shows, which address shows it again, and its file's hash.

No date is in it: the same pictures give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import plotly

from gradviz import __version__
from gradviz.exports.stamped import Theme
from gradviz.shots.shot import PageShot, Shot, ShotError
from gradviz.shots.small import size_of, write_whole

NAME = "manifest.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One picture."""

    kind: str
    """"scenario" or "page"."""
    page: str
    scenario: str
    """Empty for a page, and for a page's picture without a run."""
    picture: str
    """Empty for a page."""
    theme: str
    title: str
    words: str
    """The page's own sentences; of a photograph what is seen."""
    url: str
    """Path and query that show it again."""
    data: str
    """Hash of what is shown."""
    file: str
    """SHA-256 of the file."""
    width: int
    """px."""
    height: int


@dataclass(kw_only=True, slots=True)
class Manifest:
    """The pictures of a folder."""

    pictures: dict[str, Entry] = field(default_factory=dict)
    """By file name."""
    versions: dict[str, str] = field(default_factory=dict)
    """Of what drew them."""


def versions() -> dict[str, str]:
    """Of what draws pictures now."""
    return {"gradviz": __version__, "plotly": plotly.__version__}


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a folder; an empty one where there is none.

    Raises:
        ShotError: for one that is damaged.
    """
    path = folder / NAME
    if not path.exists():
        return Manifest()
    try:
        found = json.loads(path.read_text("utf-8"))
        pictures = {name: Entry(**each) for name, each in found["pictures"].items()}
        return Manifest(pictures=pictures, versions=dict(found["versions"]))
    except (ValueError, TypeError, KeyError, AttributeError, OSError) as error:
        raise ShotError(
            f"{path} must be a manifest of pictures, but {type(error).__name__}: {error}; delete "
            "it and draw all anew."
        ) from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write it, sorted."""
    content: dict[str, Any] = {
        "pictures": {name: asdict(each) for name, each in sorted(manifest.pictures.items())},
        "versions": dict(sorted(manifest.versions.items())),
    }
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    write_whole(folder / NAME, text.encode())


def entry_of(
    shot: Shot, theme: Theme, file: bytes, *, title: str, words: str, url: str, data: str
) -> Entry:
    """What the manifest says of a picture."""
    width, height = size_of(file)
    is_page = isinstance(shot, PageShot)
    return Entry(
        kind="page" if is_page else "scenario",
        page=shot.page,
        scenario="" if isinstance(shot, PageShot) else shot.scenario,
        picture="" if isinstance(shot, PageShot) else shot.picture,
        theme=theme,
        title=title,
        words=words,
        url=url,
        data=data,
        file=sha256(file),
        width=width,
        height=height,
    )


def sha256(file: bytes) -> str:
    """Of a file's bytes."""
    return hashlib.sha256(file).hexdigest()
