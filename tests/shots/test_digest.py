"""The hash of what a picture shows, and small PNG files."""

from __future__ import annotations

import base64
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gradviz.shots.digest import digest
from gradviz.shots.small import look_alike, small, write_whole


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([1.0, 2.0], [1.00001, 1.99999]),
        ([9.9996], [10.0001]),
        ([1e-300, 1e-305], [1.00001e-300, 1e-305]),
        ([1.0, 6e-17], [1.0, 0.0]),
        ([0.0], [-0.0]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ],
)
def test_the_same_to_four_digits_is_the_same(one: Any, other: Any) -> None:
    assert digest(one) == digest(other)
    assert digest({"y": np.array(one)} if isinstance(one, list) else one) == digest(
        {"y": np.array(other)} if isinstance(other, list) else other
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([1.234], [1.235]),
        ([1.0], [10.0]),
        ([1.0], [-1.0]),
        ([math.inf], [-math.inf]),
        ([math.nan], [math.inf]),
        ([1.0, 2.0], [[1.0], 2.0]),
        ([1, 23], [12, 3]),
        (["a", "bc"], ["ab", "c"]),
        ({"a": "1"}, {"a": 1}),
        ({"a": None}, {}),
    ],
)
def test_what_differs_is_seen(one: Any, other: Any) -> None:
    assert digest(one) != digest(other)


def test_an_array_of_plotlys_is_read_and_not_its_base64() -> None:
    values = np.array([1.0, 2.0], np.float32)

    def packed(array: np.ndarray[Any, Any]) -> dict[str, str]:
        return {"dtype": "f4", "bdata": base64.b64encode(array.tobytes()).decode()}

    same = digest(packed(values))
    assert same == digest(packed(values * np.float32(1 + 1e-6)))
    assert same != digest(packed(values[::-1]))


def picture(*boxes: tuple[int, int, str]) -> bytes:
    """A white picture with boxes of a colour."""
    image = Image.new("RGB", (300, 200), "white")
    for left, size, colour in boxes:
        image.paste(colour, (left, 10, left + size, 10 + size))
    out = io.BytesIO()
    image.save(out, "png")
    return out.getvalue()


def test_a_small_picture_keeps_faint_grounds_markers_and_says_what_it_shows() -> None:
    rng = np.random.default_rng(0)
    # Two thousand colours, so that a palette has to choose.
    noise = Image.fromarray(rng.integers(90, 130, (60, 60, 3), np.uint8))
    full = Image.open(io.BytesIO(picture((100, 80, "#f1faf5"), (190, 3, "#d55e00"))))
    full.paste(noise, (0, 100))
    out = io.BytesIO()
    full.save(out, "png")
    file = small(out.getvalue(), {"Title": "∂L/∂h"})
    assert len(file) < len(out.getvalue())
    read = Image.open(io.BytesIO(file))
    read.load()
    assert read.mode == "P"
    assert read.text == {"Title": "∂L/∂h"}  # type: ignore[attr-defined]
    seen = read.convert("RGB")
    assert seen.getpixel((110, 50)) == (0xF1, 0xFA, 0xF5)
    assert seen.getpixel((191, 11)) == (0xD5, 0x5E, 0x00)
    assert file == small(out.getvalue(), {"Title": "∂L/∂h"})


def test_what_a_palette_would_spoil_stays_as_it_is() -> None:
    rng = np.random.default_rng(0)
    out = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)).save(out, "png")
    assert Image.open(io.BytesIO(small(out.getvalue(), {}))).mode == "RGB"


def test_photographs_look_alike_but_for_a_pixel_or_two() -> None:
    one = picture((100, 80, "red"))
    assert look_alike(one, picture((100, 80, "red"), (20, 3, "black")))
    assert not look_alike(one, picture((100, 80, "red"), (20, 9, "black")))
    assert not look_alike(one, picture((101, 80, "red")))


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    write_whole(path, b"old")

    def stop(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", stop)
        with pytest.raises(KeyboardInterrupt):
            write_whole(path, b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["a.png"]
    assert path.read_bytes() == b"old"
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
