"""Noise within the recurrence, against textbook loops that are handed the masks that were drawn.

Everything here is autograd's on a loop in float64; nothing calls a layer's own step or replay.

Index legend: T timesteps, B sequences, I input size, H hidden size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import torch
from layer_checks import B, H, I, State, T, close, loss_of, normal, of_state, seeded
from torch import Tensor, nn
from torch.nn import functional

from gradviz.cells import (
    LAYERS,
    CoupledLstm,
    FusedGru,
    FusedLstm,
    FusedRnn,
    LayerNormLstm,
    LinearRnn,
    Masks,
    Mgu,
    Noise,
    Noted,
    OrthogonalRnn,
    PeepholeLstm,
    RecurrentLayer,
    Stack,
)
from gradviz.flow import LayerFlow, watch

Weights = Mapping[str, Tensor]
Step = Callable[[Tensor, State, Weights, "At"], State]


@dataclass
class At:
    """The masks of one timestep; ones where there are none."""

    hidden: Tensor | float = 1.0
    candidate: Tensor | float = 1.0


def bias(w: Weights) -> Tensor:
    return sum((each for name, each in w.items() if name.startswith("bias")), torch.zeros(()))


def drive(x: Tensor, h: Tensor, w: Weights, at: At) -> Tensor:
    return x @ w["weight_ih"].T + (h * at.hidden) @ w["weight_hh"].T + bias(w)


def rnn(x: Tensor, state: State, w: Weights, at: At) -> State:
    return (torch.tanh(drive(x, state[0], w, at)),)


def relu(x: Tensor, state: State, w: Weights, at: At) -> State:
    return (drive(x, state[0], w, at).clamp(min=0),)


def linear(x: Tensor, state: State, w: Weights, at: At) -> State:
    return (drive(x, state[0], w, at),)


def lstm(x: Tensor, state: State, w: Weights, at: At) -> State:
    i, f, g, o = drive(x, state[0], w, at).chunk(4, -1)
    c = f.sigmoid() * state[1] + i.sigmoid() * (g.tanh() * at.candidate)
    return o.sigmoid() * c.tanh(), c


def coupled(x: Tensor, state: State, w: Weights, at: At) -> State:
    i, g, o = drive(x, state[0], w, at).chunk(3, -1)
    c = (1 - i.sigmoid()) * state[1] + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def peephole(x: Tensor, state: State, w: Weights, at: At) -> State:
    i, f, g, o = drive(x, state[0], w, at).chunk(4, -1)
    p_i, p_f, p_o = w["peephole"].chunk(3)
    c = (f + p_f * state[1]).sigmoid() * state[1] + (i + p_i * state[1]).sigmoid() * g.tanh()
    return (o + p_o * c).sigmoid() * c.tanh(), c


def layer_norm_lstm(x: Tensor, state: State, w: Weights, at: At) -> State:
    def norm(values: Tensor, gain: str, shift: str) -> Tensor:
        return functional.layer_norm(values, values.shape[-1:], w[gain], w[shift], 1e-5)

    a = norm(x @ w["weight_ih"].T, "gain_ih", "bias_ih")
    a = a + norm(state[0] @ w["weight_hh"].T, "gain_hh", "bias_hh")
    i, f, g, o = a.chunk(4, -1)
    c = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
    return o.sigmoid() * norm(c, "cell_gain", "cell_bias").tanh(), c


def gru(x: Tensor, state: State, w: Weights, at: At) -> State:
    (h,) = state
    into = (x @ w["weight_ih"].T + w["bias_ih"]).chunk(3, -1)
    back = ((h * at.hidden) @ w["weight_hh"].T + w["bias_hh"]).chunk(3, -1)
    r, z = (into[0] + back[0]).sigmoid(), (into[1] + back[1]).sigmoid()
    n = (into[2] + r * back[2]).tanh() * at.candidate
    return ((1 - z) * n + z * h,)


def mgu(x: Tensor, state: State, w: Weights, at: At) -> State:
    (h,) = state
    (of_f, of_n), (to_f, to_n) = (
        (x @ w["weight_ih"].T + w["bias"]).chunk(2, -1),
        w["weight_hh"].chunk(2),
    )
    f = (of_f + h @ to_f.T).sigmoid()
    n = (of_n + (f * h) @ to_n.T).tanh()
    return ((1 - f) * h + f * n,)


def orthogonal(x: Tensor, state: State, w: Weights, at: At) -> State:
    z = x @ w["weight_ih"].T + (state[0] * at.hidden) @ w["weight_hh"].T
    return (z.sign() * (z.abs() + w["bias"]).clamp(min=0),)


STEPS: dict[type[RecurrentLayer], Step] = {
    FusedRnn: rnn,
    LinearRnn: linear,
    FusedLstm: lstm,
    FusedGru: gru,
    PeepholeLstm: peephole,
    CoupledLstm: coupled,
    LayerNormLstm: layer_norm_lstm,
    Mgu: mgu,
    OrthogonalRnn: orthogonal,
}
KINDS = ("zoneout", "dropconnect", "variational", "recurrent")
ALL = {"zoneout": 0.3, "dropconnect": 0.4, "variational": 0.35, "recurrent": 0.25}
CASES = [
    *((kind, {name: ALL[name]}) for kind in (FusedRnn, FusedLstm, FusedGru) for name in KINDS),
    *((kind, ALL) for kind in STEPS),
]
CASES = [
    (kind, found)
    for kind, rates in CASES
    if (found := {name: p for name, p in rates.items() if name in kind.noise_kinds})
]
named = pytest.mark.parametrize(
    ("kind", "rates"), CASES, ids=lambda each: getattr(each, "cell_name", None) or "+".join(each)
)


def stack(kind: type[RecurrentLayer], rates: Mapping[str, float], layers: int = 2) -> Stack:
    def make(size: int) -> RecurrentLayer:
        layer = kind(size, H, dtype=torch.float64)
        layer.add_noise(Noise(**rates))
        return layer

    made = seeded(lambda: Stack(make, I, layers, bidirectional=layers > 1))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.mul_(1.5)
    begin(made)
    return made


def begin(module: nn.Module, seed: int = 1) -> None:
    generator = torch.Generator().manual_seed(seed)
    for each in module.modules():
        if isinstance(each, Noise):
            each.begin(generator)


@contextmanager
def listening(made: Stack) -> Iterator[dict[str, list[Masks]]]:
    """The masks of each layer's passes, as they are drawn."""
    found: dict[str, list[Masks]] = {name: [] for name in made.layer_names}
    hooks = []
    for name, layer in zip(made.layer_names, made.layers, strict=True):

        def note(module: nn.Module, args: object, noted: Noted, name: str = name) -> None:
            found[name].append(noted.masks)

        assert layer.noise is not None
        hooks.append(layer.noise.register_forward_hook(note))
    yield found
    for hook in hooks:
        hook.remove()


@dataclass
class Trace:
    """Of one layer and direction, in the order of the sequence."""

    own: dict[str, Tensor]
    """As the layer has them."""
    weights: dict[str, Tensor]
    """As the pass used them."""
    inputs: Tensor
    states: list[State]
    before: list[State]
    at: list[tuple[At, State]]


def one_step(
    kind: type[RecurrentLayer], x: Tensor, s: State, w: Weights, at: tuple[At, State]
) -> State:
    own = STEPS[kind](x, s, w, at[0])
    if not at[1]:
        return own
    return tuple(m * old + (1 - m) * new for m, old, new in zip(at[1], s, own, strict=True))


def loop(layer: RecurrentLayer, inputs: Tensor, masks: Masks, *, is_reverse: bool) -> Trace:
    own = {name: each.detach().clone().requires_grad_() for name, each in layer.weights().items()}
    weights = dict(own)
    if masks.weight is not None:
        weights["weight_hh"] = own["weight_hh"] * masks.weight
    state = layer.zeros(inputs)
    states, befores, ats, reads = [], [], [], []
    for index in range(len(inputs)):
        x = inputs[len(inputs) - 1 - index if is_reverse else index]
        x = x if masks.inputs is None else x * masks.inputs[index]
        at = (
            At(
                1.0 if masks.hidden is None else masks.hidden[index],
                1.0 if masks.candidate is None else masks.candidate[index],
            ),
            tuple(part[index] for part in masks.kept),
        )
        befores.append(state)
        state = one_step(type(layer), x, state, weights, at)
        for part in state:
            part.retain_grad()
        states.append(state)
        ats.append(at)
        reads.append(x)
    if is_reverse:
        states, befores, ats, reads = states[::-1], befores[::-1], ats[::-1], reads[::-1]
    return Trace(own, weights, torch.stack(reads), states, befores, ats)


def unrolled(
    made: Stack, inputs: Tensor, masks: Mapping[str, list[Masks]]
) -> tuple[Tensor, dict[str, Trace], list[State]]:
    traces: dict[str, Trace] = {}
    last = []
    for index in range(made.num_layers):
        outputs = []
        for direction in range(made.directions):
            place = index * made.directions + direction
            name = made.layer_names[place]
            trace = loop(made.layers[place], inputs, masks[name][0], is_reverse=bool(direction))
            traces[name] = trace
            outputs.append(torch.stack([state[0] for state in trace.states]))
            last.append(trace.states[0 if direction else -1])
        inputs = torch.cat(outputs, -1)
    return inputs, traces, last


@named
def test_states_and_gradients_are_the_textbooks(
    kind: type[RecurrentLayer], rates: dict[str, float]
) -> None:
    """Two layers that read both ways; every output and last state counts."""
    made, inputs = stack(kind, rates), normal(T, B, I).requires_grad_()
    with listening(made) as masks, watch(made) as watching:
        output, last = made(inputs)
        loss_of(output, last).backward()
    below, inputs.grad = inputs.grad, None
    expected, traces, ends = unrolled(made, inputs, masks)
    close(output, expected, rtol=1e-11)
    loss_of(expected, ends).backward()
    close(below, inputs.grad)
    for name, trace in traces.items():
        flow, layer = watching.layers[name], made.get_submodule(name)
        for t, state in enumerate(trace.states):
            for part, each in enumerate(state):
                close((flow.hidden, flow.cell)[part][t], each.detach(), rtol=1e-11)
                close(of_state(flow, part)[t], grad_of(flow, trace, t, part))
        grads = [each.grad for each in trace.own.values()]
        parameters = list(layer.parameters())
        through = torch.autograd.grad(list(layer.weights().values()), parameters, grads)
        for parameter, grad in zip(parameters, through, strict=True):
            close(parameter.grad, grad)
        recurrent = trace.own["weight_hh"].grad
        close(flow.weight_grad(), recurrent)
        terms = torch.stack([flow.weight_grad_at(t + 1) for t in range(T)])
        close(terms.sum(0), recurrent)
        close(flow.weight_grad_by_timestep, torch.linalg.matrix_norm(terms))


def grad_of(flow: LayerFlow, trace: Trace, t: int, part: int) -> Tensor:
    """Of a state in the loop; a c_t that autograd knows nothing of was not used."""
    grad = trace.states[t][part].grad
    return torch.zeros_like(trace.states[t][part]) if grad is None else grad


@named
def test_jacobians_are_autograds(kind: type[RecurrentLayer], rates: dict[str, float]) -> None:
    """Of every timestep and sequence; and products, norms, transport and bound made of them."""
    made, inputs = stack(kind, rates, layers=1), normal(T, B, I)
    with listening(made) as masks, watch(made) as watching:
        made(inputs)[0][-1].sum().backward()
    flow = watching.layers["l0"]
    _, traces, _ = unrolled(made, inputs, masks)
    found = torch.stack(
        [torch.stack([dense(kind, traces["l0"], t, b) for b in range(B)]) for t in range(T)]
    )
    close(torch.stack([flow.jacobian(t + 1) for t in range(T)]), found)
    sizes = flow.widths
    u, v = (normal(T, B, sum(sizes), seed=seed) for seed in (30, 40))
    onward = torch.cat(flow.steps.jvp(u.split(sizes, -1)), -1)
    back = torch.cat(flow.steps.vjp(v.split(sizes, -1)), -1)
    close(onward, torch.einsum("tbij,tbj->tbi", found, u))
    close(back, torch.einsum("tbij,tbi->tbj", found, v))
    norms = torch.linalg.matrix_norm(found, 2)
    close(flow.jacobian_norm(tolerance=1e-9), norms, rtol=1e-7)
    product, logs = torch.eye(sum(sizes), dtype=torch.float64).expand(B, -1, -1), []
    for t in reversed(range(T)):
        logs.append(torch.linalg.matrix_norm(product, 2).log10())
        product = product @ found[t]
    transport = flow.transport_log10(tolerance=1e-9)
    torch.testing.assert_close(transport, torch.stack(logs[::-1]), rtol=1e-7, atol=1e-8)
    if flow.jacobian_bound is not None:
        assert float(norms.max()) <= flow.jacobian_bound
    alone = flow.alone(1)
    close(alone.jacobian(T)[0], found[-1, 1])
    close(alone.hidden_grad[:, 0], flow.hidden_grad[:, 1])


def dense(kind: type[RecurrentLayer], trace: Trace, t: int, b: int) -> Tensor:
    """J_t of sequence b, by autograd on the textbook's step."""
    row = slice(b, b + 1)
    at, kept = trace.at[t]
    at = At(*(each if isinstance(each, float) else each[row] for each in (at.hidden, at.candidate)))
    sizes = [part.shape[-1] for part in trace.before[t]]
    weights = {name: each.detach() for name, each in trace.weights.items()}

    def step(s: Tensor) -> Tensor:
        state = tuple(part[None] for part in s.split(sizes))
        masks = (at, tuple(part[row] for part in kept))
        return torch.cat(one_step(kind, trace.inputs[t, row].detach(), state, weights, masks), -1)[
            0
        ]

    joined = torch.cat([part[b].detach() for part in trace.before[t]])
    return torch.autograd.functional.jacobian(step, joined)


@pytest.mark.parametrize("kind", [FusedRnn, FusedLstm, FusedGru])
def test_zoneout_is_the_papers_formula(kind: type[RecurrentLayer]) -> None:
    """J_t = diag(m) + diag(1 − m) J̃_t with J̃_t of the same layer without noise, and both gates."""
    made, inputs = stack(kind, {"zoneout": 0.5}, layers=1), normal(T, B, I)
    with listening(made) as masks, watch(made) as watching:
        made(inputs)[0].sum().backward()
    flow, layer = watching.layers["l0"], made.layers[0]
    kept = torch.cat(masks["l0"][0].kept, -1)
    assert set(kept.unique().tolist()) == {0.0, 1.0}
    layer.noise = None
    start = layer.zeros(inputs)
    for t in range(T):
        with watch(layer) as bare:
            output, _ = layer(inputs[t : t + 1], start)
            output.sum().backward()
        own, m = bare.layers["l0"], kept[t].unsqueeze(-1)
        eye = torch.eye(kept.shape[-1], dtype=torch.float64)
        close(flow.jacobian(t + 1), m * eye + (1 - m) * own.jacobian(1))
        for gate, values in own.gates.items():
            close(flow.gates[gate][t], values[0])
        start = tuple(part[t] for part in (flow.hidden, flow.cell) if part is not None)


def test_masks_are_drawn_as_the_papers_say() -> None:
    """One of W_hh a step; one a sequence; one a timestep; two of an LSTM's state."""
    made = stack(FusedLstm, ALL)
    inputs = normal(40, 64, I)
    with listening(made) as found:
        made(inputs)
        made(inputs)
        begin(made, seed=2)
        made(inputs)
        begin(made, seed=1)
        made(inputs)
    one, same_step, next_step, again = found["l0"]
    other = found["l0_reverse"][0]
    for name, p in (("weight", 0.4), ("inputs", 0.35), ("hidden", 0.35), ("candidate", 0.25)):
        mask = getattr(one, name)
        low, high = mask.unique().tolist()
        assert (low, high) == (0.0, pytest.approx(1 / (1 - p)))
        own = mask if name in ("weight", "candidate") else mask[0]
        spread = (p * (1 - p) / own.numel()) ** 0.5
        assert float((own == 0).double().mean()) == pytest.approx(p, abs=4 * spread)
        assert torch.equal(mask, getattr(same_step, name)) == (name != "candidate")
        assert torch.equal(mask, getattr(again, name))
        for different in (next_step, other):
            assert not torch.equal(mask, getattr(different, name))
    assert one.weight.shape == (4 * H, H)
    for name in ("inputs", "hidden"):
        mask = getattr(one, name)
        assert torch.equal(mask, mask[:1].expand_as(mask))
        assert not torch.equal(mask[:, :1].expand_as(mask), mask)
    assert not torch.equal(one.candidate[0], one.candidate[1])
    hidden, memory = one.kept
    assert not torch.equal(hidden, memory)
    assert not torch.equal(hidden[0], hidden[1])
    assert float(hidden.mean()) == pytest.approx(ALL["zoneout"], abs=0.02)
    assert not torch.equal(hidden, same_step.kept[0])


@pytest.mark.parametrize("kind", [FusedRnn, FusedLstm, FusedGru])
def test_without_training_only_zoneouts_mean_is_left(kind: type[RecurrentLayer]) -> None:
    rates = {name: ALL[name] for name in KINDS if name in kind.noise_kinds}
    made, inputs = stack(kind, rates, layers=1), normal(T, B, I)
    state = torch.get_rng_state()
    output, _ = made.eval()(inputs)
    assert torch.equal(state, torch.get_rng_state())
    s, w = made.layers[0].zeros(inputs), made.layers[0].weights()
    for t in range(T):
        own = STEPS[kind](inputs[t], s, w, At())
        s = tuple(0.3 * old + 0.7 * new for old, new in zip(s, own, strict=True))
        close(output[t], s[0], rtol=1e-11)
    rates.pop("zoneout")
    silent = stack(kind, rates, layers=1).eval()
    bare = stack(kind, rates, layers=1)
    bare.layers[0].noise = None
    close(silent(inputs)[0], bare(inputs)[0], rtol=0)


@pytest.mark.parametrize("kind", [FusedRnn, FusedLstm, FusedGru, *LAYERS.values()])
def test_rates_of_zero_are_bit_equal_to_no_noise(kind: type[RecurrentLayer]) -> None:
    inputs, results = normal(T, B, I).float(), []
    for noise in (None, Noise()):
        layer = seeded(lambda: kind(I, H))
        if noise is not None:
            layer.add_noise(noise)
        with watch(layer) as watching:
            output, _ = layer(inputs)
            output.square().sum().backward()
        grads = [each.grad for each in layer.parameters()]
        results.append([output, watching.layers["l0"].hidden_grad, *grads])
    for one, two in zip(*results, strict=True):
        assert torch.equal(one, two)


def test_what_a_cell_cannot_have_gets_a_sentence() -> None:
    with pytest.raises(
        ValueError, match=r"variational must be 0 for a layer of mgu, got 0\.2; it may"
    ):
        Mgu(I, H).add_noise(Noise(variational=0.2))
    with pytest.raises(
        ValueError, match=r"zoneout must be 0 for a layer of sru, got 0\.1; .* no noise"
    ):
        LAYERS["sru"](I, H).add_noise(Noise(zoneout=0.1))
    with pytest.raises(ValueError, match=r"dropconnect must be 0…below 1, got 1\.0"):
        Noise(dropconnect=1.0)


def test_outside_a_trainer_masks_are_pytorchs() -> None:
    """Every pass draws its own, as nn.Dropout does, from the global generator."""
    layer = FusedRnn(I, H, dtype=torch.float64)
    layer.add_noise(Noise(dropconnect=0.5, variational=0.5))
    inputs = normal(T, B, I)
    torch.manual_seed(5)
    one, two = layer(inputs)[0], layer(inputs)[0]
    torch.manual_seed(5)
    again = layer(inputs)[0]
    assert torch.equal(one, again)
    assert not torch.equal(one, two)
