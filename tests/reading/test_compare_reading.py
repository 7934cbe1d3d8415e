"""What is said of several set-ups is true of the histories it was made from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from fabricated import fabricate, layer_frame, row

from gradviz import figures
from gradviz.config import RecordedConfig, RunConfig
from gradviz.history import Failure, Frame, History, solved_at
from gradviz.reading import Spread, difference_table, read_compare

CONFIG = RunConfig(seq_len=60)
ALONE = "One seed proves nothing; train more seeds."


def run(
    losses: Any, config: RunConfig = CONFIG, *, floor: float | None = 1.0, rate: float = 0.9
) -> History:
    """A run with these losses, whose horizon is ln(e)/−ln(rate) timesteps, rounded up."""
    return fabricate(
        config, steps=len(losses), floor=floor, scalars={"loss": losses}, rate=rate, noise=0.0
    )


def solving(step: int, steps: int = 200, **more: Any) -> History:
    """A run whose loss falls from its floor to 0 after a step."""
    return run(np.where(np.arange(1, steps + 1) <= step, 1.0, 0.0), **more)


def failing(step: int, **more: Any) -> History:
    losses = np.full(step, 1.0)
    losses[-1] = np.nan
    history = run(losses, **more)
    history.failure = Failure(step=step, tensor="loss", kind="nan")
    return history


def said(runs: dict[str, list[History]], step: int | None = None) -> list[str]:
    return read_compare(runs, step).sentences


def test_before_the_first_step() -> None:
    for runs in ({}, {"a": []}, {"a": [History(CONFIG)]}):
        reading = read_compare(runs)
        assert (reading.sentences, reading.level) == (["Nothing has been measured yet."], "info")
        assert len(difference_table(runs)) == len(runs)


def test_solved_at_the_first_step_whose_last_20_losses_are_below_a_tenth() -> None:
    """By hand: of 20 losses fewer than 2 may be 1, so 19 zeros are needed."""
    assert solved_at(solving(100)) == 119
    assert solved_at(solving(100), 118) is None
    assert solved_at(solving(100, floor=None)) is None
    assert solved_at(solving(10, steps=19)) is None
    assert solved_at(run(np.full(30, 0.0999))) == 20
    assert solved_at(run(np.full(30, 0.1001))) is None


def test_an_infinite_loss_solves_nothing_for_20_steps() -> None:
    losses = np.zeros(60)
    losses[:5] = np.inf
    losses[2] = np.nan
    assert solved_at(run(losses)) == 25


def test_one_seed_each() -> None:
    slow = CONFIG.replace(cell="gru")
    runs = {"RNN": [run(np.full(200, 0.98))], "GRU": [solving(100, config=slow, rate=0.9999)]}
    reading = read_compare(runs)
    assert reading.sentences == [
        "RNN has not solved its task in 200 steps, loss 0.98 (98% of its floor); "
        "GRU solved its task after 119 steps.",
        "Gradients reach back 10 of 59 timesteps in RNN; to the first input in GRU.",
        ALONE,
    ]
    assert reading.level == "info"


def test_the_horizon_said_is_the_one_drawn() -> None:
    runs = {"a": [run(np.ones(50), rate=rate) for rate in (0.8, 0.95, 0.5)]}
    (line,) = [t for t in figures.compare_horizon(runs).data if t.uid == "setup-0"]
    # ln(1/e)/ln(rate): 4.48, 19.5, 1.44 timesteps, so 5, 20 and 2.
    assert line.y[-1] == 5
    assert said(runs)[1] == "Gradients reach back 5 (2…20) of 59 timesteps in a."


def test_several_seeds() -> None:
    good = [solving(step) for step in (80, 100, 150)]
    bad = [failing(31), run(np.full(200, 0.9)), failing(40), run(np.full(200, 1.1))]
    reading = read_compare({"GRU": good, "RNN": bad})
    assert reading.sentences == [
        "GRU solved its task in 3 of 3 seeds after 119 (99…169) steps; "
        "RNN solved its task in 0 of 4 seeds and failed in 2, first at step 31, "
        "median loss 1 (100% of its floor).",
        "Gradients reach back 10 of 59 timesteps in GRU; 10 of 59 timesteps in RNN.",
        "Numbers are medians, with least and greatest, over 3…4 seeds of each set-up.",
    ]
    assert reading.level == "warning"


def test_a_failure_is_said_from_its_step_on() -> None:
    runs = {"a": [failing(31)], "b": [solving(10)]}
    assert said(runs)[0] == "a failed at step 31; b solved its task after 29 steps."
    assert read_compare(runs).level == "warning"
    assert "failed" not in said(runs, 30)[0]
    assert read_compare(runs, 30).level == "info"


def test_all_solved_is_well() -> None:
    assert read_compare({"a": [solving(9)], "b": [solving(10)]}).level == "ok"


def test_a_run_that_solved_and_then_failed() -> None:
    history = solving(10, steps=100)
    history.failure = Failure(step=100, tensor="loss", kind="nan")
    assert said({"a": [history]})[0] == "a solved its task after 29 steps and failed at step 100."


@pytest.mark.parametrize(
    ("loss", "words"),
    [(31.0, "loss 31 (31 times its floor)"), (8e30, "loss 8e30 (8e30 times its floor)")],
)
def test_a_loss_far_above_its_floor(loss: float, words: str) -> None:
    assert words in said({"a": [run(np.full(50, loss))]})[0]


def test_without_a_floor_there_is_nothing_to_solve() -> None:
    sentence = said({"a": [run(np.full(50, 0.0123), floor=None)]})[0]
    assert sentence == "a has done 50 steps, loss 0.0123."
    (row_,) = difference_table({"a": [run(np.full(50, 0.0123), floor=None)]})
    assert row_.cells()["Solved"] == "–"


def test_before_20_steps_no_loss_is_judged() -> None:
    assert said({"a": [run(np.ones(19))]})[0] == "a has done 19 steps."
    assert said({"a": [run(np.ones(1))]})[0] == "a has done 1 step."


def test_a_gradient_that_grows_is_said_to() -> None:
    runs = {"a": [run(np.ones(30), rate=1.6)]}
    factor = 59 * math.log10(1.6)
    assert said(runs)[1] == (
        f"Gradients reach back to the first input, 1e{factor:.0f} times as large there, in a."
    )


def test_without_transport_no_word_of_reach() -> None:
    history = History(CONFIG, floor=1.0)
    layer = layer_frame(CONFIG)
    layer.gradient_horizon[:] = np.nan
    history.append_scalars([row(1)])
    history.append_frame(Frame(step=1, layers={"l0": layer}))
    assert len(said({"a": [history]})) == 2


def test_only_begun_seeds_count() -> None:
    runs = {"a": [solving(10), History(CONFIG, floor=1.0)]}
    assert said(runs)[0] == "a solved its task after 29 steps."
    assert said(runs)[-1] == ALONE


def test_the_table_holds_only_what_differs() -> None:
    other = RunConfig(cell="lstm", seq_len=60, forget_bias=2.0)
    runs = {"RNN": [solving(100)], "LSTM": [run(np.full(100, 0.5), other, rate=0.9999)]}
    rnn, lstm = (each.cells() for each in difference_table(runs))
    assert rnn == {
        "Set-up": "RNN",
        "Cell": "RNN",
        "Forget bias": "–",
        "Horizon at first": "10",
        "Horizon now": "10",
        "Loss, last 20 steps": "0, under 1% of floor",
        "Failed": "–",
        "Solved": "1 of 1",
        "Steps to solve": "119",
    }
    assert lstm == rnn | {
        "Set-up": "LSTM",
        "Cell": "LSTM",
        "Forget bias": "2",
        "Horizon at first": "∞",
        "Horizon now": "∞",
        "Loss, last 20 steps": "0.5, 50% of floor",
        "Solved": "0 of 1",
        "Steps to solve": "–",
    }


def test_the_table_of_several_seeds() -> None:
    runs = {"a": [solving(100), failing(31), failing(45), solving(60)]}
    (told,) = difference_table(runs)
    assert told.failed_at == (31, 45)
    assert told.steps_to_solve == Spread(low=79, median=99, high=119)
    assert told.cells()["Failed"] == "2 of 4, step 31…45"
    assert told.cells()["Steps to solve"] == "99 (79…119)"
    assert told.cells()["Solved"] == "2 of 4"


def test_the_horizon_at_first_and_at_the_scrubbed_step() -> None:
    history = History(CONFIG, floor=1.0)
    for step, rate in ((1, 0.5), (10, 0.8), (20, 0.9999)):
        history.append_scalars([row(each) for each in range(history.last_step + 1, step + 1)])
        history.append_frame(Frame(step=step, layers={"l0": layer_frame(CONFIG, rate=rate)}))
    for step, horizon in ((None, math.inf), (19, 5), (9, 2)):
        (told,) = difference_table({"a": [history]}, step)
        assert told.horizon_at_first == Spread(low=2, median=2, high=2)
        assert told.horizon == Spread(low=horizon, median=horizon, high=horizon)
        assert told.steps == (step or 20)


def test_the_loss_is_the_mean_of_the_last_20_through_the_step() -> None:
    losses = np.arange(1.0, 101)
    (told,) = difference_table({"a": [run(losses)]}, 70)
    assert told.loss is not None
    assert told.loss.median == pytest.approx(losses[50:70].mean())


def test_recordings_differ_in_what_is_known_of_them() -> None:
    def recorded(**settings: Any) -> list[History]:
        history = History(RecordedConfig(model="encoder: LSTM(8, 32)", settings=settings))
        history.append_scalars([row(1)])
        return [history]

    runs = {"a": recorded(lr=0.1, name="x"), "b": recorded(lr=0.2, name="x"), "c": [solving(9)]}
    a, b, c = difference_table(runs)
    assert (a.settings["lr"], b.settings["lr"], c.settings["lr"]) == ("0.1", "0.2", "–")
    assert a.settings["Cell"] == "–"
    assert c.settings["Cell"] == "RNN"
    two = difference_table({"a": recorded(lr=0.1, name="x"), "b": recorded(lr=0.2, name="x")})
    assert [each.settings for each in two] == [{"lr": "0.1"}, {"lr": "0.2"}]


def test_every_row_has_the_same_columns() -> None:
    runs = {"a": [solving(10)], "b": [failing(31)], "c": [History(CONFIG.replace(seed=1))], "d": []}
    columns = [list(each.cells()) for each in difference_table(runs)]
    assert columns[0] == columns[1] == columns[2] == columns[3]
    assert "Seed" in columns[0]


def test_never_more_than_three_sentences_and_no_significance() -> None:
    runs = {name: [solving(50), failing(30), run(np.ones(60))] for name in "abcd"}
    for step in (None, 1, 25, 40):
        sentences = said(runs, step)
        assert len(sentences) <= 3
        assert "signific" not in " ".join(sentences)


def test_a_set_up_whose_gradient_is_truncated_reaches_no_further() -> None:
    """Rate 0.9 falls to 1/e after 10 timesteps, 0.999 not in 59."""
    short, long = CONFIG.replace(bptt_window=5), CONFIG.replace(bptt_window=20)
    told = said(
        {
            "a": [run([1.0], short)],
            "b": [run([1.0], long)],
            "c": [run([1.0], long, rate=0.999)],
            "d": [run([1.0], rate=0.999)],
        }
    )[1]
    assert told == (
        "Gradients reach back 5 of 59 timesteps, where truncation stops them, in a; 10 of 59 "
        "timesteps in b; 20 of 59 timesteps, where truncation stops them, in c; to the first "
        "input in d."
    )
