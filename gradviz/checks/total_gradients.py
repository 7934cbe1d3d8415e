"""Total gradients, through every path, against autograd and against no derivative at all.

Index legend: T timesteps, B sequences, H hidden size.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor, nn

from gradviz.checks.check import Check
from gradviz.checks.expectation import AtMost, Near
from gradviz.checks.networks import CELLS, build, deviation, largest, last_summed, weighted
from gradviz.checks.unrolled import nudges_of, unrolled_loss
from gradviz.flow import watch

TIMESTEPS, BATCH, NUDGE = 6, 3, 1e-5


def _networks(cell: str) -> Iterator[tuple[nn.RNNBase, Tensor]]:
    """1 to 3 layers, in one direction and in both."""
    for layers in (1, 2, 3):
        for both in (False, True):
            module = build(cell, 3, 5, num_layers=layers, bidirectional=both)
            yield module, torch.randn(TIMESTEPS, BATCH, 3, dtype=torch.float64)


def _measured(module: nn.RNNBase, inputs: Tensor) -> dict[tuple[str, str], Tensor]:
    """The instrument's total gradient (T, B, H) of every state."""
    with watch(module) as watching:
        weighted(module(inputs)[0]).backward()
    flows = watching.layers
    return {
        (name, state): flows[name].hidden_grad if state == "h" else flows[name].cell_grad
        for name, state in nudges_of(module, TIMESTEPS, BATCH)
    }


def against_autograd(cell: str) -> float:
    """The largest relative deviation over all networks, layers, directions and states."""
    found = []
    for module, inputs in _networks(cell):
        nudges = nudges_of(module, TIMESTEPS, BATCH)
        for nudge in nudges.values():
            nudge.requires_grad_()
        unrolled_loss(module, inputs, nudges).backward()
        for key, grad in _measured(module, inputs).items():
            expected = nudges[key].grad
            assert expected is not None
            found.append(deviation(grad, expected))
    return largest(found)


@torch.no_grad()
def _central_difference(
    module: nn.RNNBase, inputs: Tensor, key: tuple[str, str], nudge: Tensor
) -> float:
    nudges = nudges_of(module, TIMESTEPS, BATCH)
    above, below = (
        unrolled_loss(module, inputs, {**nudges, key: sign * NUDGE * nudge}) for sign in (1, -1)
    )
    return float(above - below) / (2 * NUDGE)


def against_central_differences(cell: str) -> float:
    """The largest relative deviation, of one random direction a timestep of every state."""
    found = []
    for module, inputs in _networks(cell):
        for key, grad in _measured(module, inputs).items():
            for t in range(TIMESTEPS):
                nudge = torch.zeros_like(grad)
                nudge[t] = torch.randn(grad.shape[1:], dtype=torch.float64)
                difference = _central_difference(module, inputs, key, nudge)
                found.append(abs(float((grad * nudge).sum()) - difference) / float(grad[t].norm()))
    return largest(found)


def _count_of_retained_grad() -> int:
    """Timesteps at which `retain_grad` on a fused LSTM's output sees a gradient."""
    module = build("lstm", 3, 5)
    output, _ = module(torch.randn(50, 1, 3, dtype=torch.float64))
    output.retain_grad()
    output[-1].sum().backward()
    return int((output.grad != 0).any(-1).sum())


def _count_of_hidden_grad() -> int:
    """Timesteps at which the instrument sees one."""
    flow = last_summed(build("lstm", 3, 5), torch.randn(50, 1, 3, dtype=torch.float64))
    return int((flow.hidden_grad != 0).any(-1).sum())


CHECKS = (
    *(
        Check(
            name=f"autograd_{cell}",
            title=f"Total gradient of {cell}, 1–3 layers, both directions: largest relative "
            "deviation from autograd on an unrolled loop.",
            source="Pascanu, Mikolov & Bengio 2013, eq. 5",
            expects=AtMost(1e-9),
            measure=partial(against_autograd, cell),
        )
        for cell in CELLS
    ),
    *(
        Check(
            name=f"central_differences_{cell}",
            title=f"Total gradient of {cell}, 1–3 layers, both directions: largest relative "
            "deviation from central differences of the loss.",
            source="(L(h + ε) − L(h − ε)) / 2ε",
            expects=AtMost(1e-6),
            measure=partial(against_central_differences, cell),
        )
        for cell in CELLS
    ),
    Check(
        name="retain_grad_trap",
        title="Of 50 timesteps, so many have a gradient by retain_grad on a fused LSTM's output: "
        "it sees the direct term only.",
        source="PyTorch; a trap",
        expects=Near(1),
        measure=_count_of_retained_grad,
    ),
    Check(
        name="through_the_recurrence",
        title="Of 50 timesteps, so many have a gradient by gradviz.",
        source="δ_{t−1} = J_tᵀ δ_t + direct term",
        expects=Near(50),
        measure=_count_of_hidden_grad,
    ),
)
