"""All that a cell may be: without W_hh, with an output read out of its state, with lags, skips.

Two cells that nobody trains, but that use every path between input, state and output.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
import torch
from layer_checks import CHECKS, Case, Check, H, I, State, close, normal, watched
from torch import Tensor

from gradviz.cells import LayerPass, RecurrentLayer, Replay
from gradviz.cells.elementwise import ElementwiseLinearisation
from gradviz.cells.linearisation import HiddenCoupling

Weights = Mapping[str, Tensor]


class Leaky(RecurrentLayer):
    """h_t = k ⊙ h_{t−1} + (1 − k) ⊙ tanh(a) with k = σ(b): two gates, one of which keeps."""

    cell_name = "leaky"
    gates = ("keep", "candidate")

    def __init__(self, input_size: int) -> None:
        super().__init__(input_size, H)
        self.declare(
            dtype=torch.float64,
            weight_ih=(2 * H, input_size),
            weight_hh=(2 * H, H),
            bias=(2 * H,),
        )

    @property
    def state_sizes(self) -> tuple[int, ...]:
        return (H,)

    @property
    def output_size(self) -> int:
        return H

    def weights(self) -> dict[str, Tensor]:
        return self.own()

    def run(self, inputs: Tensor, start: State, weights: dict[str, Tensor]) -> tuple[Tensor, State]:
        (h,), outputs = start, []
        for drive in inputs @ weights["weight_ih"].T + weights["bias"]:
            k, n = (drive + h @ weights["weight_hh"].T).chunk(2, -1)
            h = torch.sigmoid(k) * h + (1 - torch.sigmoid(k)) * torch.tanh(n)
            outputs.append(h)
        return torch.stack(outputs), (h,)

    @staticmethod
    def replay(passed: LayerPass) -> Replay:
        w, before = passed.weights, passed.before
        drive = passed.inputs @ w["weight_ih"].T + before @ w["weight_hh"].T + w["bias"]
        k, n = drive.chunk(2, -1)
        k, n = k.sigmoid(), n.tanh()
        by_gate = torch.cat([(before - n) * k * (1 - k), (1 - k) * (1 - n * n)], -1)
        steps = ElementwiseLinearisation(k, by_gate, by_gate, w["weight_hh"])
        return Replay(
            states=(passed.output,),
            linearisation=steps,
            coupling=HiddenCoupling(steps, w["weight_ih"]),
            reads=(before,),
            gates={"keep": k, "candidate": n},
        )


def leaky_step(inputs: Tensor, t: int, state: State, w: Weights) -> tuple[Tensor, State]:
    a = inputs[t] @ w["weight_ih"].T + w["bias"] + state[0] @ w["weight_hh"].T
    keep = 1 / (1 + torch.exp(-a[:, :H]))
    h = keep * state[0] + (1 - keep) * torch.tanh(a[:, H:])
    return h, (h,)


class Reader(RecurrentLayer):
    """c_t = σ(f) ⊙ c_{t−1} + U x_t + V x_{t−1};  h_t = tanh(c_t) ⊙ σ(p ⊙ c_{t−1}) + S x_t."""

    cell_name = "reader"
    gates = ()
    has_recurrent_weight = False

    def __init__(self, input_size: int) -> None:
        super().__init__(input_size, H)
        shape = (H, input_size)
        self.declare(
            dtype=torch.float64,
            forget=(H,),
            weight_now=shape,
            weight_before=shape,
            peephole=(H,),
            weight_skip=shape,
        )

    @property
    def state_sizes(self) -> tuple[int, ...]:
        return (H,)

    @property
    def output_size(self) -> int:
        return H

    def weights(self) -> dict[str, Tensor]:
        return self.own()

    def run(self, inputs: Tensor, start: State, weights: dict[str, Tensor]) -> tuple[Tensor, State]:
        drives, skips = driven(inputs, weights), inputs @ weights["weight_skip"].T
        (c,), outputs = start, []
        for drive, skip in zip(drives, skips, strict=True):
            gate = torch.sigmoid(weights["peephole"] * c)
            c = torch.sigmoid(weights["forget"]) * c + drive
            outputs.append(torch.tanh(c) * gate + skip)
        return torch.stack(outputs), (c,)

    @staticmethod
    def replay(passed: LayerPass) -> Replay:
        w, c = passed.weights, passed.start[0]
        kept, states = w["forget"].sigmoid(), [passed.start[0]]
        for drive in driven(passed.inputs, w):
            c = kept * c + drive
            states.append(c)
        before, now = torch.stack(states[:-1]), torch.stack(states[1:])
        gate = (w["peephole"] * before).sigmoid()
        every = torch.ones_like(now)
        return Replay(
            states=(now,),
            linearisation=ElementwiseLinearisation(kept=kept * every, by_input=every),
            coupling=ReaderCoupling(
                now=gate * (1 - now.tanh() ** 2),
                before=now.tanh() * gate * (1 - gate) * w["peephole"],
                weight_now=w["weight_now"],
                weight_before=w["weight_before"],
                weight_skip=w["weight_skip"],
            ),
            gates={"output": gate},
        )


@dataclass
class ReaderCoupling:
    now: Tensor
    before: Tensor
    weight_now: Tensor
    weight_before: Tensor
    weight_skip: Tensor

    def output_to_state(self, grad: Tensor) -> State:
        return (grad * self.now,)

    def output_to_state_before(self, grad: Tensor) -> State:
        return (grad * self.before,)

    def to_inputs(self, vector: State) -> tuple[Tensor, ...]:
        return (vector[0] @ self.weight_now, vector[0] @ self.weight_before)

    def output_to_inputs(self, grad: Tensor) -> tuple[Tensor, ...]:
        return (grad @ self.weight_skip,)


def driven(inputs: Tensor, w: Weights) -> Tensor:
    late = torch.cat([torch.zeros_like(inputs[:1]), inputs[:-1]])
    return inputs @ w["weight_now"].T + late @ w["weight_before"].T


def reader_step(inputs: Tensor, t: int, state: State, w: Weights) -> tuple[Tensor, State]:
    late = inputs[t - 1] if t else torch.zeros_like(inputs[0])
    c = state[0] / (1 + torch.exp(-w["forget"]))
    c = c + inputs[t] @ w["weight_now"].T + late @ w["weight_before"].T
    gate = 1 / (1 + torch.exp(-w["peephole"] * state[0]))
    return torch.tanh(c) * gate + inputs[t] @ w["weight_skip"].T, (c,)


CASES = {"leaky": Case(Leaky, leaky_step, vanishes=False), "reader": Case(Reader, reader_step)}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", CASES)
def test_it_is_the_textbooks(name: str, check: Check) -> None:
    check(CASES[name])


def test_what_needs_recurrent_weights_is_refused_without() -> None:
    flow = watched(Reader(I), normal(5, 2, I), None)[0]["l0"]
    assert flow.weight_hh is None
    assert flow.cell is None
    with pytest.raises(ValueError, match="this layer, a reader, has no W_hh"):
        flow.weight_grad()
    with pytest.raises(ValueError, match="cell_grad is an LSTM's; this layer is a reader"):
        _ = flow.cell_grad
    assert flow.jacobian_bound is None
    assert flow.spectral_radius is None
    assert flow.dear_cost() > 0


def test_the_output_is_not_the_state() -> None:
    layer, inputs = Reader(I), normal(5, 2, I)
    flow = watched(layer, inputs, None)[0]["l0"]
    close(flow.output, layer(inputs)[0])
    assert not torch.allclose(flow.output, flow.hidden)
    # Its Jacobian is diagonal.
    expected = torch.diag(layer.forget.detach().sigmoid())
    close(flow.jacobian(3)[0], expected)
    close(flow.transport_log10()[0], 4 * layer.forget.detach().sigmoid().max().log10().expand(2))
