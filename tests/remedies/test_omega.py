"""Ω against a textbook loop in float64, whose Jacobians and gradients are autograd's."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
import torch
from torch import Tensor

from gradviz import RunConfig, Trainer
from gradviz.cells.nonlinearity import NONLINEARITIES
from gradviz.remedies import omega

SMALL = {"seq_len": 6, "hidden_size": 4, "batch_size": 3, "clip": "none", "dtype": "float64"}
Layer = tuple[list[Tensor], list[Tensor]]
"""h_0 … h_T and the pre-activations a_1 … a_T, in the order read."""


def _loop(weights: dict[str, Tensor], inputs: Tensor, phi: str, directions: int) -> list[Layer]:
    """Every layer and direction, timestep by timestep."""
    found: list[Layer] = []
    for layer in range(2):
        outputs = []
        for side in ("", "_reverse")[:directions]:
            ih, hh, b, c = (
                weights[f"{name}_l{layer}{side}"]
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            )
            states, drives = [inputs.new_zeros(inputs.shape[1], hh.shape[1])], []
            for x in inputs.flip(0) if side else inputs:
                drives.append(x @ ih.T + b + states[-1] @ hh.T + c)
                states.append(NONLINEARITIES[phi].apply(drives[-1]))
            found.append((states, drives))
            read = torch.stack(states[1:])
            outputs.append(read.flip(0) if side else read)
        inputs = torch.cat(outputs, -1)
    return found


def _value(deltas: list[Tensor], slopes: list[Tensor], weight: Tensor) -> Tensor:
    """Ω, with δ and φ′ held, by the letter: Jacobians as matrices, one sequence at a time."""
    terms = []
    for delta, slope in zip(deltas[1:], slopes[1:], strict=True):
        for b in range(len(delta)):
            jacobian = torch.diag(slope[b]) @ weight
            size = delta[b].norm()
            if size > 0:
                terms.append(((delta[b] @ jacobian).norm() / size - 1) ** 2)
    return torch.stack(terms).sum() / len(deltas[0])


@pytest.mark.parametrize(
    ("phi", "more"),
    [("tanh", {}), ("relu", {}), ("tanh", {"bidirectional": True}), ("sigmoid", {})],
)
def test_its_gradient_is_the_immediate_one(phi: str, more: dict) -> None:
    """Central differences by W_hh; with SGD and rate 1 what Ω adds to a step is its gradient."""
    factor, small = 0.7, 1e-6
    config = RunConfig(
        **SMALL, activation=phi, num_layers=2, optimizer="sgd", learning_rate=1.0, **more
    )
    twin, free = Trainer(config), Trainer(config)
    held = Trainer(config.replace(omega=factor))
    batch = twin._batch()
    weights = {
        # A Stack's parameters are those of its layers: l0.weight_hh.
        name.split(".")[-1] + (f"_{name.split('.')[1]}" if name.count(".") == 2 else ""): each
        for name, each in twin.model.named_parameters()
    }
    layers = _loop(weights, batch.inputs, phi, 2 if config.bidirectional else 1)
    tops = [torch.stack(states[1:]) for states, _ in layers[len(layers) // 2 :]]
    hidden = torch.cat([tops[0], *(each.flip(0) for each in tops[1:])], -1)
    loss = twin.task.loss(twin.model.read_out(hidden), batch.targets)
    assert (free.train_step().loss, held.train_step().loss) == pytest.approx([loss.item()] * 2)
    added = {
        name: before - after
        for (name, before), after in zip(
            free.model.state_dict().items(), held.model.state_dict().values(), strict=True
        )
    }
    seen = 0
    for name, place in zip(config.layer_names, range(len(layers)), strict=True):
        states, drives = layers[place]
        deltas = list(torch.autograd.grad(loss, states[1:], retain_graph=True))
        slopes = [
            torch.autograd.grad(NONLINEARITIES[phi].apply(a).sum(), a, retain_graph=True)[0]
            for a in drives
        ]
        weight = weights[f"weight_hh_{name}"].detach().clone()
        ours = next(v for k, v in added.items() if _is(k, name))
        for row in range(4):
            for column in range(4):
                values = []
                for sign in (1, -1):
                    shifted = weight.clone()
                    shifted[row, column] += sign * small
                    values.append(_value(deltas, slopes, shifted))
                slope = float(values[0] - values[1]) / (2 * small)
                assert float(ours[row, column]) == pytest.approx(factor * slope, abs=2e-8)
                seen += abs(slope) > 1e-3
        total = omega(torch.stack(deltas), torch.stack(deltas) * torch.stack(slopes), weight)
        assert total.value == pytest.approx(float(_value(deltas, slopes, weight)), rel=1e-12)
    assert seen > 20
    others = [k for k in added if not any(_is(k, name) for name in config.layer_names)]
    assert all(not added[k].any() for k in others)


def _is(parameter: str, layer: str) -> bool:
    """Whether a parameter is the W_hh of a layer, of a fused module or of a Stack."""
    return parameter.endswith((f"weight_hh_{layer}", f".{layer}.weight_hh"))


def test_what_has_no_size_or_no_direction() -> None:
    """Rows may have any factor; those of δ = 0 count for nothing, v = 0 has no gradient."""
    generator = torch.Generator().manual_seed(3)
    delta, slope = torch.randn(2, 5, 2, 3, dtype=torch.float64, generator=generator)
    weight = torch.randn(3, 3, dtype=torch.float64, generator=generator)
    plain = omega(delta, slope * delta, weight)
    tiny = 10.0 ** torch.linspace(-250, 20, 10, dtype=torch.float64).view(5, 2, 1)
    scaled = omega(delta * tiny, slope * delta * tiny, weight)
    assert scaled.value == pytest.approx(plain.value, rel=1e-12)
    torch.testing.assert_close(scaled.gradient, plain.gradient, rtol=1e-10, atol=1e-12)
    delta[1:] = 0.0
    assert omega(delta, slope * delta, weight).value == 0.0
    dead = omega(torch.ones(5, 2, 3), torch.zeros(5, 2, 3), weight)
    assert (dead.value, dead.gradient.any().item()) == (4.0, False)
    spoilt = torch.full((5, 2, 3), torch.nan)
    assert not omega(spoilt, spoilt, weight).gradient.any()


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"activation": "elu", "num_layers": 2},
        {"task": "copy_sequence"},
        {"bptt_window": 3, "bptt_every": 2},
        {"cell": "irnn", "task": "char_lm", "state": "stateful"},
    ],
)
def test_what_is_measured_is_as_without(more: dict) -> None:
    """The probes' records of a first step are equal bit for bit; measuring changes no loss."""
    settings = {"seq_len": 8, "hidden_size": 5, "batch_size": 4, "probe_size": 2, **more}
    config = RunConfig(**settings, omega=2.0)
    free, held, bare = Trainer(RunConfig(**settings)), Trainer(config), Trainer(config)
    without, record = free.train_step("full"), held.train_step("full")
    assert without.loss == record.loss
    for name, layer in record.layers.items():
        assert layer.hidden_grad_norm is not None
        assert layer.hidden_grad_norm.shape == (config.timesteps, 2)
        for field in fields(layer):
            mine, other = getattr(layer, field.name), getattr(without.layers[name], field.name)
            np.testing.assert_equal(mine, other)
    measured = [held.train_step(kind).loss for kind in ("none", "full", "light", "none")]
    assert [bare.train_step("none").loss for _ in range(5)] == [record.loss, *measured]
    assert [free.train_step("none").loss for _ in range(4)] != measured
