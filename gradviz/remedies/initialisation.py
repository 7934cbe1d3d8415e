"""How the recurrent and the input weights start.

Each gate's H×H block of W_hh is drawn on its own:

    default     PyTorch's own, U(−1/√H, 1/√H): spectral radius about 1/√3
    orthogonal  gain × a random orthogonal matrix (Saxe, McClelland & Ganguli 2014, arXiv
                1312.6120): every singular value is the gain
    identity    gain × I (Le, Jaitly & Hinton 2015, the IRNN)
    normal      gain × N(0, 1/H), whose spectral radius is about the gain (the circular law)
    xavier      gain × U(−√(3/H), √(3/H)), of variance 1/H too (Glorot & Bengio 2010, eq. 16)
    he          gain × N(0, 2/H): about √2 gain (He et al. 2015, arXiv 1502.01852, eq. 10)
    small       gain × N(0, 0.01²): about 0.01 √H gain, so that everything vanishes at once
    large       gain × N(0, 9/H): about 3 gain, so that a linear network explodes at once

And each gate's H×I block of W_ih, of every layer (I is what that layer reads), without a gain:

    default     the cell's own
    xavier      U(−√(6/(I + H)), √(6/(I + H))): variance 2/(I + H)
    he          N(0, 2/I)
    orthogonal  orthonormal rows where H ≤ I, else columns
    small       N(0, 0.01²)

Both papers take the number of inputs for that of one kind of input; a unit here has I + H of them.
Embeddings, biases and what follows the recurrent layers start as PyTorch has them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor, nn

from gradviz.cells import Stack

IRNN_INPUTS = 0.001
"""Standard deviation of the IRNN's input weights at first."""

SMALL, LARGE = 0.01, 3.0
"""Standard deviation of "small"; of "large" times √H, about its spectral radius."""


@torch.no_grad()
def initialise_recurrent(
    module: nn.RNNBase | Stack,
    kind: Literal["default", "orthogonal", "identity", "normal", "xavier", "he", "small", "large"],
    gain: float = 1.0,
) -> None:
    """Draw W_hh of every layer anew, in place, from the global generator.

    Args:
        module: an `nn.RNN`, `nn.LSTM` or `nn.GRU`, or a Stack.
        kind: as above; "default" leaves the weights as they are.
        gain: factor on every kind but "default".
    """
    if kind == "default":
        return
    for block in _blocks(module, "weight_hh"):
        size = block.shape[1]
        if kind == "identity":
            block.copy_(torch.eye(size, dtype=block.dtype, device=block.device))
            block.mul_(gain)
        elif kind == "normal":
            nn.init.normal_(block, std=gain / math.sqrt(size))
        elif kind == "large":
            nn.init.normal_(block, std=gain * LARGE / math.sqrt(size))
        else:
            _draw(block, kind, gain)


@torch.no_grad()
def initialise_input(
    module: nn.RNNBase | Stack, kind: Literal["default", "xavier", "he", "orthogonal", "small"]
) -> None:
    """Draw W_ih of every layer anew, in place, from the global generator.

    Args:
        module: an `nn.RNN`, `nn.LSTM` or `nn.GRU`, or a Stack.
        kind: as above; "default" leaves the weights as they are.
    """
    if kind == "default":
        return
    for block in _blocks(module, "weight_ih"):
        _draw(block, kind)


@torch.no_grad()
def initialise_irnn(module: nn.RNNBase | Stack) -> None:
    """The IRNN's start, in place: W_hh = I, biases 0, W_ih of N(0, 0.001²).

    Le, Jaitly & Hinton 2015, section 4 (arXiv 1504.00941). A ReLU unit that is on then keeps its
    sum of inputs, and the gradient, as they are; a negative sum is 0 and passes none.

    Args:
        module: an `nn.RNN` of relu, or a Stack of such layers.
    """
    initialise_recurrent(module, "identity")
    for weight in _of_every_layer(module, "weight_ih"):
        nn.init.normal_(weight, std=IRNN_INPUTS)
    for name in ("bias_ih", "bias_hh"):
        for bias in _of_every_layer(module, name):
            bias.zero_()


def _draw(
    block: Tensor, kind: Literal["xavier", "he", "orthogonal", "small"], gain: float = 1.0
) -> None:
    """What both kinds of weights may start as."""
    match kind:
        case "xavier":
            nn.init.xavier_uniform_(block, gain)
        case "he":
            nn.init.kaiming_normal_(block, nonlinearity="relu").mul_(gain)
        case "orthogonal":
            nn.init.orthogonal_(block, gain)
        case "small":
            nn.init.normal_(block, std=gain * SMALL)


def _blocks(module: nn.RNNBase | Stack, name: str) -> Iterator[Tensor]:
    """Each gate's H rows of a weight of every layer and direction."""
    layer = module.layers[0] if isinstance(module, Stack) else module
    for weight in _of_every_layer(module, name):
        yield from weight.split(layer.hidden_size)


def _of_every_layer(module: nn.RNNBase | Stack, name: str) -> Iterator[Tensor]:
    """A parameter of every layer and direction."""
    if isinstance(module, Stack):
        for layer in module.layers:
            if layer.has_recurrent_weight or name != "weight_hh":
                yield layer.get_parameter(name)
        return
    for index in range(module.num_layers):
        for side in ("", "_reverse")[: 2 if module.bidirectional else 1]:
            yield module.get_parameter(f"{name}_l{index}{side}")
