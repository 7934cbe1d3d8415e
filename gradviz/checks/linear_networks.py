"""Linear networks, whose Jacobian is W: powers of a matrix are known on paper."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from gradviz.checks.check import Check
from gradviz.checks.expectation import Near
from gradviz.checks.networks import last_summed, linear, silence
from gradviz.flow import LayerFlow


def _flow(weight: Tensor, timesteps: int) -> LayerFlow:
    module, start = linear(weight)
    return last_summed(module, silence(module, timesteps), start)


def _orthogonal(rho: float) -> float:
    """‖∂h_T/∂h_0‖₂, T = 60; the instrument's first row is t = 1, so T + 1 timesteps."""
    weight = rho * nn.init.orthogonal_(torch.empty(8, 8, dtype=torch.float64))
    return float(10 ** _flow(weight, 61).transport_log10(tolerance=1e-12)[0, 0])


def _irnn() -> float:
    """The entry of ∂L/∂h_0 that is furthest from 1."""
    flow = _flow(torch.eye(16), 500)
    first = flow.jacobian(1)[0].double().T @ flow.hidden_grad[0, 0]
    return float(first[(first - 1).abs().argmax()])


def _non_normal() -> Tensor:
    """(81,) ‖W^k‖₂ by lag k."""
    flow = _flow(torch.tensor([[0.9, 10.0], [0.0, 0.9]], dtype=torch.float64), 81)
    return 10 ** flow.transport_log10(tolerance=1e-12)[:, 0].flip(0)


def _first_below_one() -> int:
    return int((_non_normal()[1:] < 1).int().argmax()) + 1


_NON_NORMAL = "‖W^k‖₂ of W = [[.9, 10], [0, .9]], whose spectral radius is 0.9"

CHECKS = (
    *(
        Check(
            name=f"orthogonal_{rho}",
            title=f"‖∂h_T/∂h_0‖₂ over T = 60 with W = {rho} × an orthogonal matrix.",
            source=f"{rho}^60",
            expects=Near(rho**60, relative=1e-9),
            measure=partial(_orthogonal, rho),
        )
        for rho in (0.9, 1.1)
    ),
    Check(
        name="irnn",
        title="The entry of ∂L/∂h_0 furthest from 1, over T = 500 with W = I and active ReLUs.",
        source="Le, Jaitly & Hinton 2015",
        expects=Near(1.0),
        measure=_irnn,
    ),
    Check(
        name="non_normal_first",
        title=f"{_NON_NORMAL}: at k = 1 it grows.",
        source="singular values of W",
        expects=Near(10.0804, absolute=5e-5),
        measure=lambda: float(_non_normal()[1]),
    ),
    Check(
        name="non_normal_peak",
        title=f"{_NON_NORMAL}: its peak.",
        source="singular values of W⁹",
        expects=Near(38.7459, absolute=5e-5),
        measure=lambda: float(_non_normal().max()),
    ),
    Check(
        name="non_normal_peak_lag",
        title=f"{_NON_NORMAL}: the lag of its peak.",
        source="singular values of W^k",
        expects=Near(9),
        measure=lambda: int(_non_normal().argmax()),
    ),
    Check(
        name="non_normal_decay",
        title=f"{_NON_NORMAL}: the first k at which it is below 1.",
        source="singular values of W^k",
        expects=Near(63),
        measure=_first_below_one,
    ),
)
