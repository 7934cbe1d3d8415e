"""What no timestep of a plain RNN can exceed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradviz.cells.rnn import RnnLinearisation, bound
from gradviz.flow.quantities.quantity import Quantity
from gradviz.flow.steps import going

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow


def jacobian_bound(flow: LayerFlow) -> float | None:
    """None for a cell for which theory gives none."""
    steps = going(flow.steps)
    if not isinstance(steps, RnnLinearisation):
        return None
    return bound(steps.weight, flow.passed.nonlinearity)


QUANTITY = Quantity(
    name="jacobian_bound",
    title="bound on the Jacobian's norm at every timestep",
    equation="‖J_t‖₂ ≤ γ ‖W_hh‖₂, γ = max φ′: 1 (tanh, relu), 1/4 (sigmoid)",
    paper="Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063)",
    unit="1",
    axes=(),
    cost="light",
    measure=jacobian_bound,
    needs="a plain RNN",
)
