"""Total gradients, in float64, against autograd on the unrolled loop and central differences."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from unrolled import CELLS, H, I, build, unroll

from gradviz.flow import watch

Loss = Callable[[Tensor, Tensor, Tensor | None], Tensor]


def weighted(tensor: Tensor) -> Tensor:
    """A loss whose every entry counts differently."""
    return (tensor**2 * torch.linspace(0.5, 1.5, tensor.numel()).reshape(tensor.shape)).sum()


LOSSES: dict[str, Loss] = {
    "last output": lambda output, h_n, c_n: weighted(output[-1]),
    "all outputs": lambda output, h_n, c_n: weighted(output),
    "h_n": lambda output, h_n, c_n: weighted(h_n),
    "c_n": lambda output, h_n, c_n: weighted(c_n if c_n is not None else h_n),
    "mixture": lambda output, h_n, c_n: (
        weighted(output[::2]) + 3 * weighted(h_n[0]) - (0 if c_n is None else weighted(c_n[-1]))
    ),
}


def check(name: str, layers: int, loss: Loss, inputs: Tensor, *, start: bool, **more: bool) -> None:
    module = build(name, layers, **more)
    given_state = None
    if start:
        torch.manual_seed(1)
        parts = 2 if name == "lstm" else 1
        given_state = tuple(
            torch.randn(layers, inputs.shape[1], H, dtype=torch.float64) for _ in range(parts)
        )
    with watch(module) as watching:
        hx = given_state if name == "lstm" or given_state is None else given_state[0]
        output, last = module(inputs, hx)
        h_n, c_n = last if name == "lstm" else (last, None)
        loss(output, h_n, c_n).backward()
    states = unroll(module, name, inputs, given_state)
    loss(*states.outputs()).backward()
    assert list(watching.layers) == [f"l{layer}" for layer in range(layers)]
    for layer, flow in enumerate(watching.layers.values()):
        same(flow.hidden, [h.detach() for h in states.hidden[layer]])
        grads = [grad_of(h) for h in states.hidden[layer]]
        same(flow.hidden_grad, grads)
        norms = [torch.linalg.vector_norm(grad, dim=-1) for grad in grads]
        same(flow.hidden_grad_norm, norms)
        if name == "lstm":
            same(flow.cell, [c.detach() for c in states.cell[layer]])
            same(flow.cell_grad, [grad_of(c) for c in states.cell[layer]])


def grad_of(state: Tensor) -> Tensor:
    """Zeros where the loss does not depend on it."""
    return torch.zeros_like(state) if state.grad is None else state.grad


def same(ours: Tensor, theirs: list[Tensor]) -> None:
    torch.testing.assert_close(ours, torch.stack(theirs), rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("where", LOSSES)
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("name", CELLS)
def test_equal_to_autograd(name: str, layers: int, where: str) -> None:
    torch.manual_seed(0)
    inputs = torch.randn(7, 4, I, dtype=torch.float64)
    check(name, layers, LOSSES[where], inputs, start=layers == 2)


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(sorted(CELLS)),
    layers=st.integers(1, 4),
    timesteps=st.integers(1, 12),
    batch=st.integers(1, 5),
    start=st.booleans(),
    bias=st.booleans(),
    where=st.sampled_from(sorted(LOSSES)),
    seed=st.integers(0, 2**31),
)
def test_equal_to_autograd_in_any_shape(
    name: str,
    layers: int,
    timesteps: int,
    batch: int,
    start: bool,
    bias: bool,
    where: str,
    seed: int,
) -> None:
    torch.manual_seed(seed)
    inputs = torch.randn(timesteps, batch, I, dtype=torch.float64)
    check(name, layers, LOSSES[where], inputs, start=start, bias=bias)


@pytest.mark.parametrize("name", CELLS)
def test_equal_to_central_differences(name: str) -> None:
    """A nudge of h_t (or c_t) between two passes: δ_t is how the loss answers."""
    module = build(name)
    torch.manual_seed(2)
    inputs = torch.randn(8, 1, I, dtype=torch.float64)
    with watch(module) as watching:
        output, _ = module(inputs)
        weighted(output).backward()
    flow = watching.layers["l0"]
    states = [flow.hidden] if flow.cell is None else [flow.hidden, flow.cell]
    grads = [flow.hidden_grad] if flow.cell is None else [flow.hidden_grad, flow.cell_grad]
    t, unit = 3, 2

    def loss(nudged: list[Tensor]) -> float:
        hx = nudged[0] if len(nudged) == 1 else tuple(nudged)
        with torch.no_grad():
            rest, _ = module(inputs[t:], hx)
            return float(weighted(torch.cat([output[: t - 1], nudged[0], rest])))

    for part in range(len(states)):
        found = []
        for sign in (1, -1):
            nudged = [each[t - 1].unsqueeze(0).clone() for each in states]
            nudged[part][0, 0, unit] += sign * 1e-5
            if part == 1:
                # c_t moves h_t too: h_t = o ⊙ tanh(c_t).
                nudged[0] = flow.gates["output"][t - 1].unsqueeze(0) * nudged[1].tanh()
            found.append(loss(nudged))
        answer = (found[0] - found[1]) / 2e-5
        assert answer == pytest.approx(float(grads[part][t - 1, 0, unit]), rel=1e-6)


def test_unbatched_and_batch_first_are_the_same() -> None:
    torch.manual_seed(0)
    inputs = torch.randn(6, 4, I, dtype=torch.float64)
    found = {}
    for form in ("time first", "batch first", "one"):
        module = build("lstm", 2, batch_first=form == "batch first")
        forms = {"time first": inputs, "batch first": inputs.transpose(0, 1), "one": inputs[:, 0]}
        with watch(module) as watching:
            output, _ = module(forms[form])
            weighted(output.transpose(0, 1) if form == "batch first" else output).backward()
        found[form] = watching.layers["l0"].hidden_grad
    torch.testing.assert_close(found["batch first"], found["time first"], rtol=1e-9, atol=1e-13)
    assert found["one"].shape == (6, 1, H)


def test_an_unbatched_start_is_used() -> None:
    module = build("lstm")
    start = tuple(torch.randn(1, H, dtype=torch.float64) for _ in range(2))
    inputs = torch.randn(4, I, dtype=torch.float64)
    found = []
    for sequence, state in ((inputs, start), (inputs[:, None], tuple(s[:, None] for s in start))):
        with watch(module) as watching:
            module(sequence, hx=state)[0].sum().backward()
        found.append(watching.layers["l0"].hidden_grad)
    torch.testing.assert_close(found[0], found[1], rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", CELLS)
def test_the_first_probes_are_recorded(name: str) -> None:
    inputs = torch.randn(6, 5, I, dtype=torch.float64)
    flows = []
    for probe_size in (None, 2, 9):
        module = build(name, 2)
        with watch(module, probe_size=probe_size) as watching:
            weighted(module(inputs)[0]).backward()
        flows.append(watching.layers["l0"])
    everything, two, more = flows
    assert two.hidden.shape == (6, 2, H)
    assert more.hidden.shape == (6, 5, H)
    for ours, all_of_them in (
        (two.hidden_grad, everything.hidden_grad),
        (two.transport_log10(), everything.transport_log10()),
        (everything.jacobian_norm(probes=2), everything.jacobian_norm()),
    ):
        torch.testing.assert_close(ours, all_of_them[:, :2], rtol=1e-4, atol=1e-6)
