"""The wall in the error surface of a single unit (Pascanu, Mikolov & Bengio 2013, §2.3).

    x_t = w σ(x_{t−1}) + b,  x_0 = 0.5,  E = (σ(x_50) − 0.7)²

The wall runs along b* = x_0 − w σ(x_0), where x_0 is a fixed point from which x runs away.
PyTorch's tanh does it with h = tanh(x/2) = 2σ(x) − 1:

    h_t = tanh(w/4 · h_{t−1} + w/4 + b/2),  σ(x_50) = (1 + h_50)/2
"""

from __future__ import annotations

import math

import torch

from gradviz.checks.check import Check
from gradviz.checks.expectation import AtMost, Near
from gradviz.checks.networks import silence, zeroed
from gradviz.flow import LayerFlow, watch
from gradviz.remedies import clip_gradients

W, START, TIMESTEPS, LEARNING_RATE = 5.0, 0.5, 50, 0.01
FOOT = START - W / (1 + math.exp(-START))
"""b*."""

FIRST = math.tanh(START / 2)
"""h_0."""


def _flow(b: float) -> LayerFlow:
    """The network, with the loss E."""
    module = zeroed("tanh", 1, bias=W / 4 + b / 2)
    with torch.no_grad():
        module.get_parameter("weight_hh_l0").fill_(W / 4)
    start = torch.full((1, 1, 1), FIRST, dtype=torch.float64)
    with watch(module) as watching:
        output, _ = module(silence(module, TIMESTEPS), start)
        ((1 + output[-1]) / 2 - 0.7).square().sum().backward()
    return watching.layers["l0"]


def _state_at_the_foot() -> float:
    """x_1 at b*."""
    return 2 * math.atanh(float(_flow(FOOT).hidden[0, 0, 0]))


def _gradient(b: float) -> tuple[float, float]:
    """(∂E/∂w, ∂E/∂b), put together from the instrument's total gradients of h."""
    flow = _flow(b)
    hidden = flow.hidden.flatten()
    before = torch.cat([hidden.new_tensor([FIRST]), hidden[:-1]])
    of_drive = flow.hidden_grad.flatten() * (1 - hidden**2)
    return float((of_drive * (before + 1)).sum()) / 4, float(of_drive.sum()) / 2


def _steepest() -> tuple[float, float]:
    """The gradient where it is largest near b*, which a grid misses: the wall is 1e-4 wide."""
    low, high = FOOT - 1e-4, FOOT
    for _ in range(40):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        rises = math.hypot(*_gradient(left)) < math.hypot(*_gradient(right))
        low, high = (left, high) if rises else (low, right)
    return _gradient((low + high) / 2)


def _against_autograd() -> float:
    """Relative deviation from autograd on the recurrence as the paper writes it."""
    w, b = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (W, FOOT))
    x = torch.tensor(START, dtype=torch.float64)
    for _ in range(TIMESTEPS):
        x = w * x.sigmoid() + b
    expected = torch.stack(torch.autograd.grad((x.sigmoid() - 0.7) ** 2, (w, b)))
    return float((torch.tensor(_gradient(FOOT)).double() - expected).norm() / expected.norm())


def _clipped_step() -> float:
    """Length of one step of gradient descent, clipped at 1."""
    parameter = torch.nn.Parameter(torch.tensor([W, FOOT], dtype=torch.float64))
    parameter.grad = torch.tensor(_steepest(), dtype=torch.float64)
    return LEARNING_RATE * clip_gradients([parameter], "norm", 1.0).norm_post


CHECKS = (
    Check(
        name="wall_foot",
        title="b* of the wall at w = 5.",
        source="b* = x_0 − w σ(x_0)",
        expects=Near(-2.6123, absolute=5e-5),
        measure=lambda: FOOT,
    ),
    Check(
        name="wall_fixed_point",
        title="x_1 at b*: the state stays at x_0 there.",
        source="x_0 = w σ(x_0) + b*",
        expects=Near(START, absolute=1e-12),
        measure=_state_at_the_foot,
    ),
    Check(
        name="wall_gradient",
        title="(∂E/∂w, ∂E/∂b) there: relative deviation from autograd on x_t = w σ(x_{t−1}) + b.",
        source="Pascanu, Mikolov & Bengio 2013, §2.3",
        # At the wall a gradient of 8e2 changes by 1e8 per unit of b: rounding of b shows as 1e-9.
        expects=AtMost(1e-7),
        measure=_against_autograd,
    ),
    Check(
        name="wall_height",
        title="Largest ‖∇E‖ along b within 1e-4 of b*.",
        source="measured; autograd on the recurrence",
        expects=Near(6.8e3, absolute=50),
        measure=lambda: math.hypot(*_steepest()),
    ),
    Check(
        name="wall_step",
        title="Length of one step there, learning rate 0.01, unclipped.",
        source="learning rate × ‖∇E‖; measured",
        expects=Near(67.6, absolute=0.2),
        measure=lambda: LEARNING_RATE * math.hypot(*_steepest()),
    ),
    Check(
        name="wall_step_clipped",
        title="The same step clipped at 1.",
        source="learning rate × threshold",
        expects=Near(0.01, absolute=1e-8),
        measure=_clipped_step,
    ),
)
