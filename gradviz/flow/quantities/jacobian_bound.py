"""What no timestep of a plain RNN can exceed.

With variational dropout W_hh reads h_{t−1} times at most the largest factor of its mask. With
zoneout each row of J_t is one of the identity or of the cell's own J̃_t: ‖J_t‖₂² ≤ 1 + ‖J̃_t‖₂².
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gradviz.cells.rnn import bound
from gradviz.flow.quantities.quantity import Quantity
from gradviz.flow.steps import plain

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow


def jacobian_bound(flow: LayerFlow) -> float | None:
    """None for a cell for which theory gives none."""
    steps, masks = plain(flow.steps), flow.passed.masks
    if steps is None:
        return None
    found = bound(steps.weight, flow.passed.nonlinearity)
    if steps.hidden_mask is not None:
        found *= float(steps.hidden_mask.max())
    return math.hypot(1, found) if masks.kept else found


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
