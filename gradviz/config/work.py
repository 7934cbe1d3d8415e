"""How large a step may be, so that it is still looked at live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradviz.config.limits import LIMITS

if TYPE_CHECKING:
    from gradviz.config.run_config import RunConfig

WORK_BUDGET = LIMITS.work_budget
"""Largest hidden_size² · timesteps · batch_size · num_layers of one step; reading in both
directions counts twice.

At its default an LSTM step takes about a second on one CPU thread; beyond it
a live picture is no longer live."""

MOST_CHARACTERS = 200
"""Kinds of characters that a character model tells apart, at most."""

WORD_COST, WORD_BUDGET = 256, LIMITS.word_budget
"""A language model chooses among all words at every timestep: hidden_size products for each, and a
softmax that takes about as long as WORD_COST. At the default budget a step takes about a
second, and 20 million probabilities are in memory at once."""

SIZES = {
    "hidden_size",
    "seq_len",
    "batch_size",
    "num_layers",
    "bidirectional",
    "vocabulary_size",
    "bptt_window",
    "bptt_every",
}
"""The settings that decide it."""


def work_misfit(config: RunConfig) -> tuple[str, str] | None:
    """Under “work” a sentence, where the layers are too much; None where they are not."""
    if config.work > WORK_BUDGET:
        sides = " · 2 directions" if config.bidirectional else ""
        sides += " · 2 networks" if config.is_pair else ""
        times = " · backward windows" if config.overlap > 1 else ""
        count = f" · {config.overlap}" if times else ""
        return (
            "work",
            f"hidden_size² · timesteps · batch_size · num_layers{times} must be at most the "
            f"work budget of {WORK_BUDGET:,}, got {config.hidden_size}² · {config.timesteps} · "
            f"{config.batch_size} · {config.num_layers}{sides}{count} = {config.work:.2g}.",
        )
    return None


def word_misfit(config: RunConfig) -> tuple[str, str] | None:
    """Likewise of a language model's choice among all words."""
    if config.word_work > WORD_BUDGET:
        return (
            "work",
            f"(hidden_size + {WORD_COST}) · vocabulary_size · timesteps · batch_size must be "
            f"at most {WORD_BUDGET:,} for a language model, got ({config.hidden_size} + "
            f"{WORD_COST}) · {config.kinds:,} · {config.timesteps} · {config.batch_size} = "
            f"{config.word_work:.2g}.",
        )
    return None
