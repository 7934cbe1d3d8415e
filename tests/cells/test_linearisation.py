"""Each cell's closed-form linearisation against torch.func on the cell as a textbook writes it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gradviz.cells import REPLAYS, LayerPass, Weights
from gradviz.flow.steps import spread

T, B, I, H = 4, 3, 2, 5  # noqa: E741
State = tuple[Tensor, ...]
Step = Callable[[Tensor, State, Weights], State]


def drives(x: Tensor, state: State, w: Weights) -> Tensor:
    return w["weight_ih"] @ x + w["bias_ih"] + w["weight_hh"] @ state[0] + w["bias_hh"]


def rnn(x: Tensor, state: State, w: Weights, squash: Callable[[Tensor], Tensor]) -> State:
    return (squash(drives(x, state, w)),)


def lstm(x: Tensor, state: State, w: Weights) -> State:
    i, f, g, o = drives(x, state, w).chunk(4)
    cell = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
    return o.sigmoid() * cell.tanh(), cell


def gru(x: Tensor, state: State, w: Weights) -> State:
    r_in, z_in, n_in = (w["weight_ih"] @ x + w["bias_ih"]).chunk(3)
    r_back, z_back, n_back = (w["weight_hh"] @ state[0] + w["bias_hh"]).chunk(3)
    z = (z_in + z_back).sigmoid()
    n = (n_in + (r_in + r_back).sigmoid() * n_back).tanh()
    return ((1 - z) * n + z * state[0],)


CELLS: dict[str, tuple[Step, int, int, str]] = {
    "tanh": (lambda x, s, w: rnn(x, s, w, torch.tanh), 1, 1, "RNN"),
    "relu": (lambda x, s, w: rnn(x, s, w, torch.relu), 1, 1, "RNN"),
    "lstm": (lstm, 4, 2, "LSTM"),
    "gru": (gru, 3, 1, "GRU"),
}


def passed(name: str) -> tuple[LayerPass, list[list[State]]]:
    """A pass by the textbook's step, and its states s_0 … s_T of each sequence."""
    step, gates, parts, _ = CELLS[name]
    draw = torch.Generator().manual_seed(5)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=draw, dtype=torch.float64)

    weights = {
        "weight_ih": normal(gates * H, I),
        "weight_hh": normal(gates * H, H) / 2,
        "bias_ih": normal(gates * H),
        "bias_hh": normal(gates * H),
    }
    inputs, first = normal(T, B, I), [tuple(normal(H) for _ in range(parts)) for _ in range(B)]
    states = []
    for b in range(B):
        states.append([first[b]])
        for t in range(T):
            states[b].append(step(inputs[t, b], states[b][-1], weights))
    hidden = torch.stack([torch.stack([s[0] for s in each[1:]]) for each in states], 1)
    start = tuple(torch.stack(part) for part in zip(*first, strict=True))
    return LayerPass(inputs, hidden, start, weights, name), states


# torch.func.jvp scripts its own formulas, and torch warns of its own scripting.
@pytest.mark.filterwarnings("ignore:`torch.jit.script` is:DeprecationWarning")
@pytest.mark.parametrize("name", CELLS)
def test_products_equal_torch_func(name: str) -> None:
    step, _, parts, mode = CELLS[name]
    layer, states = passed(name)
    steps = REPLAYS[mode](layer).linearisation
    draw = torch.Generator().manual_seed(6)
    vector = tuple(torch.randn(T, B, H, generator=draw, dtype=torch.float64) for _ in range(parts))
    back, onward, into = steps.vjp(vector), steps.jvp(vector), steps.input_grad(vector)
    for t in range(T):
        for b in range(B):
            before, mine = states[b][t], tuple(each[t, b] for each in vector)

            def of_state(*state: Tensor, x: Tensor = layer.inputs[t, b]) -> State:
                return step(x, state, layer.weights)

            def of_bias(bias: Tensor, before: State = before, t: int = t, b: int = b) -> State:
                return step(layer.inputs[t, b], before, {**layer.weights, "bias_ih": bias})

            _, pull = torch.func.vjp(of_state, *before)
            expected = [
                (back, pull(mine)),
                (onward, torch.func.jvp(of_state, before, mine)[1]),
                ((into,), torch.func.vjp(of_bias, layer.weights["bias_ih"])[1](mine)),
            ]
            for ours, theirs in expected:
                for part, truth in zip(ours, theirs, strict=True):
                    torch.testing.assert_close(part[t, b], truth, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", CELLS)
def test_products_take_many_vectors_a_sequence(name: str) -> None:
    _, _, parts, mode = CELLS[name]
    steps = REPLAYS[mode](passed(name)[0]).linearisation
    wide = spread(steps)
    many = tuple(torch.randn(T, B, 7, H, dtype=torch.float64) for _ in range(parts))
    single = tuple(each[:, :, 4] for each in many)
    for product in ("vjp", "jvp"):
        for ours, one in zip(
            getattr(wide, product)(many), getattr(steps, product)(single), strict=True
        ):
            torch.testing.assert_close(ours[:, :, 4], one, rtol=1e-12, atol=1e-14)


def test_gates_and_cell_states_are_the_textbooks() -> None:
    layer, states = passed("lstm")
    replay = REPLAYS["LSTM"](layer)
    cells = torch.stack([torch.stack([s[1] for s in each[1:]]) for each in states], 1)
    torch.testing.assert_close(replay.states[1], cells, rtol=1e-12, atol=1e-14)
    i, f, g, o = (replay.gates[name] for name in ("input", "forget", "candidate", "output"))
    previous = torch.cat([layer.start[1][None], cells[:-1]])
    torch.testing.assert_close(f * previous + i * g, cells, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(o * cells.tanh(), layer.output, rtol=1e-12, atol=1e-14)


def test_a_grus_gates_mix_the_state() -> None:
    layer, _ = passed("gru")
    gates = REPLAYS["GRU"](layer).gates
    z, n = gates["update"], gates["candidate"]
    torch.testing.assert_close((1 - z) * n + z * layer.before, layer.output, rtol=1e-12, atol=0)
    assert set(gates) == {"reset", "update", "candidate"}
    assert bool(((gates["reset"] > 0) & (gates["reset"] < 1)).all())
