"""Autograd's own total gradients, where the graph of a fused module shows its states.

On a CPU PyTorch builds nn.RNN and nn.GRU of small operations, and stacks their states at the
end: the nodes that made h_1 … h_T are the inputs of that stack, and what autograd has gathered
for each of them before it goes on is ∂L/∂h_t through every path. To listen there changes
nothing and saves the scan, which is most of what a light measurement costs.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor


def listen(node: Any, timesteps: int) -> dict[int, Tensor] | None:
    """Gradients by timestep, filled while backward runs; None where the states are not shown.

    Args:
        node: that made a module's output.
        timesteps: T.
    """
    while node is not None and node.name().startswith("Transpose"):
        node = node.next_functions[0][0]
    if node is None or not node.name().startswith("Stack"):
        return None
    if len(node.next_functions) != timesteps:
        return None
    grads: dict[int, Tensor] = {}

    def keep(given: tuple[Tensor | None, ...], t: int, place: int) -> None:
        if (grad := given[place]) is not None:
            grads[t] = grad.detach()

    for t, (made, place) in enumerate(node.next_functions):
        made.register_prehook(lambda given, t=t, place=place: keep(given, t, place))
    return grads
