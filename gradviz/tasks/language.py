"""A language model over any tokens: at every timestep, name the next one.

Index legend: T timesteps, B sequences, N tokens of the text, V kinds of tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from gradviz.config import ConfigError, RunConfig
from gradviz.tasks.task import Batch, Task
from gradviz.tasks.vocabulary import Vocabulary
from gradviz.tasks.windows import walk, windows

if TYPE_CHECKING:
    import torch

MOST_HELD_OUT = 4
"""Batches of the valid text whose loss is taken: it is asked for while a network trains."""


@dataclass(frozen=True, eq=False)
class Tokens:
    """A corpus as tokens of one vocabulary."""

    vocabulary: Vocabulary
    train: torch.Tensor
    """(N,) int64."""
    valid: torch.Tensor


def language_model(config: RunConfig, tokens: Tokens) -> Task:
    """Input: a window of tokens. Target at every timestep: the token after it.

    Raises:
        ConfigError: where the text is shorter than a window.
    """
    seq_len, most = config.seq_len, len(tokens.train) - 1
    if seq_len > most:
        sentence = (
            f"seq_len must be at most {most:,} for a text of {most + 1:,} tokens, got {seq_len}; "
            "make the sequence shorter or the text longer."
        )
        raise ConfigError({"seq_len": sentence})
    skip_step = config.skip_step or seq_len
    kinds = len(tokens.vocabulary)
    return Task(
        input_size=kinds,
        output_size=kinds,
        sample=partial(_sample, tokens.train, seq_len, skip_step),
        stream=partial(_stream, tokens.train, seq_len, skip_step),
        held_out=partial(_held_out, tokens.valid, seq_len),
        floor=entropy(tokens.train, kinds),
        loss_kind="cross_entropy",
        answers="every",
        answer_timesteps=seq_len,
        vocabulary=tokens.vocabulary,
        has_perplexity=True,
    )


def entropy(tokens: torch.Tensor, kinds: int) -> float:
    """−Σ_v p_v ln p_v of the tokens' frequencies: the loss of who knows no more than these."""
    import torch

    shares = tokens.bincount(minlength=kinds).double() / len(tokens)
    return float(torch.special.entr(shares).sum())


def _sample(
    tokens: torch.Tensor,
    seq_len: int,
    skip_step: int,
    batch_size: int,
    generator: torch.Generator,
) -> Batch:
    import torch

    count = (len(tokens) - 1 - seq_len) // skip_step + 1
    starts = skip_step * torch.randint(0, count, (batch_size,), generator=generator)
    return _batch(windows(tokens, starts, seq_len + 1))


def _stream(
    tokens: torch.Tensor, seq_len: int, skip_step: int, batch_size: int, index: int
) -> Batch:
    drawn, continues = walk(tokens, seq_len, skip_step, batch_size, index)
    return _batch(drawn, continues=continues)


def _held_out(tokens: torch.Tensor, seq_len: int, batch_size: int) -> Sequence[Batch]:
    """Window after window; fewer sequences than a batch where the text is short, or none."""
    side_by_side = min(batch_size, (len(tokens) - 1) // seq_len)
    if side_by_side < 1:
        return []
    found = [_stream(tokens, seq_len, seq_len, side_by_side, 0)]
    while len(found) < MOST_HELD_OUT:
        batch = _stream(tokens, seq_len, seq_len, side_by_side, len(found))
        if not batch.continues:
            break
        found.append(batch)
    return found


def _batch(drawn: torch.Tensor, *, continues: bool = False) -> Batch:
    """Of (T + 1, B) tokens: each answer is what is read one timestep later."""
    return Batch(drawn[:-1], drawn[1:], continues)
