"""What the settings must know of the tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskSpec:
    """What the settings must know of a task without importing it."""

    label: str
    seq_len: tuple[int, int]
    """Least and greatest sequence length; equal where the data fix it."""
    answers: Literal["once", "every"] = "once"
    """Whether one answer is asked, after the last timestep, or one at every timestep."""
    has_stream: bool = False
    """Whether its data have an order, so that one batch may go on where another ended."""
    tokens: Literal["", "words", "characters"] = ""
    """What it reads one of at every timestep, from a text; empty where it reads numbers."""
    has_perplexity: bool = False
    """Whether e to the power of its loss is a perplexity: of language models."""
    own_data: Literal["", "text", "series"] = ""
    """What of a user's own it can learn from."""
    extra_timesteps: int = 0
    """Timesteps beyond seq_len: copy memory reads 10 symbols, waits, writes 10."""
    network: Literal["recurrent", "encoder_decoder"] = "recurrent"
    """An encoder–decoder reads seq_len timesteps, then writes seq_len."""
    features: int = 0
    """Numbers read at every timestep, of data of gradviz's own; 0 where it reads tokens."""
    forecasts: bool = False
    """Whether it forecasts as many steps as asked for."""

    @property
    def one_way(self) -> str:
        """Why no layer may read from the end; empty where it may."""
        if self.has_perplexity:
            return (
                "what is to be foretold at a timestep is the next input, which the reverse "
                "direction has read"
            )
        if self.network == "encoder_decoder":
            return "a decoder writes from the first symbol to the last, and starts where one ended"
        return ""


TASKS: Mapping[str, TaskSpec] = MappingProxyType(
    {
        "adding": TaskSpec(label="Adding problem", seq_len=(2, 1000), features=2),
        "copy_memory": TaskSpec(
            label="Copy memory", seq_len=(2, 1000), answers="every", extra_timesteps=20, features=10
        ),
        "temporal_order": TaskSpec(label="Temporal order", seq_len=(10, 1000), features=6),
        "recall": TaskSpec(label="Recall the first token", seq_len=(2, 1000), features=8),
        "digits_pixels": TaskSpec(label="Digits, pixel by pixel", seq_len=(64, 64), features=1),
        "digits_rows": TaskSpec(label="Digits, row by row", seq_len=(8, 8), features=8),
        "sunspots": TaskSpec(
            label="Yearly sunspot number",
            seq_len=(2, 150),
            has_stream=True,
            forecasts=True,
            features=1,
        ),
        "series": TaskSpec(
            label="Series: Lorenz, or your own",
            seq_len=(2, 1000),
            has_stream=True,
            forecasts=True,
            own_data="series",
            features=3,
        ),
        "copy_sequence": TaskSpec(
            label="Copy a sequence",
            seq_len=(2, 200),
            answers="every",
            network="encoder_decoder",
            features=8,
        ),
        "reverse_sequence": TaskSpec(
            label="Reverse a sequence",
            seq_len=(2, 200),
            answers="every",
            network="encoder_decoder",
            features=8,
        ),
        "wave_from_vector": TaskSpec(
            label="Wave from a vector", seq_len=(2, 1000), answers="every", features=2
        ),
        "two_in_two_out": TaskSpec(label="Two in, two out", seq_len=(2, 1000), features=6),
        "word_lm": TaskSpec(
            label="Language model, words",
            seq_len=(2, 200),
            answers="every",
            has_stream=True,
            tokens="words",
            has_perplexity=True,
            own_data="text",
        ),
        "char_lm": TaskSpec(
            label="Language model, characters",
            seq_len=(2, 500),
            answers="every",
            has_stream=True,
            tokens="characters",
            has_perplexity=True,
            own_data="text",
        ),
        "text_classification": TaskSpec(
            label="Text classification", seq_len=(2, 200), tokens="words"
        ),
    }
)

TaskName = Literal[
    "adding",
    "copy_memory",
    "temporal_order",
    "recall",
    "digits_pixels",
    "digits_rows",
    "sunspots",
    "series",
    "copy_sequence",
    "reverse_sequence",
    "wave_from_vector",
    "two_in_two_out",
    "word_lm",
    "char_lm",
    "text_classification",
]
