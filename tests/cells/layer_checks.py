"""What every layer of ours must hold, against its step as a textbook has it.

A cell's test writes its equations once more, for one timestep, and runs the checks:

    CASE = Case(lambda size: MyCell(size, H, dtype=torch.float64), step)

    @pytest.mark.parametrize("check", CHECKS)
    def test_it_is_the_textbooks(check: Check) -> None:
        check(CASE)

The loop, the gradients and the Jacobians here are autograd's on that step, timestep by timestep;
nothing calls the layer's own forward, replay or linearisation.

Index legend: T timesteps, B sequences, I input size, H hidden size, D directions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import torch
from torch import Tensor

import gradviz
from gradviz.cells import RecurrentLayer, Stack
from gradviz.flow import LayerFlow, watch

T, B, I, H = 6, 3, 4, 5  # noqa: E741
State = tuple[Tensor, ...]
Made = TypeVar("Made")
Step = Callable[[Tensor, int, State, Mapping[str, Tensor]], tuple[Tensor, State]]
"""Inputs (T, B, I), timestep index 0…T−1, s_{t−1}, weights → output (B, P), s_t."""


@dataclass(frozen=True)
class Case:
    """A cell and its textbook."""

    make: Callable[[int], RecurrentLayer]
    """A layer of H units in float64, from its input size."""
    step: Step
    vanishes: bool = True
    """Whether small weights make it forget, and not to exactly zero as relu's do."""


@dataclass
class Trace:
    """One layer and direction: states by position in the sequence, leaves of a graph."""

    weights: dict[str, Tensor]
    states: dict[int, State] = field(default_factory=dict)
    last: State = ()


def layer_of(case: Case, input_size: int = I) -> RecurrentLayer:
    """Weights a little larger than by default, so that the gates move."""
    layer = seeded(lambda: case.make(input_size))
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.mul_(1.5)
    return layer


def seeded(make: Callable[[], Made]) -> Made:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return make()


def normal(*shape: int, seed: int = 7) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=draw, dtype=torch.float64)


def starts(layers: Sequence[RecurrentLayer], batch: int = B) -> tuple[State, ...]:
    """s_0 of each."""
    return tuple(
        tuple(normal(batch, size, seed=20 + part) / 2 for part, size in enumerate(each.state_sizes))
        for each in layers
    )


def loop(
    case: Case, layer: RecurrentLayer, inputs: Tensor, start: State, *, is_reverse: bool = False
) -> tuple[Tensor, Trace]:
    """One layer by the textbook; the outputs (T, B, P) in the order of the sequence."""
    weights = {name: each.detach().clone() for name, each in layer.weights().items()}
    for each in weights.values():
        each.requires_grad_()
    trace, outputs, state = Trace(weights), {}, start
    read = inputs.flip(0) if is_reverse else inputs
    for t in range(len(read)):
        output, state = case.step(read, t, state, weights)
        for part in state:
            part.retain_grad()
        position = len(read) - 1 - t if is_reverse else t
        trace.states[position], outputs[position] = state, output
    trace.last = state
    return torch.stack([outputs[t] for t in range(len(read))]), trace


def stacked(
    case: Case, stack: Stack, inputs: Tensor, start: Sequence[State]
) -> tuple[Tensor, dict[str, Trace]]:
    """All layers by the textbook."""
    traces: dict[str, Trace] = {}
    for index in range(stack.num_layers):
        outputs = []
        for direction in range(stack.directions):
            place = index * stack.directions + direction
            layer, name = stack.layers[place], stack.layer_names[place]
            output, traces[name] = loop(
                case, layer, inputs, start[place], is_reverse=bool(direction)
            )
            outputs.append(output)
        output = torch.cat(outputs, -1)
        is_added = stack.residual and output.shape == inputs.shape
        inputs = output + inputs if is_added else output
    return inputs, traces


def loss_of(output: Tensor, last: Sequence[State]) -> Tensor:
    """Every entry counts differently, of outputs and of last states."""
    tensors = [output, *(part for state in last for part in state)]
    return sum((weighted(each) for each in tensors), torch.zeros((), dtype=torch.float64))


def weighted(tensor: Tensor) -> Tensor:
    factors = torch.linspace(0.5, 1.5, tensor.numel(), dtype=tensor.dtype)
    return (tensor**2 * factors.reshape(tensor.shape)).sum()


def close(ours: Tensor, theirs: Tensor, rtol: float = 1e-8) -> None:
    torch.testing.assert_close(ours, theirs, rtol=rtol, atol=1e-11)


def of_layer(layer: RecurrentLayer, last: State) -> State:
    """The state, without what is handed on behind it."""
    return last[: len(layer.state_sizes)]


def of_state(flow: LayerFlow, part: int) -> Tensor:
    """(T, B, ·): the total gradient of a part of the state."""
    return flow.cell_grad if part else flow.hidden_grad


def watched(
    module: Stack | RecurrentLayer, inputs: Tensor, start: object
) -> tuple[dict[str, LayerFlow], Tensor]:
    """Flows and the loss."""
    with watch(module) as watching:
        output, last = module(inputs, start)
        layers = module.layers if isinstance(module, Stack) else [module]
        ends = last if isinstance(module, Stack) else [last]
        loss = loss_of(output, list(map(of_layer, layers, ends)))
        loss.backward()
    return watching.layers, loss.detach()


def equal_gradients(flow: LayerFlow, trace: Trace) -> None:
    """Of all states at all timesteps, and of the recurrent weights."""
    for t, state in trace.states.items():
        for part, each in enumerate(state):
            assert each.grad is not None
            close(of_state(flow, part)[t], each.grad)
            close((flow.hidden, flow.cell)[part][t], each.detach(), rtol=1e-11)
    if flow.weight_hh is not None:
        grad = trace.weights["weight_hh"].grad
        assert grad is not None
        close(flow.weight_grad(), grad)
        terms = [flow.weight_grad_at(t + 1) for t in trace.states]
        close(torch.stack(terms).sum(0), grad)
        norms = torch.stack([torch.linalg.matrix_norm(each) for each in terms])
        close(flow.weight_grad_by_timestep[list(trace.states)], norms)


def the_output_is_the_textbooks(case: Case) -> None:
    layer, inputs = layer_of(case), normal(T, B, I)
    for start in (None, starts([layer])[0]):
        given = layer.zeros(inputs) if start is None else start
        expected, trace = loop(case, layer, inputs, given)
        output, last = layer(inputs, start)
        close(output, expected, rtol=1e-11)
        for ours, theirs in zip(of_layer(layer, last), trace.last, strict=True):
            close(ours, theirs, rtol=1e-11)
        assert output.shape == (T, B, layer.output_size)


def the_parameters_gradients_are_the_textbooks(case: Case) -> None:
    """Of the layer's own backward, which training uses; through a parametrisation if any."""
    layer, inputs = layer_of(case), normal(T, B, I)
    start = starts([layer])[0]
    output, last = layer(inputs, start)
    loss_of(output, [of_layer(layer, last)]).backward()
    output, trace = loop(case, layer, inputs, start)
    loss_of(output, [trace.last]).backward()
    weights, parameters = layer.weights(), list(layer.parameters())
    grads = [trace.weights[name].grad for name in weights]
    expected = torch.autograd.grad(list(weights.values()), parameters, grads)
    for parameter, grad in zip(parameters, expected, strict=True):
        assert parameter.grad is not None
        close(parameter.grad, grad)


def total_gradients_are_autograds(case: Case) -> None:
    layer, inputs = layer_of(case), normal(T, B, I)
    start = starts([layer])[0]
    flows, _ = watched(layer, inputs, start)
    assert list(flows) == ["l0"]
    output, trace = loop(case, layer, inputs, start)
    loss_of(output, [trace.last]).backward()
    equal_gradients(flows["l0"], trace)


def stacks_are_the_textbooks(case: Case) -> None:
    """Of 1–3 layers, in one direction and two, with and without skips."""
    for layers in (1, 2, 3):
        for directions in (1, 2):
            for residual in (False, True):
                _one_stack(case, layers, directions, residual=residual)


def _one_stack(case: Case, layers: int, directions: int, *, residual: bool) -> None:
    size = directions * layer_of(case).output_size if residual else I
    stack = seeded(
        lambda: Stack(case.make, size, layers, bidirectional=directions == 2, residual=residual)
    )
    inputs, start = normal(T, B, size), starts(stack.layers)
    flows, loss = watched(stack, inputs, start)
    assert list(flows) == stack.layer_names
    output, traces = stacked(case, stack, inputs, start)
    expected = loss_of(output, [trace.last for trace in traces.values()])
    close(loss, expected.detach(), rtol=1e-11)
    expected.backward()
    for name, trace in traces.items():
        equal_gradients(flows[name], trace)


def what_goes_to_the_inputs_is_autograds(case: Case) -> None:
    layer, inputs = layer_of(case), normal(T, B, I).requires_grad_()
    flows, _ = watched(layer, inputs, None)
    below = flows["l0"].grad_below()
    assert inputs.grad is not None
    close(below.double(), inputs.grad)


def jacobians_are_autograds(case: Case) -> None:
    """By torch.autograd.functional.jacobian on the step."""
    layer, inputs = layer_of(case), normal(T, B, I)
    start = starts([layer])[0]
    flow = watched(layer, inputs, start)[0]["l0"]
    _, trace = loop(case, layer, inputs, start)
    sizes = layer.state_sizes
    for t in range(T):
        before = start if t == 0 else trace.states[t - 1]
        for b in range(B):
            joined = torch.cat([part[b].detach() for part in before])

            def of_state(s: Tensor, t: int = t, b: int = b) -> Tensor:
                state = tuple(part[None] for part in s.split(sizes))
                after = case.step(inputs[:, b : b + 1], t, state, layer.weights())[1]
                return torch.cat([part[0] for part in after])

            expected = torch.autograd.functional.jacobian(of_state, joined)
            close(flow.jacobian(t + 1)[b], expected.detach())


def products_are_each_others_transpose(case: Case) -> None:
    """⟨v, J u⟩ = ⟨Jᵀ v, u⟩, in PyTorch and NumPy."""
    layer, inputs = layer_of(case), normal(T, B, I)
    flow = watched(layer, inputs, None)[0]["l0"]
    one, two = (
        tuple(normal(T, B, size, seed=seed + size) for size in layer.state_sizes)
        for seed in (30, 40)
    )
    onward, back = flow.steps.jvp(two), flow.steps.vjp(one)
    close(_inner(one, onward), _inner(back, two))
    assert flow.steps.cost > 0


def _inner(one: State, two: State) -> Tensor:
    return torch.stack([torch.linalg.vecdot(*pair) for pair in zip(one, two, strict=True)]).sum(0)


def one_sequence_alone_is_the_same(case: Case) -> None:
    layer, inputs = layer_of(case), normal(T, B, I)
    flow = watched(layer, inputs, None)[0]["l0"]
    alone = flow.alone(1)
    close(alone.hidden_grad[:, 0], flow.hidden_grad[:, 1], rtol=1e-10)
    close(alone.transport_log10()[:, 0], flow.transport_log10()[:, 1], rtol=1e-5)


def every_quantity_that_fits_is_measured(case: Case) -> None:
    """With the axes that it declares, and without nan."""
    layer, inputs = layer_of(case), normal(T, B, I)
    flow = watched(layer, inputs, None)[0]["l0"]
    sizes = {
        "timestep": T,
        "sequence": B,
        "unit": flow.widths[0],
        "state": flow.state_size,
        "side": 2,
    }
    named = []
    for quantity in gradviz.quantities():
        if quantity.of != "layer" or not quantity.fits(flow):
            continue
        named.append(quantity.name)
        for array in _arrays(quantity.measure(flow)):
            assert array.shape == tuple(sizes[axis] for axis in quantity.axes), quantity.name
            assert not bool(array.isnan().any()), quantity.name
    assert ("weight_grad_by_timestep" in named) == (flow.weight_hh is not None)
    assert ("gates" in named) == bool(flow.gates)
    assert {"transport_log10", "lyapunov_exponents", "gradient_horizon"} <= set(named)


def _arrays(value: object) -> list[Tensor]:
    if isinstance(value, Mapping):
        return [array for each in value.values() for array in _arrays(each)]
    if isinstance(value, tuple):
        return [array for each in value for array in _arrays(each)]
    return [torch.as_tensor(value)]


def what_vanishes_keeps_its_size(case: Case) -> None:
    """Float32 against the textbook in float64, below float32's range."""
    layer = layer_of(case)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.mul_(SMALL)
    single = layer.float()
    inputs = normal(LONG, 2, I)
    with watch(single) as watching:
        single(inputs.float())[0][-1].square().sum().backward()
    flow = watching.layers["l0"]
    double = layer.double()
    output, trace = loop(case, double, inputs.float().double(), double.zeros(inputs))
    output[-1].square().sum().backward()
    grads = torch.stack([_grad(trace.states[t][0]) for t in range(LONG)])
    expected = torch.linalg.vector_norm(grads, dim=-1).log10()
    # Float64 has its own end.
    is_known = expected > -290
    assert is_known[-1].all()
    assert not case.vanishes or float(expected[is_known].min()) < -60
    found = flow.hidden_grad_log10
    torch.testing.assert_close(found[is_known], expected[is_known], rtol=1e-3, atol=1e-2)


def _grad(state: Tensor) -> Tensor:
    assert state.grad is not None
    return state.grad


LONG, SMALL = 300, 0.5

Check = Callable[[Case], None]
CHECKS: tuple[Check, ...] = (
    the_output_is_the_textbooks,
    the_parameters_gradients_are_the_textbooks,
    total_gradients_are_autograds,
    stacks_are_the_textbooks,
    what_goes_to_the_inputs_is_autograds,
    jacobians_are_autograds,
    products_are_each_others_transpose,
    one_sequence_alone_is_the_same,
    every_quantity_that_fits_is_measured,
    what_vanishes_keeps_its_size,
)


def parameters(layer: RecurrentLayer) -> int:
    """Numbers that are trained."""
    return sum(each.numel() for each in layer.parameters())
