"""A user's CSV: what a page is told, the series of a choice, and a sentence for every fault."""

from __future__ import annotations

import csv
import gzip
import io
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradviz.uploads import MOST_BYTES, Series, Table, UploadError, read_series

DRAW = np.random.default_rng(0)
VALUES = DRAW.normal(size=(40, 2)).round(4)


def written(
    header: Sequence[str] | None, rows: Sequence[Sequence[object]], separator: str = ","
) -> str:
    lines = [separator.join(map(str, row)) for row in ([header] if header else []) + list(rows)]
    return "\n".join(lines) + "\n"


ROWS = [[f"{a}", f"{b}"] for a, b in VALUES]
PLAIN = written(["wind", "rain"], ROWS)


def table(content: str | bytes, name: str = "x.csv") -> Table:
    return read_series(name, content.encode() if isinstance(content, str) else content)


def refusal(content: str | bytes, name: str = "x.csv") -> str:
    with pytest.raises(UploadError) as caught:
        table(content, name)
    return str(caught.value)


def changed(row: int, column: int, cell: str, rows: Sequence[Sequence[str]] = ROWS) -> str:
    """The plain file with one other cell; row 0 stands on line 2."""
    cells = [list(each) for each in rows]
    cells[row][column] = cell
    return written(["wind", "rain"], cells)


# What is read.


def test_a_plain_file() -> None:
    found = table(PLAIN)
    assert (found.name, found.rows, found.numeric) == ("x.csv", 40, ("wind", "rain"))
    assert found.notes == ("Cells of x.csv are separated by commas.",)
    assert found.preview == tuple(tuple(row) for row in ROWS[:5])
    series = found.series(["rain", "wind"])
    np.testing.assert_array_equal(series.values, VALUES[:, ::-1])
    assert (series.columns, series.notes) == (("rain", "wind"), ())
    assert series.source == "x.csv: 40 rows, 2 of 2 columns."
    assert series.values.dtype == np.float64
    assert not series.values.flags.writeable


@pytest.mark.parametrize(
    ("separator", "word"),
    [(",", "commas"), (";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")],
)
def test_separators(separator: str, word: str) -> None:
    found = table(written(["wind", "rain"], ROWS, separator))
    assert found.notes == (f"Cells of x.csv are separated by {word}.",)
    np.testing.assert_array_equal(found.series(["wind", "rain"]).values, VALUES)


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_decimal_commas(separator: str) -> None:
    rows = [[cell.replace(".", ",") for cell in row] for row in ROWS]
    found = table(written(["wind", "rain"], rows, separator))
    assert found.notes[1] == (
        "A comma in a number of x.csv was read as the decimal point: 1,5 is 1.5."
    )
    np.testing.assert_array_equal(found.series(["wind", "rain"]).values, VALUES)


def test_decimal_commas_may_begin_late() -> None:
    rows = [["1", "2"]] * 300 + [["1,25", "3"]]
    series = table(written(["a", "b"], rows, ";")).series(["a"])
    assert series.values[-1, 0] == 1.25


def test_a_line_too_long_does_not_make_decimal_commas_the_separator() -> None:
    rows = [["1,5", "2,5"]] * 39 + [["1,5", "2,5;3"]]
    assert refusal(written(["a,x", "b,y"], rows, ";")).startswith(
        "Line 41 of x.csv must have 2 cells as the first has, got 3;"
    )


def test_what_most_of_a_column_is() -> None:
    rows = [["x" if k < 19 else k, "x" if k < 20 else k, k * k] for k in range(40)]
    found = table(written(["mostly numbers", "half", "square"], rows))
    assert [each.kind for each in found.columns] == ["number", "text", "number"]
    assert "got “x” on line 2 of x.csv" in str(found.columns[0].trouble)
    assert found.numeric == ("square",)


def test_commas_beside_decimal_points_are_no_decimal_ones() -> None:
    text = written(["a", "b"], [["1,234", "5.5"]] + [["1234", f"{k}.5"] for k in range(40)], ";")
    found = table(text)
    assert found.numeric == ("b",)
    with pytest.raises(UploadError, match=r"got “1,234” on line 2 of x\.csv"):
        found.series(["a"])


def test_one_column_is_a_series() -> None:
    found = table("temperature\n" + "\n".join(cell for cell, _ in ROWS))
    np.testing.assert_array_equal(found.series(["temperature"]).values, VALUES[:, :1])
    assert found.series(["temperature"]).source == "x.csv: 40 rows, 1 column."


def test_numbers_without_a_header() -> None:
    found = table(written(None, ROWS))
    assert found.numeric == ("column 1", "column 2")
    assert found.rows == 40
    assert found.notes[-1] == "x.csv has no header line, so its columns are numbered."


def test_dates_and_numbers_are_no_header() -> None:
    found = table(written(None, [[f"2020-01-{k % 28 + 1:02d}", k * k] for k in range(40)]))
    assert found.rows == 40
    assert [each.kind for each in found.columns] == ["date", "number"]


def test_a_header_may_have_years_in_it() -> None:
    assert table(written(["x", "2019"], ROWS)).numeric == ("x", "2019")


def test_quoted_cells() -> None:
    rows = [[f'"{a}"', f'"rain, ""heavy""\nand {b}"'] for a, b in ROWS]
    found = table(written(['"wind, north"', '"note"'], rows))
    assert found.numeric == ("wind, north",)
    np.testing.assert_array_equal(found.series(["wind, north"]).values, VALUES[:, :1])
    assert [each.kind for each in found.columns] == ["number", "text"]


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.encode().rstrip(),
        lambda text: b"\n \n" + text.encode() + b"\n  \n",
    ],
)
def test_marks_and_ends_of_lines(encode: Callable[[str], bytes]) -> None:
    found = table(encode(PLAIN))
    assert found.numeric == ("wind", "rain")
    np.testing.assert_array_equal(found.series(["wind", "rain"]).values, VALUES)


def test_the_sunspots_that_are_shipped() -> None:
    from importlib.resources import files

    from gradviz.tasks.sunspots import SCALE, series

    data = files("gradviz").joinpath("data/sunspots.csv").read_bytes()
    found = table(data, "sunspots.csv").series(["sunspot_number"])
    np.testing.assert_allclose(found.values[:, 0] / SCALE, series())


def test_comments_before_the_header() -> None:
    found = table("# made by hand\n#\n\n" + PLAIN)
    assert found.numeric == ("wind", "rain")
    assert "The first 3 lines of x.csv, empty or beginning with #, were left out." in found.notes
    assert "on line 6 of" in refusal("# two\n# lines\n\na\n1\nx\n" + "4\n" * 40)


def test_names_that_come_twice_or_not_at_all() -> None:
    rows = [[k, k * k, k % 3, k % 5, k % 7] for k in range(40)]
    found = table(written(["x", "", "x", "x (2)", " y  z "], rows))
    assert found.numeric == ("x", "column 2", "x (2)", "x (2) (2)", "y z")
    assert found.notes[1:3] == (
        "Columns without a name are called “column 2”.",
        "Names that came more than once became “x (2)” and “x (2) (2)”.",
    )


def test_what_pandas_reads_of_the_same_file() -> None:
    """Another reader's numbers, of a file with quotes, gaps and every form of a number."""
    forms = ["1", "-2.5", "+3", ".5", "4.", "1e3", "-1.5E-3", '"7"', " 8 ", "", "NA", "nan"]
    rows = [[forms[k % 12], forms[(5 * k + 1) % 12], "word"] for k in range(60)]
    text = written(["a", "b", "c"], rows)
    found = table(text)
    other = pandas.read_csv(io.StringIO(text), skipinitialspace=True)
    for column, name in zip(found.columns, "ab", strict=False):
        np.testing.assert_array_equal(column.values, other[name].to_numpy(float))
        assert column.missing == other[name].isna().sum() == 15


def test_columns_that_are_left_out_say_so() -> None:
    start = date(2024, 1, 1)
    rows = [[start + timedelta(days=k), f"12:{k:02d}", "sunny", "", k * k] for k in range(40)]
    found = table(written(["day", "time", "sky", "snow", "rain"], rows))
    assert [each.kind for each in found.columns] == ["date", "date", "text", "empty", "number"]
    assert found.numeric == ("rain",)
    assert found.notes[1:] == (
        "Column “sky” holds text and was left out.",
        "Columns “day” and “time” hold dates and were left out.",
        "Column “snow” holds no values at all and was left out.",
    )


def test_blank_lines_are_left_out_and_told() -> None:
    text = PLAIN.replace("\n", "\n\n", 3) + "\n\n\n"
    found = table(text)
    assert found.rows == 40
    assert found.notes[-1] == "3 blank lines of x.csv were left out."
    # Lines are counted as an editor counts them.
    assert "on line 8 of x.csv" in str(
        table(changed(3, 0, "oops").replace("\n", "\n\n", 3)).columns[0].trouble
    )


# Missing values.


def with_gaps() -> str:
    cells = [list(row) for row in ROWS]
    for row, word in [(0, ""), (10, "NA"), (11, "?"), (12, "null"), (39, "-")]:
        cells[row][0] = word
    cells[12][1] = "n/a"
    return written(["wind", "rain"], cells)


def test_missing_values_are_counted() -> None:
    found = table(with_gaps())
    assert [each.missing for each in found.columns] == [5, 1]
    assert found.notes[-1] == "Missing values in “wind” and “rain”: 6 in all."


def test_interpolation_is_a_straight_line() -> None:
    series = table(with_gaps()).series(["wind", "rain"], missing="interpolate")
    wind, rain = series.values.T
    a, b = VALUES[9, 0], VALUES[13, 0]
    np.testing.assert_allclose(wind[10:13], [(3 * a + b) / 4, (a + b) / 2, (a + 3 * b) / 4])
    assert (wind[0], wind[39]) == (VALUES[1, 0], VALUES[38, 0])
    assert rain[12] == pytest.approx((VALUES[11, 1] + VALUES[13, 1]) / 2)
    kept = [k for k in range(40) if k not in (0, 10, 11, 12, 39)]
    np.testing.assert_array_equal(wind[kept], VALUES[kept, 0])
    assert series.notes == (
        "6 values of “wind” and “rain” were missing and interpolated linearly over the rows; "
        "before the first and behind the last number, that number is repeated.",
    )


def test_dropping_takes_rows_of_the_chosen_columns_only() -> None:
    found = table(with_gaps())
    kept = [k for k in range(40) if k not in (0, 10, 11, 12, 39)]
    series = found.series(["wind", "rain"], missing="drop")
    np.testing.assert_array_equal(series.values, VALUES[kept])
    assert series.source == "x.csv: 35 rows, 2 of 2 columns."
    assert series.notes == (
        "5 of 40 rows had missing values and were left out; the rows before and behind them now "
        "follow one another.",
    )
    assert len(found.series(["rain"], missing="drop").values) == 39


def test_too_few_rows_are_left() -> None:
    cells = [["", b] if k % 3 else [a, b] for k, (a, b) in enumerate(ROWS)]
    found = table(written(["wind", "rain"], cells))
    with pytest.raises(UploadError, match=r"at least 32 rows, got 14 without missing values; int"):
        found.series(["wind"], missing="drop")
    series = found.series(["wind"])
    assert len(series.values) == 40
    assert series.notes[1] == "Column “wind” is more interpolated than measured."


# What is worth knowing.


def test_constant_columns_and_counts() -> None:
    rows = [[5, k, 1700 + k, k * k] for k in range(40)]
    found = table(written(["five", "row", "year", "square"], rows))
    assert found.series(["square"]).notes == ()
    assert found.series(found.numeric).notes == (
        "Column “five” is the same in every row: nothing to forecast.",
        "Each of “row” and “year” is a count of the rows, by its equal steps.",
    )


# Choices.


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ([], "columns must name at least one of numbers, got none; choose one."),
        (["wind", "wind"], "columns must be named once each, got one again; choose others."),
        (["snow"], "columns must be of “wind” and “rain”, got “snow”; choose these."),
    ],
)
def test_choices_that_cannot_be(columns: list[str], sentence: str) -> None:
    with pytest.raises(UploadError) as caught:
        table(PLAIN).series(columns)
    assert str(caught.value) == sentence


def test_a_column_of_words_cannot_be_chosen() -> None:
    found = table(written(["wind", "sky"], [[a, "blue"] for a, _ in ROWS]))
    with pytest.raises(UploadError) as caught:
        found.series(["wind", "sky"])
    assert str(caught.value) == "Column “sky” must hold numbers, got text; choose among “wind”."


@pytest.mark.parametrize(
    "cell", ["oops", "inf", "-Infinity", "1e31", "1e999", "1_000", "١٢", "12 m", "0x1F", "1e", "−1"]
)
def test_a_cell_that_is_no_number_within_reach(cell: str) -> None:
    found = table(changed(7, 1, cell))
    assert found.numeric == ("wind",)
    sentence = (
        f"Column “rain” must hold numbers within ±1e+30, got “{cell}” on line 9 of x.csv; "
        "correct it or choose other columns."
    )
    assert found.columns[1].trouble == sentence
    assert sentence in found.notes
    np.testing.assert_array_equal(found.series(["wind"]).values, VALUES[:, :1])
    with pytest.raises(UploadError) as caught:
        found.series(["wind", "rain"])
    assert str(caught.value) == sentence


def test_the_largest_number() -> None:
    assert table(changed(7, 1, "-1e30")).series(["rain"]).values.min() == -1e30


def test_a_table_whose_only_numbers_are_in_trouble() -> None:
    assert refusal("rain\n" + "1\n" * 40 + "inf\n").startswith("Column “rain” must hold numbers")


# Faults.


def test_an_empty_file() -> None:
    assert refusal(b"") == "x.csv must be CSV, got an empty file; choose another."
    assert (
        refusal(b"\n \n") == "x.csv must be CSV, got only spaces and line breaks; choose another."
    )
    assert refusal(b"# nothing\n# else\n") == (
        "x.csv must be CSV, got only lines beginning with #; choose another."
    )
    assert refusal(b"# nothing").startswith("x.csv must")


def test_only_a_header() -> None:
    sentence = "x.csv must have rows below its header, got only one line; add one a timestep."
    assert refusal("wind,rain\n") == refusal("wind,rain") == sentence


def test_one_row_and_too_few() -> None:
    sentence = "x.csv must have at least 32 rows, one a timestep, got {}; choose a longer series."
    assert refusal("1,2,3") == sentence.format(1)
    assert refusal(written(["wind", "rain"], ROWS[:31])) == sentence.format(31)
    assert table(written(["wind", "rain"], ROWS[:32])).rows == 32


def test_no_numbers() -> None:
    assert refusal("sky\n" + "blue\n" * 40) == (
        "x.csv must have a column of numbers, got “blue” on line 2; separate cells by commas, "
        "semicolons or tabs."
    )
    assert "got no values at all;" in refusal("sky,sea\n" + ",\n" * 40)


def test_rows_of_unequal_length() -> None:
    lines = PLAIN.splitlines()
    lines[6] += ",3"
    assert refusal("\n".join(lines)) == (
        "Line 7 of x.csv must have 2 cells as the first has, got 3; correct that line."
    )


def test_the_line_of_a_row_behind_a_cell_of_several_lines() -> None:
    lines = written(["wind", "note"], [[a, '"x"'] for a, _ in ROWS]).splitlines()
    lines[3] = '1,"three\nlines\nlong"'
    lines[8] = "1"
    assert refusal("\n".join(lines)).startswith("Line 11 of x.csv must have 2 cells")


@pytest.mark.parametrize("cell", ['"never closed', '"closed"too early', '"' + "x" * 200_000])
def test_quotation_marks_out_of_place(cell: str) -> None:
    assert refusal(changed(7, 1, cell)) == (
        "Line 9 of x.csv must be cells between commas, got a quotation mark out of place or a "
        "cell that does not end; correct that line."
    )


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"PK\x03\x04" + bytes(50), "a zip or Office file"),
        (b"\xd0\xcf\x11\xe0" + bytes(50), "an old Office file"),
        (gzip.compress(PLAIN.encode(), mtime=0), "a gzip file"),
        (PLAIN.encode() + b"\0", "a binary file (it has NUL bytes)"),
    ],
)
def test_binary_files(data: bytes, kind: str) -> None:
    assert refusal(data) == f"x.csv must be CSV, got {kind}; save it as CSV in UTF-8."


def test_a_file_that_is_too_large() -> None:
    data = b"1,2\n" * (MOST_BYTES // 4) + b"1"
    assert refusal(data) == "x.csv must have at most 5 MB, got 5.0 MB; upload a part of it."


def test_200_000_columns_are_refused_unparsed(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(*_: Any, **__: Any) -> None:
        raise AssertionError("it was parsed")

    wide = ",".join(["1"] * 200_000)
    monkeypatch.setattr(csv, "reader", parse)
    monkeypatch.setattr(pandas, "read_csv", parse)
    sentence = (
        "x.csv must have at most 1,000 columns, got 200,000 on its first line; upload fewer, with "
        "one timestep on a line."
    )
    assert refusal(wide) == refusal(f"{wide}\n{wide}\n") == refusal(f"# x\n{wide}") == sentence
    with pytest.raises(AssertionError, match="it was parsed"):
        table(PLAIN)


def test_2_000_000_cells_are_not_too_many() -> None:
    line = b"," * 999 + b"\n"
    head = b"1" + line
    assert table(head * 32 + line * 1968).rows == 2000
    assert refusal(head * 32 + line * 1969) == (
        "x.csv must have at most 2,000,000 cells, got 2,001,000; leave out columns or rows."
    )


def test_1000_columns_are_not_too_many() -> None:
    line = ",".join(["1.5"] * 1000) + "\n"
    assert len(table(line * 40).numeric) == 1000
    assert "got 1,001 on" in refusal("1.5," + line)


def test_reading_brings_no_pandas() -> None:
    code = (
        "import sys\nfrom gradviz.uploads import read_series\n"
        "read_series('x.csv', b'a\\n' + b'1\\n' * 40).series(['a'])\n"
        "assert not {'pandas', 'charset_normalizer', 'torch'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


# The series itself.


def test_a_series_holds_finite_columns_only() -> None:
    good = {"name": "x", "columns": ("a",), "source": "x."}
    for values in (np.ones(40), np.ones((40, 2)), np.full((40, 1), np.nan), np.ones((40, 1), "f4")):
        with pytest.raises(ValueError, match="values must be"):
            Series(values=values, **good)
    mine = np.ones((40, 1))
    Series(values=mine, **good)
    assert mine.flags.writeable


# Whatever comes.

CELLS = st.sampled_from(
    (
        *("1", "2.5", "1,5", "", "NA", "inf", "1e31", "x", "2024-01-01", '"a"', '"', "\n", "é"),
        *("\x07", "#", "'", "\t", "-", "1e400", "9" * 400, "1_0", "\u2028", "0,1,2"),
    )
)
SEPARATORS = st.sampled_from([",", ";", "\t", "|", " "])


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """Something like a CSV: rows of the same pattern with a few cells changed."""
    separator = draw(SEPARATORS)
    pattern = draw(st.lists(CELLS, min_size=1, max_size=5))
    rows = [list(pattern) for _ in range(draw(st.sampled_from([0, 1, 31, 33, 60])))]
    for _ in range(draw(st.integers(0, 3))):
        if rows:
            row = rows[draw(st.integers(0, len(rows) - 1))]
            row[draw(st.integers(0, len(row) - 1))] = draw(CELLS)
    header = draw(st.sampled_from([pattern, ["a"] * len(pattern), ["a"]]))
    comments = draw(st.sampled_from(["", "# x\n", " \n#\n"]))
    text = comments + "\n".join(separator.join(row) for row in [header, *rows])
    return text.encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])))


@given(name=st.text(), data=st.one_of(st.binary(max_size=3000), tables()))
@settings(max_examples=400, deadline=None)
def test_any_bytes_give_a_table_or_a_sentence(name: str, data: bytes) -> None:
    try:
        found = read_series(name, data)
        columns = found.numeric
        series = found.series(columns[:3])
        dropped = [found.series([each], "drop") for each in columns if not _gaps(found, each)]
    except UploadError as error:
        sentence = str(error)
        assert sentence.endswith(".")
        assert "\n" not in sentence
        assert len(sentence) < 400
        return
    assert found.rows >= 32
    assert len({each.name for each in found.columns}) == len(found.columns) <= 1000
    for each in [series, *dropped]:
        assert np.isfinite(each.values).all()
        assert np.abs(each.values).max() <= 1e30
        assert each.values.shape == (found.rows, len(each.columns))
    assert all(len(each.values) == found.rows for each in found.columns if each.kind == "number")
    assert all(note.endswith(".") and "\n" not in note for note in (*found.notes, *series.notes))


def _gaps(found: Table, name: str) -> int:
    return next(each.missing for each in found.columns if each.name == name)
