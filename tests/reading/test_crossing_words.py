"""What is said of a gradient that crosses from a decoder to its encoder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from fabricated import frame, row

from gradviz.config import RunConfig
from gradviz.history import Frame, History
from gradviz.reading import read, read_compare

PAIR = RunConfig(task="copy_sequence", cell="gru", seq_len=20)
TO_ENCODER = "At the encoder's first timestep the gradient is"


def made(arriving: float, alone: float | None = None) -> Frame:
    """With gradients of 1 in the decoder, and powers of ten in the encoder."""
    whole = frame(PAIR)
    flat = np.zeros((20, 8), np.float32)
    encoder = replace(whole.layers["encoder.l0"], hidden_grad_log10=flat + np.float32(arriving))
    if alone is not None:
        encoder = replace(encoder, last_state_grad_log10=flat + np.float32(alone))
    decoder = replace(whole.layers["decoder.l0"], hidden_grad_log10=flat)
    return replace(whole, layers={"encoder.l0": encoder, "decoder.l0": decoder})


def history(shown: Frame, *, losses: int = 1, loss: float = 2.08) -> History:
    run = History(PAIR, floor=2.079)
    run.append_scalars([row(step, loss=loss) for step in range(1, losses + 1)])
    run.append_frame(shown)
    return run


def test_a_faint_gradient_is_a_warning() -> None:
    reading = read(history(made(-8)))
    assert reading.level == "warning"
    assert reading.sentences[:2] == [
        f"{TO_ENCODER} 1e-8 times that at the decoder's first, 20 timesteps later.",
        "With these weights expect the decoder to learn only of what was read last.",
    ]


def test_not_where_it_learns_or_where_much_arrives() -> None:
    learning = read(history(made(-8), losses=30, loss=1.0))
    assert learning.level == "info"
    assert "expect" not in " ".join(learning.sentences)
    arriving = read(history(made(-1)))
    assert arriving.level == "info"
    assert arriving.sentences == [
        f"{TO_ENCODER} 0.1 times that at the decoder's first, 20 timesteps later."
    ]


def test_with_attention_both_ways_are_told() -> None:
    reading = read(history(made(-0.5, alone=-6)))
    assert reading.level == "info"
    assert reading.sentences == [
        f"{TO_ENCODER} 0.316 times that at the decoder's first.",
        "By the bottleneck alone it would be 1e-6 times; attention leads from an answer to every "
        "encoder state without recurrence, past the 20 timesteps between.",
    ]


def test_what_came_by_the_bottleneck_may_be_nothing() -> None:
    reading = read(history(made(-0.5, alone=-np.inf)))
    assert reading.sentences[1] == (
        "Attention leads from an answer to every encoder state without recurrence, past the 20 "
        "timesteps between."
    )


def test_a_gradient_of_zero_is_said_so() -> None:
    (sentence,) = read(history(made(-np.inf))).sentences
    assert sentence.endswith("cannot be compared: one of them is zero or not finite.")


def test_set_ups_are_compared_by_what_arrives() -> None:
    runs = {"none": [history(made(-8)), history(made(-6))], "dot": [history(made(0.301))]}
    sentence = read_compare(runs).sentences[1]
    assert sentence == (
        "The gradient at the encoder's first timestep is, of that at the decoder's first, "
        "1e-7 (1e-8…1e-6) times in none; 2 times in dot."
    )


def test_beside_another_network_its_decoder_is_named() -> None:
    plain = History(RunConfig(seq_len=20))
    plain.append_scalars([row(1)])
    plain.append_frame(frame(RunConfig(seq_len=20)))
    sentence = read_compare({"pair": [history(made(-8))], "one": [plain]}).sentences[1]
    assert sentence == (
        "Gradients reach back 10 of 19 timesteps of the decoder in pair; 10 of 19 timesteps in one."
    )
