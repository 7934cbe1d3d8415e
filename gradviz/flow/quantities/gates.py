"""The gates of an LSTM (input forget candidate output) or GRU (reset update candidate)."""

from __future__ import annotations

from gradviz.flow.quantities.quantity import Quantity

QUANTITY = Quantity(
    name="gates",
    title="activations of the gates, by name",
    equation="i_t, f_t, g_t, o_t or r_t, z_t, n_t",
    paper="Hochreiter, Schmidhuber 1997; Cho et al. 2014 (arXiv 1406.1078)",
    unit="1",
    axes=("timestep", "sequence", "unit"),
    cost="light",
    measure=lambda flow: flow.gates,
    needs="gates",
)
