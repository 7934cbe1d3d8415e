"""One training step three ways: bare, watched, and unrolled by hand with retain_grad.

Index legend: T timesteps, B sequences, I input size, H hidden size.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from operator import attrgetter
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gradviz.flow import Watch, watch

INPUT_SIZE = 8
BATCHES = 4
"""Drawn beforehand and taken in turn, so that no step pays for random numbers."""

CELLS: dict[str, tuple[type[nn.RNNBase], type[nn.RNNCellBase]]] = {
    "rnn": (nn.RNN, nn.RNNCell),
    "lstm": (nn.LSTM, nn.LSTMCell),
    "gru": (nn.GRU, nn.GRUCell),
}

LIGHT_OF_LAYER = ("gates", "hidden_grad", "hidden_grad_norm", "weight_grad_by_timestep")
LIGHT_OF_CELL_STATE = ("cell_grad",)
LIGHT_OF_PARAMETERS = ("grad_norm_pre", "clip_factor")
"""What "light" reads at every step, by its name in `watch`."""


class Size(NamedTuple):
    """Of one line of a table."""

    timesteps: int
    batch: int
    hidden: int

    def __str__(self) -> str:
        return f"{self.timesteps}, {self.batch}, {self.hidden}"


class Fused(nn.Module):
    """A recurrent layer as one call, and a readout of its last output."""

    def __init__(self, cell: str, hidden_size: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.recurrent = CELLS[cell][0](INPUT_SIZE, hidden_size)
        self.readout = nn.Linear(hidden_size, 1)

    def forward(self, inputs_TBI: Tensor) -> Tensor:
        outputs: Tensor = self.recurrent(inputs_TBI)[0]
        return self.readout(outputs[-1])


class Unrolled(nn.Module):
    """The same as a loop over one-step cells; every state keeps its gradient."""

    def __init__(self, cell: str, hidden_size: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.cell = CELLS[cell][1](INPUT_SIZE, hidden_size)
        self.readout = nn.Linear(hidden_size, 1)

    def forward(self, inputs_TBI: Tensor) -> Tensor:
        is_lstm = isinstance(self.cell, nn.LSTMCell)
        zeros = inputs_TBI.new_zeros(inputs_TBI.shape[1], self.cell.hidden_size)
        state: tuple[Tensor, ...] = (zeros, zeros) if is_lstm else (zeros,)
        self.states: list[tuple[Tensor, ...]] = []
        for inputs_BI in inputs_TBI.unbind():
            state = self.cell(inputs_BI, state) if is_lstm else (self.cell(inputs_BI, state[0]),)
            for part in state:
                part.retain_grad()
            self.states.append(state)
        return self.readout(state[0])


class Training:
    """Forward, backward, clip by norm and Adam as one would write them in a notebook."""

    def __init__(self, model: nn.Module, size: Size) -> None:
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        own = torch.Generator().manual_seed(0)
        shape = (BATCHES, size.timesteps, size.batch, INPUT_SIZE)
        inputs = torch.randn(shape, generator=own)
        # What was said at half of the sequence: a gradient for every timestep.
        targets = inputs[:, size.timesteps // 2, :, :1]
        self._batches = itertools.cycle(list(zip(inputs, targets, strict=True)))
        self._batch = next(self._batches)

    def step(self, look: Callable[[], object] = lambda: None) -> None:
        """One optimiser step on the next batch; `look` is called after the clip."""
        self._batch = next(self._batches)
        self.step_again(look)

    @property
    def inputs(self) -> Tensor:
        """(T, B, I) of the last step."""
        return self._batch[0]

    def step_again(
        self, look: Callable[[], object] = lambda: None, timesteps: int | None = None
    ) -> None:
        """One optimiser step on the batch of the step before, or its first timesteps."""
        inputs, targets = self._batch
        self.optimizer.zero_grad()
        nn.functional.mse_loss(self.model(inputs[:timesteps]), targets).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        look()
        self.optimizer.step()


def bare_step(cell: str, size: Size) -> Callable[[], None]:
    """a: nothing is measured."""
    return Training(Fused(cell, size.hidden), size).step


def watched_step(cell: str, size: Size, probe_size: int | None) -> Callable[[], None]:
    """b, light: gates, total gradients, norms, contributions, clip.

    Args:
        cell: rnn, lstm or gru.
        size: of the layer and its batch.
        probe_size: sequences recorded; None: all.
    """
    training = Training(Fused(cell, size.hidden), size)

    def step() -> None:
        with watch(training.model, probe_size) as watching:
            training.step(lambda: read_light(watching))

    return step


def unrolled_step(cell: str, size: Size) -> Callable[[], None]:
    """c: states and their total gradients are kept, nothing is made of them."""
    model = Unrolled(cell, size.hidden)
    training = Training(model, size)

    def step() -> None:
        training.step()
        model.states.clear()  # Or the next step would free them and seem to need less.

    return step


def read_light(watching: Watch) -> None:
    """Ask for every light quantity."""
    for flow in watching.layers.values():
        attrgetter(*LIGHT_OF_LAYER)(flow)
        if flow.cell is not None:
            attrgetter(*LIGHT_OF_CELL_STATE)(flow)
    attrgetter(*LIGHT_OF_PARAMETERS)(watching.parameters)
