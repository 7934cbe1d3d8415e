"""The independent road: PyTorch's equations timestep by timestep, every state nudged.

Index legend: T timesteps, B sequences, I input size, H hidden size, D directions.

A nudge is added to a state where it arises, so ∂L/∂nudge is the total gradient of that state,
through every path. It can be had from autograd, or from two losses with no derivative at all.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from gradviz.checks.networks import weighted

Nudges = Mapping[tuple[str, str], Tensor]
"""(layer, state) to (T, B, H): ("l0", "h"), ("l1_reverse", "c"), …"""


def nudges_of(module: nn.RNNBase, timesteps: int, batch: int) -> dict[tuple[str, str], Tensor]:
    """A zero for every state."""
    zero = torch.zeros(timesteps, batch, module.hidden_size, dtype=torch.float64)
    states = "hc" if module.mode == "LSTM" else "h"
    return {
        (f"l{layer}{suffix}", state): zero.clone()
        for layer in range(module.num_layers)
        for suffix in _suffixes(module)
        for state in states
    }


def unrolled_loss(module: nn.RNNBase, inputs: Tensor, nudges: Nudges) -> Tensor:
    """The loss of a (T, B, I) batch, zero initial states, with the nudges added."""
    sequence = inputs
    for layer in range(module.num_layers):
        halves = [
            _direction(module, f"l{layer}{suffix}", sequence, nudges)
            for suffix in _suffixes(module)
        ]
        sequence = torch.cat(halves, -1)
    return weighted(sequence)


def _suffixes(module: nn.RNNBase) -> tuple[str, ...]:
    return ("", "_reverse") if module.bidirectional else ("",)


def _direction(module: nn.RNNBase, name: str, sequence: Tensor, nudges: Nudges) -> Tensor:
    """(T, B, H): one layer in one direction."""
    parts = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    w_ih, w_hh, b_ih, b_hh = (getattr(module, f"{part}_{name}").detach() for part in parts)
    order = list(range(len(sequence)))
    if name.endswith("_reverse"):
        order.reverse()
    h = c = sequence.new_zeros(sequence.shape[1], module.hidden_size)
    states = {}
    for t in order:
        drive, back = sequence[t] @ w_ih.T + b_ih, h @ w_hh.T + b_hh
        if module.mode == "LSTM":
            i, f, g, o = (drive + back).chunk(4, -1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh() + nudges[name, "c"][t]
            h = o.sigmoid() * c.tanh()
        elif module.mode == "GRU":
            (r, z, n), (r_back, z_back, n_back) = drive.chunk(3, -1), back.chunk(3, -1)
            z = (z + z_back).sigmoid()
            h = (1 - z) * (n + (r + r_back).sigmoid() * n_back).tanh() + z * h
        else:
            h = (drive + back).relu() if module.mode == "RNN_RELU" else (drive + back).tanh()
        h = h + nudges[name, "h"][t]
        states[t] = h
    return torch.stack([states[t] for t in sorted(states)])
