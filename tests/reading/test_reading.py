"""Every sentence is true of the history it was made from, and says what the plots show."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from every import every
from fabricated import fabricate, layer_frame, row

from gradviz import figures
from gradviz.config import RunConfig
from gradviz.history import Failure, Frame, History, LayerFrame
from gradviz.reading import read

CONFIG = RunConfig(seq_len=101)
FAINT = "With these weights expect it to learn only the end of the sequence."


def layer(transport: Any, horizon: Any) -> LayerFrame:
    """A layer with this log10 transport, (T,) or (T, Q), and these horizons, one or (Q,)."""
    made = np.asarray(transport, dtype="f4")
    made = made.reshape(len(made), -1)
    lags = np.broadcast_to(np.asarray(horizon, dtype="f4"), made.shape[1])
    return LayerFrame(
        hidden_grad_log10=made,
        gates={},
        jacobian_norm=None,
        jacobian_bound=None,
        transport_log10=made,
        gradient_horizon=lags,
    )


def history_of(config: RunConfig = CONFIG, floor: float | None = 1 / 6, **layers: Any) -> History:
    history = History(config, floor=floor)
    history.append_scalars([row(1)])
    history.append_frame(Frame(step=1, layers=layers or {"l0": layer_frame(config)}))
    return history


def falling(first: float, T: int = 101) -> np.ndarray[Any, Any]:
    """A log10 transport from `first` at t = 1 to 0 at t = T."""
    return np.linspace(first, 0, T)


def test_before_the_first_frame() -> None:
    reading = read(History(CONFIG))
    assert reading.sentences == ["Nothing has been measured yet."]
    assert reading.level == "info"


def test_vanishing_in_the_words_of_the_issue() -> None:
    reading = read(history_of(l0=layer(falling(-9.0), 12)))
    assert reading.sentences == [
        "Gradients reach 12 timesteps back; the first input is 88 further.",
        FAINT,
    ]
    assert reading.level == "warning"


def test_says_the_same_horizon_as_the_picture_draws() -> None:
    lags = [10, 11, 13, np.inf]
    history = history_of(l0=layer(np.tile(falling(-9.0)[:, None], 4), lags))
    assert "reach 13 timesteps back" in read(history).sentences[0]
    drawn = figures.transport(history)
    assert drawn.layout.annotations[0].text == "horizon: 13 timesteps"


def test_one_timestep_is_no_plural() -> None:
    sentence = read(history_of(l0=layer(falling(-50), 1))).sentences[0]
    assert sentence == "Gradients reach 1 timestep back; the first input is 99 further."


def test_a_short_reach_that_is_not_faint_is_no_warning() -> None:
    config = RunConfig(task="digits_rows")
    reading = read(history_of(config, l0=layer(falling(-1.0, 8), 3)))
    assert reading.sentences == ["Gradients reach 3 timesteps back; the first input is 4 further."]
    assert reading.level == "info"


def test_expects_nothing_of_a_network_that_already_learns() -> None:
    losses = np.full(40, 0.05)
    history = fabricate(CONFIG, steps=40, floor=1 / 6, rate=0.8, scalars={"loss": losses})
    reading = read(history)
    assert FAINT not in reading.sentences
    assert "30% of that of a network that learned nothing (0.167)" in reading.sentences[1]
    assert reading.level == "info"


def test_reaching_the_first_input_in_every_sequence() -> None:
    reading = read(history_of(l0=layer(falling(np.log10(0.5)), np.inf)))
    assert reading.sentences == [
        "Gradients reach the first input, 100 timesteps back; there they are 0.5 times as large as "
        "at the end."
    ]
    assert reading.level == "info"


def test_reaching_just_the_first_input() -> None:
    reading = read(history_of(l0=layer(falling(-0.5), 100)))
    assert reading.sentences == ["Gradients reach 100 timesteps back; that is the first input."]


def test_reaching_the_first_input_in_some_sequences_only() -> None:
    transport = np.stack([falling(-8), falling(-0.1), falling(0.2), falling(-0.2)], axis=1)
    reading = read(history_of(l0=layer(transport, [9, np.inf, np.inf, np.inf])))
    assert reading.sentences == [
        "Gradients reach the first input, 100 timesteps back, in 3 of 4 sequences; in the others "
        "they fall below 1/e on the way."
    ]


def test_growing_gradients() -> None:
    reading = read(history_of(l0=layer(falling(14.2), np.inf)))
    assert reading.sentences == [
        "Gradients grow on their way back: over 100 timesteps by a factor of about 1e14."
    ]
    assert reading.level == "warning"


def test_gradients_that_fall_and_grow_again() -> None:
    transport = falling(-1.0)
    transport[29] = 3.0
    reading = read(history_of(l0=layer(transport, 40)))
    assert reading.sentences == [
        "Gradients reach 40 timesteps back; further back they grow again, to 1000 times their size "
        "at t = 30."
    ]
    assert reading.level == "warning"


def test_factors_beyond_floating_point() -> None:
    transport = falling(-1.0)
    transport[29] = 512.0
    assert "to 1e512 times" in read(history_of(l0=layer(transport, 40))).sentences[0]
    grown = read(history_of(l0=layer(falling(700.0), np.inf))).sentences[0]
    assert grown.endswith("by a factor of about 1e700.")


def test_a_state_that_carries_nothing_to_the_start() -> None:
    transport = np.full(101, -np.inf)
    transport[-1] = 0.0
    reading = read(history_of(l0=layer(transport, 1)))
    assert reading.sentences[0].startswith("Gradients reach 1 timestep back;")
    assert reading.level == "warning"


def test_of_several_layers_the_one_that_carries_furthest_is_named() -> None:
    config = CONFIG.replace(num_layers=2)
    reading = read(history_of(config, l0=layer(falling(-5), 20), l1=layer(falling(-9), 9)))
    assert reading.sentences[0] == (
        "Gradients reach 20 timesteps back in l0, the layer that carries them furthest; the first "
        "input is 80 further."
    )


def test_copy_memory_is_measured_by_its_own_distance() -> None:
    config = RunConfig(task="copy_memory", seq_len=30)
    reading = read(history_of(config, l0=layer(falling(-9, 50), 3)))
    assert reading.sentences == [
        "Gradients reach 3 timesteps back; the last answer's symbol was read 40 timesteps before."
    ]
    assert reading.level == "warning"


def test_without_a_transport_the_gradients_themselves_are_read() -> None:
    light = LayerFrame(
        hidden_grad_log10=np.linspace(-8, -2, 101, dtype="f4").reshape(-1, 1),
        gates={},
        jacobian_norm=None,
        jacobian_bound=None,
        transport_log10=None,
        gradient_horizon=None,
    )
    assert read(history_of(l0=light)).sentences == [
        "At t = 1 the gradient is 1e-6 times that at t = T."
    ]


def test_a_zero_gradient_without_a_transport() -> None:
    light = layer(np.r_[-np.inf, falling(-3, 100)], np.nan)
    assert read(history_of(l0=light)).sentences == [
        "At t = 1 the gradient is 0 times that at t = T."
    ]


def test_gradients_that_are_not_finite_are_not_compared() -> None:
    reading = read(history_of(l0=layer(np.full(101, np.nan), np.nan)))
    assert reading.sentences == ["The gradients of this step are not all finite numbers."]


@pytest.mark.parametrize(
    ("loss", "words", "level"),
    [
        (0.001, "0.001, 167 times less than that of a network that learned nothing (0.167).", "ok"),
        (0.02, "0.02, 12% of that of a network that learned nothing (0.167).", "info"),
        (0.15, "0.15, 90% of that of a network that learned nothing (0.167).", "warning"),
        (0.17, "0.17, about that of a network that learned nothing (0.167).", "warning"),
        (3.0, "3, above that of a network that learned nothing (0.167).", "warning"),
    ],
)
def test_the_loss_against_the_floor(loss: float, words: str, level: str) -> None:
    history = fabricate(CONFIG, steps=40, rate=0.5, scalars={"loss": loss})
    reading = read(history)
    assert f"The loss of the last 20 steps is {words}" in reading.sentences
    assert reading.level == level


def test_the_loss_is_averaged_and_follows_the_scrubber() -> None:
    losses = np.r_[np.full(20, 0.16), np.tile([0.0, 0.02], 10)]
    history = fabricate(CONFIG, steps=40, scalars={"loss": losses})
    assert any("is 0.01, 17 times less" in each for each in read(history).sentences)
    assert any("is 0.16, " in each for each in read(history, 20).sentences)


def test_a_loss_of_exactly_zero() -> None:
    history = fabricate(CONFIG, steps=40, scalars={"loss": 0.0})
    assert any("is 0, far below that" in each for each in read(history).sentences)


def test_nothing_is_said_of_a_loss_too_early_or_without_a_floor() -> None:
    for history in (fabricate(steps=19), fabricate(steps=60, floor=None)):
        assert not any("loss" in each for each in read(history).sentences)


def test_accuracy_is_said_where_there_is_one() -> None:
    history = fabricate(CONFIG, steps=40, scalars={"loss": 0.01, "accuracy": 0.97})
    assert any(each.endswith("the accuracy 97%.") for each in read(history).sentences)


def clipped(count: int, steps: int = 120, clip: str = "norm") -> list[str]:
    flags = np.r_[np.zeros(steps - count), np.ones(count)]
    norms = {"clipped": flags, "grad_norm_pre": np.where(flags, 12.5, 0.5)}
    return read(fabricate(RunConfig(clip=clip), steps=steps, floor=None, scalars=norms)).sentences


def test_clipped_steps_are_counted() -> None:
    assert clipped(37)[-1] == ("37 of the last 50 steps were clipped, from norms of up to 12.5.")
    assert clipped(50)[-1].startswith("All of the last 50 steps were clipped,")
    assert clipped(12, steps=12)[-1].startswith("All of the last 12 steps were clipped,")


def test_loss_and_clipping_share_a_sentence_and_three_are_the_most() -> None:
    scalars = {"loss": 0.17, "clipped": 1.0, "grad_norm_pre": 4.0}
    sentences = read(fabricate(CONFIG, steps=40, rate=0.5, scalars=scalars)).sentences
    assert sentences[1:] == [
        FAINT,
        "The loss of the last 20 steps is 0.17, about that of a network that learned nothing "
        "(0.167); all of the last 40 steps were clipped, from norms of up to 4.",
    ]


def test_the_largest_norm_is_of_the_clipped_steps() -> None:
    """By value a large norm of many small entries passes unclipped."""
    flags = np.tile([1.0, 0.0], 30)
    norms = {"clipped": flags, "grad_norm_pre": np.where(flags, 12.5, 99.0)}
    sentences = read(
        fabricate(RunConfig(clip="value"), steps=60, floor=None, scalars=norms)
    ).sentences
    assert sentences[-1] == ("25 of the last 50 steps were clipped, from norms of up to 12.5.")


def test_few_or_no_clips_are_not_worth_a_sentence() -> None:
    for sentences in (clipped(3), clipped(5, steps=5), clipped(37, clip="none")):
        assert not any("clipped" in each for each in sentences)


def failed(
    kind: Any = "nan", tensor: str = "loss", config: RunConfig = CONFIG, **scalars: Any
) -> History:
    history = fabricate(config, steps=31, scalars=scalars)
    history.failure = Failure(step=31, tensor=tensor, kind=kind)
    return history


def test_an_explosion_names_step_tensor_and_cause() -> None:
    norms = np.r_[np.full(21, 12.0), np.geomspace(12, 4e14, 9), np.nan]
    config = CONFIG.replace(clip="none", recurrent_init="orthogonal", recurrent_gain=1.6)
    tensor = "gradient of recurrent.weight_hh_l0"
    reading = read(failed("nan", tensor, config, grad_norm_pre=norms))
    assert reading.sentences == [
        "At step 31 the gradient of recurrent.weight_hh_l0 became NaN; the run stopped.",
        "In 8 steps the gradient norm grew from 12 to 4e14: the gradient exploded. Clip by norm, "
        "or try a smaller learning rate or gain.",
    ]
    assert reading.level == "error"


def test_an_infinite_loss_after_a_growing_one() -> None:
    losses = np.r_[np.full(21, 0.2), np.geomspace(0.2, 2e37, 9), np.inf]
    reading = read(failed("inf", "loss", loss=losses))
    assert reading.sentences[0] == "At step 31 the loss became infinite; the run stopped."
    assert "the loss grew from 0.2 to 2e37: the weights ran away." in reading.sentences[1]
    assert reading.sentences[1].endswith("Try a smaller learning rate.")


def test_a_weight_and_a_failure_that_nothing_announced() -> None:
    reading = read(failed("inf", "weight readout.bias"))
    assert (
        reading.sentences[0]
        == "At step 31 the weight readout.bias became infinite; the run stopped."
    )
    assert reading.sentences[1].startswith("Neither the loss nor the gradient norm had grown")


def test_a_failure_at_the_first_step() -> None:
    history = History(CONFIG, floor=1 / 6)
    history.append_scalars([row(1, loss=np.nan, grad_norm_pre=np.nan)])
    history.failure = Failure(step=1, tensor="loss", kind="nan")
    assert "It was the first step" in read(history).sentences[1]


def test_a_norm_that_overflows_zeroes_every_gradient() -> None:
    reading = read(failed("norm overflow", "gradient of recurrent.weight_hh_l0"))
    assert reading.sentences[0] == (
        "At step 31 the gradient norm overflowed float32 (largest: the gradient of "
        "recurrent.weight_hh_l0): clip_grad_norm_ then sets every gradient to zero. The run "
        "stopped."
    )


def test_scrubbing_before_a_failure_reads_that_step() -> None:
    history = failed()
    assert read(history, 31).level == "error"
    assert read(history, 30).level != "error"
    assert not any("stopped" in each for each in read(history, 30).sentences)


@every("cell", ["rnn", "lstm", "gru"])
@every("rate", [0.3, 0.9, 0.999, 1.0, 1.2])
def test_steps_and_timesteps_are_never_mixed_and_no_cell_is_praised(cell: str, rate: float) -> None:
    config = RunConfig(cell=cell, seq_len=60)
    scalars = {"clipped": 1.0, "grad_norm_pre": 7.0}
    for sentence in read(fabricate(config, steps=60, rate=rate, scalars=scalars)).sentences:
        assert not re.search(r"\b(LSTM|GRU|RNN|keeps|remembers|solves|fixes)\b", sentence)
        if "back" in sentence:
            assert not re.search(r"\bsteps?\b", sentence)
        if re.search(r"\bsteps\b", sentence):
            assert "timestep" not in sentence


@pytest.mark.parametrize("rate", [0.3, 0.9, 0.999, 1.0, 1.2])
def test_words_agree_with_the_transport_that_is_drawn(rate: float) -> None:
    history = fabricate(RunConfig(cell="lstm", seq_len=60), steps=2, rate=rate)
    sentence = read(history).sentences[0]
    drawn = next(each for each in figures.transport(history).data if each.uid == "l0").y
    below = np.flatnonzero(np.asarray(drawn)[::-1] <= -np.log10(np.e))
    if len(below):
        assert f"reach {below[0]} timestep" in sentence
    else:
        assert re.search("reach the first input|grow on their way", sentence)


def test_the_perplexity_of_a_language_model_beside_the_unigrams() -> None:
    config = RunConfig(task="word_lm")
    history = fabricate(config, steps=40, floor=math.log(292), scalars={"loss": math.log(54)})
    assert "a perplexity of 54 (unigram 292)" in " ".join(read(history).sentences)
    assert "perplexity" not in " ".join(read(fabricate(steps=40)).sentences)


def test_a_language_model_has_an_end_at_every_timestep() -> None:
    """So nothing is said of the end of the sequence, whatever is forgotten."""
    faint = np.linspace(-30, 0, 101)
    history = History(RunConfig(task="word_lm", seq_len=101), floor=5.7)
    history.append_scalars([row(1)])
    history.append_frame(Frame(step=1, layers={"l0": layer(faint, 2)}))
    sentences = read(history).sentences
    assert FAINT not in sentences
    assert "Gradients reach 2 timesteps back; every timestep has a loss of its own." in sentences[0]
    assert "first input" not in " ".join(sentences)


def test_what_is_held_out_is_said_and_whether_it_was_less_before() -> None:
    config = RunConfig(task="word_lm")
    history = fabricate(config, steps=40, floor=5.7, scalars={"loss": 4.0})
    for step, loss in ((37, 4.5), (38, 4.25), (39, 4.75)):
        history.append_frame(replace(history.frames[0], step=step, held_out=loss))
    words = "on data that it does not train on it was 4.75 at step 39, and 4.25 before"
    assert words in " ".join(read(history).sentences)
    assert "was 4.25 at step 38." in " ".join(read(history, 38).sentences)
    assert "train on" not in " ".join(read(history, 36).sentences)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"task": "wave_from_vector"}, "every timestep has a loss of its own"),
        ({"readout": "mean"}, "the readout takes every state, so that the loss reaches each"),
        ({"readout": "attention"}, "the readout takes every state, so that the loss reaches each"),
    ],
)
def test_a_loss_that_reaches_every_state_needs_no_long_way(
    settings: dict[str, Any], told: str
) -> None:
    reading = read(history_of(CONFIG.replace(**settings), l0=layer(falling(-9.0), 12)))
    assert len(reading.sentences) == 1
    assert reading.sentences[0].startswith(f"Gradients reach 12 timesteps back; {told}")
    assert reading.level == "info"
