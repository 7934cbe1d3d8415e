"""Layers that are trained one after the other."""

from typing import Any

from torch import Tensor, nn


class GrowingStack(nn.Module):
    """Layers upon each other, pre-trained greedily (Bengio, Lamblin, Popovici & Larochelle 2007).

    In stage s = 0 … L − 1 layers 0 … s run, and layer s is trained; then all run and are trained.
    """

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers, self.depth = nn.ModuleList(layers), len(layers)

    def begin_stage(self, stage: int) -> None:
        """Freeze the layers that are not trained in a stage."""
        count = len(self.layers)
        self.depth = min(stage + 1, count)
        for place, layer in enumerate(self.layers):
            layer.requires_grad_(stage in (place, count))

    def forward(self, inputs: Tensor, states: Any = None) -> tuple[Tensor, Any]:
        """The outputs of the top layer that runs, and the last state of each."""
        last = []
        for index, layer in enumerate(self.layers[: self.depth]):
            inputs, state = layer(inputs, states and states[index])
            last.append(state)
        return inputs, tuple(last)
