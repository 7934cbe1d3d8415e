"""A picture's numbers and pages, read back by others: csv, pyarrow, plotly."""

from __future__ import annotations

import base64
import csv
import io
import re

import numpy as np
import plotly.graph_objects as go
import plotly.io
import pyarrow.parquet
import pytest
from fabricated import fabricate
from PIL import Image

from gradviz import RunConfig, figures
from gradviz.exports import (
    ExportError,
    Stamp,
    as_csv,
    browser_path,
    image,
    long_form,
    picture_file,
    stamped,
)
from gradviz.exports.font import FAMILY, font_rule
from gradviz.exports.images import with_png_text, with_svg_text

STAMP = Stamp(picture="flow", caption="Why <it> fades", settings="cell=rnn", link="http://a/?b=c&d")


def rows_of(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.decode())))


def test_every_point_of_a_line_is_a_row() -> None:
    history = fabricate()
    figure = figures.loss(history, None, theme="light")
    rows = [row for row in rows_of(picture_file(figure, "csv", STAMP)) if row["trace"] == "loss"]
    assert [float(row["x"]) for row in rows] == history.column("step").tolist()
    assert {float(row["y"]) for row in rows} == {0.2}
    assert {(row["picture"], row["x_units"], row["y_units"], row["z"]) for row in rows} == {
        ("flow", "step", "loss", "nan")
    }


def test_a_map_is_unrolled_with_its_own_x_and_y() -> None:
    figure = go.Figure(
        go.Heatmap(
            x=[1, 5], y=[10, 20, 30], z=[[0, 1], [2, None], [4, 5]], colorbar_title_text="log10 ‖δ‖"
        )
    )
    figure.update_layout(xaxis_title_text="step", yaxis_title_text="timestep <i>t</i>")
    table = long_form(figure, "map")
    points = list(zip(*(table[axis].tolist() for axis in "xyz"), strict=True))
    assert points[:3] == [(1, 10, 0), (5, 10, 1), (1, 20, 2)]
    assert np.isnan(points[3][2])
    assert points[4:] == [(1, 30, 4), (5, 30, 5)]
    assert table["z_units"][0] == "log10 ‖δ‖"
    assert table["y_units"][0] == "timestep t"


def test_names_on_an_axis_make_its_column_words() -> None:
    figure = go.Figure([go.Bar(x=["a, b", "c"], y=[1.5, 2]), go.Scatter(x=[3], y=[4])])
    rows = rows_of(as_csv(long_form(figure, "bars")))
    assert [(row["x"], row["y"]) for row in rows] == [("a, b", "1.5"), ("c", "2.0"), ("3.0", "4.0")]


def test_a_legend_at_the_foot_makes_room_for_the_words() -> None:
    runs = {f"set-up {place} with a label of many words": [fabricate()] for place in range(4)}
    figure = figures.compare_norm(runs, None, theme="light")
    assert figure.layout.legend.y < 0
    narrow, wide = (stamped(figure, STAMP, width=width).layout for width in (500, 2500))
    assert narrow.legend.y > 1
    assert narrow.margin.t == wide.margin.t + 3 * 23


@pytest.mark.parametrize("name", ["gates", "gradient_flow_over_training", "clipping"])
def test_parquet_says_the_same_as_csv_and_where_it_is_from(name: str) -> None:
    figure = figures.LIVE[name](fabricate(RunConfig(cell="lstm")), None, theme="light")
    rows = rows_of(picture_file(figure, "csv", STAMP))
    table = pyarrow.parquet.read_table(io.BytesIO(picture_file(figure, "parquet", STAMP)))
    assert table.num_rows == len(rows) > 20
    for axis in "xyz":
        here, there = table[axis].to_numpy(), [float(row[axis]) for row in rows]
        np.testing.assert_array_equal(here, there)
    assert table.schema.metadata[b"Settings"] == b"cell=rnn"
    assert table.schema.metadata[b"Source"] == b"http://a/?b=c&d"


def test_an_empty_picture_is_a_table_of_no_rows() -> None:
    empty = long_form(go.Figure(), "none")
    assert as_csv(empty).decode().strip() == ",".join(empty)


def test_json_is_the_figure_itself() -> None:
    figure = figures.gradient_flow(fabricate(), None, theme="light")
    read = plotly.io.from_json(picture_file(figure, "json", STAMP).decode())
    values = np.frombuffer(base64.b64decode(read.data[1].y["bdata"]), read.data[1].y["dtype"])
    np.testing.assert_array_equal(values, figure.data[1].y)
    assert read.layout.meta["gradviz"]["Description"] == "Why <it> fades"


def test_the_page_needs_nothing_from_outside() -> None:
    figure = figures.loss(fabricate(), None, theme="light")
    page = picture_file(figure, "html", STAMP).decode()
    assert not re.search(r"<(script|link|img|iframe)[^>]*(src|href)=", page)
    assert '<meta name="description" content="Why &lt;it&gt; fades" />' in page
    assert page == picture_file(figure, "html", STAMP).decode()


def test_the_font_is_the_pages_own() -> None:
    rule = font_rule()
    assert f'font-family: "{FAMILY}"' in rule
    found = re.search(r"src: url\(data:font/woff2;base64,([\w+/=]+)\)", rule)
    assert found
    assert base64.b64decode(found[1])[:4] == b"wOF2"
    figure = figures.loss(fabricate(), None, theme="light")
    assert figure.layout.font.family.split(", ")[0] == FAMILY
    page = picture_file(figure, "html", STAMP).decode()
    assert rule in page.split("</head>")[0]


def test_png_text_is_where_others_look_for_it() -> None:
    bare = io.BytesIO()
    Image.new("RGB", (3, 2), "red").save(bare, "png")
    read = Image.open(io.BytesIO(with_png_text(bare.getvalue(), {"Title": "∂L/∂h"})))
    read.load()
    assert read.text == {"Title": "∂L/∂h"}
    assert read.getpixel((2, 1)) == (255, 0, 0)


def test_an_svg_loses_its_random_name_only_where_it_is_one() -> None:
    drawn = (
        '<svg class="a"><defs id="defs-19aa99"/>'
        '<g clip-path="url(#clip19aa99x)" fill="#19aa99"/></svg>'
    )
    found = with_svg_text(drawn.encode(), {"Title": "a<b", "Settings": "c=1"}).decode()
    assert found == (
        '<svg class="a"><title>a&lt;b</title><desc>Settings: c=1</desc><defs id="defs-gradvz"/>'
        '<g clip-path="url(#clipgradvzx)" fill="#19aa99"/></svg>'
    )


def test_without_a_browser_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER_PATH", "/no/such/file")
    assert browser_path() is None
    figure = stamped(figures.loss(fabricate(), None, theme="light"), STAMP)
    with pytest.raises(ExportError, match=r"need Chromium, Chrome or Edge .* set BROWSER_PATH"):
        image(figure, "png")


def test_what_cannot_be_drawn_is_refused() -> None:
    figure = stamped(figures.loss(fabricate(), None, theme="light"), STAMP)
    with pytest.raises(ExportError, match=r"scale must be 0.5…6, got 9."):
        image(figure, "svg", scale=9)
    with pytest.raises(ExportError, match="format must be one of png"):
        picture_file(figure, "bmp", STAMP)
    figure.update_layout(width=6000, height=6000)
    with pytest.raises(ExportError, match="at most 50 million pixels, got 1296"):
        image(figure, "png", scale=6)
