"""Spectral radius of a plain RNN's recurrent weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradviz.cells.rnn import radius
from gradviz.flow.quantities.quantity import Quantity
from gradviz.flow.steps import plain

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow


def spectral_radius(flow: LayerFlow) -> float | None:
    """None for a cell with gates, whose W_hh is not square."""
    steps = plain(flow.steps)
    return None if steps is None else radius(steps.weight)


QUANTITY = Quantity(
    name="spectral_radius",
    title="largest |eigenvalue| of W_hh; it is not the spectral norm",
    equation="ρ(W_hh) = max |μ|, W_hh v = μ v",
    paper="Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063)",
    unit="1",
    axes=(),
    cost="light",
    measure=spectral_radius,
    needs="a plain RNN",
)
