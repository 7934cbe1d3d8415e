"""watch on a Stack and on a layer by itself: no footprint, names, and sentences."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from gradviz.cells import FusedGru, PeepholeLstm, RecurrentLayer, Stack, detached
from gradviz.flow import WatchError, watch

I, H = 3, 5  # noqa: E741


def stack(layers: int = 2, **options: bool) -> Stack:
    return Stack(lambda size: PeepholeLstm(size, H), I, layers, **options)


class Reader(nn.Module):
    """A Stack, a layer by itself, a fused module and a readout."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = stack(bidirectional=True, residual=True)
        self.middle = FusedGru(2 * H, H)
        self.top = nn.GRU(H, H)
        self.readout = nn.Linear(H, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        read = self.middle(self.encoder(inputs)[0])[0]
        return self.readout(self.top(read)[0])


def test_names_are_the_modules_own() -> None:
    model = Reader()
    with watch(model) as watching:
        model(torch.randn(4, 2, I)).sum().backward()
    assert list(watching.layers) == [
        *("encoder.l0", "encoder.l0_reverse", "encoder.l1", "encoder.l1_reverse"),
        *("middle.l0", "top.l0"),
    ]


def test_no_footprint() -> None:
    """The same losses, weights and random numbers over 12 steps, bit for bit."""
    runs = []
    for is_watched in (False, True):
        torch.manual_seed(0)
        model = Reader()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        losses = []
        for _ in range(12):
            optimizer.zero_grad()
            inputs = torch.randn(10, 4, I)
            if is_watched:
                with watch(model, probe_size=2) as watching:
                    loss = model(inputs).square().mean()
                    loss.backward()
                for flow in watching.layers.values():
                    _ = flow.hidden_grad_norm, flow.jacobian_norm(), flow.transport_log10()
            else:
                loss = model(inputs).square().mean()
                loss.backward()
            optimizer.step()
            losses.append(loss.item())
        runs.append((losses, [each.detach() for each in model.parameters()], torch.rand(3)))
    assert runs[0][0] == runs[1][0]
    for one, two in zip(runs[0][1], runs[1][1], strict=True):
        assert torch.equal(one, two)
    assert torch.equal(runs[0][2], runs[1][2])


def test_hooks_go_on_exit_and_on_error() -> None:
    model = stack()
    with watch(model):
        assert model.l0._forward_hooks
    with pytest.raises(ZeroDivisionError), watch(model):
        _ = 1 / 0
    for module in model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks


def test_backward_may_come_after() -> None:
    model, inputs = stack(), torch.randn(5, 2, I)
    with watch(model) as inside:
        model(inputs)[0].sum().backward()
    with watch(model) as after:
        loss = model(inputs)[0].sum()
    loss.backward()
    for name, flow in inside.layers.items():
        torch.testing.assert_close(after.layers[name].hidden_grad, flow.hidden_grad)


def test_what_is_noted_stays_when_the_optimiser_steps() -> None:
    model, inputs = stack(), torch.randn(5, 2, I)
    with watch(model) as watching:
        model(inputs)[0].sum().backward()
    weight = model.l0.weight_hh.detach().clone()
    grad = model.l0.weight_hh.grad.double()
    torch.optim.SGD(model.parameters(), lr=10.0).step()
    assert torch.equal(watching.layers["l0"].weight_hh, weight)
    torch.testing.assert_close(watching.layers["l0"].weight_grad(), grad, rtol=1e-4, atol=1e-5)


def test_a_second_call_has_a_number() -> None:
    model, inputs = FusedGru(I, H), torch.randn(4, 2, I)
    with watch(model) as watching:
        (model(inputs)[0].sum() + model(2 * inputs)[0].sum()).backward()
    assert list(watching.layers) == ["l0", "l0#2"]
    assert not torch.equal(watching.layers["l0"].hidden, watching.layers["l0#2"].hidden)


def test_probes_are_the_first_sequences() -> None:
    model, inputs = stack(bidirectional=True), torch.randn(6, 5, I)
    flows = []
    for probes in (None, 2):
        with watch(model, probe_size=probes) as watching:
            model(inputs)[0].square().sum().backward()
        flows.append(watching.layers)
    for name, flow in flows[1].items():
        whole = flows[0][name]
        torch.testing.assert_close(flow.hidden_grad, whole.hidden_grad[:, :2])
        assert flow.hidden.shape == (6, 2, H)


def test_a_state_that_is_carried_on_cuts_the_gradient_where_it_is_detached() -> None:
    model, inputs = stack(), torch.randn(8, 2, I)
    with watch(model) as watching:
        _, state = model(inputs[:4])
        model(inputs[4:], state)[0].sum().backward()
    assert list(watching.layers) == ["l0", "l1", "l0#2", "l1#2"]
    with watch(model) as cut:
        _, state = model(inputs[:4])
        model(inputs[4:], detached(state))[0].sum().backward()
    assert list(cut.layers) == ["l0#2", "l1#2"]
    for name, flow in cut.layers.items():
        torch.testing.assert_close(flow.hidden_grad, watching.layers[name].hidden_grad)


def test_between_layers_nothing_underflows() -> None:
    """Three layers, each of which loses 1e-60: float32 ends at 1e-45."""
    model = Stack(lambda size: FusedGru(size, H), I, 3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(0.1)
    with watch(model) as watching:
        model(torch.randn(120, 2, I))[0][-1].sum().backward()
    grown = model.double()
    for layer in grown.layers:
        layer.weight_hh.grad = None
    for name, flow in watching.layers.items():
        assert bool(flow.hidden_grad_log10.isfinite().all()), name
    assert float(watching.layers["l0"].hidden_grad_log10[0].max()) < -30


def test_the_norm_of_a_layers_own_parameters() -> None:
    model = Reader()
    with watch(model) as watching:
        model(torch.randn(4, 2, I)).sum().backward()
    for name, module in (
        ("encoder.l1_reverse", model.encoder.l1_reverse),
        ("middle.l0", model.middle),
        ("top.l0", model.top),
    ):
        squares = sum(float(each.grad.square().sum()) for each in module.parameters())
        found = watching.parameters.norm_of_layer(name)
        assert found == pytest.approx(math.sqrt(squares), rel=1e-5)
    assert "peephole_lstm"[:8] in watching.summary()


def broken() -> Stack:
    model = stack(1)
    with torch.no_grad():
        model.l0.weight_hh[0, 0] = math.nan
    return model


def nothing_back(model: nn.Module) -> None:
    model(torch.randn(3, 2, I))


def twice(model: nn.Module) -> None:
    loss = model(torch.randn(3, 2, I))[0].sum()
    loss.backward(retain_graph=True)
    loss.backward()


def once(model: nn.Module) -> None:
    model(torch.randn(3, 2, I))[0].sum().backward()


@pytest.mark.parametrize(
    ("make", "do", "sentence"),
    [
        (stack, nothing_back, "No gradient has come back to the model"),
        (stack, twice, "backward ran twice through the model"),
        (broken, once, r"l0\.weight_hh holds NaN in 1 of 100 numbers"),
        (lambda: PeepholeLstm(I, H), twice, "backward ran twice through the model"),
    ],
)
def test_a_sentence_for_what_cannot_be_measured(
    make: Callable[[], nn.Module], do: Callable[[nn.Module], None], sentence: str
) -> None:
    model = make()
    with watch(model) as watching:
        do(model)
    with pytest.raises(WatchError, match=sentence):
        _ = watching.layers


def test_one_layer_in_two_stacks_is_named() -> None:
    layer: RecurrentLayer = PeepholeLstm(I, I)
    shared = nn.ModuleDict({"one": layer, "two": layer})
    with pytest.raises(WatchError, match="one and two are the same module"), watch(shared):
        pass


@pytest.mark.parametrize("residual", [False, True])
def test_dropout_between_layers_is_measured_as_it_was_drawn(residual: bool) -> None:
    torch.manual_seed(5)
    model = Stack(
        lambda size: PeepholeLstm(size, H, dtype=torch.float64),
        I,
        3,
        bidirectional=True,
        residual=residual,
        dropout=0.5,
    )
    with watch(model) as watching:
        model(torch.randn(6, 2, I, dtype=torch.float64))[0].square().sum().backward()
    for name, flow in watching.layers.items():
        grad = model.get_parameter(f"{name}.weight_hh").grad
        torch.testing.assert_close(flow.weight_grad(), grad, rtol=1e-9, atol=1e-12)


def test_shapes_that_cannot_be_read_get_a_sentence() -> None:
    layer = PeepholeLstm(I, H)
    for wrong, sentence in (
        (torch.randn(4, I), r"inputs must be \(timesteps, sequences, 3\), got \(4, 3\)"),
        (torch.randn(4, 2, I + 1), r"inputs must be .*, got \(4, 2, 4\)"),
        (torch.randn(0, 2, I), r"inputs must be .*, got \(0, 2, 3\)"),
    ):
        with pytest.raises(ValueError, match=sentence):
            layer(wrong)
    packed = nn.utils.rnn.pack_sequence([torch.randn(3, I)])
    with pytest.raises(TypeError, match="got a PackedSequence; give sequences of one length"):
        layer(packed)
    with pytest.raises(ValueError, match=r"state must be \(2, 5\) and \(2, 5\), got \(3, 5\)\."):
        layer(torch.randn(4, 2, I), (torch.zeros(3, H),))
    with pytest.raises(ValueError, match="state must hold one for each of l0, l1, got 1"):
        stack()(torch.randn(4, 2, I), [(torch.zeros(2, H),)])
    with pytest.raises(ValueError, match="num_layers must be 1 or more, got 0"):
        stack(0)
    with pytest.raises(ValueError, match="hidden_size must be 1 or more, got 0"):
        PeepholeLstm(I, 0)
