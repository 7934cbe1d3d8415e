"""The numbers of a picture in long form: one row a point, whatever the picture.

Columns: picture, trace, x, y, z (nan where there is none), and the units of each, as on the axes.
What was thinned for the picture is thinned here: these are the numbers that are drawn.
"""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

AXES = ("x", "y", "z")
COLUMNS = ("picture", "trace", *AXES, *(f"{axis}_units" for axis in AXES))

Table = dict[str, NDArray[Any]]
"""Column to its values, all of one length."""


def long_form(figure: go.Figure, picture: str) -> Table:
    """A figure's points.

    Args:
        figure: of `gradviz.figures`.
        picture: its name.
    """
    parts = [_rows(trace, figure.layout, picture) for trace in figure.data]
    if not parts:
        return {name: np.zeros(0, "f8" if name in AXES else "U1") for name in COLUMNS}
    return {name: _joined([part[name] for part in parts]) for name in COLUMNS}


def as_csv(table: Table) -> bytes:
    """UTF-8 with a heading; numbers as long as they need to be read back exactly."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table)
    writer.writerows(zip(*(column.tolist() for column in table.values()), strict=True))
    return out.getvalue().encode()


def as_parquet(table: Table, said: Mapping[str, str] | None = None) -> bytes:
    """Apache Parquet, with what is said of the picture in the schema's metadata."""
    # Imported here: it takes 0.3 s.
    import pyarrow
    import pyarrow.parquet

    made = pyarrow.table({name: pyarrow.array(column.tolist()) for name, column in table.items()})
    made = made.replace_schema_metadata(dict(said or {}))
    out = io.BytesIO()
    pyarrow.parquet.write_table(made, out)
    return out.getvalue()


def _rows(trace: Any, layout: Any, picture: str) -> dict[str, NDArray[Any]]:
    x, y, z = (_values(getattr(trace, axis, None)) for axis in AXES)
    if z is not None and z.ndim == 2:
        x, y = _grid(x, z.shape, 1), _grid(y, z.shape, 0)
        z = z.ravel()
    count = max((len(each) for each in (x, y, z) if each is not None), default=0)
    if x is None and y is not None:
        x = np.arange(count, dtype=np.float64)
    columns: dict[str, NDArray[Any]] = {
        "picture": np.full(count, picture),
        "trace": np.full(count, _plain(trace.name) or trace.uid or trace.type),
    }
    for axis, values in zip(AXES, (x, y, z), strict=True):
        columns[axis] = np.full(count, np.nan) if values is None else values
        columns[f"{axis}_units"] = np.full(count, _units(trace, layout, axis))
    return columns


def _values(values: Any) -> NDArray[Any] | None:
    if values is None:
        return None
    array = np.asarray(values)
    if array.dtype.kind in "biuf":
        return array.astype(np.float64)
    try:
        return np.asarray(array, dtype=np.float64)  # None among numbers is nan.
    except (TypeError, ValueError):
        return np.array([str(each) for each in array])


def _grid(values: NDArray[Any] | None, shape: tuple[int, ...], axis: int) -> NDArray[Any]:
    """Of every cell of a (rows, columns) map its own x (axis 1) or y (axis 0)."""
    if values is None:
        values = np.arange(shape[axis], dtype=np.float64)
    if values.ndim == 2:
        return values.ravel()
    return np.broadcast_to(values if axis else values[:, None], shape).ravel()


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    if any(part.dtype.kind == "U" for part in parts):
        # A column of names beside numbers is a column of words.
        parts = [part if part.dtype.kind == "U" else _words(part) for part in parts]
    return np.concatenate(parts)


def _words(numbers: NDArray[Any]) -> NDArray[Any]:
    return np.array(["" if np.isnan(each) else repr(float(each)) for each in numbers], dtype="U")


def _units(trace: Any, layout: Any, axis: str) -> str:
    """The words on a trace's axis; of colours those on their bar."""
    if trace.type in {"heatmap", "contour"} and axis == "z":
        bar = getattr(trace, "colorbar", None)
        shared = layout[trace.coloraxis].colorbar if trace.coloraxis else bar
        return _plain(shared.title.text if shared else "")
    if trace.type in {"surface", "scatter3d"}:
        return _plain(layout[trace.scene or "scene"][f"{axis}axis"].title.text)
    if axis == "z":
        return ""
    name = getattr(trace, f"{axis}axis", None) or axis
    own = layout[f"{axis}axis{name[1:]}"].title.text
    return _plain(own or layout[f"{axis}axis"].title.text)


def _plain(words: str | None) -> str:
    """Without markup: h<sub>t</sub> is h_t."""
    words = re.sub(r"<sub>(.*?)</sub>", r"_\1", words or "").replace("<br>", " ")
    return html.unescape(re.sub("<[^>]*>", "", words)).strip()
