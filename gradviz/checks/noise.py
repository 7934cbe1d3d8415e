"""Noise within the recurrence: its Jacobians by autograd on the equations, its limits on paper.

Index legend: T timesteps, I input size, H hidden size.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from gradviz.cells import FusedLstm, FusedRnn, LinearRnn, Noise, RecurrentLayer
from gradviz.checks.check import Check
from gradviz.checks.expectation import AtMost, Near
from gradviz.checks.networks import deviation, largest, weighted
from gradviz.flow import LayerFlow, watch

TIMESTEPS, I, H = 10, 3, 6  # noqa: E741
LONG = 60

ALL = 1 - 1e-9
"""A p so close to 1 that every float32 that is drawn lies below it."""


def _flow(layer: RecurrentLayer, timesteps: int, start: Tensor | None = None) -> LayerFlow:
    inputs = torch.randn(timesteps, 1, I, dtype=torch.float64)
    with watch(layer) as watching:
        weighted(layer(inputs, None if start is None else (start,))[0]).backward()
    return watching.layers["l0"]


def _noisy(kind: type[RecurrentLayer], noise: Noise) -> RecurrentLayer:
    layer = kind(I, H).double()
    layer.add_noise(noise)
    return layer


def _plain(w: dict[str, Tensor], x: Tensor, h: Tensor, read: Tensor | float = 1.0) -> Tensor:
    """(…,) what all units sum up; `read` are factors of h."""
    bias = w["bias_ih"] + w["bias_hh"]
    return w["weight_ih"] @ x + w["weight_hh"] @ (h * read) + bias


def _rnn(w: dict[str, Tensor], x: Tensor, kept: Tensor, s: Tensor) -> Tensor:
    """(H,) s_t = m s_{t−1} + (1 − m) s̃_t of a tanh network."""
    return kept * s + (1 - kept) * _plain(w, x, s).tanh()


def _lstm(w: dict[str, Tensor], x: Tensor, kept: Tensor, s: Tensor) -> Tensor:
    """(2H,) likewise of an LSTM, whose h̃_t is of c̃_t."""
    h, c = s.chunk(2)
    i, f, g, o = _plain(w, x, h).chunk(4)
    new = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return kept * s + (1 - kept) * torch.cat([o.sigmoid() * new.tanh(), new])


_STEPS = {FusedRnn: _rnn, FusedLstm: _lstm}


def _zoneout(kind: type[FusedRnn | FusedLstm]) -> float:
    """Deviation of J_t from autograd's on the equation, at every timestep."""
    layer = _noisy(kind, Noise(zoneout=0.5))
    flow, found = _flow(layer, TIMESTEPS), []
    weights = {name: each.detach() for name, each in layer.named_parameters()}
    kept = torch.cat(flow.passed.masks.kept, -1)[:, 0]
    state = torch.zeros(flow.state_size, dtype=torch.float64)
    for t in range(TIMESTEPS):
        step = partial(_STEPS[kind], weights, flow.passed.inputs[t, 0], kept[t])
        expected = torch.autograd.functional.jacobian(step, state)
        found.append(deviation(flow.jacobian(t + 1)[0], expected))
        state = step(state)
    return largest(found)


def _all_kept() -> LayerFlow:
    """From a random state, T + 1 timesteps."""
    start = torch.randn(1, H, dtype=torch.float64)
    return _flow(_noisy(FusedRnn, Noise(zoneout=ALL)), LONG + 1, start)


def _moved() -> float:
    """The largest |h_T − h_0| where every unit keeps its value."""
    flow = _all_kept()
    return float((flow.hidden[-1] - flow.passed.start[0]).abs().max())


def _transport(flow: LayerFlow) -> float:
    """‖∂h_T/∂h_0‖₂; the first row is t = 1."""
    return float(10 ** flow.transport_log10(tolerance=1e-12)[0, 0])


@torch.no_grad()
def _zoneout_mean() -> LinearRnn:
    """W = I/2, p = 1/2, and no training."""
    layer = LinearRnn(I, H, torch.float64)
    layer.get_parameter("weight_hh").copy_(torch.eye(H) / 2)
    layer.add_noise(Noise(zoneout=0.5))
    layer.eval()
    return layer


@torch.no_grad()
def _dropped_power() -> float:
    """‖∂h_T/∂h_0‖₂ of a linear network, over the norm of (d ⊙ W)^T by repeated products."""
    layer = _noisy(LinearRnn, Noise(dropconnect=0.3))
    nn.init.orthogonal_(layer.get_parameter("weight_hh"))
    with torch.enable_grad():
        flow = _flow(layer, LONG + 1)
    mask = flow.passed.masks.weight
    assert mask is not None
    used = torch.where(mask == 0, 0.0, layer.get_parameter("weight_hh") / 0.7)
    expected = torch.linalg.matrix_norm(torch.linalg.matrix_power(used, LONG), 2)
    return _transport(flow) / float(expected)


def _variational() -> float:
    """Deviation of J_t from diag(1 − h_t²) W diag(d), with the d of the first timestep."""
    layer = _noisy(FusedRnn, Noise(variational=0.5))
    flow = _flow(layer, TIMESTEPS)
    read = flow.passed.masks.hidden
    assert read is not None
    weight = layer.get_parameter("weight_hh").detach() * torch.where(read[0, 0] == 0, 0.0, 2.0)
    slopes = 1 - flow.hidden[:, 0] ** 2
    return largest(
        deviation(flow.jacobian(t + 1)[0], slopes[t, :, None] * weight) for t in range(TIMESTEPS)
    )


CHECKS = (
    *(
        Check(
            name=f"zoneout_{kind.cell_name}",
            title=f"Step Jacobian of {kind.cell_name} with zoneout, p = 0.5: largest relative "
            "deviation from autograd's on its equation.",
            source="J_t = diag(m) + diag(1 − m) J̃_t; Krueger et al. 2016",
            expects=AtMost(1e-9),
            measure=partial(_zoneout, kind),
        )
        for kind in (FusedRnn, FusedLstm)
    ),
    Check(
        name="zoneout_keeps",
        title="Zoneout with every unit kept: largest |h_T − h_0| over T = 60.",
        source="m = 1: s_t = s_{t−1}; Krueger et al. 2016",
        expects=Near(0.0),
        measure=_moved,
    ),
    Check(
        name="zoneout_passes",
        title="‖∂h_T/∂h_0‖₂ there.",
        source="m = 1: J_t = I",
        expects=Near(1.0, relative=1e-12),
        measure=lambda: _transport(_all_kept()),
    ),
    Check(
        name="zoneout_mean",
        title="‖∂h_T/∂h_0‖₂ over T = 60 of a linear RNN, W = I/2, zoneout 0.5, not training.",
        source="m = p: (p + (1 − p)/2)^60 = 0.75^60; Krueger et al. 2016",
        expects=Near(0.75**60, relative=1e-9),
        measure=lambda: _transport(_flow(_zoneout_mean(), LONG + 1)),
    ),
    Check(
        name="dropconnect",
        title="‖∂h_T/∂h_0‖₂ over T = 60 of a linear RNN with DropConnect, p = 0.3, divided by "
        "‖(d ⊙ W)^60‖: one mask for all timesteps.",
        source="J_t = d ⊙ W; Merity, Keskar & Socher 2017",
        expects=Near(1.0, relative=1e-9),
        measure=_dropped_power,
    ),
    Check(
        name="variational_dropout",
        title="Step Jacobian of a tanh RNN with variational dropout, p = 0.5: largest relative "
        "deviation, with the mask of the first timestep at all of them.",
        source="diag(1 − h_t²) W diag(d); Gal & Ghahramani 2016",
        expects=AtMost(1e-12),
        measure=_variational,
    ),
)
