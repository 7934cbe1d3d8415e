"""A gated state from one timestep to the next: what the update gate keeps, and the rest.

    ∂h_t/∂h_{t−1} = diag(z_t) + rest

The rest goes through r, z and n of a GRU (Cho et al. 2014, arXiv 1406.1078). z → 1 keeps h. A
minimal gated unit's z is 1 − f (Zhou et al. 2016, arXiv 1603.09420).

Index legend: T timesteps, B recorded sequences, H hidden size.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from gradviz.cells import UpdateLinearisation
from gradviz.flow.measured import measured
from gradviz.flow.quantities.quantity import Quantity
from gradviz.flow.quantities.split import Split
from gradviz.flow.spectral import spectral_norms
from gradviz.flow.steps import cast, going, probed

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow


@measured
def update_leak(flow: LayerFlow, *, probes: int | None = None, tolerance: float = 1e-5) -> Split:
    """Spectral norms of both terms.

    Args:
        flow: of a layer with an update gate.
        probes: of the first so many sequences; None: all.
        tolerance: relative error of the rest.

    Raises:
        ValueError: for another cell.
    """
    steps = going(flow.steps)
    steps = probed(cast(steps, torch.float64), probes)
    if not isinstance(steps, UpdateLinearisation):
        raise ValueError(
            f"update_leak is of a cell with an update gate; this layer is a {flow.cell_name}."
        )
    others = replace(steps, update=torch.zeros_like(steps.update))
    rest = spectral_norms(
        lambda vector: others.vjp(others.jvp((vector,)))[0], steps.update, tolerance
    )
    return Split(flow.order.placed(steps.update.amax(-1)), flow.order.placed(rest))


QUANTITY = Quantity(
    name="update_leak",
    title="the state over one timestep: what the update gate keeps and the rest",
    equation="∂h_t/∂h_{t−1} = diag(z_t) + rest: ‖diag z_t‖₂, ‖rest‖₂",
    paper="Cho et al. 2014 (arXiv 1406.1078); Zhou et al. 2016 (arXiv 1603.09420)",
    unit="1",
    axes=("timestep", "sequence"),
    cost="dear",
    measure=update_leak,
    needs="an update gate",
)
