"""A network that models a language goes on writing by itself.

Index legend: V kinds of tokens.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from gradviz.model import SequenceModel
from gradviz.tasks.vocabulary import Vocabulary

WORDS, CHARACTERS = 40, 160
"""About two lines. At H = 64 and 2,000 words they take some 15 and 30 ms."""

LONGEST = 10_000


@contextmanager
def answering(model: nn.Module) -> Iterator[None]:
    """Within, the model drops nothing out and keeps nothing for a backward pass."""
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(was_training)


def write(
    model: SequenceModel,
    vocabulary: Vocabulary,
    generator: torch.Generator,
    length: int | None = None,
    temperature: float = 1.0,
) -> str | None:
    """Each token is drawn from softmax(logits / temperature) and read at the next timestep.

    The unknown token is never drawn.

    Args:
        model: answers a token's kind at every timestep.
        vocabulary: of the model's tokens.
        generator: decides the text.
        length: tokens; None: about two lines.
        temperature: above 0.

    Returns:
        None where the answers are not finite.

    Raises:
        ValueError: for another length or temperature.
    """
    if length is None:
        length = WORDS if vocabulary.separator else CHARACTERS
    if not 1 <= length <= LONGEST:
        raise ValueError(f"length must be 1…{LONGEST} tokens, got {length}.")
    if not 0 < temperature <= 100:
        raise ValueError(f"temperature must be above 0, up to 100, got {temperature:g}.")
    written: list[int] = []
    state = None
    with answering(model):
        device = next(model.parameters()).device
        token = torch.tensor([[vocabulary.start]], device=device)
        for _ in range(length):
            logits, state = model.read_on(token, state)
            shares = _shares(logits[0, 0], temperature)
            if not bool(shares.isfinite().all()):
                return None
            drawn = int(torch.multinomial(shares, 1, generator=generator))
            written.append(drawn)
            token.fill_(drawn)
    return vocabulary.text(written)


def _shares(logits: Tensor, temperature: float) -> Tensor:
    """(V,) float64 on the CPU, 0 for the unknown token."""
    scaled = logits.double().cpu() / temperature
    scaled[0] = -torch.inf
    return scaled.softmax(0)
