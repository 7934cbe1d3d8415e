"""How much of a disturbance at t can be left, or have grown, at T.

Index legend: T timesteps, Q probes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from gradviz.flow import transport
from gradviz.flow.measured import measured
from gradviz.flow.quantities.products import Kind
from gradviz.flow.quantities.quantity import Quantity
from gradviz.flow.steps import probed

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow


@measured
def transport_log10(
    flow: LayerFlow,
    kind: Kind = "spectral",
    *,
    probes: int | None = None,
    tolerance: float = 1e-6,
) -> Tensor:
    """(T, Q) float64; at t = T it is 0 (spectral) or log10 √N (Frobenius).

    It never under- or overflows; −∞ only where the product is exactly zero.

    Args:
        flow: of a layer.
        kind: "spectral" or "frobenius".
        probes: of the first so many sequences; None: all.
        tolerance: relative error of the norm.
    """
    found = transport.transport_log10(
        probed(flow.steps, probes),
        flow.states(probes),
        flow.widths,
        tolerance,
        spectral=kind == "spectral",
    )
    return flow.order.placed(found)


QUANTITY = Quantity(
    name="transport_log10",
    title="transport from each timestep to the last, as log10",
    equation="log10 ‖P_t‖₂, P_t = ∂s_T/∂s_t = J_T J_{T−1} … J_{t+1}",
    paper="Bengio, Simard, Frasconi 1994; Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063)",
    unit="decades",
    axes=("timestep", "sequence"),
    cost="dear",
    measure=transport_log10,
)
