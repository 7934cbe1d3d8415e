"""The angle by which the clip turned the gradient: 0 by norm, more by value."""

from __future__ import annotations

from gradviz.flow.quantities.quantity import Quantity

QUANTITY = Quantity(
    name="clip_angle",
    title="angle by which the clip turned the gradient",
    equation="∠(g_pre, g_post)",
    paper="Goodfellow, Bengio, Courville 2016, §10.11.1",
    unit="degrees",
    axes=(),
    cost="light",
    measure=lambda parameters: parameters.clip_angle,
    of="parameters",
)
