"""The linearisation of a cell with a memory and a forget gate, for what only these have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gradviz.cells import MemoryLinearisation
from gradviz.flow.steps import cast, going, probed

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow


def memory_steps(flow: LayerFlow, name: str, probes: int | None = None) -> MemoryLinearisation:
    """In float64, also behind a sequence's end.

    Args:
        flow: of a layer.
        name: of the quantity that asks.
        probes: of the first so many sequences; None: all.

    Raises:
        ValueError: for another cell.
    """
    steps = going(flow.steps)
    if not isinstance(steps, MemoryLinearisation):
        raise ValueError(f"{name} is an LSTM's; this layer is a {flow.cell_name}.")
    return probed(cast(steps, torch.float64), probes)


def forget_gate(flow: LayerFlow, probes: int | None = None) -> Tensor:
    """(T, Q, H) float64 f_t in the order read."""
    gate = flow.gates["forget"][:, :probes].double()
    # Behind a sequence's end it is nan; whoever asks puts there what it needs.
    return flow.order.turned(gate)
