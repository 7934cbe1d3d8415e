"""What a cell needs of one layer's forward pass, to linearise it.

Index legend: T timesteps, B sequences, I input size, H hidden size, G gates of a cell,
P size of the output h_t: H, or an LSTM's proj_size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from torch import Tensor

from gradviz.cells.linearisation import State
from gradviz.cells.masks import Masks

Weights = Mapping[str, Tensor]
"""A layer's, by PyTorch's names without the layer's suffix: weight_ih (G·H, I), weight_hh
(G·H, P), bias_ih and bias_hh (G·H,), weight_hr (P, H); a cell of ours may have others."""


@dataclass(frozen=True)
class LayerPass:
    """One layer on one batch, time-major, in the order in which it was read.

    All of it was noted as it was in the pass: the optimiser changes a module's weights in place.
    """

    inputs: Tensor
    """(T, B, I) x_t."""
    output: Tensor
    """(T, B, P) h_t."""
    start: State
    """s_0: (B, ·) for each part, and behind it what another pass handed on."""
    weights: Weights
    nonlinearity: str = ""
    """Of a cell that has a choice: "tanh", "relu", …"""
    masks: Masks = field(default_factory=Masks)
    """Of noise; `weights` are as it left them, `inputs` as they were before it."""
    memory: State = ()
    """(T, B, ·) the parts of s_t behind h_t, where noise went timestep by timestep."""

    @cached_property
    def before(self) -> Tensor:
        """(T, B, P) h_{t−1}, of a cell whose first part of the state is its output."""
        return torch.cat([self.start[0].unsqueeze(0), self.output[:-1]])

    def alone(self, b: int) -> LayerPass:
        """Sequence b = 0…B−1 as a batch of one."""
        row = slice(b, b + 1)
        return replace(
            self,
            inputs=self.inputs[:, row],
            output=self.output[:, row],
            start=tuple(part[row] for part in self.start),
            masks=self.masks.changed(lambda each: each[:, row]),
            memory=tuple(part[:, row] for part in self.memory),
        )
