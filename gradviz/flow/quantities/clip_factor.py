"""The norm after the clip over the norm before."""

from __future__ import annotations

from gradviz.flow.quantities.quantity import Quantity

QUANTITY = Quantity(
    name="clip_factor",
    title="what the clip left of the gradient's magnitude",
    equation="‖g_post‖₂ / ‖g_pre‖₂",
    paper="Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063)",
    unit="1",
    axes=(),
    cost="light",
    measure=lambda parameters: parameters.clip_factor,
    of="parameters",
)
