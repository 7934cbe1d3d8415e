"""The instrument against autograd on an independent unrolled loop, in float64."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gradviz.flow import WatchError, watch

CELLS = {
    "tanh": (nn.RNN, nn.RNNCell, {"nonlinearity": "tanh"}),
    "relu": (nn.RNN, nn.RNNCell, {"nonlinearity": "relu"}),
    "lstm": (nn.LSTM, nn.LSTMCell, {}),
    "gru": (nn.GRU, nn.GRUCell, {}),
}


def build(name: str, layers: int, **more: object) -> nn.RNNBase:
    torch.manual_seed(3)
    kind, _, options = CELLS[name]
    return kind(3, 5, layers, **options, **more).double()


def unrolled(module: nn.RNNBase, name: str, inputs: torch.Tensor):
    """Every h_t (and c_t) of every layer by PyTorch's one-step cells, gradients retained."""
    kind, states, sequence = CELLS[name][1], [], list(inputs)
    for layer in range(module.num_layers):
        cell = kind(len(sequence[0][0]), 5, **CELLS[name][2]).double()
        for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            getattr(cell, part).data = getattr(module, f"{part}_l{layer}").data.clone()
        h = c = inputs.new_zeros(inputs.shape[1], 5)
        hs, cs = [], []
        for x in sequence:
            if name == "lstm":
                h, c = cell(x, (h, c))
                c.retain_grad()
                cs.append(c)
            else:
                h = cell(x, h)
            h.retain_grad()
            hs.append(h)
        states.append((hs, cs))
        sequence = hs
    return states


@pytest.mark.parametrize("where", ["last", "all", "h_n"])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("name", CELLS)
def test_total_gradient_equals_autograd(name: str, layers: int, where: str) -> None:
    module = build(name, layers)
    inputs = torch.randn(7, 4, 3, dtype=torch.float64)
    target = torch.randn(7, 4, 5, dtype=torch.float64)

    def loss(sequence: torch.Tensor, tops: torch.Tensor) -> torch.Tensor:
        if where == "h_n":
            return (tops * target[: len(tops)]).sum()
        return ((sequence - target) ** 2)[-1 if where == "last" else 0 :].sum()

    with watch(module) as watching:
        output, last = module(inputs)
        loss(output, last[0] if name == "lstm" else last).backward()
    states = unrolled(module, name, inputs)
    loss(torch.stack(states[-1][0]), torch.stack([hs[-1] for hs, _ in states])).backward()
    for layer, (hs, cs) in enumerate(states):
        flow = watching.layers[f"l{layer}"]
        torch.testing.assert_close(
            flow.hidden_grad, torch.stack([h.grad for h in hs]), rtol=1e-9, atol=1e-13
        )
        if name == "lstm":
            torch.testing.assert_close(
                flow.cell_grad, torch.stack([c.grad for c in cs]), rtol=1e-9, atol=1e-13
            )
            torch.testing.assert_close(flow.cell, torch.stack(cs).detach(), rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("name", CELLS)
def test_jacobian_norms_and_transport(name: str) -> None:
    module = build(name, 1)
    inputs = torch.randn(9, 2, 3, dtype=torch.float64)
    with watch(module) as watching:
        output, _ = module(inputs)
        output[-1].sum().backward()
    flow = watching.layers["l0"]
    cell = CELLS[name][1](3, 5, **CELLS[name][2]).double()
    for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        getattr(cell, part).data = getattr(module, f"{part}_l0").data.clone()

    def step(state: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        if name == "lstm":
            return torch.cat(cell(x[None], (state[None, :5], state[None, 5:])), -1)[0]
        return cell(x[None], state[None])[0]

    for b in range(2):
        state = inputs.new_zeros(flow.state_size)
        jacobians = []
        for t in range(9):
            jacobians.append(
                torch.autograd.functional.jacobian(lambda s, x=inputs[t, b]: step(s, x), state)
            )
            state = step(state, inputs[t, b]).detach()
            torch.testing.assert_close(
                flow.jacobian(t + 1)[b], jacobians[-1], rtol=1e-9, atol=1e-12
            )
        expected = torch.stack([torch.linalg.matrix_norm(j, 2) for j in jacobians])
        torch.testing.assert_close(
            flow.jacobian_norm("spectral")[:, b], expected, rtol=1e-4, atol=1e-9
        )
        product = torch.eye(flow.state_size, dtype=torch.float64)
        logs = [0.0]
        for jacobian in jacobians[:0:-1]:
            product = product @ jacobian
            logs.append(float(torch.linalg.matrix_norm(product, 2).log10()))
        torch.testing.assert_close(
            flow.transport_log10()[:, b], torch.tensor(logs[::-1]).double(), rtol=0, atol=5e-3
        )


def test_retain_grad_on_a_fused_module_is_the_direct_term_only() -> None:
    module = build("lstm", 1)
    with watch(module) as watching:
        output, _ = module(torch.randn(50, 2, 3, dtype=torch.float64))
        output.retain_grad()
        output[-1].sum().backward()
    assert int((output.grad.abs().sum((1, 2)) > 0).sum()) == 1
    assert int((watching.layers["l0"].hidden_grad_norm.sum(1) > 0).sum()) == 50


def test_nothing_is_lost_below_the_float32_floor() -> None:
    torch.manual_seed(0)
    module = nn.RNN(2, 8)
    with torch.no_grad():
        module.weight_hh_l0.copy_(0.5 * torch.eye(8))
    with watch(module) as watching:
        output, _ = module(torch.zeros(400, 1, 2))
        output[-1].sum().backward()
    flow = watching.layers["l0"]
    assert 0 < float(flow.hidden_grad_norm[0, 0]) < 1e-100
    assert float(flow.transport_log10()[0, 0]) < -115


def test_sentences_for_what_cannot_be_measured() -> None:
    with pytest.raises(WatchError, match="must hold"), watch(nn.Linear(2, 2)):
        pass
    module = nn.GRU(2, 3, bidirectional=True)
    with pytest.raises(WatchError, match="bidirectional"), watch(module):
        module(torch.zeros(4, 1, 2))
    module = nn.GRU(2, 3)
    with watch(module) as watching:
        module(torch.zeros(4, 1, 2))
    with pytest.raises(WatchError, match="backward"):
        _ = watching.layers
    assert not module._forward_hooks
