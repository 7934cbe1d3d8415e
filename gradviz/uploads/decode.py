"""Bytes of a file → text, or one sentence on why they are none."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Literal

from gradviz.config import LIMITS
from gradviz.uploads.errors import UploadError

MOST_BYTES = LIMITS.upload_mb * 2**20
"""Of a file; the default is that of .streamlit/config.toml as well (a test holds them equal)."""

MOST_CONTROL_SHARE = 1e-3
"""Of a text's characters: a stray one becomes a space, with more of them it is no text."""

_KINDS = {
    b"PK\x03\x04": "a zip or Office file",
    b"\xd0\xcf\x11\xe0": "an old Office file",
    b"\x89PNG\r\n": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF87a": "a GIF picture",
    b"GIF89a": "a GIF picture",
    b"%PDF-": "a PDF",
    b"{\\rtf": "a rich text file (RTF)",
    b"\x1f\x8b": "a gzip file",
    b"BZh91AY": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"7z\xbc\xaf": "a 7z file",
    b"Rar!\x1a": "a RAR file",
    b"\x28\xb5\x2f\xfd": "a zstd file",
    b"SQLite format 3": "an SQLite database",
    b"\x93NUMPY": "a NumPy array",
    b"\x7fELF": "a program",
}
"""First bytes of files that are no text, though some begin like one."""

# UTF-32's mark begins with that of UTF-16, so it is looked for first.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8-sig",
}

_BREAK = re.compile(r"\r\n|[\r\v\f]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")

_LIKELY = "cp1252 cp1250 cp1251 koi8_r cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 cp874 gb18030 big5"
_LIKELY += " cp932 euc_jp cp949"
"""What programs of today still write; of all that Python knows hp_roman8 was guessed."""

Wanted = Literal["plain text", "CSV"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """What a file says."""

    text: str
    """Its lines end with a newline alone, whatever they ended with."""
    notes: tuple[str, ...]


def decode(name: str, data: bytes, wanted: Wanted) -> Decoded:
    """The text in a file.

    Args:
        name: as sentences call the file.
        data: its bytes.
        wanted: as what a file of another kind should be saved.

    Raises:
        UploadError: for a file that is empty, too large, binary, or in no encoding known.
    """
    if not data:
        raise UploadError(f"{name} must be {wanted}, got an empty file; choose another.")
    if len(data) > MOST_BYTES:
        raise UploadError(
            f"{name} must have at most {MOST_BYTES / 2**20:g} MB, got {len(data) / 2**20:.1f} MB; "
            "upload a part of it."
        )
    for start, kind in _KINDS.items():
        if data.startswith(start):
            raise UploadError(_other(name, wanted, kind))
    encoding, guessed = _encoding(name, data, wanted)
    try:
        text = _BREAK.sub("\n", data.decode(encoding))
    except UnicodeDecodeError as error:
        raise UploadError(_undecodable(name, data, error)) from None
    if guessed:
        guess = (
            f"{name} is not in UTF-8; its encoding was guessed as {encoding}. "
            "Where letters look wrong, save it as UTF-8."
        )
    # DOS ended a text with U+001A.
    text, notes = _without_controls(name, text.rstrip("\x1a"), wanted)
    if not text.strip():
        raise UploadError(
            f"{name} must be {wanted}, got only spaces and line breaks; choose another."
        )
    return Decoded(text=text, notes=(guess, *notes) if guessed else notes)


def _encoding(name: str, data: bytes, wanted: Wanted) -> tuple[str, bool]:
    """The encoding, and whether it is a guess."""
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return encoding, False
    if b"\0" in data:
        raise UploadError(_other(name, wanted, "a binary file (it has NUL bytes)"))
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        guess = None if _meant_as_utf8(data) else _guess(data)
        return guess or "utf-8", guess is not None
    return "utf-8", False


def _meant_as_utf8(data: bytes) -> bool:
    """Whether half of what is not ASCII is valid UTF-8: then a guess would garble it."""
    text = data.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    strange = sum(map(len, re.findall(r"[^\x00-\x7f]+", text)))
    return strange - wrong >= wrong


def _guess(data: bytes) -> str | None:
    # 45 ms to import, for the few files that need it.
    import charset_normalizer

    found = charset_normalizer.from_bytes(data, cp_isolation=_LIKELY.split())
    best = found.best()
    if best is None:
        return None
    # Of French it says cp1257, by a hair; where cp1252 reads as well it is the likelier by far.
    if any(each.encoding == "cp1252" and each.coherence >= best.coherence for each in found):
        return "cp1252"
    return best.encoding


def _without_controls(name: str, text: str, wanted: Wanted) -> tuple[str, tuple[str, ...]]:
    first = _CONTROL.search(text)
    if first is None:
        return text, ()
    line = text.count("\n", 0, first.start()) + 1
    what = f"U+{ord(first[0]):04X} on line {line:,}"
    text, count = _CONTROL.subn(" ", text)
    if count > max(1, MOST_CONTROL_SHARE * len(text)):
        raise UploadError(_other(name, wanted, f"{count:,} control characters, the first {what}"))
    if count == 1:
        return text, (f"A control character of {name}, {what}, became a space.",)
    return text, (f"{count:,} control characters of {name}, the first {what}, became spaces.",)


def _other(name: str, wanted: Wanted, got: str) -> str:
    return f"{name} must be {wanted}, got {got}; save it as {wanted} in UTF-8."


def _undecodable(name: str, data: bytes, error: UnicodeDecodeError) -> str:
    # Of UTF-8 with a mark, Python counts from behind the mark.
    at = error.start + len(data) - len(error.object)
    before = error.object[: error.start].decode(error.encoding, "ignore")
    line = _BREAK.sub("\n", before).count("\n") + 1
    encoding = error.encoding.upper().removesuffix("-LE").removesuffix("-BE")
    return (
        f"{name} must be {encoding} text, got 0x{data[at]:02X} as byte {at + 1:,}, on line "
        f"{line:,}; save it as UTF-8."
    )
