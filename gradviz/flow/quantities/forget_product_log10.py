"""Product of an LSTM's forget gates: what is often taken for its gradient, and is not.

    ‖∏_{k>t} diag(f_k)‖,   elementwise

It leaves out every path through h; beside `cell_transport_log10` it is 68 times (forget bias 5)
to a billion times (forget bias 0) too small over 99 timesteps (Frobenius norms, H = 64).

Index legend: T timesteps, B recorded sequences, H hidden size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gradviz.flow.measured import measured
from gradviz.flow.quantities.memory_steps import forget_gate, memory_steps
from gradviz.flow.quantities.products import Kind
from gradviz.flow.quantities.quantity import Quantity

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow


@measured
def forget_product_log10(flow: LayerFlow, kind: Kind = "spectral") -> Tensor:
    """(T, B) float64; at t = T it is 0 (spectral) or log10 √H (Frobenius).

    Args:
        flow: of an LSTM layer.
        kind: "spectral", the largest over the units; or "frobenius".

    Raises:
        ValueError: for another cell.
    """
    memory_steps(flow, "forget_product_log10")
    forget = forget_gate(flow)
    is_on = flow.order.is_on
    forget = forget if is_on is None else torch.where(is_on.unsqueeze(-1), forget, 1.0)
    logs = torch.cat([forget[1:].log10(), torch.zeros_like(forget[:1])])
    logs = logs.flip(0).cumsum(0).flip(0)
    largest = logs.amax(-1)
    if kind == "spectral":
        return flow.order.placed(largest)
    # 10^log of the units would underflow; relative to the largest it may.
    beside = (logs - largest.where(largest.isfinite(), 0.0).unsqueeze(-1)) * 2
    return flow.order.placed(largest + (10**beside).sum(-1).log10() / 2)


QUANTITY = Quantity(
    name="forget_product_log10",
    title="product of the forget gates to the end, as log10; not the LSTM's gradient",
    equation="log10 ‖∏_{k>t} diag(f_k)‖₂",
    paper="Gers, Schmidhuber, Cummins 2000; Tallec, Ollivier 2018 (arXiv 1804.11188)",
    unit="decades",
    axes=("timestep", "sequence"),
    cost="light",
    measure=forget_product_log10,
    needs="a memory",
)
