"""PNG, SVG and PDF of a stamped figure, with its metadata inside.

The same figure drawn by the same versions on the same machine gives the same bytes: no clock and
no random name goes into a file.
"""

from __future__ import annotations

import html
import io
import re
import struct
import zlib
from collections.abc import Callable, Mapping

import plotly.graph_objects as go

from gradviz.exports.browser import BROWSER, ExportError
from gradviz.exports.font import WITHOUT

LEAST_SCALE, MOST_SCALE = 0.5, 6.0
MOST_PIXELS = 50_000_000
"""Of a PNG: 200 MB in the browser's memory."""

PNG_START = b"\x89PNG\r\n\x1a\n"
_IHDR_END = len(PNG_START) + 25
"""Behind the header, which must come first: length, name, 13 bytes, checksum."""


def image(figure: go.Figure, kind: str, *, scale: float = 2.0) -> bytes:
    """A figure of `stamped` as an image file.

    Args:
        figure: with width and height in its layout.
        kind: png, svg or pdf.
        scale: pixels of a PNG per px of the layout; SVG and PDF have none, and stay at 1.

    Raises:
        ExportError: for a scale that cannot be, or without a browser.
    """
    if kind not in _WRITTEN:
        raise ExportError(f"format must be png, svg or pdf, got {kind}.")
    if not LEAST_SCALE <= scale <= MOST_SCALE:
        raise ExportError(f"scale must be {LEAST_SCALE:g}…{MOST_SCALE:g}, got {scale:g}.")
    pixels = (figure.layout.width or 700) * (figure.layout.height or 450) * scale**2
    if kind == "png" and pixels > MOST_PIXELS:
        raise ExportError(
            f"a PNG must have at most {MOST_PIXELS // 10**6} million pixels, got "
            f"{pixels / 1e6:.0f}; make it smaller or the scale less."
        )
    drawn_from = go.Figure(figure).update_layout(font_family=WITHOUT) if kind == "pdf" else figure
    drawn = BROWSER.draw(drawn_from.to_plotly_json(), kind, scale if kind == "png" else 1.0)
    meta = figure.layout.meta
    said = meta.get("gradviz", {}) if isinstance(meta, dict) else {}
    return _WRITTEN[kind](drawn, said)


def with_png_text(file: bytes, said: Mapping[str, str]) -> bytes:
    """A PNG with international text chunks (iTXt, UTF-8) behind its header."""
    chunks = b"".join(_chunk(name, words) for name, words in said.items())
    return file[:_IHDR_END] + chunks + file[_IHDR_END:]


def _chunk(name: str, words: str) -> bytes:
    # Keyword, not compressed, no language, no translated keyword.
    body = b"iTXt" + name.encode("latin-1") + b"\0\0\0\0\0" + words.encode()
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def with_svg_text(file: bytes, said: Mapping[str, str]) -> bytes:
    """An SVG with title and description, and without the random name in its ids."""
    text = file.decode()
    drawn = re.search(r'id="defs-([0-9a-f]{6})"', text)
    if drawn:
        text = re.sub(f"(?:(?<=[a-z])|(?<=defs-)){drawn[1]}", "gradvz", text)
    rest = "\n".join(f"{name}: {words}" for name, words in said.items() if name != "Title")
    words = f"<title>{html.escape(said.get('Title', ''))}</title><desc>{html.escape(rest)}</desc>"
    return re.sub(r"<svg\b[^>]*>", lambda found: found[0] + words, text, count=1).encode()


def with_pdf_text(file: bytes, said: Mapping[str, str]) -> bytes:
    """A PDF whose information is ours, instead of the browser's name and the time of day."""
    # Imported here: it takes 0.2 s.
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import NameObject

    writer = PdfWriter()
    for page in PdfReader(io.BytesIO(file)).pages:
        added = writer.add_page(page)
        # The tagged structure of the HTML page it was printed from; it names random nodes.
        added.pop(NameObject("/StructParents"), None)
    rest = "\n".join(f"{name}: {words}" for name, words in said.items() if name != "Title")
    writer.metadata = {
        "/Title": said.get("Title", ""),
        "/Subject": said.get("Description", ""),
        "/Keywords": rest,
        "/Creator": said.get("Software", ""),
    }
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


_WRITTEN: dict[str, Callable[[bytes, Mapping[str, str]], bytes]] = {
    "png": with_png_text,
    "svg": with_svg_text,
    "pdf": with_pdf_text,
}
