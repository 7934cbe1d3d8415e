"""The gradient's norm before any clip."""

from __future__ import annotations

from gradviz.flow.quantities.quantity import Quantity

QUANTITY = Quantity(
    name="grad_norm_pre",
    title="magnitude of the gradient of all parameters before any clip",
    equation="‖g‖₂",
    paper="Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063)",
    unit="loss",
    axes=(),
    cost="light",
    measure=lambda parameters: parameters.grad_norm_pre,
    of="parameters",
)
