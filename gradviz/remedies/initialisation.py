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
from collections.abc import Iterator, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from gradviz.cells import Stack

IRNN_INPUTS = 0.001
"""Standard deviation of the IRNN's input weights at first."""


@torch.no_grad()
def initialise_recurrent(
    module: nn.RNNBase | Stack,
    kind: Literal["default", "orthogonal", "identity", "normal"],
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
    for weight in _of_every_layer(module, "weight_hh"):
        size = weight.shape[1]
        for block in weight.chunk(len(weight) // size):
            if kind == "orthogonal":
                nn.init.orthogonal_(block, gain)
            elif kind == "identity":
                block.copy_(gain * torch.eye(size, dtype=block.dtype, device=block.device))
            else:
                nn.init.normal_(block, std=gain / math.sqrt(size))


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


@torch.no_grad()
def set_forget_bias(module: nn.RNNBase | Stack, value: float) -> None:
    """Make the *sum* of the forget biases `value` in every layer, in place.

    PyTorch adds `bias_ih` and `bias_hh`; setting both to 1 would be a forget bias of 2.
    The one takes the whole value and the other is 0.

    Args:
        module: an `nn.LSTM`, or a Stack of layers with a forget gate.
        value: of the forget gate's pre-activation, where nothing else drives it.
    """
    for biases, rows, sign in _forget_biases(module):
        first, *others = biases
        first[rows] = sign * value
        for each in others:
            each[rows] = 0.0


def _forget_biases(module: nn.RNNBase | Stack) -> Iterator[tuple[Sequence[Tensor], slice, int]]:
    """A layer's biases, the forget gate's part of them, and its sign there."""
    if isinstance(module, Stack):
        for layer in module.layers:
            assert layer.forget_gate is not None, "the config asks for it of such cells only"
            gate, sign = layer.forget_gate
            first = layer.gates.index(gate) * layer.hidden_size
            named = dict(layer.named_parameters(recurse=False))
            biases = [each for name, each in named.items() if name.startswith("bias")]
            yield biases, slice(first, first + layer.hidden_size), sign
        return
    rows = slice(module.hidden_size, 2 * module.hidden_size)
    for pair in zip(
        _of_every_layer(module, "bias_ih"), _of_every_layer(module, "bias_hh"), strict=True
    ):
        yield list(pair), rows, 1


def _of_every_layer(module: nn.RNNBase | Stack, name: str) -> Iterator[Tensor]:
    """A parameter of every layer and direction."""
    if isinstance(module, Stack):
        for layer in module.layers:
            if layer.has_recurrent_weight:
                yield layer.get_parameter(name)
        return
    for index in range(module.num_layers):
        for side in ("", "_reverse")[: 2 if module.bidirectional else 1]:
            yield module.get_parameter(f"{name}_l{index}{side}")
