"""watch_window: what comes back to each timestep of a window that one layer reads at once.

    a = W [x_1; …; x_T] + b,   ∂L/∂x_t = W_tᵀ ∂L/∂a

with W_t the columns that timestep t has to itself. There is no state, and so no other way from a
timestep to the loss.

Index legend: T timesteps, B recorded sequences, I input size, H hidden size.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from gradviz.flow.errors import WatchError, refuse_second_backward
from gradviz.flow.measured import measured


class WindowWatch:
    """What was noted of the layer's last pass; see `watch_window`."""

    def __init__(self, timesteps: int, probe_size: int | None) -> None:
        self._timesteps, self._probe_size = timesteps, probe_size
        self._weight: Tensor | None = None
        self._grad: Tensor | None = None
        self._is_repeated = False

    def note(self, layer: nn.Linear, args: object, output: Tensor) -> None:
        """Forward hook: the weights as they were, since the optimiser changes them in place."""
        if not output.requires_grad:
            return
        self._weight, self._grad = layer.weight.detach().clone(), None
        self._is_repeated = False
        output.register_hook(self._receive)

    def _receive(self, grad: Tensor) -> None:
        self._is_repeated |= self._grad is not None
        self._grad = grad.detach()[: self._probe_size]

    @property
    @measured
    def input_grad(self) -> Tensor:
        """(T, B, I) float64: ∂L/∂x_t.

        Raises:
            WatchError: before forward and backward have run, or after a second backward.
        """
        if self._is_repeated:
            refuse_second_backward("the window")
        if self._weight is None or self._grad is None:
            raise WatchError("No gradient has come back to the window; call loss.backward() first.")
        whole: Tensor = self._grad.double() @ self._weight.double()
        by_timestep: Tensor = whole.unflatten(-1, (self._timesteps, -1))
        return by_timestep.transpose(0, 1)

    @property
    def input_grad_norm(self) -> Tensor:
        """(T, B) float64: ‖∂L/∂x_t‖₂."""
        norms: Tensor = torch.linalg.vector_norm(self.input_grad, dim=-1)
        return norms


@contextmanager
def watch_window(
    layer: nn.Linear, timesteps: int, probe_size: int | None = None
) -> Iterator[WindowWatch]:
    """Watch the layer that reads a window, during a forward and a backward pass.

    The losses, weights and random numbers are the same with and without it.

    Args:
        layer: reads (B, T·I), timestep after timestep.
        timesteps: T.
        probe_size: record the first so many sequences of the batch; None: all.
    """
    watching = WindowWatch(timesteps, probe_size)
    hook = layer.register_forward_hook(watching.note)
    try:
        yield watching
    finally:
        hook.remove()
