"""Close-ups against a loop of one-step cells, autograd, NumPy and closed forms.

Index legend: T timesteps, B sequences, H hidden size, N state size.
"""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from unrolled import CELLS, build, dense_jacobians, one_step, unroll

from gradviz.flow import LayerFlow, close_up, watch
from gradviz.history import CloseUp, CloseUpRequest

T, B = 9, 3
Array = NDArray[np.float64]


def inputs_of(timesteps: int = T, batch: int = B) -> Tensor:
    draw = torch.Generator().manual_seed(1)
    return torch.randn(timesteps, batch, 3, generator=draw, dtype=torch.float64)


def flows_of(module: nn.RNNBase, inputs: Tensor) -> dict[str, LayerFlow]:
    with watch(module) as watching:
        module(inputs)[0][-1].sum().backward()
    return watching.layers


def seen(module: nn.RNNBase, inputs: Tensor, **request: object) -> CloseUp:
    return close_up(flows_of(module, inputs), CloseUpRequest(**request))  # type: ignore[arg-type]


def pulse_by_autograd(
    module: nn.RNNBase, name: str, inputs: Tensor, b: int, unit: int, layer: int = 0
) -> Array:
    """(T + 1, N): each state becomes a leaf, from which the rest of the sequence is read anew."""
    states, cell = unroll(module, name, inputs), one_step(module, name, layer)
    sequence = list(inputs) if layer == 0 else states.hidden[layer - 1]
    rows = []
    for t in range(len(inputs) + 1):
        parts = [states.hidden[layer], states.cell[layer]][: 2 if name == "lstm" else 1]
        leaves = [
            (part[t - 1] if t else torch.zeros_like(part[0])).detach()[b : b + 1].requires_grad_()
            for part in parts
        ]
        state = tuple(leaves)
        for x in sequence[t:]:
            found = cell(x[b : b + 1], state if name == "lstm" else state[0])
            state = found if name == "lstm" else (found,)
        grads = torch.autograd.grad(state[0][0, unit], leaves, allow_unused=True)
        rows.append(
            torch.cat(
                [
                    torch.zeros_like(leaf[0]) if grad is None else grad[0]
                    for leaf, grad in zip(leaves, grads, strict=True)
                ]
            )
        )
    return torch.stack(rows).detach().numpy()


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("name", CELLS)
def test_the_pulse_is_autograds_gradient_of_one_unit(name: str, layers: int) -> None:
    module, inputs = build(name, layers), inputs_of()
    if name == "relu":  # Or no unit that the pulse passes stays on.
        with torch.no_grad():
            getattr(module, f"bias_ih_l{layers - 1}").fill_(1.5)
    found = seen(module, inputs, sequence=2, unit=3)
    expected = pulse_by_autograd(module, name, inputs, b=1, unit=2, layer=layers - 1)
    lengths = np.linalg.norm(expected, axis=1)
    assert (lengths > 0).all()
    assert found.pulse_log10 == pytest.approx(np.log10(lengths), abs=1e-10)
    assert found.pulse == pytest.approx(expected / lengths[:, None], abs=1e-6)
    assert found.pulse_log10[-1] == 0
    assert found.pulse[-1].tolist() == [unit == 2 for unit in range(expected.shape[1])]


@pytest.mark.parametrize("rho", [0.5, 1.7])
def test_a_pulse_leaves_every_floats_range_unharmed(rho: float) -> None:
    module, timesteps = nn.RNN(3, 4), 1500
    with torch.no_grad():
        for each in module.parameters():
            each.zero_()
        module.weight_hh_l0.copy_(rho * torch.eye(4).roll(1, 0))
    found = seen(module, torch.zeros(timesteps, 1, 3))
    expected = (timesteps - np.arange(timesteps + 1)) * math.log10(rho)
    assert abs(expected[0]) > 340
    assert found.pulse_log10 == pytest.approx(expected, abs=1e-3)
    assert found.transport_rms_log10 == pytest.approx(expected[1:], abs=1e-2)
    assert np.linalg.norm(found.pulse, axis=1) == pytest.approx(np.ones(timesteps + 1))


def test_a_pulse_that_dies_is_nothing_from_there_on() -> None:
    module = build("relu")
    with torch.no_grad():
        module.bias_ih_l0.fill_(-100.0)
    found = seen(module, inputs_of())
    assert found.pulse_log10.tolist() == [*T * [-math.inf], 0.0]
    assert not found.pulse[:-1].any()
    assert found.transport_rms_log10[:-1].tolist() == (T - 1) * [-math.inf]


@pytest.mark.parametrize("name", CELLS)
def test_one_jacobian_and_the_mean_of_their_products(name: str) -> None:
    module, inputs = build(name), inputs_of()
    found = seen(module, inputs, sequence=3, timestep=5)
    steps = dense_jacobians(module, name, inputs).numpy()
    size = steps.shape[-1]
    values = np.linalg.eigvals(steps[4, 2])
    # The coefficients of their polynomial do not depend on their order.
    assert np.poly(found.jacobian_eigenvalues) == pytest.approx(np.poly(values), abs=1e-5)
    assert (np.diff(np.abs(found.jacobian_eigenvalues)) <= 1e-6).all()
    singular = np.linalg.svd(steps[4, 2], compute_uv=False)
    assert found.jacobian_singular_values == pytest.approx(singular, abs=1e-6)
    squares = np.zeros(T)
    for b in range(B):
        product = np.eye(size)
        for t in reversed(range(T)):
            squares[t] += np.square(product).sum() / size / B
            product = product @ steps[t, b]
    with np.errstate(divide="ignore"):  # The relu's units may all be off.
        assert found.transport_rms_log10 == pytest.approx(np.log10(squares) / 2, abs=5e-3)


@pytest.mark.parametrize("name", CELLS)
def test_what_was_read_and_how_the_gates_stood(name: str) -> None:
    module, inputs = build(name, 2), inputs_of()
    with torch.no_grad():
        for weight in (module.weight_ih_l0, module.weight_ih_l1):
            weight.mul_(9)
    flows = flows_of(module, inputs)
    for layer in ("l0", "l1"):
        found = close_up(flows, CloseUpRequest(layer=layer, sequence=2))
        assert found.layer == layer
        assert found.inputs == pytest.approx(inputs[:, 1].numpy(), rel=1e-6)
        hidden = torch.stack(unroll(module, name, inputs).hidden[int(layer[1])])
        assert found.hidden == pytest.approx(hidden[:, 1].detach().numpy(), rel=1e-5)
        assert set(found.gates) == set(flows[layer].gates)
        for gate, values in flows[layer].gates.items():
            assert found.gates[gate] == pytest.approx(values[:, 1].numpy(), rel=1e-6)
        assert set(found.saturation) == set(found.gates) - {"candidate"}
        for gate, shares in found.saturation.items():
            values = flows[layer].gates[gate].flatten(0, 1).tolist()
            for unit, pair in enumerate(shares.tolist()):
                left = sum(row[unit] < 0.1 for row in values) / len(values)
                right = sum(row[unit] > 0.9 for row in values) / len(values)
                assert pair == pytest.approx([left, right], abs=1e-6)
            assert 0.05 < shares.mean() < 0.5


def test_an_lstms_memory_by_the_forget_gates_and_by_every_path() -> None:
    module, inputs = build("lstm"), inputs_of()
    found = seen(module, inputs, sequence=2)
    flow = flows_of(module, inputs)["l0"]
    forget, output, cell = (
        each[:, 1].numpy() for each in (flow.gates["forget"], flow.gates["output"], flow.cell)
    )
    steps = dense_jacobians(module, "lstm", inputs)[:, 1].numpy()
    width = module.hidden_size
    kept, product, paths, whole = np.ones(width), np.eye(2 * width), [], []
    for t in reversed(range(T)):
        shown = np.diag(output[t] * (1 - np.tanh(cell[t]) ** 2)) * (t < T - 1)
        paths.append(kept.max())
        whole.append(np.linalg.norm(product[width:] @ np.vstack([shown, np.eye(width)]), 2))
        kept, product = kept * forget[t], product @ steps[t]
    assert found.forget_path_log10 == pytest.approx(np.log10(paths[::-1]), abs=1e-9)
    assert found.cell_transport_log10 == pytest.approx(np.log10(whole[::-1]), abs=5e-3)
    other = seen(build("gru"), inputs)
    assert other.forget_path_log10 is other.cell_transport_log10 is None


def test_what_theory_asks_of_a_plain_rnn() -> None:
    module, inputs = build("tanh", 2), inputs_of()
    below = unroll(module, "tanh", inputs).hidden[0]
    found = seen(module, inputs)
    weight = module.weight_hh_l1.detach().numpy()
    squares = [entry**2 for entry in weight.flatten().tolist()]
    assert found.weight_variance == pytest.approx(5 * sum(squares) / len(squares))
    drives = []
    for hidden in below:
        for row in hidden.detach().numpy():
            into = module.weight_ih_l1.detach().numpy() @ row
            biases = module.bias_ih_l1.detach().numpy() + module.bias_hh_l1.detach().numpy()
            drives += [float(each) ** 2 for each in into + biases]
    assert found.drive_variance == pytest.approx(sum(drives) / len(drives))
    assert found.recurrent_eigenvalues is not None
    expected = np.poly(np.linalg.eigvals(weight))
    assert np.poly(found.recurrent_eigenvalues) == pytest.approx(expected, abs=1e-6)
    gated = seen(build("gru"), inputs)
    assert gated.recurrent_eigenvalues is gated.weight_variance is gated.drive_variance is None


def test_what_is_out_of_range_is_the_nearest() -> None:
    flows = flows_of(build("gru", 2), inputs_of())
    for request, expected in (
        (CloseUpRequest(), ("l1", 1, T, 1)),
        (CloseUpRequest(layer="l7", sequence=99, timestep=99, unit=99), ("l1", B, T, 5)),
        (CloseUpRequest(layer="l0", sequence=-4, timestep=-4, unit=0), ("l0", 1, 1, 1)),
        (CloseUpRequest(layer="l0", sequence=2, timestep=3, unit=4), ("l0", 2, 3, 4)),
    ):
        found = close_up(flows, request)
        assert (found.layer, found.sequence, found.timestep, found.unit) == expected


@pytest.mark.parametrize("name", CELLS)
def test_shapes_of_one_timestep_and_one_unit(name: str) -> None:
    for timesteps, hidden in ((1, 5), (T, 1), (1, 1)):
        found = seen(build(name, hidden=hidden), inputs_of(timesteps, 1))
        size = hidden * (2 if name == "lstm" else 1)
        assert found.hidden.shape == (timesteps, hidden)
        assert found.inputs.shape == (timesteps, 3)
        assert found.pulse.shape == (timesteps + 1, size)
        assert found.pulse_log10.shape == (timesteps + 1,)
        assert found.transport_rms_log10.shape == (timesteps,)
        assert found.transport_rms_log10[-1] == pytest.approx(0, abs=1e-9)
        assert found.jacobian_eigenvalues.shape == found.jacobian_singular_values.shape == (size,)
        for each in (*found.gates.values(), found.hidden, found.inputs, found.pulse):
            assert each.dtype == np.float32
        assert found.pulse_log10.dtype == found.transport_rms_log10.dtype == np.float64


def test_a_close_up_holds_only_its_own_memory() -> None:
    found = seen(build("lstm"), inputs_of())
    arrays = [found.inputs, found.hidden, found.pulse, *found.gates.values()]
    assert all(each.base is None for each in arrays)
    assert found.nbytes >= sum(each.nbytes for each in arrays)


def test_too_dear_is_said_by_nan_and_emptiness(monkeypatch: pytest.MonkeyPatch) -> None:
    flows = flows_of(build("lstm"), inputs_of())
    cheap = close_up(flows, CloseUpRequest(), probes=0)
    assert np.isnan(cheap.transport_rms_log10).all()
    assert cheap.cell_transport_log10 is not None
    assert np.isnan(cheap.cell_transport_log10).all()
    assert np.isfinite(cheap.pulse_log10).all()
    monkeypatch.setattr("gradviz.flow.record.DEAR_LIMIT", 1.0)
    assert np.isnan(close_up(flows, CloseUpRequest()).transport_rms_log10).all()
    monkeypatch.setattr(sys.modules["gradviz.flow.close_up"], "MOST_VALUES", 9)
    assert close_up(flows, CloseUpRequest()).jacobian_eigenvalues.size == 0
    monkeypatch.setattr(sys.modules["gradviz.flow.close_up"], "MOST_VALUES", 4)
    plain = seen(build("tanh"), inputs_of())
    assert plain.jacobian_singular_values.size == 0
    assert plain.recurrent_eigenvalues is not None
    assert plain.recurrent_eigenvalues.size == 0


def test_weights_that_are_no_numbers_raise_nothing() -> None:
    flows = flows_of(build("tanh"), inputs_of())
    flows["l0"].weight_hh.fill_(math.nan)
    found = close_up(flows, CloseUpRequest())
    assert found.recurrent_eigenvalues is not None
    assert np.isnan(found.recurrent_eigenvalues).all()
    assert np.isnan(found.jacobian_singular_values).all()
    assert np.isnan(found.pulse_log10[:-1]).all()


def test_of_both_directions_the_top_one_that_reads_forward_is_looked_at() -> None:
    module = build("tanh", 2, bidirectional=True)
    flows = flows_of(module, inputs_of())
    assert close_up(flows, CloseUpRequest(layer="l0")).layer == "l0"
    for asked in ("", "l1_reverse", "l0_reverse"):
        assert close_up(flows, CloseUpRequest(layer=asked)).layer == "l1"
    with pytest.raises(ValueError, match="forward, got l0_reverse that do not"):
        close_up({"l0_reverse": flows["l0_reverse"]}, CloseUpRequest())


@pytest.mark.parametrize("name", CELLS)
def test_a_sequence_alone_is_the_one_of_the_batch(name: str) -> None:
    module, lengths = build(name, bidirectional=True), torch.tensor([T, 5, 2])
    packed = nn.utils.rnn.pack_padded_sequence(inputs_of(), lengths)
    with watch(module) as watching:
        module(packed)[0].data.square().sum().backward()
    for flow in watching.layers.values():
        alone = flow.alone(1)
        for own, whole in (
            (alone.hidden, flow.hidden),
            (alone.hidden_grad, flow.hidden_grad),
            (alone.hidden_grad_norm, flow.hidden_grad_norm),
            (alone.transport_log10(), flow.transport_log10()),
        ):
            torch.testing.assert_close(own[:, 0], whole[:, 1], rtol=1e-6, atol=1e-9, equal_nan=True)
        torch.testing.assert_close(alone.jacobian(4)[0], flow.jacobian(4)[1])
