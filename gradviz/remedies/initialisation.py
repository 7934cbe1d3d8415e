"""How the recurrent weights start, and the LSTM's forget bias.

Each gate's H×H block of W_hh is drawn on its own:

    default     PyTorch's own, U(−1/√H, 1/√H): spectral radius about 1/√3
    orthogonal  gain × a random orthogonal matrix (Saxe, McClelland & Ganguli 2014): every
                singular value is the gain
    identity    gain × I (Le, Jaitly & Hinton 2015, the IRNN)
    normal      N(0, gain²/H), whose spectral radius is about the gain (the circular law)

A high forget bias opens the LSTM's path from the start (Gers, Schmidhuber & Cummins
2000; Jozefowicz, Zaremba & Sutskever 2015; Tallec & Ollivier 2018 for its value).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

import torch
from torch import nn


@torch.no_grad()
def initialise_recurrent(
    module: nn.RNNBase,
    kind: Literal["default", "orthogonal", "identity", "normal"],
    gain: float = 1.0,
) -> None:
    """Draw W_hh of every layer anew, in place, from the global generator.

    Args:
        module: an `nn.RNN`, `nn.LSTM` or `nn.GRU`.
        kind: as above; "default" leaves the weights as they are.
        gain: factor on every kind but "default".
    """
    if kind == "default":
        return
    size = module.hidden_size
    for weight in _of_every_layer(module, "weight_hh"):
        for block in weight.chunk(len(weight) // size):
            if kind == "orthogonal":
                nn.init.orthogonal_(block, gain)
            elif kind == "identity":
                block.copy_(gain * torch.eye(size, dtype=block.dtype, device=block.device))
            else:
                nn.init.normal_(block, std=gain / math.sqrt(size))


@torch.no_grad()
def set_forget_bias(module: nn.LSTM, value: float) -> None:
    """Make the *sum* of the two forget biases `value` in every layer, in place.

    PyTorch adds `bias_ih` and `bias_hh`; setting both to 1 would be a forget bias of 2.
    The one takes the whole value and the other is 0.
    """
    size = module.hidden_size
    for name, share in (("bias_ih", value), ("bias_hh", 0.0)):
        for bias in _of_every_layer(module, name):
            bias[size : 2 * size] = share


def _of_every_layer(module: nn.RNNBase, name: str) -> Iterator[torch.Tensor]:
    for layer in range(module.num_layers):
        yield getattr(module, f"{name}_l{layer}")
