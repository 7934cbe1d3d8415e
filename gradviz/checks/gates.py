"""Gates of networks with zero weights, where only a bias counts."""

from __future__ import annotations

import math
from functools import partial

import torch

from gradviz.checks.check import Check
from gradviz.checks.expectation import Near
from gradviz.checks.networks import build, last_summed, silence, zeroed
from gradviz.flow import LayerFlow, watch
from gradviz.remedies import set_forget_bias

FORGET = UPDATE = 1


def _forgetting(bias: float, timesteps: int = 100) -> LayerFlow:
    """An LSTM of zero weights, the loss the sum of c_T; rows are t = 1…T + 1."""
    module = zeroed("lstm", 4, gate=FORGET, bias=bias)
    with watch(module) as watching:
        module(silence(module, timesteps + 1))[1][1].sum().backward()
    return watching.layers["l0"]


def _kept(bias: float) -> float:
    """∂c_T/∂c_0 over T = 100."""
    return float(_forgetting(bias).cell_grad[0, 0, 0])


def _gru_kept() -> float:
    """The state after one timestep from h = 1."""
    module = zeroed("gru", 3, gate=UPDATE, bias=10.0)
    start = torch.ones(1, 1, 3, dtype=torch.float64)
    return float(last_summed(module, silence(module, 1), start).hidden[0, 0, 0])


def _both_biases() -> float:
    """The forget gate where both of PyTorch's bias vectors are set to 1 in its slice."""
    module = zeroed("lstm", 4, gate=FORGET, bias=1.0)
    with torch.no_grad():
        module.get_parameter("bias_hh_l0")[4:8] = 1.0
    return float(last_summed(module, silence(module, 1)).gates["forget"][0, 0, 0])


def _forget_bias() -> float:
    """The forget gate at gradviz's forget bias of 1, at input and state 0."""
    module = build("lstm", 1, 4)
    assert isinstance(module, torch.nn.LSTM)
    set_forget_bias(module, 1.0)
    return float(last_summed(module, silence(module, 1)).gates["forget"][0, 0, 0])


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


CHECKS = (
    *(
        Check(
            name=f"forget_gate_{bias}",
            title=f"∂c_T/∂c_0 of an LSTM with zero weights over T = 100, forget bias {bias}.",
            source=f"σ({bias})^100; Gers, Schmidhuber & Cummins 2000",
            expects=Near(_sigmoid(bias) ** 100, relative=1e-9),
            measure=partial(_kept, bias),
        )
        for bias in (0, 1, 2, 5)
    ),
    Check(
        name="chrono_gate",
        title="Forget gate at the chrono initialisation for T = 100, b_f = ln(T − 1).",
        source="1 − 1/T; Tallec & Ollivier 2018",
        expects=Near(0.99, relative=1e-9),
        measure=lambda: float(_forgetting(math.log(99)).gates["forget"][0, 0, 0]),
    ),
    Check(
        name="chrono_decay",
        title="∂c_T/∂c_0 over T = 100 at the chrono initialisation: about 1/e.",
        source="(1 − 1/T)^T; Tallec & Ollivier 2018",
        expects=Near(1 / math.e, absolute=0.003),
        measure=lambda: _kept(math.log(99)),
    ),
    Check(
        name="gru_keeps",
        title="h' of a GRU with zero weights, update bias 10, h = 1: z → 1 keeps h.",
        source="h' = z h; Cho et al. 2014, in PyTorch's form",
        expects=Near(_sigmoid(10), relative=1e-9),
        measure=_gru_kept,
    ),
    Check(
        name="both_biases_trap",
        title="Forget gate where both of PyTorch's bias vectors are set to 1: they add.",
        source="σ(2); a trap",
        expects=Near(_sigmoid(2), relative=1e-9),
        measure=_both_biases,
    ),
    Check(
        name="forget_bias",
        title="Forget gate at gradviz's forget bias of 1, which is the sum of both vectors.",
        source="σ(1)",
        expects=Near(_sigmoid(1), relative=1e-9),
        measure=_forget_bias,
    ),
)
