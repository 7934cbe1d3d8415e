"""Every kind of module PyTorch has, against a textbook loop in float64."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import Unrolled, grad_of, unroll, weighted
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from gradviz.flow import LayerFlow, watch

# PyTorch's own word on every LSTM with a projection, at construction.
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")

I, H = 3, 4  # noqa: E741
KINDS: dict[str, tuple[type[nn.RNNBase], dict[str, Any]]] = {
    "tanh": (nn.RNN, {}),
    "relu": (nn.RNN, {"nonlinearity": "relu"}),
    "lstm": (nn.LSTM, {}),
    "projected": (nn.LSTM, {"proj_size": 2}),
    "gru": (nn.GRU, {}),
}


class Case(NamedTuple):
    """A module on a batch."""

    kind: str = "lstm"
    layers: int = 1
    is_both: bool = False
    is_batch_first: bool = False
    bias: bool = True
    starts: bool = False
    lengths: tuple[int, ...] | None = None
    timesteps: int = 6
    batch: int = 3
    seed: int = 0
    dtype: torch.dtype = torch.float64

    def module(self, **more: Any) -> nn.RNNBase:
        kind, options = KINDS[self.kind]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            return kind(
                I,
                H,
                self.layers,
                bidirectional=self.is_both,
                batch_first=self.is_batch_first,
                bias=self.bias,
                dtype=self.dtype,
                **options,
                **more,
            )

    def inputs(self) -> Tensor:
        draw = torch.Generator().manual_seed(self.seed)
        shape = (self.timesteps, self.batch, I)
        return torch.randn(shape, generator=draw, dtype=torch.float64).to(self.dtype)

    def state(self) -> tuple[Tensor, ...] | None:
        if not self.starts:
            return None
        draw = torch.Generator().manual_seed(self.seed + 1)
        rows = self.layers * (2 if self.is_both else 1)
        sizes = {"lstm": (H, H), "projected": (2, H)}.get(self.kind, (H,))
        return tuple(
            torch.randn(rows, self.batch, size, generator=draw, dtype=torch.float64).to(self.dtype)
            for size in sizes
        )


def loss_of(output: Tensor, h_n: Tensor, c_n: Tensor | None) -> Tensor:
    """Uses everything that a module gives."""
    loss = weighted(output[-1]) + 0.3 * weighted(output) + weighted(h_n)
    return loss if c_n is None else loss - 0.7 * weighted(c_n)


def watched(
    case: Case, module: nn.RNNBase, probes: int | None = None
) -> tuple[dict[str, LayerFlow], Tensor]:
    """The layers, and the output as (T, B, ·)."""
    inputs, state = case.inputs(), case.state()
    hx = state if state is None or isinstance(module, nn.LSTM) else state[0]
    with watch(module, probe_size=probes) as watching:
        if case.lengths:
            packed = pack_padded_sequence(inputs, list(case.lengths), enforce_sorted=False)
            out, last = module(packed, hx)
            output = pad_packed_sequence(out, total_length=case.timesteps)[0]
        else:
            output, last = module(inputs.transpose(0, 1) if case.is_batch_first else inputs, hx)
            output = output.transpose(0, 1) if case.is_batch_first else output
        h_n, c_n = last if isinstance(last, tuple) else (last, None)
        loss_of(output, h_n, c_n).backward()
    return watching.layers, output.detach()


def unrolled(case: Case, module: nn.RNNBase, masks: list[Tensor] | None = None) -> Unrolled:
    lengths = None if case.lengths is None else list(case.lengths)
    found = unroll(module, case.inputs(), state=case.state(), lengths=lengths, masks=masks)
    loss_of(found.output, found.h_n, found.c_n).backward()
    return found


def assert_same(
    case: Case, flows: dict[str, LayerFlow], truth: Unrolled, rtol: float, atol: float
) -> None:
    assert list(flows) == list(truth.traces)
    for name, flow in flows.items():
        trace, batch = truth.traces[name], flow.hidden.shape[1]
        ends = torch.tensor(case.lengths or case.batch * [case.timesteps])[:batch]
        is_on = torch.arange(case.timesteps)[:, None] < ends
        pairs = [(flow.hidden, trace.hidden), (flow.hidden_grad, list(map(grad_of, trace.hidden)))]
        if flow.cell is not None:
            pairs += [(flow.cell, trace.cell), (flow.cell_grad, list(map(grad_of, trace.cell)))]
        for ours, theirs in pairs:
            expected = torch.stack(theirs)[:, :batch].detach()
            expected = torch.where(is_on[..., None], expected, 0.0)
            torch.testing.assert_close(ours.double(), expected, rtol=rtol, atol=atol)
        norms = torch.linalg.vector_norm(flow.hidden_grad, dim=-1)
        torch.testing.assert_close(flow.hidden_grad_norm[is_on], norms[is_on], rtol=1e-6, atol=0)
        assert bool(flow.hidden_grad_norm[~is_on].isnan().all())
        if batch == case.batch:
            assert trace.weight_hh is not None
            torch.testing.assert_close(
                flow.weight_grad(), grad_of(trace.weight_hh), rtol=rtol, atol=10 * atol
            )
            terms = [flow.weight_grad_at(t) for t in range(1, case.timesteps + 1)]
            torch.testing.assert_close(sum(terms), flow.weight_grad(), rtol=1e-9, atol=1e-12)
            sizes = torch.stack([torch.linalg.matrix_norm(term) for term in terms])
            torch.testing.assert_close(
                flow.weight_grad_by_timestep, sizes, rtol=max(rtol, 1e-7), atol=10 * atol
            )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    timesteps, batch = draw(st.integers(1, 9)), draw(st.integers(1, 5))
    is_packed = draw(st.booleans())
    lengths = None
    if is_packed:
        lengths = draw(st.tuples(*batch * [st.integers(1, timesteps)]))
        timesteps = max(lengths)
    return Case(
        kind=draw(st.sampled_from(sorted(KINDS))),
        layers=draw(st.integers(1, 4)),
        is_both=draw(st.booleans()),
        is_batch_first=not is_packed and draw(st.booleans()),
        bias=draw(st.booleans()),
        starts=draw(st.booleans()),
        lengths=lengths,
        timesteps=timesteps,
        batch=batch,
        seed=draw(st.integers(0, 2**30)),
    )


@settings(max_examples=60, deadline=None)
@given(case=cases())
def test_any_module_equals_the_textbooks_loop(case: Case) -> None:
    module = case.module()
    flows, _ = watched(case, module)
    assert_same(case, flows, unrolled(case, module), 1e-9, 1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_eight_layers_in_both_directions(kind: str) -> None:
    case = Case(kind, layers=8, is_both=True, starts=True)
    module = case.module()
    flows, _ = watched(case, module)
    assert list(flows)[:3] == ["l0", "l0_reverse", "l1"]
    assert_same(case, flows, unrolled(case, module), 1e-9, 1e-12)


@pytest.mark.parametrize("lengths", [None, (6, 2, 4)])
@pytest.mark.parametrize("kind", KINDS)
def test_the_gradients_are_autograds_own(kind: str, lengths: tuple[int, ...] | None) -> None:
    """Σ of the contributions is the gradient that PyTorch left in W_hh, in every layer."""
    case = Case(kind, layers=3, is_both=True, lengths=lengths)
    module = case.module()
    flows, _ = watched(case, module)
    for name, flow in flows.items():
        expected = getattr(module, f"weight_hh_{name}").grad
        torch.testing.assert_close(flow.weight_grad(), expected, rtol=1e-9, atol=1e-12)


TOLERANCES = {torch.float32: (1e-3, 1e-4), torch.bfloat16: (0.1, 0.2), torch.float16: (0.03, 0.03)}


@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_lower_precisions(kind: str, dtype: torch.dtype) -> None:
    """Against float64 on the same rounded weights."""
    case = Case(kind, layers=2, is_both=True, dtype=dtype)
    module = case.module()
    flows, _ = watched(case, module)
    assert all(flow.hidden.dtype == torch.float32 for flow in flows.values())
    rtol, atol = TOLERANCES[dtype]
    truth = unrolled(case, module)
    for name, flow in flows.items():
        expected = torch.stack([grad_of(each) for each in truth.traces[name].hidden])
        torch.testing.assert_close(flow.hidden_grad, expected, rtol=rtol, atol=atol)


@pytest.mark.parametrize("part", ["output", "h_n", "c_n"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_loss_that_uses_one_output_only(kind: str, part: str) -> None:
    """In float32, where an LSTM is oneDNN's and its hooks may be given None."""
    case = Case(kind, layers=2, dtype=torch.float32)
    module = case.module()
    with watch(module) as watching:
        output, last = module(case.inputs())
        h_n, c_n = last if isinstance(last, tuple) else (last, last)
        {"output": output, "h_n": h_n[-1], "c_n": c_n[-1]}[part].square().sum().backward()
    for name, flow in watching.layers.items():
        expected = getattr(module, f"weight_hh_{name}").grad.double()
        torch.testing.assert_close(flow.weight_grad(), expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_under_autocast(kind: str) -> None:
    case = Case(kind, layers=2, dtype=torch.float32)
    module = case.module()
    with torch.autocast("cpu", torch.bfloat16):
        flows, output = watched(case, module)
        found = {name: flow.hidden_grad for name, flow in flows.items()}
        norms = {name: flow.jacobian_norm() for name, flow in flows.items()}
    truth = unrolled(case, module)
    assert output.dtype in (torch.float32, torch.bfloat16)
    for name, flow in flows.items():
        expected = torch.stack([grad_of(each) for each in truth.traces[name].hidden])
        torch.testing.assert_close(found[name], expected, rtol=0.1, atol=0.2)
        # What is computed within the caller's autocast is not rounded by it.
        torch.testing.assert_close(norms[name], flow.jacobian_norm(), rtol=1e-4, atol=0)


@pytest.mark.parametrize("lengths", [None, (6, 2, 4)])
@pytest.mark.parametrize("is_both", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_dropout_between_layers_is_exact(
    kind: str, is_both: bool, lengths: tuple[int, ...] | None
) -> None:
    """The gradient that PyTorch leaves in the weights knows which units were dropped."""
    case = Case(kind, layers=3, is_both=is_both, lengths=lengths)
    module = case.module(dropout=0.4)
    torch.manual_seed(11)
    flows, _ = watched(case, module)
    after = torch.rand(1)
    for name, flow in flows.items():
        expected = getattr(module, f"weight_hh_{name}").grad
        torch.testing.assert_close(flow.weight_grad(), expected, rtol=1e-9, atol=1e-12)
    torch.manual_seed(11)
    watched(case, module)
    assert torch.equal(torch.rand(1), after), "the replay drew from the global generator"


def test_dropout_of_some_probes_is_of_the_whole_batchs_draw() -> None:
    case = Case("gru", layers=2, batch=5)
    module = case.module(dropout=0.5)
    found = []
    for probes in (None, 2):
        torch.manual_seed(3)
        found.append(watched(case, module, probes)[0]["l0"].hidden_grad[:, :2])
    torch.testing.assert_close(found[1], found[0], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_probes_of_a_packed_batch(kind: str) -> None:
    case = Case(kind, layers=2, is_both=True, batch=4, lengths=(2, 6, 5, 1))
    module = case.module()
    flows, _ = watched(case, module, 2)
    assert_same(case, flows, unrolled(case, module), 1e-9, 1e-12)


def test_a_reversed_direction_is_the_forward_one_of_the_reversed_sequence() -> None:
    """Jacobians, transport and horizon as well, with t counted along the sequence."""
    case = Case("gru", timesteps=12)
    forward, both = case.module(), Case("gru", is_both=True, timesteps=12).module()
    with torch.no_grad():
        for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            getattr(both, f"{part}_l0_reverse").copy_(getattr(forward, f"{part}_l0"))
    inputs = case.inputs()
    with watch(forward) as one:
        forward(inputs.flip(0))[0][-1].sum().backward()
    with watch(both) as two:
        both(inputs)[0][0, :, H:].sum().backward()
    plain, reverse = one.layers["l0"], two.layers["l0_reverse"]
    for found, expected in (
        (reverse.hidden_grad, plain.hidden_grad),
        (reverse.jacobian_norm(), plain.jacobian_norm()),
        (reverse.transport_log10(), plain.transport_log10()),
        (reverse.weight_grad_by_timestep[:, None], plain.weight_grad_by_timestep[:, None]),
    ):
        torch.testing.assert_close(found, expected.flip(0), rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(reverse.jacobian(3), plain.jacobian(10), rtol=1e-9, atol=1e-12)
    assert torch.equal(reverse.gradient_horizon(), plain.gradient_horizon())
    assert reverse.transport_log10()[0].tolist() == 3 * [0.0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_packed_sequence_is_measured_like_one_of_its_own_length(kind: str) -> None:
    lengths = (9, 4, 7)
    case = Case(kind, is_both=True, timesteps=9, lengths=lengths)
    module, inputs = case.module(), case.inputs()
    flows, _ = watched(case, module)
    for b, length in enumerate(lengths):
        with watch(module) as alone:
            module(inputs[:length, b : b + 1])[0].sum().backward()
        for name, flow in flows.items():
            single = alone.layers[name]
            for found, expected in (
                (flow.jacobian_norm(tolerance=1e-9), single.jacobian_norm(tolerance=1e-9)),
                (flow.jacobian_norm("frobenius"), single.jacobian_norm("frobenius")),
                (flow.transport_log10(tolerance=1e-9), single.transport_log10(tolerance=1e-9)),
            ):
                torch.testing.assert_close(found[:length, b], expected[:, 0], rtol=1e-6, atol=1e-8)
                assert bool(found[length:, b].isnan().all())
            torch.testing.assert_close(
                flow.jacobian(length)[b], single.jacobian(length)[0], rtol=1e-9, atol=1e-12
            )
            assert flow.gradient_horizon()[b] == single.gradient_horizon()[0]
            for gate, values in flow.gates.items():
                torch.testing.assert_close(
                    values[:length, b], single.gates[gate][:, 0], rtol=1e-9, atol=1e-12
                )
