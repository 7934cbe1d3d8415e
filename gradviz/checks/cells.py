"""Our own cells: against autograd, and where a Jacobian or a limit is known on paper.

Index legend: T timesteps, I input size, H hidden size.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from gradviz.cells import (
    LAYERS,
    CoupledLstm,
    LinearRnn,
    Lru,
    OrthogonalRnn,
    PeepholeLstm,
    Qrnn,
    RecurrentLayer,
    Sru,
)
from gradviz.checks.check import Check
from gradviz.checks.expectation import AtMost, Between, Near
from gradviz.checks.networks import deviation, largest, weighted
from gradviz.flow import LayerFlow, watch

TIMESTEPS, I, H = 10, 3, 6  # noqa: E741


def _inputs(timesteps: int = TIMESTEPS) -> Tensor:
    return torch.randn(timesteps, 1, I, dtype=torch.float64)


def _flow(layer: nn.Module, inputs: Tensor, start: object = None) -> LayerFlow:
    with watch(layer) as watching:
        weighted(layer(inputs, start)[0]).backward()
    return watching.layers["l0"]


def _made(cell: str) -> RecurrentLayer:
    return LAYERS[cell](I, H).double()


def _jacobian(cell: str) -> float:
    """Deviation of J_t from autograd's through the layer's own step, along ten timesteps."""
    layer, inputs = _made(cell), _inputs()
    flow, last, found = _flow(layer, inputs), layer.zeros(inputs), []
    sizes = layer.state_sizes
    for t in range(1, TIMESTEPS + 1):
        x, handed_on = inputs[t - 1 : t], last[len(sizes) :]

        def step(state: Tensor, x: Tensor = x, more: tuple[Tensor, ...] = handed_on) -> Tensor:
            parts = tuple(each[None] for each in state.split(sizes))
            return torch.cat(layer(x, (*parts, *more))[1][: len(sizes)], -1).flatten()

        joined = torch.cat(last[: len(sizes)], -1).flatten().detach()
        expected = torch.autograd.functional.jacobian(step, joined)
        found.append(deviation(flow.jacobian(t)[0], expected))
        last = layer(x, last)[1]
    return largest(found)


def _input_gradient(cell: str) -> float:
    """Deviation of ∂L/∂x_t at all timesteps, as the scan gives it, from autograd's."""
    inputs = _inputs(30).requires_grad_()
    below = _flow(_made(cell), inputs).grad_below().double()
    assert inputs.grad is not None
    return deviation(below, inputs.grad)


def _zero_peepholes() -> float:
    """Deviation of gradients from those of nn.LSTM with the same weights."""
    ours, theirs = PeepholeLstm(I, H, torch.float64), nn.LSTM(I, H, dtype=torch.float64)
    with torch.no_grad():
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            ours.get_parameter(name).copy_(theirs.get_parameter(f"{name}_l0"))
        ours.get_parameter("peephole").zero_()
    inputs = _inputs(30)
    one, two = _flow(ours, inputs), _flow(theirs, inputs)
    return largest(
        [deviation(one.hidden_grad, two.hidden_grad), deviation(one.cell_grad, two.cell_grad)]
    )


def _coupling() -> float:
    """Deviation of gradients from those of nn.LSTM whose forget rows are the negated input rows."""
    ours, theirs = CoupledLstm(I, H, torch.float64), nn.LSTM(I, H, dtype=torch.float64)
    with torch.no_grad():
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            i, g, o = ours.get_parameter(name).chunk(3)
            theirs.get_parameter(f"{name}_l0").copy_(torch.cat([i, -i, g, o]))
    inputs = _inputs(30)
    one, two = _flow(ours, inputs), _flow(theirs, inputs)
    return largest(
        [deviation(one.hidden_grad, two.hidden_grad), deviation(one.cell_grad, two.cell_grad)]
    )


def _qrnn() -> float:
    """Deviation of J_t from diag(f_t), f_t convolved by hand."""
    layer, inputs = Qrnn(I, H, dtype=torch.float64), _inputs()
    flow = _flow(layer, inputs)
    weight, bias = (layer.get_parameter(name)[H : 2 * H] for name in ("weight_ih", "bias"))
    earlier = torch.cat([torch.zeros(1, 1, I), inputs[:-1]])
    forget = torch.sigmoid(torch.cat([inputs, earlier], -1) @ weight.T + bias).detach()
    return largest(
        deviation(flow.jacobian(t + 1)[0], forget[t, 0].diag()) for t in range(TIMESTEPS)
    )


def _sru_beside_its_gate() -> float:
    """The largest deviation of J_t from diag(f_t) alone."""
    layer = Sru(I, H, dtype=torch.float64)
    flow = _flow(layer, _inputs())
    gates = flow.gates["forget"][:, 0]
    return largest(deviation(flow.jacobian(t + 1)[0], gates[t].diag()) for t in range(TIMESTEPS))


def _transport(layer: RecurrentLayer) -> float:
    """‖∂s_T/∂s_0‖₂ over T = 60; the first row is t = 1, so T + 1 timesteps."""
    return float(10 ** _flow(layer, _inputs(61)).transport_log10(tolerance=1e-12)[0, 0])


@torch.no_grad()
def _scaled_linear() -> LinearRnn:
    layer = LinearRnn(I, H, torch.float64)
    layer.get_parameter("weight_hh").copy_(0.9 * nn.init.orthogonal_(torch.empty(H, H).double()))
    return layer


@torch.no_grad()
def _unbiased_orthogonal() -> OrthogonalRnn:
    """ModReLU is the identity at b = 0."""
    layer = OrthogonalRnn(I, H, torch.float64)
    layer.get_parameter("bias").zero_()
    return layer


def _lru_beside_its_moduli() -> float:
    """‖∂x_T/∂x_0‖₂ / max |λ|^60."""
    layer = Lru(I, H, dtype=torch.float64)
    modulus = torch.exp(-torch.exp(layer.get_parameter("nu_log").detach())).max()
    return _transport(layer) / float(modulus**60)


CHECKS = (
    *(
        Check(
            name=f"jacobian_{cell}",
            title=f"Step Jacobian of {cell}: largest relative deviation from autograd's.",
            source="J_t = ∂s_t/∂s_{t−1}",
            expects=AtMost(1e-9),
            measure=partial(_jacobian, cell),
        )
        for cell in LAYERS
    ),
    *(
        Check(
            name=f"input_gradient_{cell}",
            title=f"∂L/∂x_t of {cell} through T = 30: largest relative deviation from autograd's.",
            source="backpropagation through time",
            expects=AtMost(1e-9),
            measure=partial(_input_gradient, cell),
        )
        for cell in LAYERS
    ),
    Check(
        name="zero_peepholes",
        title="Gradients of a peephole LSTM with zero peepholes: deviation from nn.LSTM's.",
        source="Gers, Schraudolph & Schmidhuber 2002",
        expects=AtMost(1e-9),
        measure=_zero_peepholes,
    ),
    Check(
        name="coupled_gates",
        title="Gradients of a coupled LSTM: deviation from nn.LSTM's with f = σ(−a_i) = 1 − i.",
        source="f = 1 − i; Greff et al. 2017",
        expects=AtMost(1e-9),
        measure=_coupling,
    ),
    Check(
        name="qrnn_diagonal",
        title="Step Jacobian of a QRNN: deviation from diag(f), convolved by hand.",
        source="∂c_t/∂c_{t−1} = diag(f); Bradbury et al. 2017",
        expects=AtMost(1e-12),
        measure=_qrnn,
    ),
    Check(
        name="sru_gate_trap",
        title="Step Jacobian of an SRU of 2018: deviation from diag(f), which it is not.",
        source="v ⊙ c; Lei et al. 2018",
        expects=Between(1e-3, 10.0),
        measure=_sru_beside_its_gate,
    ),
    Check(
        name="orthogonal_transport",
        title="‖∂h_T/∂h_0‖₂ of an orthogonal RNN over T = 60, b = 0.",
        source="‖W^60‖ = 1; Helfrich, Willmott & Ye 2018",
        expects=Near(1.0, relative=1e-9),
        measure=lambda: _transport(_unbiased_orthogonal()),
    ),
    Check(
        name="linear_rnn",
        title="‖∂h_T/∂h_0‖₂ of a linear RNN over T = 60, W = 0.9 × an orthogonal matrix.",
        source="0.9^60; Saxe, McClelland & Ganguli 2014",
        expects=Near(0.9**60, relative=1e-9),
        measure=lambda: _transport(_scaled_linear()),
    ),
    Check(
        name="lru_transport",
        title="‖∂x_T/∂x_0‖₂ of an LRU over T = 60, divided by max |λ|^60.",
        source="J_t = diag(λ); Orvieto et al. 2023",
        expects=Near(1.0, relative=1e-9),
        measure=_lru_beside_its_moduli,
    ),
)
