"""Remedies of weights, their start and their step: what each leaves is known on paper.

Index legend: T timesteps, B sequences, H hidden size.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from gradviz.cells import LayerNormRnn
from gradviz.checks.check import Check
from gradviz.checks.expectation import AtMost, Between, Near
from gradviz.checks.networks import build, deviation, largest, silence, weighted, zeroed
from gradviz.config import RunConfig
from gradviz.flow import LayerFlow, watch
from gradviz.remedies import (
    decay,
    initialise_recurrent,
    norm_of,
    omega,
    penalise,
    set_chrono_bias,
)
from gradviz.training import Trainer

CAP = 0.8


def _capped() -> tuple[Tensor, float]:
    """W_hh after steps that push it out of its cap, and the largest ‖J_t‖₂ of one more."""
    config = RunConfig(
        seq_len=10,
        hidden_size=16,
        batch_size=4,
        optimizer="sgd",
        learning_rate=1.0,
        recurrent_init="orthogonal",
        recurrent_gain=2.0,
        recurrent_constraint="spectral",
        constraint_limit=CAP,
    )
    trainer = Trainer(config)
    for _ in range(3):
        trainer.train_step("none")
    weight = next(each for name, each in trainer.model.named_parameters() if "weight_hh" in name)
    held = weight.detach().clone()
    norms = trainer.train_step("full").layers["l0"].jacobian_norm
    assert norms is not None
    return held, float(norms.max())


def _largest_singular() -> float:
    return float(np.linalg.svd(_capped()[0].double().numpy(), compute_uv=False)[0])


def _omega_by_hand(delta: np.ndarray, slopes: np.ndarray, weight: np.ndarray) -> float:
    """Ω by the letter, matrix by matrix."""
    timesteps, batch, _ = delta.shape
    ratios = []
    for t in range(1, timesteps):
        for b in range(batch):
            passed = delta[t, b] @ (np.diag(slopes[t, b]) @ weight)
            ratios.append(float(np.linalg.norm(passed) / np.linalg.norm(delta[t, b])))
    return sum((ratio - 1) ** 2 for ratio in ratios) / int(batch)


def _omega_gradient() -> float:
    """Deviation of Ω's gradient from central differences."""
    delta, weight = torch.randn(5, 2, 4).double(), torch.randn(4, 4).double()
    slopes, small = torch.rand(5, 2, 4).double(), 1e-6
    expected = torch.zeros(4, 4, dtype=torch.float64)
    for place in np.ndindex(4, 4):
        values = []
        for shift in (small, -small):
            changed = weight.numpy().copy()
            changed[place] += shift
            values.append(_omega_by_hand(delta.numpy(), slopes.numpy(), changed))
        expected[place] = (values[0] - values[1]) / (2 * small)
    return deviation(omega(delta, delta * slopes, weight).gradient, expected)


def _omega_of_twice_orthogonal() -> float:
    """Ω of a linear network of T = 30 with W = 2Q."""
    delta = torch.randn(30, 3, 8, dtype=torch.float64)
    weight = 2 * nn.init.orthogonal_(torch.empty(8, 8, dtype=torch.float64))
    return omega(delta, delta, weight).value


def _furthest_modulus() -> float:
    """The |eigenvalue| furthest from 0.9, of all four gates' blocks of W_hh."""
    module = build("lstm", 2, 16)
    initialise_recurrent(module, "orthogonal", 0.9)
    blocks = module.get_parameter("weight_hh_l0").detach().numpy().reshape(4, 16, 16)
    moduli = np.abs(np.linalg.eigvals(blocks)).ravel()
    return float(moduli[np.abs(moduli - 0.9).argmax()])


def _chrono() -> LayerFlow:
    """An LSTM of zero weights with the chrono start for T = 100; the loss is the sum of c_T."""
    module = zeroed("lstm", 256)
    set_chrono_bias(module, 100)
    with watch(module) as watching:
        module(silence(module, 101))[1][1].sum().backward()
    return watching.layers["l0"]


def _mean_memory() -> float:
    """In timesteps, 1/(1 − f) of a unit."""
    return float((1 / (1 - _chrono().gates["forget"][0, 0])).mean())


def _longest_kept() -> float:
    """The largest ∂c_T/∂c_0 of a unit over T = 100; the first row is t = 1."""
    return float(_chrono().cell_grad[0, 0].max())


def _scaled_norm() -> float:
    """The largest deviation of h_t and J_t where both matrices are ten times as large."""
    layer, inputs = LayerNormRnn(3, 6, torch.float64), torch.randn(10, 1, 3).double()
    flows = []
    # Large from the start, so that ε = 1e-5 counts for nothing beside the variance.
    for factor in (1e3, 10.0):
        with torch.no_grad():
            layer.get_parameter("weight_ih").mul_(factor)
            layer.get_parameter("weight_hh").mul_(factor)
        with watch(layer) as watching:
            weighted(layer(inputs)[0]).backward()
        flows.append(watching.layers["l0"])
    before, after = flows
    jacobians = [deviation(after.jacobian(t), before.jacobian(t)) for t in range(1, 11)]
    return largest([deviation(after.hidden, before.hidden), *jacobians])


def _batch_moments() -> float:
    """The largest |mean| or |variance − 1| of a unit over the batch and all timesteps."""
    values = 5 + 3 * torch.randn(20, 8, 4, dtype=torch.float64).cumsum(0)
    normed = norm_of("batch", 4)(values).detach().numpy().reshape(-1, 4)
    return float(max(np.abs(normed.mean(0)).max(), np.abs(normed.var(0) - 1).max()))


def _beside_adamw(share: float, l2: float) -> float:
    """Deviation of weights after 20 steps of Adam with decay or L2 from those of PyTorch's AdamW.

    Args:
        share: λ of the decay.
        l2: λ₂ of the penalty.
    """
    ours, theirs = (nn.Parameter(torch.linspace(-2, 2, 6).double()) for _ in range(2))
    adam = torch.optim.Adam([ours], lr=0.01)
    adamw = torch.optim.AdamW([theirs], lr=0.01, weight_decay=0.5)
    for _ in range(20):
        ours.grad = theirs.grad = None
        gradient = torch.randn(6).double()
        ours.grad, theirs.grad = gradient.clone(), gradient
        penalise([ours], 0.0, l2)
        decay([ours], 0.01, share)
        adam.step()
        adamw.step()
    return deviation(ours.detach(), theirs.detach())


CHECKS = (
    Check(
        name="spectral_cap",
        title="σ_max of W_hh, at first 2 × an orthogonal matrix, after three steps with a spectral "
        "cap of 0.8.",
        source="W ← U min(Σ, c) Vᵀ; Sedghi, Gupta & Long 2019",
        expects=Near(CAP, absolute=1e-6),
        measure=_largest_singular,
    ),
    Check(
        name="spectral_cap_bound",
        title="Largest ‖J_t‖₂ of that tanh network at its next step.",
        source="‖J_t‖₂ ≤ γ σ_max(W_hh) = 0.8; Pascanu, Mikolov & Bengio 2013",
        expects=Between(0.1, CAP + 1e-6),
        measure=lambda: _capped()[1],
    ),
    Check(
        name="omega_gradient",
        title="Gradient of Pascanu's Ω by W_hh: largest relative deviation from central "
        "differences.",
        source="Pascanu, Mikolov & Bengio 2013, eq. 9 and 10",
        expects=AtMost(1e-7),
        measure=_omega_gradient,
    ),
    Check(
        name="omega_orthogonal",
        title="Ω of a linear network over T = 30 with W = 2 × an orthogonal matrix.",
        source="(T − 1)(2 − 1)²",
        expects=Near(29.0, relative=1e-12),
        measure=_omega_of_twice_orthogonal,
    ),
    Check(
        name="orthogonal_start",
        title="The |eigenvalue| of an LSTM's four recurrent blocks furthest from 0.9, orthogonal "
        "start, gain 0.9.",
        source="|λ(0.9 Q)| = 0.9; Saxe, McClelland & Ganguli 2014",
        expects=Near(0.9, absolute=1e-12),
        measure=_furthest_modulus,
    ),
    Check(
        name="chrono_longest",
        title="Largest ∂c_T/∂c_0 of 256 LSTM units over T = 100, zero weights, chrono start for "
        "100 timesteps.",
        source="(1 − 1/T)^T ≈ 1/e; Tallec & Ollivier 2018",
        expects=Near(1 / math.e, absolute=0.01),
        measure=_longest_kept,
    ),
    Check(
        name="chrono_mean",
        title="Mean memory 1/(1 − f) of those units, in timesteps.",
        source="mean of U(2, 100) is 51; Tallec & Ollivier 2018",
        expects=Near(51.0, absolute=6.0),
        measure=_mean_memory,
    ),
    Check(
        name="layer_norm_scale",
        title="h_t and J_t of a layer-norm RNN with W_ih and W_hh ten times as large: largest "
        "relative deviation.",
        source="mean and spread scale alike; Ba, Kiros & Hinton 2016, §5.1",
        expects=AtMost(1e-6),
        measure=_scaled_norm,
    ),
    Check(
        name="batch_norm",
        title="Batch norm: largest |mean| or |variance − 1| of a unit over batch and timesteps.",
        source="Ioffe & Szegedy 2015",
        expects=AtMost(1e-5),
        measure=_batch_moments,
    ),
    Check(
        name="decay_is_adamw",
        title="Weights after 20 steps of Adam with decay 0.5: deviation from PyTorch's AdamW.",
        source="w ← (1 − ηλ) w; Loshchilov & Hutter 2019",
        expects=AtMost(1e-12),
        measure=lambda: _beside_adamw(0.5, 0.0),
    ),
    Check(
        name="l2_under_adam_trap",
        title="The same with an L2 penalty of the same strength: under Adam that is no decay.",
        source="Loshchilov & Hutter 2019; a trap",
        expects=Between(1e-3, 1.0),
        measure=lambda: _beside_adamw(0.0, 0.25),
    ),
)
