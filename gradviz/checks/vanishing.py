"""How default networks forget, and what the forget gates alone would say.

Index legend: T timesteps, B sequences, H hidden size.
"""

from __future__ import annotations

import math
from functools import partial

import torch

from gradviz.checks.check import Check
from gradviz.checks.expectation import Near
from gradviz.checks.networks import build, last_summed
from gradviz.flow import LayerFlow
from gradviz.remedies import set_forget_bias

TIMESTEPS, SEQUENCES, DRAWS = 100, 8, 3

FACTORS = (
    ("tanh", None, 0.575),
    ("lstm", None, 0.640),
    ("gru", None, 0.637),
    ("lstm", 1.0, 0.858),
    ("lstm", 2.0, 0.977),
    ("lstm", 5.0, 1.020),
)
"""Cell, forget bias (None: PyTorch's own), factor a timestep."""


def _flow(cell: str, forget_bias: float | None) -> LayerFlow:
    """H = 64, N(0, 1) inputs of size 8, the loss at the last timestep."""
    module = build(cell, 8, 64, torch.float32)
    if forget_bias is not None:
        assert isinstance(module, torch.nn.LSTM)
        set_forget_bias(module, forget_bias)
    return last_summed(module, torch.randn(TIMESTEPS, SEQUENCES, 8))


def _factor(cell: str, forget_bias: float | None) -> float:
    """By which ‖∂L/∂h_t‖ changes a timestep, over lags 10–60; mean of DRAWS networks."""
    found = []
    for _ in range(DRAWS):
        norms = _flow(cell, forget_bias).hidden_grad_norm.log().mean(1).flip(0)
        found.append(math.exp(float(norms[60] - norms[10]) / 50))
    return sum(found) / DRAWS


def _decades_above_the_forget_gates(forget_bias: float) -> float:
    """log10 of ‖∂L/∂c_1‖ / ‖∂L/∂c_T ⊙ Π f‖; mean over sequences and networks."""
    found = []
    for _ in range(DRAWS):
        flow = _flow("lstm", forget_bias)
        gates = flow.gates["forget"][1:].double().log().sum(0).exp()
        total, kept = flow.cell_grad[0], flow.cell_grad[-1] * gates
        found.append(float((total.norm(dim=-1) / kept.norm(dim=-1)).log10().mean()))
    return sum(found) / DRAWS


def _name(cell: str, forget_bias: float | None) -> str:
    return f"factor_{cell}" if forget_bias is None else f"factor_{cell}_bias_{forget_bias:g}"


CHECKS = (
    *(
        Check(
            name=_name(cell, bias),
            title=f"Factor of ‖∂L/∂h_t‖ a timestep: {cell}, H = 64, "
            + ("PyTorch's defaults." if bias is None else f"forget bias {bias:g}."),
            source="measured; “LSTM fixes vanishing” is a trap",
            expects=Near(expected, absolute=0.03),
            measure=partial(_factor, cell, bias),
        )
        for cell, bias, expected in FACTORS
    ),
    Check(
        name="forget_product_0",
        title="Decades by which an LSTM's gradient exceeds the product of its forget gates over 99 "
        "timesteps, forget bias 0.",
        source="measured: 1e9×; a trap",
        expects=Near(9.0, absolute=1.0),
        measure=partial(_decades_above_the_forget_gates, 0.0),
    ),
    Check(
        name="forget_product_5",
        title="The same with forget bias 5.",
        source="measured: 68×; a trap",
        expects=Near(math.log10(68), absolute=math.log10(3)),
        measure=partial(_decades_above_the_forget_gates, 5.0),
    ),
)
