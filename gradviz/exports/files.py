"""Which files there are: of a picture, of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import plotly.graph_objects as go

from gradviz.exports.browser import ExportError
from gradviz.exports.figure_data import as_csv, as_parquet, long_form
from gradviz.exports.images import image
from gradviz.exports.run_arrays import as_npz, run_json
from gradviz.exports.stamp import Stamp
from gradviz.exports.stamped import Theme, stamped
from gradviz.exports.tensorboard import event_file
from gradviz.exports.web import as_html, as_plotly_json
from gradviz.history import History


@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """A kind of file."""

    label: str
    suffix: str
    mime: str
    is_image: bool = False
    """Whether a browser draws it."""


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "png": Format(label="PNG image", suffix="png", mime="image/png", is_image=True),
        "svg": Format(label="SVG drawing", suffix="svg", mime="image/svg+xml", is_image=True),
        "pdf": Format(label="PDF", suffix="pdf", mime="application/pdf", is_image=True),
        "html": Format(label="HTML page, works offline", suffix="html", mime="text/html"),
        "json": Format(label="plotly JSON", suffix="json", mime="application/json"),
        "csv": Format(label="Data as CSV", suffix="csv", mime="text/csv"),
        "parquet": Format(
            label="Data as Parquet", suffix="parquet", mime="application/vnd.apache.parquet"
        ),
    }
)
"""Of a picture."""

RUN_FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "run_npz": Format(label="Run as NPZ", suffix="npz", mime="application/zip"),
        "run_json": Format(label="Run as JSON", suffix="json", mime="application/json"),
        "run_events": Format(
            label="Run for TensorBoard",
            suffix="tfevents",
            mime="application/octet-stream",
        ),
    }
)
"""Of a run."""


def picture_file(
    figure: go.Figure,
    kind: str,
    stamp: Stamp,
    *,
    width: int = 900,
    height: int | None = None,
    scale: float = 2.0,
    theme: Theme = "light",
) -> bytes:
    """A figure as a file of FORMATS; width, height and scale as of `stamped` and `image`.

    Raises:
        ExportError: with a sentence for the user.
    """
    if kind not in FORMATS:
        raise ExportError(f"format must be one of {', '.join(FORMATS)}, got {kind}.")
    if kind == "csv":
        return as_csv(long_form(figure, stamp.picture))
    if kind == "parquet":
        return as_parquet(long_form(figure, stamp.picture), stamp.metadata)
    whole = stamped(figure, stamp, width=width, height=height, theme=theme)
    if kind == "html":
        return as_html(whole)
    if kind == "json":
        return as_plotly_json(whole)
    return image(whole, kind, scale=scale)


def run_file(history: History, kind: str) -> bytes:
    """A run as a file of RUN_FORMATS.

    Raises:
        ExportError: for another kind.
    """
    writers = {"run_npz": as_npz, "run_json": run_json, "run_events": event_file}
    if kind not in writers:
        raise ExportError(f"format must be one of {', '.join(writers)}, got {kind}.")
    return writers[kind](history)
