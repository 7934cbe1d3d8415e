"""An LSTM's memory from one timestep to the next: the forget gate's path, and the rest.

    ∂c_t/∂c_{t−1} = diag(f_t) + K_t W ∂h_{t−1}/∂c_{t−1},   ∂h_{t−1}/∂c_{t−1} = diag(o(1 − tanh²c))

at fixed h_{t−2} and gates of t − 1; K_t holds the slopes of i, f and g (Hochreiter & Schmidhuber
1997; Gers et al. 2000). The first path is the "constant error carousel"; the LSTM of 1997
cut the rest when training, today's do not.

Index legend: T timesteps, B recorded sequences, H hidden size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gradviz.flow.measured import measured
from gradviz.flow.quantities.memory_steps import forget_gate, memory_steps
from gradviz.flow.quantities.quantity import Quantity
from gradviz.flow.quantities.split import Split
from gradviz.flow.spectral import spectral_norms
from gradviz.flow.steps import until

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow


@measured
def forget_path(flow: LayerFlow, *, probes: int | None = None, tolerance: float = 1e-5) -> Split:
    """Spectral norms of both terms; at the first timestep the rest is 0, for h_0 is given.

    Args:
        flow: of an LSTM layer.
        probes: of the first so many sequences; None: all.
        tolerance: relative error of the rest.

    Raises:
        ValueError: for another cell.
    """
    steps = memory_steps(flow, "forget_path", probes)
    gate = forget_gate(flow, probes)
    gate = torch.where(gate.isnan(), steps.forget, gate)
    peephole, before = steps.forget - gate, until(steps, -1)
    none = steps.forget.new_zeros(*gate.shape[:-1], flow.widths[0])

    def forward(cell: Tensor) -> Tensor:
        hidden = torch.cat([none[:1], before.hidden_of_cell(cell[1:])])
        return steps.jvp((hidden, torch.zeros_like(cell)))[1] + peephole * cell

    def backward(cell: Tensor) -> Tensor:
        hidden = steps.vjp((none, cell))[0]
        through = before.cell_of_hidden(hidden[1:])
        return torch.cat([torch.zeros_like(cell[:1]), through]) + peephole * cell

    rest = spectral_norms(lambda cell: backward(forward(cell)), gate, tolerance)
    return Split(flow.order.placed(gate.amax(-1)), flow.order.placed(rest))


QUANTITY = Quantity(
    name="forget_path",
    title="an LSTM's memory over one timestep: the forget gate's path and the rest",
    equation="∂c_t/∂c_{t−1} = diag(f_t) + rest: ‖diag f_t‖₂, ‖rest‖₂",
    paper="Hochreiter, Schmidhuber 1997; Gers, Schmidhuber, Cummins 2000",
    unit="1",
    axes=("timestep", "sequence"),
    cost="dear",
    measure=forget_path,
    needs="a memory",
)
