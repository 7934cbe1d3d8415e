"""One layer of each cell, and layers with what is around them, all at one size.

Index legend: T timesteps, B sequences, I input size, H hidden size, P size of the readout's vector.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gradviz.config import CELLS, RunConfig
from gradviz.model.readouts import pooling
from gradviz.model.recurrent import recurrent_of
from gradviz.model.window import WindowLayers

TIMESTEPS, BATCH, INPUT_SIZE, HIDDEN_SIZE = 100, 32, 8, 64


def layer_of(cell: str, activation: str, seed: int = 0) -> nn.Module:
    """In float32; the global random generator is left as it was."""
    config = RunConfig(cell=cell, activation=activation, seq_len=TIMESTEPS, hidden_size=HIDDEN_SIZE)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        if CELLS[cell].is_recurrent:
            return recurrent_of(config, INPUT_SIZE).float()
        return WindowLayers(config, INPUT_SIZE).float()


class Pooled(nn.Module):
    """Recurrent layers and what makes one vector of all timesteps: (T, B, I) to (B, P).

    Attributes:
        recurrent: the layers.
        pool: the readout, without its linear map.
    """

    def __init__(self, config: RunConfig, seed: int = 0) -> None:
        super().__init__()
        width = config.hidden_size * (2 if config.bidirectional else 1)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            self.recurrent = recurrent_of(config, INPUT_SIZE)
            self.pool = pooling(config, width)
        self.float()

    def forward(self, inputs: Tensor) -> Tensor:
        """One vector a sequence."""
        output: Tensor = self.pool(self.recurrent(inputs)[0])
        return output


def parameters_of(layer: nn.Module) -> int:
    """Numbers that are trained."""
    return sum(each.numel() for each in layer.parameters())


def last_output(layer: nn.Module, inputs: Tensor) -> Tensor:
    """(B, H) after the last timestep of (T, B, I); of a readout's layers its (B, P)."""
    given = layer(inputs)
    output: Tensor = given if isinstance(layer, WindowLayers | Pooled) else given[0][-1]
    return output


def normal(*shape: int, seed: int) -> Tensor:
    """Of N(0, 1)."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def training_step(layer: nn.Module) -> Callable[[], object]:
    """Forward, backward from a random loss of the last output, Adam; one batch again and again.

    The learning rate is small: what is timed is the network at its start.
    """
    inputs = normal(TIMESTEPS, BATCH, INPUT_SIZE, seed=1)
    with torch.no_grad():
        weights = normal(*last_output(layer, inputs).shape, seed=2)
    optimizer = torch.optim.Adam(layer.parameters(), lr=1e-6)

    def step() -> None:
        optimizer.zero_grad()
        (last_output(layer, inputs) * weights).sum().backward()
        optimizer.step()

    return step
