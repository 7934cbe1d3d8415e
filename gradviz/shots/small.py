"""PNG files that are small, and the same whenever the same is drawn."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gradviz.exports.images import with_png_text

PALETTES = (64, 128, 256)
"""Numbers of colours: the first that looks the same is taken."""

AREA, MOST_AREAS = 1e-3, 32
"""Share of a picture from which a colour is kept as it is, and how many such there may be."""

MOST_OFF, MOST_MEAN_OFF = 32, 1.3
"""Of 255, by which a palette may change a pixel and, on average, all: more can be seen."""

_PACK = np.array([65536, 256, 1], np.int32)
"""Makes one number of a colour."""

A_PIXEL_DIFFERS, SHARE_THAT_MAY = 24, 2e-4
"""Two photographs look the same where fewer pixels than this share differ by more than this."""


def small(file: bytes, said: Mapping[str, str]) -> bytes:
    """The same picture in a palette where it looks the same, with its metadata.

    Args:
        file: a PNG.
        said: name to words, for its text chunks.
    """
    full = Image.open(io.BytesIO(file)).convert("RGB")
    out = io.BytesIO()
    next((each for each in _palettes(full) if _fits(each, full)), full).save(
        out, "png", optimize=True
    )
    return with_png_text(out.getvalue(), said)


def look_alike(one: bytes, other: bytes) -> bool:
    """Whether nobody could tell two PNGs apart."""
    first, second = (_pixels(Image.open(io.BytesIO(each)).convert("RGB")) for each in (one, other))
    if first.shape != second.shape:
        return False
    off = np.abs(first - second).max(axis=2)
    return bool((off > A_PIXEL_DIFFERS).mean() < SHARE_THAT_MAY)


def size_of(file: bytes) -> tuple[int, int]:
    """Width and height of a PNG, px."""
    return Image.open(io.BytesIO(file)).size


def write_whole(path: Path, file: bytes) -> None:
    """Write a file at once: whoever looks, or stops this, finds the old one or the new one."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(file)
        part.chmod(0o644)
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def _palettes(full: Image.Image) -> Iterator[Image.Image]:
    """In fewer colours: those of areas as they are, the others by maximum coverage.

    Median cut loses a marker's colour, for it is so few pixels, and a faint ground's.
    """
    areas = _areas(full)
    packed, places = np.unique(_pixels(full).astype(np.int32) @ _PACK, return_inverse=True)
    seen = packed[:, None] // _PACK % 256
    for colours in PALETTES:
        others = full.quantize(
            colours - len(areas), Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE
        )
        palette = [*sum(areas, ()), *(others.getpalette() or [])][: 3 * colours]
        nearest = _nearest(seen, np.reshape(palette, (-1, 3)))
        few = Image.fromarray(nearest[places].reshape(full.height, full.width), "P")
        few.putpalette(palette)
        yield few


def _nearest(colours: NDArray[np.int32], palette: NDArray[Any]) -> NDArray[np.uint8]:
    """Place in a palette of each colour. Pillow's own search is up to 8 off in each channel."""
    found = [
        ((some[:, None] - palette) ** 2).sum(axis=2).argmin(axis=1)
        for some in np.array_split(colours, max(len(colours) // 4096, 1))
    ]
    return np.concatenate(found).astype(np.uint8)


def _areas(full: Image.Image) -> list[tuple[int, ...]]:
    """The colours of most pixels, the most frequent first."""
    pixels = full.width * full.height
    counted: list[tuple[int, tuple[int, ...]]] = full.getcolors(pixels)  # type: ignore[assignment]
    seen = sorted(each for each in counted if each[0] >= AREA * pixels)
    return [colour for _, colour in seen[: -MOST_AREAS - 1 : -1]]


def _fits(few: Image.Image, full: Image.Image) -> bool:
    off = np.abs(_pixels(few.convert("RGB")) - _pixels(full)).max(axis=2)
    return bool(off.max() <= MOST_OFF and off.mean() <= MOST_MEAN_OFF)


def _pixels(image: Image.Image) -> NDArray[np.int16]:
    return np.asarray(image, np.int16)
