"""One layer of PyTorch's own nn.RNN, nn.LSTM or nn.GRU, as a layer for a Stack.

It runs PyTorch's fused operation on parameters of PyTorch's names, drawn as PyTorch draws them.

Index legend: T timesteps, B sequences, H hidden size.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from gradviz.cells import gru, lstm, rnn
from gradviz.cells.layer import RecurrentLayer
from gradviz.cells.layer_pass import LayerPass
from gradviz.cells.linearisation import Replay, State
from gradviz.cells.masks import Masks


class FusedLayer(RecurrentLayer):
    """What the three have in common; final are FusedRnn, FusedLstm and FusedGru."""

    nonlinearities: ClassVar[tuple[str, ...]] = ("",)
    """Those that there are, the default first."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        nonlinearity: str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        chosen = self.nonlinearities[0] if nonlinearity is None else nonlinearity
        if chosen not in self.nonlinearities:
            raise ValueError(
                f"nonlinearity must be {' or '.join(self.nonlinearities)}, got {chosen}; "
                "an ElmanRnn has others."
            )
        super().__init__(input_size, hidden_size, chosen)
        rows = len(self.gates) * hidden_size
        self.declare(
            dtype=dtype,
            weight_ih=(rows, input_size),
            weight_hh=(rows, hidden_size),
            bias_ih=(rows,),
            bias_hh=(rows,),
        )

    @property
    def output_size(self) -> int:
        """H."""
        return self.hidden_size

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """(H,), or of an LSTM (H, H)."""
        return (self.hidden_size,) * (2 if self.cell_name == "lstm" else 1)

    def weights(self) -> dict[str, Tensor]:
        """The parameters."""
        return self.own()

    def run(self, inputs: Tensor, start: State, weights: dict[str, Tensor]) -> tuple[Tensor, State]:
        """By the operation that PyTorch's module calls."""
        mode = f"rnn_{self.nonlinearity}" if self.nonlinearity else self.cell_name
        rows = [part.unsqueeze(0) for part in start]
        output, *last = getattr(torch._VF, mode)(
            inputs,
            rows if len(rows) == 2 else rows[0],
            list(weights.values()),
            True,  # Has biases.
            1,  # Layer.
            0.0,  # Dropout.
            self.training,
            False,  # Bidirectional.
            False,  # Batch first.
        )
        return output, tuple(part[0] for part in last)


class FusedRnn(FusedLayer):
    """nn.RNN's; the nonlinearity is tanh or relu."""

    cell_name = "rnn"
    gates = ("hidden",)
    noise_kinds = ("zoneout", "dropconnect", "variational")
    nonlinearities = ("tanh", "relu")

    @staticmethod
    def replay(passed: LayerPass) -> Replay:
        """As of nn.RNN."""
        return rnn.replay(passed)


class FusedLstm(FusedLayer):
    """nn.LSTM's."""

    cell_name = "lstm"
    gates = ("input", "forget", "candidate", "output")
    forget_gate = ("forget", 1)
    noise_kinds = ("zoneout", "dropconnect", "variational", "recurrent")

    def step(self, inputs: Tensor, state: State, weights: dict[str, Tensor], masks: Masks) -> State:
        """As a textbook has it."""
        return lstm.step(inputs, state, weights, masks)

    @staticmethod
    def replay(passed: LayerPass) -> Replay:
        """As of nn.LSTM."""
        return lstm.replay(passed)


class FusedGru(FusedLayer):
    """nn.GRU's."""

    cell_name = "gru"
    gates = ("reset", "update", "candidate")
    hidden_enters_once = False
    noise_kinds = ("zoneout", "dropconnect", "variational", "recurrent")

    def step(self, inputs: Tensor, state: State, weights: dict[str, Tensor], masks: Masks) -> State:
        """As a textbook has it."""
        return gru.step(inputs, state, weights, masks)

    @staticmethod
    def replay(passed: LayerPass) -> Replay:
        """As of nn.GRU."""
        return gru.replay(passed)
