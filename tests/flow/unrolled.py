"""The independent road: PyTorch's one-step cells in a loop, every state retained.

Index legend: T timesteps, B sequences, I input size, H hidden size, N state size.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from gradviz.flow import LayerFlow, watch

CELLS: dict[str, tuple[type[nn.RNNBase], type[nn.RNNCellBase], dict[str, str]]] = {
    "tanh": (nn.RNN, nn.RNNCell, {"nonlinearity": "tanh"}),
    "relu": (nn.RNN, nn.RNNCell, {"nonlinearity": "relu"}),
    "lstm": (nn.LSTM, nn.LSTMCell, {}),
    "gru": (nn.GRU, nn.GRUCell, {}),
}
I, H = 3, 5  # noqa: E741


def build(name: str, layers: int = 1, hidden: int = H, seed: int = 3, **more: bool) -> nn.RNNBase:
    """A float64 module."""
    kind, _, options = CELLS[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return kind(I, hidden, layers, dtype=torch.float64, **options, **more)


def one_step(module: nn.RNNBase, name: str, layer: int = 0) -> nn.RNNCellBase:
    """A layer as a one-step cell."""
    kind, options = CELLS[name][1:]
    width = getattr(module, f"weight_ih_l{layer}").shape[1]
    cell = kind(width, module.hidden_size, bias=module.bias, dtype=torch.float64, **options)
    for part, _ in cell.named_parameters():
        getattr(cell, part).data = getattr(module, f"{part}_l{layer}").detach().clone()
    return cell


class Unrolled(NamedTuple):
    """Lists over timesteps of the (B, H) states, for each layer."""

    hidden: list[list[Tensor]]
    cell: list[list[Tensor]]

    def outputs(self) -> tuple[Tensor, Tensor, Tensor | None]:
        """Output, h_n and c_n as the fused module gives them."""
        last = torch.stack([each[-1] for each in self.hidden])
        cells = [each[-1] for each in self.cell if each]
        return torch.stack(self.hidden[-1]), last, torch.stack(cells) if cells else None


def unroll(
    module: nn.RNNBase, name: str, inputs: Tensor, state: tuple[Tensor, ...] | None = None
) -> Unrolled:
    """(T, B, I) through every layer, timestep by timestep."""
    states, sequence = Unrolled([], []), list(inputs)
    for layer in range(module.num_layers):
        cell = one_step(module, name, layer)
        zeros = inputs.new_zeros(inputs.shape[1], module.hidden_size)
        h, c = (zeros, zeros) if state is None else (state[0][layer], state[-1][layer])
        hs, cs = [], []
        for x in sequence:
            if name == "lstm":
                h, c = cell(x, (h, c))
                c.retain_grad()
                cs.append(c)
            else:
                h = cell(x, h)
            h.retain_grad()
            hs.append(h)
        states.hidden.append(hs)
        states.cell.append(cs)
        sequence = hs
    return states


def dense_jacobians(
    module: nn.RNNBase, name: str, inputs: Tensor, state: tuple[Tensor, ...] | None = None
) -> Tensor:
    """(T, B, N, N) of a one-layer module, by torch.autograd.functional.jacobian."""
    cell, width = one_step(module, name), module.hidden_size

    def step(s: Tensor, x: Tensor) -> Tensor:
        if name == "lstm":
            return torch.cat(cell(x[None], (s[None, :width], s[None, width:])), -1)[0]
        return cell(x[None], s[None])[0]

    rows = []
    for b in range(inputs.shape[1]):
        s = inputs.new_zeros(width * (2 if name == "lstm" else 1))
        if state is not None:
            s = torch.cat([each[0, b] for each in state])
        rows.append([])
        for x in inputs[:, b]:
            jacobian = torch.autograd.functional.jacobian(lambda s, x=x: step(s, x), s)
            rows[b].append(jacobian)
            s = step(s, x).detach()
    return torch.stack([torch.stack(row) for row in rows], 1)


def flow_of(module: nn.RNNBase, inputs: Tensor, state: object = None) -> LayerFlow:
    """The first layer's, the loss the sum of the last output."""
    with watch(module) as watching:
        module(inputs, state)[0][-1].sum().backward()
    return watching.layers["l0"]
