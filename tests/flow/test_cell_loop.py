"""nn.*Cell in a loop, against autograd and the fused module of the same weights."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from gradviz.flow import LayerFlow, WatchError, watch

I, H = 3, 5  # noqa: E741
KINDS: dict[str, tuple[type[nn.RNNCellBase], type[nn.RNNBase], dict[str, str]]] = {
    "tanh": (nn.RNNCell, nn.RNN, {}),
    "relu": (nn.RNNCell, nn.RNN, {"nonlinearity": "relu"}),
    "lstm": (nn.LSTMCell, nn.LSTM, {}),
    "gru": (nn.GRUCell, nn.GRU, {}),
}


class Looped(nn.Module):
    """As people write it, from an initial state of its own or from none."""

    def __init__(self, name: str, dtype: torch.dtype, *, bias: bool = True, starts: bool = False):
        super().__init__()
        cell, _, options = KINDS[name]
        self.cell = cell(I, H, bias=bias, dtype=dtype, **options)
        self.is_lstm = name == "lstm"
        self.start = nn.Parameter(torch.randn(H, dtype=dtype)) if starts else None

    def states(self, inputs: Tensor) -> list[Any]:
        state: Any = None
        if self.start is not None:
            h = self.start.expand(inputs.shape[1], -1)
            state = (h, h * 0.5) if self.is_lstm else h
        found = []
        for x in inputs:
            state = self.cell(x, state)
            found.append(state)
        return found

    def hidden(self, inputs: Tensor) -> list[Tensor]:
        return [each[0] if self.is_lstm else each for each in self.states(inputs)]


def fused_of(model: Looped, name: str) -> nn.RNNBase:
    kind, options = KINDS[name][1:]
    module = kind(I, H, bias=model.cell.bias, dtype=model.cell.weight_hh.dtype, **options)
    for part, value in model.cell.named_parameters():
        getattr(module, f"{part}_l0").data.copy_(value)
    return module


def loss_of(hidden: Tensor, kind: str) -> Tensor:
    rows = hidden[-1:] if kind == "last" else hidden if kind == "all" else hidden[::3]
    return (rows**2 * torch.linspace(0.5, 1.5, rows.numel()).view_as(rows)).sum()


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(sorted(KINDS)),
    timesteps=st.integers(1, 12),
    batch=st.integers(1, 4),
    bias=st.booleans(),
    starts=st.booleans(),
    where=st.sampled_from(["last", "all", "some"]),
    seed=st.integers(0, 2**30),
)
def test_a_loop_equals_the_fused_module(
    name: str, timesteps: int, batch: int, bias: bool, starts: bool, where: str, seed: int
) -> None:
    torch.manual_seed(seed)
    model = Looped(name, torch.float64, bias=bias, starts=starts)
    inputs = torch.randn(timesteps, batch, I, dtype=torch.float64)
    with watch(model) as watching:
        loss_of(torch.stack(model.hidden(inputs)), where).backward()
    assert list(watching.layers) == ["cell"]
    module = fused_of(model, name)
    hx: Any = None
    if model.start is not None:
        h = model.start.detach().expand(1, batch, -1).contiguous()
        hx = (h, h * 0.5) if name == "lstm" else h
    with watch(module) as fused:
        loss_of(module(inputs, hx)[0], where).backward()
    ours, theirs = watching.layers["cell"], fused.layers["l0"]
    assert ours.cell_name == theirs.cell_name
    same(ours, theirs, 1e-9, 1e-12)
    torch.testing.assert_close(ours.weight_grad(), model.cell.weight_hh.grad, rtol=1e-9, atol=1e-12)


def same(ours: LayerFlow, theirs: LayerFlow, rtol: float, atol: float) -> None:
    pairs = [
        (ours.hidden, theirs.hidden),
        (ours.hidden_grad, theirs.hidden_grad),
        (ours.jacobian_norm(), theirs.jacobian_norm()),
        (ours.transport_log10(), theirs.transport_log10()),
        *((ours.gates[gate], theirs.gates[gate]) for gate in theirs.gates),
    ]
    if theirs.cell is not None:
        pairs += [(ours.cell, theirs.cell), (ours.cell_grad, theirs.cell_grad)]
    for one, two in pairs:
        torch.testing.assert_close(one, two, rtol=rtol, atol=atol, check_dtype=False)


@pytest.mark.parametrize("name", KINDS)
def test_gradients_below_float32_are_followed_further(name: str) -> None:
    """Autograd's own read 0 there; the scan goes on."""
    torch.manual_seed(0)
    model = Looped(name, torch.float32)
    with torch.no_grad():
        model.cell.weight_hh.mul_(0.2)
    inputs = torch.randn(200, 2, I)
    with watch(model) as watching:
        hidden = model.hidden(inputs)
        for each in hidden:
            each.retain_grad()
        hidden[-1].sum().backward()
    flow = watching.layers["cell"]
    assert float(hidden[0].grad.abs().max()) == 0.0
    if name != "relu":  # Whose units may all be shut.
        assert bool((flow.hidden_grad_norm > 0).all())
    for t in (199, 195, 180):
        torch.testing.assert_close(
            flow.hidden_grad[t], hidden[t].grad.double(), rtol=1e-3, atol=1e-40
        )
    module = fused_of(model, name)
    with watch(module) as fused:
        module(inputs)[0][-1].sum().backward()
    torch.testing.assert_close(
        flow.hidden_grad_log10, fused.layers["l0"].hidden_grad_log10, rtol=0, atol=1e-3
    )


def test_stacked_cells_and_truncation() -> None:
    """Two cells in one loop, each followed; a detached state begins a new recurrence."""
    torch.manual_seed(0)
    lower, upper = nn.GRUCell(I, H), nn.LSTMCell(H, H)
    model = nn.ModuleDict({"lower": lower, "upper": upper})
    inputs = torch.randn(6, 2, I)
    with watch(model) as watching:
        h, s, loss = None, None, torch.zeros(())
        for t, x in enumerate(inputs):
            if t == 4:
                h = h.detach()
            h = lower(x, h)
            s = upper(h, s)
            loss = loss + s[0].square().sum()
        loss.backward()
    layers = watching.layers
    assert list(layers) == ["lower", "upper", "lower#2"]
    assert [len(flow.hidden) for flow in layers.values()] == [4, 6, 2]
    found = layers["lower"].weight_grad() + layers["lower#2"].weight_grad()
    torch.testing.assert_close(found, lower.weight_hh.grad.double(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", KINDS)
def test_one_sequence_without_a_batch(name: str) -> None:
    model = Looped(name, torch.float64)
    inputs = torch.randn(4, I, dtype=torch.float64)
    with watch(model) as watching:
        state: Any = None
        for x in inputs:
            state = model.cell(x, state)
        (state[0] if model.is_lstm else state).sum().backward()
    flow = watching.layers["cell"]
    assert flow.hidden.shape == (4, 1, H)
    torch.testing.assert_close(flow.weight_grad(), model.cell.weight_hh.grad, rtol=1e-9, atol=1e-12)


def test_a_cell_watched_by_itself_is_l0() -> None:
    cell = nn.RNNCell(I, H)
    with watch(cell) as watching:
        cell(torch.randn(2, I)).sum().backward()
    assert list(watching.layers) == ["l0"]


def test_half_precision() -> None:
    torch.manual_seed(0)
    model = Looped("gru", torch.bfloat16)
    inputs = torch.randn(6, 2, I, dtype=torch.bfloat16)
    with watch(model) as watching:
        hidden = model.hidden(inputs)
        for each in hidden:
            each.retain_grad()
        torch.stack(hidden).float().square().sum().backward()
    expected = torch.stack([each.grad.double() for each in hidden])
    torch.testing.assert_close(watching.layers["cell"].hidden_grad, expected, rtol=0.1, atol=0.3)


def test_a_state_that_was_changed_on_the_way_is_refused() -> None:
    cell = nn.GRUCell(I, H)
    with watch(cell) as watching:
        h = cell(torch.randn(2, I), torch.randn(2, H))
        cell(torch.randn(2, I), h * 0.9).sum().backward()
    with pytest.raises(WatchError, match="given a state that other operations had changed"):
        _ = watching.layers


def test_backward_twice_and_weights_of_nan() -> None:
    cell = nn.RNNCell(I, H)
    with watch(cell) as watching:
        loss = cell(torch.randn(2, I)).sum()
        loss.backward(retain_graph=True)
        loss.backward()
    with pytest.raises(WatchError, match="backward ran twice"):
        _ = watching.layers
    with torch.no_grad():
        cell.weight_hh[0, 0] = math.inf
        cell.weight_ih[0, 0] = math.nan
    with watch(cell) as watching:
        cell(torch.randn(2, I)).sum().backward()
    with pytest.raises(WatchError, match="weight_ih holds NaN in 1 of 15"):
        _ = watching.layers


def test_the_cells_own_losses_are_the_same() -> None:
    runs = []
    for is_watched in (False, True):
        torch.manual_seed(0)
        model = Looped("gru", torch.float32, starts=True)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        losses = []
        for _ in range(20):
            optimizer.zero_grad()
            inputs = torch.randn(5, 2, I)
            if is_watched:
                with watch(model) as watching:
                    loss = torch.stack(model.hidden(inputs)).square().sum()
                    loss.backward()
                _ = watching.layers["cell"].hidden_grad_norm
            else:
                loss = torch.stack(model.hidden(inputs)).square().sum()
                loss.backward()
            optimizer.step()
            losses.append(loss.item())
        runs.append(losses)
    assert runs[0] == runs[1]
