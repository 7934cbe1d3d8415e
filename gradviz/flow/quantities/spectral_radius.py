"""Spectral radius of a plain RNN's recurrent weights."""

from __future__ import annotations

from gradviz.flow.quantities.quantity import Quantity

QUANTITY = Quantity(
    name="spectral_radius",
    title="largest |eigenvalue| of W_hh; it is not the spectral norm",
    equation="ρ(W_hh) = max |μ|, W_hh v = μ v",
    paper="Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063)",
    unit="1",
    axes=(),
    cost="light",
    measure=lambda flow: flow.spectral_radius,
    cells=("rnn",),
)
