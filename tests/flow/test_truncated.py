"""Truncated backpropagation: the gradients of all windows, and one flow of the whole sequence.

The independent road lets each timestep's loss go back by itself, through textbook equations in a
loop, from a state that was detached where its window begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
import torch
from reference import grad_of, unroll
from torch import Tensor, nn

from gradviz.cells import detached
from gradviz.config import RECURRENT, RunConfig, Window
from gradviz.flow import LayerFlow, WatchError, joined, watch
from gradviz.model import SequenceModel, build_model
from gradviz.tasks import Batch, task_of
from gradviz.training.unrolled import covering, unrolled

pytestmark = pytest.mark.slow  # Every cell or task, or trainings: a part of the full run.

CELLS = ("rnn", "lstm", "gru")

PAIRS = ((1, 4), (3, 7), (4, 4), (5, 12), (22, 9))
"""k1 and k2, of T = 22 timesteps: overlapping or not, T no multiple, and one window only."""

EXACT = {"rtol": 1e-9, "atol": 1e-15}


@dataclass
class Truth:
    """By layer: (T, B, H) gradients of h_t, and of W_hh."""

    hidden: list[Tensor]
    weight: list[Tensor]


def config_of(cell: str, k1: int, k2: int, **settings: Any) -> RunConfig:
    small = {"hidden_size": 5, "batch_size": 3, "dtype": "float64", "clip": "none", "seq_len": 2}
    every = {} if k1 > k2 else {"bptt_every": k1}
    return RunConfig(
        cell=cell, bptt_window=k2, **{"task": "copy_memory", **small, **settings}, **every
    )


def made(config: RunConfig) -> tuple[SequenceModel, Any, Batch]:
    task = task_of(config)
    batch = task.sample(config.batch_size, torch.Generator().manual_seed(5))
    return build_model(config, task), task, batch.to("cpu", torch.float64)


def truth(model: SequenceModel, inputs: Tensor, asked: Tensor, k1: int, k2: int) -> Truth:
    """What the loss asks of each h_t directly goes back through the timesteps of its window."""
    T, layers = len(inputs), model.recurrent.num_layers
    trace = unroll(model.recurrent, inputs).traces
    hidden = [torch.zeros(T, *asked.shape[1:], dtype=torch.float64) for _ in range(layers)]
    weight = [torch.zeros_like(trace[f"l{i}"].weight_hh) for i in range(layers)]
    for t in range(T):
        end = T - (T - 1 - t) // k1 * k1
        first = max(end - k2, 0)
        if t < first:
            continue
        state = None
        if first:
            before = unroll(model.recurrent, inputs[:first])
            state = tuple(each.detach() for each in (before.h_n, before.c_n) if each is not None)
        window = unroll(model.recurrent, inputs[first : t + 1], state=state)
        (window.output[-1] * asked[t]).sum().backward()
        for i in range(layers):
            hidden[i][first : t + 1] += torch.stack(
                [grad_of(each) for each in window.traces[f"l{i}"].hidden]
            )
            weight[i] += window.traces[f"l{i}"].weight_hh.grad
    return Truth(hidden, weight)


def passed(
    config: RunConfig, state: Any = None
) -> tuple[SequenceModel, dict[str, LayerFlow], Tensor, Tensor]:
    """One step without its update: the model, its flows, the inputs, what is asked of each h_t."""
    model, task, batch = made(config)
    with watch(model.recurrent) as watching:
        found = unrolled(model, batch.inputs, state, config.windows)
        loss = task.loss(model.read_out(found.hidden), batch.targets)
        found.backward(loss)
    leaf = unrolled(model, batch.inputs, state, ()).hidden.detach().requires_grad_()
    (asked,) = torch.autograd.grad(task.loss(model.read_out(leaf), batch.targets), leaf)
    windows = config.windows
    flows = joined(watching.layers, covering(windows)) if windows else watching.layers
    return model, dict(flows), batch.inputs, asked


@pytest.mark.parametrize(("cell", "layers", "pair"), list(product(CELLS, (1, 3), PAIRS)))
def test_gradients_are_those_of_an_independent_loop(
    cell: str, layers: int, pair: tuple[int, int]
) -> None:
    k1, k2 = pair
    task = "copy_memory" if k1 <= k2 else "adding"
    length = 2 if k1 <= k2 else 22
    config = config_of(cell, k1, k2, num_layers=layers, task=task, seq_len=length)
    model, flows, inputs, asked = passed(config)
    assert len(inputs) == config.timesteps == 22
    expected = truth(model, inputs, asked, k1, k2)
    assert list(flows) == [f"l{i}" for i in range(layers)]
    for i, flow in enumerate(flows.values()):
        torch.testing.assert_close(flow.hidden_grad, expected.hidden[i], **EXACT)
        weight = getattr(model.recurrent, f"weight_hh_l{i}")
        torch.testing.assert_close(weight.grad, expected.weight[i], **EXACT)
        torch.testing.assert_close(flow.weight_grad(), expected.weight[i], **EXACT)
        assert float(expected.weight[i].norm()) > 1e-6


@pytest.mark.parametrize("readout", ["mean", "sum", "attention"])
@pytest.mark.parametrize("pair", [(3, 7), (4, 4)])
def test_a_readout_of_all_timesteps_asks_at_each(readout: str, pair: tuple[int, int]) -> None:
    config = config_of("lstm", *pair, task="adding", seq_len=22, readout=readout)
    model, flows, inputs, asked = passed(config)
    assert bool((asked.abs().amax((1, 2)) > 0).all())
    expected = truth(model, inputs, asked, *pair)
    torch.testing.assert_close(flows["l0"].hidden_grad, expected.hidden[0], **EXACT)
    torch.testing.assert_close(model.recurrent.weight_hh_l0.grad, expected.weight[0], **EXACT)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("pair", [(3, 7), (6, 6)])
def test_the_readout_is_not_truncated(cell: str, pair: tuple[int, int]) -> None:
    truncated, whole = passed(config_of(cell, *pair))[0], passed(config_of(cell, 0, 0))[0]
    for one, other in zip(truncated.readout.parameters(), whole.readout.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, **EXACT)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_a_task_answered_at_the_end_keeps_the_last_contributions(cell: str, layers: int) -> None:
    """Of the pass without truncation: its gradient of W_hh is the sum of the last K."""
    config = config_of(cell, 22, 9, task="adding", seq_len=22, num_layers=layers)
    model, _, _, _ = passed(config)
    _, whole, _, _ = passed(config.replace(bptt_window=0))
    for name, flow in whole.items():
        found = getattr(model.recurrent, f"weight_hh_{name}").grad
        torch.testing.assert_close(found, flow.weight_grad(9), **EXACT)
        assert float((found - flow.weight_grad()).norm()) > 1e-9


@pytest.mark.parametrize("cell", CELLS)
def test_the_gradient_stops_and_the_state_goes_on(cell: str) -> None:
    config = config_of(cell, 22, 9, task="adding", seq_len=22, num_layers=2)
    _, flows, _, _ = passed(config)
    _, whole, _, _ = passed(config.replace(bptt_window=0))
    for name, flow in flows.items():
        stopped, reached = flow.hidden_grad[:13], flow.hidden_grad_norm[13:]
        assert bool((stopped == 0).all())
        assert bool((reached > 0).all())
        assert bool(torch.isneginf(flow.hidden_grad_log10[:13]).all())
        assert bool((flow.weight_grad_by_timestep[:13] == 0).all())
        torch.testing.assert_close(flow.hidden, whole[name].hidden, **EXACT)
        torch.testing.assert_close(flow.transport_log10(), whole[name].transport_log10())
        torch.testing.assert_close(flow.jacobian(5), whole[name].jacobian(5), **EXACT)
        for gate, values in flow.gates.items():
            torch.testing.assert_close(values, whole[name].gates[gate], **EXACT)
        alone = flow.alone(1)
        torch.testing.assert_close(alone.hidden_grad[:, 0], flow.hidden_grad[:, 1], **EXACT)


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("cell", RECURRENT)
def test_every_cell_can_be_truncated(cell: str, residual: bool) -> None:
    """Within the only window it is the pass without truncation, before it zero; so the weights."""
    settings = {"task": "adding", "seq_len": 22, "num_layers": 2, "residual": residual}
    config = config_of(cell, 22, 9, **settings)
    _, flows, _, _ = passed(config)
    _, whole, _, _ = passed(config.replace(bptt_window=0))
    assert list(flows) == list(whole) == ["l0", "l1"]
    for name, flow in flows.items():
        assert bool((flow.hidden_grad[:13] == 0).all())
        torch.testing.assert_close(flow.hidden_grad[13:], whole[name].hidden_grad[13:], **EXACT)
        torch.testing.assert_close(flow.output, whole[name].output, **EXACT)
        torch.testing.assert_close(flow.transport_log10(), whole[name].transport_log10())


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("cell", RECURRENT)
def test_every_cell_reads_in_pieces_what_it_reads_at_once(cell: str, residual: bool) -> None:
    """What a state carried over must hold."""
    config = config_of(cell, 0, 0, num_layers=2, residual=residual)
    model, _, batch = made(config)
    hidden, last = model.recurrent(batch.inputs)
    first, state = model.recurrent(batch.inputs[:9])
    second, end = model.recurrent(batch.inputs[9:], detached(state))
    torch.testing.assert_close(torch.cat([first, second]), hidden, **EXACT)
    torch.testing.assert_close(end, last, **EXACT)


@pytest.mark.parametrize("pair", [(3, 7), (4, 4)])
def test_it_goes_on_from_a_given_state(pair: tuple[int, int]) -> None:
    config = config_of("lstm", *pair, num_layers=2)
    state = (torch.randn(2, 3, 5).double(), torch.randn(2, 3, 5).double())
    _, flows, _, _ = passed(config, state)
    _, whole, _, _ = passed(config.replace(bptt_window=0, bptt_every=0), state)
    for i, (name, flow) in enumerate(flows.items()):
        torch.testing.assert_close(flow.hidden, whole[name].hidden, **EXACT)
        expected = torch.cat([state[0][i], state[1][i]], -1).norm(dim=-1)
        torch.testing.assert_close(flow.start_norm, expected)
        torch.testing.assert_close(whole[name].start_norm, expected)


def test_float32_far_below_its_range_is_still_added() -> None:
    """Two windows whose gradients have exponents of their own: 1e-87 beside 1e-58."""
    torch.manual_seed(0)
    module = nn.RNN(2, 4)
    with torch.no_grad():
        module.weight_hh_l0.copy_(1e-3 * torch.eye(4))
    inputs = torch.randn(30, 1, 2)
    windows = [Window(0, 0, 20), Window(0, 20, 30)]
    with watch(module) as watching:
        one, two = (module(inputs[: each.end])[0][-1].sum() for each in windows)
        (one + two).backward()
    flow = joined(watching.layers, windows)["l0"]
    parts = [each.hidden_grad_log10 for each in watching.layers.values()]
    assert float(parts[1][0]) < -80 < -60 < float(flow.hidden_grad_log10[0])
    torch.testing.assert_close(flow.hidden_grad_log10[:20], parts[0], rtol=0, atol=1e-6)
    torch.testing.assert_close(flow.hidden_grad_log10[20:], parts[1][20:], rtol=0, atol=1e-6)


def test_what_cannot_be_joined_gets_a_sentence() -> None:
    backward, forward = nn.GRU(2, 3, bidirectional=True), nn.GRU(2, 3)
    for module, windows, words in (
        (backward, [Window(0, 0, 4)], "reads backward"),
        (forward, [Window(0, 0, 2), Window(2, 2, 4)], r"once a window, 2 times, got 1 calls"),
    ):
        with watch(module) as watching:
            module(torch.randn(4, 1, 2))[0].sum().backward()
        with pytest.raises(WatchError, match=words):
            joined(watching.layers, windows)


def test_the_calls_of_a_users_own_truncated_loop_keep_their_names() -> None:
    module, state = nn.LSTM(2, 3), None
    with watch(module) as watching:
        losses = []
        for piece in torch.randn(12, 1, 2).split(4):
            hidden, state = module(piece, state)
            state = tuple(each.detach() for each in state)
            losses.append(hidden.square().sum())
        torch.stack(losses).sum().backward()
    assert list(watching.layers) == ["l0", "l0#2", "l0#3"]
