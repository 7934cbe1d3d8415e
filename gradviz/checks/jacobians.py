"""Step Jacobians: their bounds, PyTorch's default weights, norms against products of norms."""

from __future__ import annotations

import statistics
from functools import partial

import torch
from torch import Tensor, nn

from gradviz.checks.check import Check
from gradviz.checks.expectation import AtMost, Between, Near
from gradviz.checks.networks import CELLS, build, deviation, largest, last_summed, silence
from gradviz.flow import LayerFlow

TIMESTEPS = 50


def _one_step(module: nn.RNNBase, x: Tensor, state: Tensor) -> Tensor:
    """s_t from s_{t−1}, both (N,), by PyTorch's fused module."""
    if isinstance(module, nn.LSTM):
        h, c = state.view(2, 1, 1, -1)
        return torch.cat(module(x, (h, c))[1], -1).flatten()
    last: Tensor = module(x, state.view(1, 1, -1))[1]
    return last.flatten()


def _against_autograd(cell: str) -> float:
    """Deviation of J_t from `torch.autograd.functional.jacobian` along ten timesteps."""
    module, inputs = build(cell, 3, 6), torch.randn(10, 1, 3, dtype=torch.float64)
    flow, found = last_summed(module, inputs), []
    state = torch.zeros(flow.state_size, dtype=torch.float64)
    for t in range(1, 11):
        x = inputs[t - 1 : t]
        expected = torch.autograd.functional.jacobian(partial(_one_step, module, x), state)
        found.append(deviation(flow.jacobian(t)[0], expected))
        state = _one_step(module, x, state).detach()
    return largest(found)


def _norm_by_svd(cell: str) -> float:
    """Deviation of the matrix-free spectral norm from the SVD's."""
    flow = last_summed(build(cell, 8, 24), torch.randn(40, 4, 8, dtype=torch.float64))
    dense = torch.stack([flow.jacobian(t) for t in range(1, 41)])
    expected = torch.linalg.svdvals(dense)[..., 0]
    return float((flow.jacobian_norm() / expected - 1).abs().max())


def _tanh_share_of_bound() -> float:
    """The largest ‖J_t‖₂ / ‖W_hh‖₂."""
    module = build("tanh", 3, 16)
    flow = last_summed(module, torch.randn(TIMESTEPS, 3, 3, dtype=torch.float64))
    weight = module.get_parameter("weight_hh_l0").detach()
    return float(flow.jacobian_norm(tolerance=1e-12).max()) / _largest(weight)


def _largest(weight: Tensor) -> float:
    """σ_max by the SVD."""
    return float(torch.linalg.svdvals(weight)[0])


def _sigmoid_flow() -> tuple[LayerFlow, Tensor, Tensor]:
    """A sigmoid network x_t = σ(W x_{t−1} + u_t), followed through PyTorch's tanh.

    With h = 2x − 1 it is h_t = tanh(W/4 · h_{t−1} + W/4 · 1 + u_t/2), whose Jacobians are the same.

    Returns:
        Its flow, W and the (T, H) x.
    """
    weight, drive = torch.randn(8, 8, dtype=torch.float64), torch.randn(TIMESTEPS, 8).double()
    module = build("tanh", 8, 8)
    with torch.no_grad():
        module.get_parameter("weight_hh_l0").copy_(weight / 4)
        module.get_parameter("weight_ih_l0").copy_(torch.eye(8) / 2)
        module.get_parameter("bias_ih_l0").copy_((weight / 4).sum(-1))
        module.get_parameter("bias_hh_l0").zero_()
    start = torch.zeros(1, 1, 8, dtype=torch.float64)  # x_0 = 1/2
    flow = last_summed(module, drive.unsqueeze(1), start)
    x, states = torch.full((8,), 0.5, dtype=torch.float64), []
    for u in drive:
        x = (weight @ x + u).sigmoid()
        states.append(x)
    return flow, weight, torch.stack(states)


def _sigmoid_share_of_bound() -> float:
    """The largest ‖J_t‖₂ / (¼‖W_hh‖₂)."""
    flow, weight, _ = _sigmoid_flow()
    return float(flow.jacobian_norm(tolerance=1e-12).max()) / (_largest(weight) / 4)


def _sigmoid_jacobian() -> float:
    """Deviation of J_t from diag(x_t (1 − x_t)) W at every timestep."""
    flow, weight, states = _sigmoid_flow()
    pairs = enumerate(states, start=1)
    found = ((flow.jacobian(t)[0], (x * (1 - x))[:, None] * weight) for t, x in pairs)
    return largest(deviation(ours, expected) for ours, expected in found)


def _default_flows() -> list[LayerFlow]:
    modules = [nn.RNN(2, 256) for _ in range(6)]
    return [last_summed(module, silence(module, 2)) for module in modules]


def _mean_radius() -> float:
    return statistics.mean(flow.spectral_radius or 0.0 for flow in _default_flows())


def _mean_norm() -> float:
    norms = [flow.jacobian_bound or 0.0 for flow in _default_flows()]
    return statistics.mean(norms)


def _decades_below_the_bound() -> float:
    """Log10 of the transport's norm less the sum of the Jacobians' log10 norms."""
    flow = last_summed(build("tanh", 8, 32), torch.randn(100, 1, 8, dtype=torch.float64))
    return float(flow.transport_log10()[0, 0] - flow.jacobian_norm()[1:].log10().sum())


CHECKS = (
    *(
        Check(
            name=f"jacobian_{cell}",
            title=f"Step Jacobian of {cell}: largest relative deviation from autograd's.",
            source="J_t = ∂s_t/∂s_{t−1}",
            expects=AtMost(1e-9),
            measure=partial(_against_autograd, cell),
        )
        for cell in CELLS
    ),
    *(
        Check(
            name=f"spectral_norm_{cell}",
            title=f"Matrix-free spectral norm of {cell}: largest relative deviation from the SVD.",
            source="Golub & Kahan 1965",
            expects=AtMost(1e-4),
            measure=partial(_norm_by_svd, cell),
        )
        for cell in CELLS
    ),
    Check(
        name="pascanu_tanh",
        title="Largest ‖J_t‖₂ / ‖W_hh‖₂ of a tanh network.",
        source="γ = 1; Pascanu, Mikolov & Bengio 2013",
        expects=Between(0.5, 1.0),
        measure=_tanh_share_of_bound,
    ),
    Check(
        name="pascanu_sigmoid",
        title="Largest ‖J_t‖₂ / (¼‖W_hh‖₂) of a sigmoid network.",
        source="γ = 1/4; Pascanu, Mikolov & Bengio 2013",
        expects=Between(0.5, 1.0),
        measure=_sigmoid_share_of_bound,
    ),
    Check(
        name="sigmoid_jacobian",
        title="Step Jacobian of that sigmoid network: largest relative deviation.",
        source="diag(x_t (1 − x_t)) W",
        expects=AtMost(1e-9),
        measure=_sigmoid_jacobian,
    ),
    Check(
        name="default_radius",
        # Of 256 eigenvalues a few lie outside the limit's disc: the largest comes to its
        # limit from above, 0.600 on average at this size.
        title="Spectral radius of PyTorch's default W_hh, H = 256, mean of 6.",
        source="1/√3, the circular law",
        expects=Near(3**-0.5, absolute=0.03),
        measure=_mean_radius,
    ),
    Check(
        name="default_norm",
        title="Spectral norm of PyTorch's default W_hh, H = 256, mean of 6.",
        source="2/√3, Marchenko & Pastur",
        expects=Near(2 * 3**-0.5, absolute=0.02),
        measure=_mean_norm,
    ),
    Check(
        name="product_of_norms_trap",
        title="Decades that ‖product of Jacobians‖ lies above the product of their norms, tanh, "
        "H = 32, T = 100: the product of norms is a bound, no estimate.",
        source="‖AB‖ ≤ ‖A‖‖B‖",
        expects=Between(-40.0, -10.0),
        measure=_decades_below_the_bound,
    ),
)
