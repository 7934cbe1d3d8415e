"""Layers upon each other, and what may be around one.

Each takes inputs (T, B, ·) and a state, and gives outputs (T, B, ·) and the state behind them, as
PyTorch's recurrent modules do.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


class Stack(nn.Module):
    """Layers upon each other: each reads what the one below gives."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, inputs: Tensor, states: Any = None) -> tuple[Tensor, Any]:
        """The outputs of the top layer, and the last state of each."""
        last = []
        for index, layer in enumerate(self.layers):
            inputs, state = layer(inputs, states and states[index])
            last.append(state)
        return inputs, tuple(last)


class BothWays(nn.Module):
    """Two layers of a kind, of which one reads from the end: y_t = [h_t onward; h_t backward]."""

    def __init__(self, kind: Callable[..., nn.Module], *sizes: Any, **options: Any) -> None:
        super().__init__()
        self.onward, self.from_end = kind(*sizes, **options), kind(*sizes, **options)

    def forward(self, inputs: Tensor, states: Any = None) -> tuple[Tensor, Any]:
        onward, last = self.onward(inputs, states and states[0])
        from_end, last_from_end = self.from_end(inputs.flip(0), states and states[1])
        return torch.cat([onward, from_end.flip(0)], -1), (last, last_from_end)


class Residual(nn.Module):
    """What a layer reads is added to what it gives: y = h + x."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, inputs: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        outputs, last = self.layer(inputs, state)
        return outputs + inputs, last


class Dropping(nn.Module):
    """A share of what a layer reads is set to zero at random (Zaremba et al. 2014)."""

    def __init__(self, share: float, layer: nn.Module) -> None:
        super().__init__()
        self.dropout, self.layer = nn.Dropout(share), layer

    def forward(self, inputs: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        outputs, last = self.layer(self.dropout(inputs), state)
        return outputs, last


class Normed(nn.Module):
    """What a layer reads is normalised first."""

    def __init__(self, norm: nn.Module, layer: nn.Module) -> None:
        super().__init__()
        self.norm, self.layer = norm, layer

    def forward(self, inputs: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        outputs, last = self.layer(self.norm(inputs), state)
        return outputs, last
