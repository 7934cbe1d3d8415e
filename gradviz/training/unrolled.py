"""Forward and backward through a sequence: whole, or by truncated backpropagation.

Index legend: T timesteps, B sequences, I input size, P size of h_t.

The forward pass is the same with and without truncation: all timesteps, once, with one loss at
the end of it. Only how far back a gradient goes differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from gradviz.cells import detached
from gradviz.config import Window
from gradviz.model import Carried, Model, SequenceModel
from gradviz.tasks import Batch


@dataclass
class Propagated:
    """A model's answer to a batch, still to be followed back."""

    outputs: Tensor
    """(B, O) or (T, B, O)."""
    unrolled: Unrolled | None = None
    """None where nothing is carried or truncated: PyTorch's own way back."""

    @property
    def state(self) -> Carried | None:
        """After the last timestep, detached."""
        return self.unrolled.state if self.unrolled else None

    def backward(self, loss: Tensor) -> None:
        """Add ∂loss/∂θ to every parameter's gradient."""
        if self.unrolled:
            self.unrolled.backward(loss)
        else:
            loss.backward()


def propagated(
    model: Model, batch: Batch, state: Carried | None, windows: Sequence[Window]
) -> Propagated:
    """Read a batch and answer; the arguments as for `unrolled`."""
    if isinstance(model, SequenceModel):
        passed = unrolled(model, batch.inputs, state, windows)
        return Propagated(model.read_out(passed.hidden), passed)
    return Propagated(model.answer(batch))


@dataclass
class Unrolled:
    """A forward pass that is still to be followed back."""

    hidden: Tensor
    """(T, B, P) h_t of the top layer, from which the loss is computed."""
    state: Carried
    """After the last timestep, detached."""
    windows: Sequence[tuple[Window, Tensor]] = ()
    """Each with its own hidden states from `since` to `end`, where windows overlap."""

    def backward(self, loss: Tensor) -> None:
        """Add ∂loss/∂θ to every parameter's gradient, through each window no further than it goes.

        What the loss asks of h_t directly is known at all timesteps; each window then takes what
        is asked at its own timesteps back. So the readout may be any, and the gradients of all
        windows are added.
        """
        loss.backward()
        if self.windows:
            assert self.hidden.grad is not None
            grads = [self.hidden.grad[window.since : window.end] for window, _ in self.windows]
            torch.autograd.backward([hidden for _, hidden in self.windows], grads)


def unrolled(
    model: SequenceModel, inputs: Tensor, state: Carried | None, windows: Sequence[Window]
) -> Unrolled:
    """Read a batch.

    Args:
        model: that reads.
        inputs: (T, B, I), or (T, B) tokens.
        state: before the first timestep; None: zeros.
        windows: of truncated backpropagation; () for none. One that begins where its losses do
            is read once; of windows that overlap each reads its timesteps again.
    """
    inputs = model.embed(inputs)
    if not windows:
        hidden, last = model.recurrent(inputs, state)
        return Unrolled(hidden, detached(last))
    parts = covering(windows)
    if all(window.first == window.since for window in parts):
        pieces = []
        for window in parts:
            hidden, last = model.recurrent(inputs[window.first : window.end], state)
            pieces.append(hidden)
            state = detached(last)
        assert state is not None
        return Unrolled(torch.cat(pieces), state)
    starts, hidden, state = _states(model, inputs, state, windows)
    own = []
    for window in windows:
        again, _ = model.recurrent(inputs[window.first : window.end], starts[window.first])
        own.append((window, again[window.since - window.first :]))
    return Unrolled(hidden.requires_grad_(), state, own)


def covering(windows: Sequence[Window]) -> list[Window]:
    """The windows, and before them one for the timesteps that they leave out, without losses."""
    first = windows[0].first
    return [*([Window(0, 0, first)] if first else []), *windows]


def _states(
    model: SequenceModel, inputs: Tensor, state: Carried | None, windows: Sequence[Window]
) -> tuple[dict[int, Any], Tensor, Carried]:
    """The state before each window, all hidden states, and the state at the end."""
    cuts = sorted({window.first for window in windows} | {len(inputs)})
    starts, pieces = {}, []
    with torch.no_grad():
        for first, end in pairwise(cuts):
            starts[first] = state
            hidden, state = model.recurrent(inputs[first:end], state)
            pieces.append(hidden)
    assert state is not None
    return starts, torch.cat(pieces), state
