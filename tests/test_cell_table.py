"""The tables of cells and wrappers: parameters by hand, what is known of horizons, the page."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from every import every

from gradviz.cell_table import (
    HEADINGS,
    SIZES,
    WRAPPER_HEADINGS,
    WRAPPERS,
    Row,
    Variant,
    Wrapper,
    WrapperRow,
    cells_of,
    cells_of_wrapper,
    measured,
    variants,
    wrappers_measured,
    written,
)
from gradviz.cell_table.markdown import BEGIN, END, notes
from gradviz.cell_table.networks import Pooled, layer_of, parameters_of
from gradviz.cli import main
from gradviz.config import CELL_NOTES, CELLS, choices
from gradviz.markdown import MarkerError

PAGE = Path(__file__).parents[1] / "docs" / "cells.md"
T, I, H = 100, 8, 64  # noqa: E741

PARAMETERS: dict[str, int] = {
    # A weight for each input and each unit, and two biases, a unit; of each of so many gates.
    "rnn": 64 * (8 + 64 + 2),
    "lstm": 4 * 64 * (8 + 64 + 2),
    "gru": 3 * 64 * (8 + 64 + 2),
    "peephole_lstm": 4 * 64 * (8 + 64 + 2) + 3 * 64,
    "coupled_lstm": 3 * 64 * (8 + 64 + 2),
    # Weights of four gates; gain and bias of the two normalisations of 4H rows and of one of H.
    "layer_norm_lstm": 4 * 64 * (8 + 64) + 2 * 2 * 4 * 64 + 2 * 64,
    # One normalisation of H; of the GRU of the 3H rows of both products.
    "layer_norm_rnn": 64 * (8 + 64) + 2 * 64,
    "layer_norm_gru": 3 * 64 * (8 + 64) + 2 * 2 * 3 * 64,
    "mgu": 2 * 64 * (8 + 64 + 1),
    # Three convolutions of width 2 over the inputs, and a bias each.
    "qrnn": 3 * 64 * (2 * 8 + 1),
    # Three products with the input; biases and v of two gates; the highway's own product.
    "sru": 3 * 64 * 8 + 2 * 2 * 64 + 64 * 8,
    # ν, θ, γ; complex B (H, I) and C (H, H); real D (H, I).
    "lru": 3 * 64 + 2 * 64 * 8 + 2 * 64 * 64 + 64 * 8,
    "linear_rnn": 64 * (8 + 64 + 1),
    "irnn": 64 * (8 + 64 + 2),
    # Of an orthogonal matrix the pairs of units, and a threshold a unit.
    "orthogonal_rnn": 64 * 8 + 64 * 63 // 2 + 64,
    # A weight for each input of each timestep.
    "fully_connected": 64 * (100 * 8 + 1),
}
"""Counted by hand at I = 8, H = 64, T = 100."""


FORMULAS: dict[str, Callable[[int, int, int], int]] = {
    "H(I + H + 2)": lambda t, i, h: h * (i + h + 2),
    "4H(I + H + 2)": lambda t, i, h: 4 * h * (i + h + 2),
    "3H(I + H + 2)": lambda t, i, h: 3 * h * (i + h + 2),
    "4H(I + H + 2) + 3H": lambda t, i, h: 4 * h * (i + h + 2) + 3 * h,
    "4H(I + H) + 18H": lambda t, i, h: 4 * h * (i + h) + 18 * h,
    "H(I + H) + 2H": lambda t, i, h: h * (i + h) + 2 * h,
    "3H(I + H) + 12H": lambda t, i, h: 3 * h * (i + h) + 12 * h,
    "2H(I + H + 1)": lambda t, i, h: 2 * h * (i + h + 1),
    "3H(2I + 1)": lambda t, i, h: 3 * h * (2 * i + 1),
    "3HI + 4H, and HI where I ≠ H": lambda t, i, h: 3 * h * i + 4 * h + h * i,
    "3H + 2HI + 2H² + HI": lambda t, i, h: 3 * h + 2 * h * i + 2 * h**2 + h * i,
    "H(I + H + 1)": lambda t, i, h: h * (i + h + 1),
    "HI + H(H − 1)/2 + H": lambda t, i, h: h * i + h * (h - 1) // 2 + h,
    "H(TI + 1), growing with T": lambda t, i, h: h * (t * i + 1),
}
"""The notes' words, written as Python."""


@every("cell", CELLS)
def test_parameters_are_those_counted_by_hand(cell: str) -> None:
    assert cell in PARAMETERS, f"count {cell}'s parameters here by hand"
    for variant in variants([cell]):
        layer = layer_of(cell, variant.activation or "tanh")
        assert parameters_of(layer) == PARAMETERS[cell]


def test_every_cell_has_a_row_and_a_note() -> None:
    rows = variants()
    assert list(dict.fromkeys(each.cell for each in rows)) == list(CELLS)
    assert [each.activation for each in rows if each.cell == "rnn"] == list(choices("activation"))
    assert len({each.label for each in rows}) == len(rows)
    for name in CELLS:
        assert name in CELL_NOTES, f"add what {name} is to config/cell_notes.py"


@every("name", CELL_NOTES)
def test_a_note_counts_as_by_hand(name: str) -> None:
    assert FORMULAS[CELL_NOTES[name].parameters](T, I, H) == PARAMETERS[name]


AROUND = {
    f"{cell}{words}": gates * 64 * weights + more
    for cell, gates in (("RNN", 1), ("LSTM", 4))
    for words, weights, more in (
        # The first layer reads 8 numbers, each further one 64.
        ("", 74, 0),
        (", 2 layers", 74 + 130, 0),
        (", 4 layers", 74 + 3 * 130, 0),
        (", 8 layers", 74 + 7 * 130, 0),
        (", 4 layers with skips", 74 + 3 * 130, 0),
        (", both directions", 2 * 74, 0),
        (", mean of all states", 74, 0),
        (", sum of all states", 74, 0),
        # A layer of 64 with a bias, and a vector.
        (", attention over all states", 74, 64 * 65 + 64),
    )
}
"""Parameters counted by hand at I = 8, H = 64."""


@every("wrapper", WRAPPERS, ids=lambda each: each.label)
def test_a_wrappers_parameters_are_those_counted_by_hand(wrapper: Wrapper) -> None:
    assert parameters_of(Pooled(wrapper.config)) == AROUND[wrapper.label]


def test_the_first_layer_does_not_know_what_is_above_it() -> None:
    """What the table says of the bottom layer's horizon."""
    alone, eight = (Pooled(each.config).recurrent for each in (WRAPPERS[0], WRAPPERS[3]))
    torch.testing.assert_close(alone.weight_hh_l0, eight.weight_hh_l0, rtol=0, atol=0)
    torch.testing.assert_close(alone.weight_ih_l0, eight.weight_ih_l0, rtol=0, atol=0)


@pytest.fixture(scope="module")
def around() -> dict[str, WrapperRow]:
    """Of the LSTM, with the least that is measured."""
    wanted = [each for each in WRAPPERS if each.config.cell == "lstm"]
    told: list[str] = []
    found = wrappers_measured(wanted, rounds=1, seeds=1, advance=told.append)
    assert told == [*(each.label for each in wanted), "times, round 1"]
    return {row.wrapper.label: row for row in found}


def test_one_layer_loses_nothing_downward(around: dict[str, WrapperRow]) -> None:
    for words in ("", ", both directions", ", mean of all states", ", sum of all states"):
        assert around[f"LSTM{words}"].layers_log10 == 0
    assert around["LSTM"].time_ratio == 1
    assert 2 <= around["LSTM"].horizon <= 8


def test_each_layer_takes_some_of_the_gradient_unless_skipped(
    around: dict[str, WrapperRow],
) -> None:
    two, four, eight = (around[f"LSTM, {count} layers"].layers_log10 for count in (2, 4, 8))
    assert eight < 2 * four < 0
    assert four < 2 * two < 0
    # Through the skips comes the top layer's own gradient, and a little more.
    assert around["LSTM, 4 layers with skips"].layers_log10 == pytest.approx(0, abs=0.3)


def test_the_way_through_time_is_the_readouts(around: dict[str, WrapperRow]) -> None:
    """0.64 a timestep from the last state; with the mean all have about the same but the last.

    That one has no successor, which would give it more. Mean and sum differ by a factor only.
    """
    assert around["LSTM"].time_log10 == pytest.approx(99 * math.log10(0.64), abs=4)
    assert around["LSTM, both directions"].time_log10 == pytest.approx(0, abs=0.3)
    mean, total = (around[f"LSTM, {name} of all states"] for name in ("mean", "sum"))
    assert mean.time_log10 == pytest.approx(total.time_log10, abs=1e-6)
    assert 0 < mean.time_log10 < 1
    assert abs(around["LSTM, attention over all states"].time_log10) < 1


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    """A few, with the least that is measured."""
    told: list[str] = []
    wanted = variants(["lstm", "irnn", "orthogonal_rnn", "fully_connected"])
    found = measured(wanted, rounds=1, seeds=2, advance=told.append)
    assert told == [*(each.label for each in wanted), "times, round 1"]
    return {row.variant.cell: row for row in found}


def test_horizons_are_what_is_known(rows: dict[str, Row]) -> None:
    """Nothing shrinks where W is orthogonal and few units are off; a default LSTM forgets."""
    assert math.isinf(rows["orthogonal_rnn"].horizon)
    assert abs(rows["orthogonal_rnn"].exponent) < 0.01
    assert math.isinf(rows["irnn"].horizon)
    assert 2 <= rows["lstm"].horizon <= 8
    # SCIENCE trap 2: a factor of about 0.64 a timestep.
    assert rows["lstm"].exponent == pytest.approx(math.log(0.64), abs=0.05)
    for value in (rows["fully_connected"].horizon, rows["fully_connected"].exponent):
        assert math.isnan(value)


def test_times_are_ratios_to_the_fused_lstm(rows: dict[str, Row]) -> None:
    assert rows["lstm"].time_ratio == 1.0
    assert all(row.time_ratio > 0 for row in rows.values())


def row_of(cell: str, **values: float) -> Row:
    given = {"parameters": 1234, "time_ratio": 1.256, "horizon": 4.0, "exponent": -0.4567}
    return Row(variant=Variant(cell=cell), **{**given, **values})


def wrapper_row(**values: float) -> WrapperRow:
    given = {"time_ratio": 7.5, "horizon": 3.0, "layers_log10": 0.0, "time_log10": -20.6}
    return WrapperRow(wrapper=WRAPPERS[0], parameters=1234, **{**given, **values})


def test_a_wrapper_in_words() -> None:
    near = wrapper_row(horizon=math.inf, layers_log10=-2.5, time_log10=math.log10(1.5))
    assert cells_of_wrapper(near)[3:] == ("∞", "0.0032", "1.5")
    assert cells_of_wrapper(wrapper_row(time_log10=-math.inf))[-1] == "0"


def test_a_row_in_words() -> None:
    assert cells_of(row_of("gru")) == ("GRU", "1,234", "1.26 ×", "4", "−0.457")
    still = row_of("irnn", horizon=math.inf, exponent=-1e-5)
    assert cells_of(still)[3:] == ("∞", "0")
    without = row_of("fully_connected", horizon=math.nan, exponent=math.nan)
    assert cells_of(without)[1:] == ("1,234, growing with T", "1.26 ×", "no state", "–")


def test_the_page_is_written_between_its_markers(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", "utf-8")
    for _ in range(2):
        written(page, [row_of("gru")], [wrapper_row()], "2026-01-02", {"torch": "2.13"})
    text = page.read_text("utf-8")
    assert f"{SIZES}; measured on 2026-01-02 with torch 2.13\n" in text
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    assert text.count("measured on 2026-01-02") == 1
    assert "| GRU | 1,234 | 1.26 × | 4 | −0.457 |" in text.splitlines()
    assert f"| {WRAPPERS[0].label} | 1,234 | 7.50 × | 3 | 1 | 10^−21 |" in text.splitlines()
    for name, spec in CELLS.items():
        assert f'### {spec.label}: `cell="{name}"`' in text
    page.write_text(f"{END}\n{BEGIN}\n", "utf-8")
    with pytest.raises(MarkerError, match="once each"):
        written(page, [], [], "2026-01-02", {})


def test_the_docs_hold_every_cell() -> None:
    """Else: `python -m gradviz cells --markdown docs/cells.md`."""
    lines = PAGE.read_text("utf-8").splitlines()
    shown = [line.split(" | ")[0].removeprefix("| ") for line in lines if line.startswith("| ")]
    cells = [HEADINGS[0], *(each.label for each in variants())]
    assert shown == [*cells, WRAPPER_HEADINGS[0], *(each.label for each in WRAPPERS)]
    text = "\n".join(lines)
    assert "\n".join(notes()).strip() in text
    counts = [PARAMETERS[each.cell] for each in variants()]
    counts += [AROUND[each.label] for each in WRAPPERS]
    for count, line in zip(counts, [each for each in lines if "×" in each], strict=True):
        assert line.split(" | ")[1].startswith(f"{count:,}")


@pytest.fixture(autouse=True)
def flags(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process is not the command's own: its denormals are not flushed."""
    monkeypatch.setattr("gradviz.training.prepare_training_thread", lambda: None)


def call(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["cells", *arguments])
    return result.exit_code, result.output


def test_the_command_prints_a_table() -> None:
    status, output = call("lstm", "irnn", "--rounds", "1", "--seeds", "1")
    assert status == 0
    for words in ("LSTM", "IRNN", "18,944", "1.00 ×", "∞", "T = 100, B = 32, I = 8, H = 64"):
        assert words in output
    assert "GRU" not in output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["LSTM"], "A cell must be one of rnn, lstm"),
        (["lstm", "--markdown", str(PAGE)], "takes all cells"),
        (["--rounds", "0"], "0 is not in the range"),
        (["--markdown", "nowhere.md"], "does not exist"),
    ],
)
def test_a_wrong_call_is_refused(arguments: list[str], words: str) -> None:
    status, output = call(*arguments)
    assert status == 2
    assert words in " ".join(output.split())


def test_a_page_without_markers_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing", "utf-8")
    made: Callable[..., list[Row]] = lambda *rows, **options: []  # noqa: E731
    monkeypatch.setattr("gradviz.cell_table.measured", made)
    monkeypatch.setattr("gradviz.cell_table.wrappers_measured", made)
    status, output = call("--markdown", str(page))
    assert status == 1
    assert "must have the lines" in output
    assert page.read_text("utf-8") == "nothing"
