"""Truncated backpropagation through time (Williams & Peng 1990; Sutskever 2013, §2.8.6)."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from gradviz.script.parts.models.state import State, detached


def read_in_pieces(
    recurrent: nn.Module, inputs: Tensor, state: State | None, cuts: Sequence[int]
) -> tuple[Tensor, State | None]:
    """(T, B, P) hidden states and the last state; no gradient goes back beyond a cut."""
    pieces = []
    for piece in inputs.tensor_split(cuts):
        hidden, state = recurrent(piece, state)
        state = detached(state)
        pieces.append(hidden)
    return torch.cat(pieces), state


def read_in_windows(
    recurrent: nn.Module,
    inputs: Tensor,
    state: State | None,
    windows: Sequence[tuple[int, int, int]],
) -> tuple[Tensor, list[Tensor], State | None]:
    """Read all once for the loss, and each window again for the way back.

    Args:
        recurrent: the layers.
        inputs: (T, B, I).
        state: before the first timestep.
        windows: (first, since, end): the losses of since … end go back to first.

    Returns:
        (T, B, P) hidden states, where a loss may leave its gradient; of each window those of
        since … end; the last state.
    """
    starts, pieces = {}, []
    with torch.no_grad():
        for first, end in pairwise(sorted({first for first, _, _ in windows} | {len(inputs)})):
            starts[first] = state
            hidden, state = recurrent(inputs[first:end], state)
            pieces.append(hidden)
    own = []
    for first, since, end in windows:
        hidden, _ = recurrent(inputs[first:end], starts[first])
        own.append(hidden[since - first :])
    return torch.cat(pieces).requires_grad_(), own, state
