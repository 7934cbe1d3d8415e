"""Networks that the checks share, and what the instrument measures on them.

Index legend: T timesteps, B sequences, H hidden size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from gradviz.flow import LayerFlow, watch

CELLS: Mapping[str, tuple[Callable[..., nn.RNNBase], dict[str, Any]]] = MappingProxyType(
    {
        "tanh": (nn.RNN, {"nonlinearity": "tanh"}),
        "relu": (nn.RNN, {"nonlinearity": "relu"}),
        "lstm": (nn.LSTM, {}),
        "gru": (nn.GRU, {}),
    }
)
"""PyTorch's modules and the options that choose between them."""


def build(
    cell: str, inputs: int, hidden: int, dtype: torch.dtype = torch.float64, **options: Any
) -> nn.RNNBase:
    """One of CELLS, with PyTorch's own weights."""
    kind, own = CELLS[cell]
    return kind(inputs, hidden, dtype=dtype, **own, **options)


@torch.no_grad()
def zeroed(cell: str, hidden: int, *, gate: int = 0, bias: float = 0.0) -> nn.RNNBase:
    """All weights zero; one gate's bias not. The input size is 1.

    Args:
        cell: of CELLS.
        hidden: H.
        gate: its place in PyTorch's order: 1 is an LSTM's forget gate, a GRU's update gate.
        bias: of that gate, the two bias vectors together.
    """
    module = build(cell, 1, hidden)
    for parameter in module.parameters():
        parameter.zero_()
    module.get_parameter("bias_ih_l0")[gate * hidden : (gate + 1) * hidden] = bias
    return module


@torch.no_grad()
def linear(weight: Tensor, state: float = 1.0) -> tuple[nn.RNNBase, Tensor]:
    """h_t = relu(W h_{t−1} + b), its units kept active by the bias, so that J_t = W.

    Returns:
        The module, and the h_0 = (state, …) which the bias makes a fixed point.
    """
    module = zeroed("relu", len(weight)).to(weight.dtype)
    module.get_parameter("weight_hh_l0").copy_(weight)
    start = torch.full((1, 1, len(weight)), state, dtype=weight.dtype)
    module.get_parameter("bias_ih_l0").copy_(state - weight @ start[0, 0])
    return module, start


@torch.no_grad()
def random_tanh(
    hidden: int, weight_variance: float, bias_variance: float = 0.0, seed: int = 0
) -> nn.RNNBase:
    """W ~ N(0, weight_variance/H) and b ~ N(0, bias_variance); no input."""
    module = zeroed("tanh", hidden)
    draw = torch.Generator().manual_seed(seed)
    module.get_parameter("weight_hh_l0").normal_(
        0.0, (weight_variance / hidden) ** 0.5, generator=draw
    )
    module.get_parameter("bias_ih_l0").normal_(0.0, bias_variance**0.5, generator=draw)
    return module


@torch.no_grad()
def settled(module: nn.RNNBase, timesteps: int, batch: int = 1) -> Tensor:
    """(1, B, H): the state of a network without input after so many timesteps."""
    start = (
        torch.rand(1, batch, module.hidden_size, dtype=module.get_parameter("weight_hh_l0").dtype)
        * 2
        - 1
    )
    last: Tensor = module(silence(module, timesteps, batch), start)[1]
    return last


def silence(module: nn.RNNBase, timesteps: int, batch: int = 1) -> Tensor:
    """(T, B, I) zeros in the module's precision."""
    return torch.zeros(
        timesteps, batch, module.input_size, dtype=module.get_parameter("weight_hh_l0").dtype
    )


def weighted(output: Tensor) -> Tensor:
    """A loss of every output, in which each entry counts differently."""
    weights = torch.linspace(0.5, 1.5, output.numel(), dtype=output.dtype)
    return (output**2 * weights.reshape(output.shape)).sum()


def last_summed(module: nn.RNNBase, inputs: Tensor, start: Any = None) -> LayerFlow:
    """The first layer's flow; the loss is the sum of the last output."""
    with watch(module) as watching:
        module(inputs, start)[0][-1].sum().backward()
    return watching.layers["l0"]


def deviation(found: Tensor, expected: Tensor) -> float:
    """The largest |found − expected|, relative to the largest |expected|."""
    return float((found - expected).abs().max() / expected.abs().max())


def largest(values: Iterable[float]) -> float:
    """The largest; nan where one is nan, which Python's max would pass over."""
    return float(torch.tensor(list(values), dtype=torch.float64).max())
