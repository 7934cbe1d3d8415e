"""What remedies came to: rows, spreads and colours are the numbers they were given."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest
from fabricated import fabricate

from gradviz import figures
from gradviz.figures.remedies import MOST_ROWS
from gradviz.history import Failure, History

RUNS = {
    "Untreated": [fabricate(steps=40, scalars={"loss": loss}) for loss in (0.16, 0.18, 0.17)],
    "<b>LSTM</b>": [fabricate(steps=40, scalars={"loss": np.linspace(0.4, 0.01, 40)})],
}
VERDICTS = {"Untreated": "untreated", "<b>LSTM</b>": "cures"}


def failed() -> History:
    history = fabricate(steps=10, scalars={"loss": 5.0})
    history.failure = Failure(step=10, tensor="loss", kind="nan")
    return history


def traces(figure: go.Figure) -> dict[str, go.Scatter]:
    return {trace.name: trace for trace in figure.data}


def test_a_row_is_the_median_of_the_last_losses_with_least_and_greatest() -> None:
    figure = figures.remedy_losses(RUNS, verdicts=VERDICTS)
    found = traces(figure)
    untreated, cured = found["untreated"], found["cures"]
    assert untreated.x == pytest.approx([0.17])
    assert untreated.error_x.array == pytest.approx([0.01])
    assert untreated.error_x.arrayminus == pytest.approx([0.01])
    # The mean of the last 20 of 40 numbers on a line.
    assert cured.x == pytest.approx([0.4 - 0.01 * 29.5])
    assert (list(untreated.y), list(cured.y)) == ([0], [1])
    assert found["floor"].x == pytest.approx([1 / 6, 1 / 6])
    assert figure.layout.xaxis.title.text == "loss"
    assert [note.text for note in figure.layout.annotations] == [
        "Untreated",
        "&lt;b&gt;LSTM&lt;/b&gt;",
    ]


def test_it_looks_back_to_a_step() -> None:
    found = traces(figures.remedy_losses(RUNS, 20, verdicts=VERDICTS))
    assert found["cures"].x == pytest.approx([0.4 - 0.01 * 9.5])


def test_seeds_that_failed_are_counted_and_not_averaged() -> None:
    runs = {"Untreated": [failed(), failed()], "Clip": [failed(), RUNS["Untreated"][0]]}
    figure = figures.remedy_losses(runs, verdicts={"Untreated": "untreated", "Clip": "helps"})
    found = traces(figure)
    assert found["helps"].x == pytest.approx([0.16])
    assert list(found["untreated"].marker.symbol) == ["x-thin"]
    words = [note.text for note in figure.layout.annotations]
    assert words == ["Untreated · 2 of 2 failed", "Clip · 1 of 2 failed"]
    assert "4 seeds" not in figure.layout.title.text
    assert "3 of 4 failed" in figure.layout.title.text
    # Before it failed it had a loss.
    early = traces(figures.remedy_losses(runs, 5, verdicts={"Untreated": "untreated"}))
    assert early["untreated"].x == pytest.approx([5.0])


def test_more_than_have_room_are_left_out_and_counted() -> None:
    runs = {f"remedy {n}": RUNS["Untreated"] for n in range(MOST_ROWS + 3)}
    figure = figures.remedy_losses(runs)
    assert len(traces(figure)["waiting"].x) == MOST_ROWS
    assert f"{MOST_ROWS} of {MOST_ROWS + 3} set-ups" in figure.layout.title.text
    assert figure.layout.height > figures.remedy_losses(RUNS).layout.height


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_before_the_first_step_it_says_so(theme: str) -> None:
    runs: dict[str, list[History]] = {"Untreated": [fabricate(steps=0)], "LSTM": []}
    figure = figures.remedy_losses(runs, theme=theme)
    assert not figure.data
    assert [note.text for note in figure.layout.annotations] == ["Nothing trained yet"]


def test_the_fifth_set_up_and_further_ones_are_dashed() -> None:
    runs = {f"set-up {n}": RUNS["Untreated"][:1] for n in range(6)}
    lines = [each for each in figures.compare_loss(runs).data if each.name != "floor"]
    looks = [(line.line.color, line.line.dash) for line in lines]
    assert len(set(looks)) == 6
    assert [dash for _, dash in looks[:4]] == ["solid"] * 4
