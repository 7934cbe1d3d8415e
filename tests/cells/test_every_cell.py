"""Every cell of ours: what the instrument refuses, its gates, its forget bias."""

from __future__ import annotations

import math

import pytest
import torch
from layer_checks import H, I, normal, seeded, watched

import gradviz
from gradviz.cells import LAYERS, Stack
from gradviz.config import CELLS
from gradviz.flow import watch
from gradviz.remedies import set_forget_bias

T, B = 7, 3
EMPTY = {"gates", "gate_saturation", "jacobian_bound", "spectral_radius"}
"""Of these None or an empty dictionary says that a cell has none."""
WITH_FORGET_BIAS = [name for name, spec in CELLS.items() if name in LAYERS and spec.has_forget_bias]


@pytest.mark.parametrize("cell", LAYERS)
def test_what_does_not_fit_is_refused_in_a_sentence(cell: str) -> None:
    layer = seeded(lambda: LAYERS[cell](I, H, dtype=torch.float64))
    flow = watched(layer, normal(T, B, I), None)[0]["l0"]
    for quantity in gradviz.quantities():
        if quantity.of != "layer" or quantity.fits(flow):
            continue
        if quantity.name in EMPTY:
            assert not quantity.measure(flow)
            continue
        with pytest.raises(ValueError, match=rf"^[a-z0-9_]+ is .* a {cell}\b.*\.$"):
            quantity.measure(flow)


@pytest.mark.parametrize("cell", [name for name in CELLS if name in LAYERS])
def test_its_gates_are_those_that_the_settings_name(cell: str) -> None:
    layer = seeded(lambda: LAYERS[cell](I, H, dtype=torch.float64))
    flow = watched(layer, normal(T, B, I), None)[0]["l0"]
    assert tuple(flow.gates) == CELLS[cell].gates
    assert flow.state_size == CELLS[cell].state_parts * H
    assert (layer.forget_gate is not None) == CELLS[cell].has_forget_bias
    for name, gate in flow.gates.items():
        low = -1 if name == "candidate" else 0
        assert bool(((gate > low) & (gate < 1)).all())


@pytest.mark.parametrize("cell", WITH_FORGET_BIAS)
def test_a_forget_bias_is_what_its_memory_is_kept_with(cell: str) -> None:
    """σ(bias) of it, where nothing else drives the gates."""
    stack = Stack(lambda size: LAYERS[cell](size, H, dtype=torch.float64), I)
    set_forget_bias(stack, 1.5)
    with torch.no_grad():
        for name, each in stack.named_parameters():
            if "bias" not in name:
                each.zero_()
    with watch(stack) as watching:
        stack(normal(T, B, I))[0].sum().backward()
    gates = watching.layers["l0"].gates
    keeps = gates["forget"] if "forget" in gates else gates["update"]
    expected = torch.full((T, B, H), 1 / (1 + math.exp(-1.5)), dtype=torch.float64)
    torch.testing.assert_close(keeps, expected, rtol=1e-12, atol=0)
