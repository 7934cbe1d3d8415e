"""The size of the optimiser's step beside the weights'."""

from __future__ import annotations

from gradviz.flow.quantities.quantity import Quantity

QUANTITY = Quantity(
    name="update_to_weight",
    title="the optimiser's step beside the weights",
    equation="‖w_after − w‖₂ / ‖w‖₂",
    paper="Karpathy 2019 (CS231n, ratio of updates to weights)",
    unit="1",
    axes=(),
    cost="light",
    measure=lambda parameters: parameters.update_to_weight,
    of="parameters",
)
