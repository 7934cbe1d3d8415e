"""What of the decoder's gradient arrives at the beginning of the encoder, in words."""

from __future__ import annotations

import math

from gradviz.history import Crossing
from gradviz.reading.phrases import Level, ten_to, timesteps_of

FAINT = -2.0
"""log10: a gradient that arrives with less than a hundredth of its size is faint."""


def read_crossing(pair: Crossing, *, learning: bool) -> tuple[list[str], Level]:
    """One or two sentences, and whether it is to worry about."""
    arriving, alone = pair.arriving_log10, pair.arriving_alone_log10
    if math.isnan(arriving):
        return [
            "The gradients at the encoder's first timestep and at the decoder's cannot be "
            "compared: one of them is zero or not finite."
        ], "info"
    S = pair.encoder_timesteps
    first = (
        f"At the encoder's first timestep the gradient is {ten_to(arriving)} times that at the "
        "decoder's first"
    )
    if pair.by_bottleneck_log10 is not None:
        return [f"{first}.", *_past_the_bottleneck(S, alone)], "info"
    sentence = f"{first}, {timesteps_of(S)} later."
    if arriving >= FAINT or learning:
        return [sentence], "info"
    warning = "With these weights expect the decoder to learn only of what was read last."
    return [sentence, warning], "warning"


def _past_the_bottleneck(S: int, alone: float) -> list[str]:
    """What attention changes."""
    path = (
        "attention leads from an answer to every encoder state without recurrence, past the "
        f"{timesteps_of(S)} between"
    )
    if math.isnan(alone):
        return [f"{path[0].upper()}{path[1:]}."]
    return [f"By the bottleneck alone it would be {ten_to(alone)} times; {path}."]
