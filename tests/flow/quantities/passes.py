"""Passes to measure, and each timestep's Jacobian by autograd on a textbook loop.

Index legend: T timesteps, B sequences, I input size, H hidden size, N state size.
"""

from __future__ import annotations

from typing import Any

import torch
from reference import Unrolled, unroll
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from gradviz.flow import LayerFlow, watch

KINDS: dict[str, tuple[type[nn.RNNBase], dict[str, Any]]] = {
    "tanh": (nn.RNN, {}),
    "relu": (nn.RNN, {"nonlinearity": "relu"}),
    "lstm": (nn.LSTM, {}),
    "gru": (nn.GRU, {}),
}
I = 3  # noqa: E741


def build(name: str, hidden: int = 4, seed: int = 3, **more: Any) -> nn.RNNBase:
    kind, options = KINDS[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return kind(I, hidden, **{"dtype": torch.float64, **options, **more})


def inputs_of(timesteps: int, batch: int, seed: int = 0) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(timesteps, batch, I, generator=draw, dtype=torch.float64)


def flows_of(
    module: nn.RNNBase, inputs: Tensor, lengths: list[int] | None = None, state: Any = None
) -> dict[str, LayerFlow]:
    given = inputs if lengths is None else pack_padded_sequence(inputs, lengths)
    with watch(module) as watching:
        output, _ = module(given, state)
        (output if lengths is None else output.data).sum().backward()
    return watching.layers


def flow_of(module: nn.RNNBase, inputs: Tensor, state: Any = None) -> LayerFlow:
    return flows_of(module, inputs, None, state)["l0"]


class Loop:
    """One direction of a one-layer module as an independent loop."""

    def __init__(
        self,
        module: nn.RNNBase,
        inputs: Tensor,
        lengths: list[int] | None = None,
        suffix: str = "l0",
    ) -> None:
        unrolled: Unrolled = unroll(module, inputs, lengths=lengths)
        self._trace = unrolled.traces[suffix]
        self._is_lstm = isinstance(module, nn.LSTM)
        self._is_reverse = suffix.endswith("reverse")
        self.lengths = lengths or inputs.shape[1] * [len(inputs)]

    def read(self, b: int) -> list[int]:
        """Positions in the order in which the sequence is read."""
        positions = list(range(self.lengths[b]))
        return positions[::-1] if self._is_reverse else positions

    def cells(self, end: int, start: int, b: int) -> Tensor:
        """(H, H) ∂c_end/∂c_start."""
        return self._by(self._trace.cell[end], self._trace.cell[start], b)

    def transport(self, end: int, start: int, b: int) -> Tensor:
        """(N, N) ∂s_end/∂s_start, both parts taken as independent at the start."""
        if end == start:
            return torch.eye(sum(each.shape[1] for each in self._state(end)), dtype=torch.float64)
        rows = [
            torch.cat(
                [self._free(part, start, b, which) for which in range(len(self._state(0)))], 1
            )
            for part in self._state(end)
        ]
        return torch.cat(rows)

    def _state(self, position: int) -> tuple[Tensor, ...]:
        hidden = self._trace.hidden[position]
        return (hidden, self._trace.cell[position]) if self._is_lstm else (hidden,)

    def _free(self, end: Tensor, start: int, b: int, which: int) -> Tensor:
        hidden = self._by(end, self._trace.hidden[start], b)
        if which == 0:
            return hidden
        # Autograd's ∂/∂c_start goes through h_start as well.
        shown = self._by(self._trace.hidden[start], self._trace.cell[start], b)
        return self._by(end, self._trace.cell[start], b) - hidden @ shown

    @staticmethod
    def _by(end: Tensor, start: Tensor, b: int) -> Tensor:
        rows = [
            torch.autograd.grad(each, start, retain_graph=True, allow_unused=True)[0]
            for each in end[b]
        ]
        return torch.stack([torch.zeros_like(start[b]) if row is None else row[b] for row in rows])
