"""watch: no footprint, its names, and its sentences for what it cannot measure."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
import torch.utils.checkpoint
from torch import Tensor, nn
from unrolled import CELLS, build

import gradviz
from gradviz.flow import WatchError, watch


class Reader(nn.Module):
    """Two recurrent modules and a readout."""

    def __init__(self, name: str = "lstm", **options: object) -> None:
        super().__init__()
        kind, _, more = CELLS[name]
        self.encoder = kind(3, 6, 2, **more, **options)
        self.decoder = nn.GRU(6, 4)
        self.readout = nn.Linear(4, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.readout(self.decoder(self.encoder(inputs)[0])[0])


@pytest.mark.parametrize("name", CELLS)
def test_no_footprint(name: str) -> None:
    """The same losses, weights and random numbers over 15 steps, bit for bit."""
    runs = []
    for is_watched in (False, True):
        torch.manual_seed(0)
        model = Reader(name)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        losses = []
        for _ in range(15):
            optimizer.zero_grad()
            inputs = torch.randn(10, 4, 3)
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
    model = Reader()
    with watch(model):
        assert model.encoder._forward_hooks
    assert not model.encoder._forward_hooks
    with pytest.raises(ZeroDivisionError), watch(model):
        _ = 1 / 0
    assert not model.encoder._forward_hooks
    assert not model.decoder._forward_hooks


def test_backward_may_come_after() -> None:
    model, inputs = Reader(), torch.randn(5, 2, 3)
    with watch(model) as inside:
        model(inputs).sum().backward()
    with watch(model) as after:
        loss = model(inputs).sum()
    loss.backward()
    for name, flow in inside.layers.items():
        assert torch.equal(flow.hidden_grad, after.layers[name].hidden_grad)


def test_what_is_noted_stays_when_the_optimiser_steps() -> None:
    module, inputs = build("gru", 2), torch.randn(5, 2, 3, dtype=torch.float64)
    with watch(module) as early:
        module(inputs)[0].sum().backward()
    grads = early.layers["l0"].hidden_grad.clone()
    with watch(module) as late:
        module(inputs)[0].sum().backward()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(parameter.grad)
    assert torch.equal(late.layers["l0"].hidden_grad, grads)


def test_names_are_the_modules_own() -> None:
    model = Reader()
    with gradviz.watch(model) as watching:
        model(torch.randn(4, 2, 3)).sum().backward()
    layers = watching.layers
    assert list(layers) == ["encoder.l0", "encoder.l1", "decoder.l0"]
    assert [flow.cell_name for flow in layers.values()] == ["lstm", "lstm", "gru"]
    assert [flow.state_size for flow in layers.values()] == [12, 12, 4]
    assert [flow.cell is None for flow in layers.values()] == [False, False, True]
    assert list(layers["decoder.l0"].gates) == ["reset", "update", "candidate"]
    assert list(layers["encoder.l0"].gates) == ["input", "forget", "candidate", "output"]
    assert all(gate.shape == (4, 2, 4) for gate in layers["decoder.l0"].gates.values())


def test_a_pass_without_gradients_is_not_noted() -> None:
    module = build("lstm")
    inputs = torch.randn(5, 2, 3, dtype=torch.float64)
    with watch(module) as watching:
        module(inputs)[0].sum().backward()
        with torch.no_grad():
            module(inputs[:2])
    assert watching.layers["l0"].hidden.shape[0] == 5


def test_retain_grad_on_a_fused_module_is_the_direct_term_only() -> None:
    """SCIENCE trap 1."""
    module = build("lstm")
    with watch(module) as watching:
        output, _ = module(torch.randn(50, 2, 3, dtype=torch.float64))
        output.retain_grad()
        output[-1].sum().backward()
    assert int((output.grad.abs().sum((1, 2)) > 0).sum()) == 1
    assert int((watching.layers["l0"].hidden_grad_norm.sum(1) > 0).sum()) == 50


def run(module: nn.Module, inputs: object) -> None:
    with watch(module) as watching:
        module(inputs)
    _ = watching.layers


INPUTS = torch.zeros(4, 2, 3)


def broken() -> nn.GRU:
    module = nn.GRU(3, 4)
    with torch.no_grad():
        module.weight_hh_l0[1, 2] = math.nan
    return module


class Shared(nn.Module):
    """One module under two parents."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.ModuleDict({"memory": nn.LSTM(3, 3)})
        self.decoder = nn.ModuleDict({"memory": self.encoder["memory"]})


def twice(module: nn.Module) -> object:
    with watch(module) as watching:
        loss = module(INPUTS)[0].sum()
        loss.backward(retain_graph=True)
        loss.backward()
    return watching.layers


def through(module: nn.Module) -> object:
    with watch(module) as watching:
        module(INPUTS)[0].sum().backward()
    return watching.layers


SENTENCES: dict[str, tuple[Callable[[], object], str]] = {
    "nothing recurrent": (
        lambda: run(nn.Sequential(nn.Linear(3, 2)), INPUTS),
        "must hold an nn.RNN.*got only Linear, Sequential",
    ),
    "traced": (
        lambda: run(torch.jit.trace(nn.Linear(3, 2), INPUTS), INPUTS),
        r"traced; watch the one that torch\.jit\.trace was given",
    ),
    "scripted": (
        lambda: run(torch.jit.script(nn.Sequential(nn.GRU(3, 2))), INPUTS),
        r"scripted; watch the one that torch\.jit\.script was given",
    ),
    "no forward": (lambda: _layers_of_nothing(), "Nothing was noted; run the forward pass"),
    "no backward": (lambda: run(nn.GRU(3, 4), INPUTS), "No gradient has come back to the model"),
    "two backwards": (lambda: twice(nn.GRU(3, 4)), "backward ran twice through the model; add"),
    "shared": (
        lambda: watch(Shared()).__enter__(),
        "encoder.memory and decoder.memory are the same module",
    ),
    "nan": (lambda: through(broken()), "weight_hh_l0 holds NaN in 1 of 48 numbers"),
    "no probes": (lambda: watch(nn.GRU(3, 4), probe_size=0).__enter__(), "probe_size must be 1"),
}


def _layers_of_nothing() -> object:
    with watch(nn.GRU(3, 4)) as watching:
        pass
    return watching.layers


# torch.jit warns that it is deprecated; traced and scripted models are still out there.
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
@pytest.mark.parametrize("case", SENTENCES)
def test_a_sentence_for_what_cannot_be_measured(case: str) -> None:
    cause, sentence = SENTENCES[case]
    with pytest.raises(WatchError, match=sentence):
        cause()


def test_a_compiled_model_is_named() -> None:
    class OptimizedModule(nn.Module):
        """What torch.compile returns, by name; to make a real one takes seconds."""

        def __init__(self) -> None:
            super().__init__()
            self._orig_mod = nn.GRU(3, 4)

    with pytest.raises(WatchError, match=r"watch the one that torch\.compile was given"):
        watch(OptimizedModule()).__enter__()


@pytest.mark.slow
@pytest.mark.parametrize("is_copy", [False, True])
def test_a_compiled_pass_is_refused(is_copy: bool) -> None:
    torch._dynamo.reset()
    module = nn.GRU(3, 4)
    compiled = torch.compile(module, backend="eager") if is_copy else module
    if is_copy:
        with pytest.raises(WatchError, match=r"watch the one that torch\.compile was given"):
            watch(compiled).__enter__()
    else:
        module.compile(backend="eager")
    with watch(module) as watching:
        loss = compiled(INPUTS)[0].square().sum()
        loss.backward()
    with pytest.raises(WatchError, match="not through a compiled copy of the model"):
        _ = watching.layers
    assert loss.item() == pytest.approx(module(INPUTS)[0].square().sum().item(), rel=1e-5)


def test_what_dropout_drew_elsewhere_is_refused() -> None:
    module = nn.GRU(3, 4, 2, dropout=0.5)
    with watch(module) as watching:
        module(torch.randn(4, 2, 3))[0].sum().backward()
    # As on a GPU, whose draws cannot be repeated.
    watching._passages[0].random_state = torch.Generator().manual_seed(99).get_state()
    with pytest.raises(WatchError, match=r"could not be drawn again; set its dropout to 0"):
        _ = watching.layers


def test_dropout_between_layers_is_no_matter_in_eval() -> None:
    module = nn.GRU(3, 4, 2, dropout=0.5).eval()
    with watch(module) as watching:
        module(INPUTS)[0].sum().backward()
    assert len(watching.layers) == 2


class Siamese(nn.Module):
    """Calls its encoder twice, and has a branch that the loss does not use."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.LSTM(3, 4, dtype=torch.float64)
        self.unused = nn.GRU(4, 2, dtype=torch.float64)

    def forward(self, one: Tensor, two: Tensor) -> Tensor:
        first, second = self.encoder(one)[0], self.encoder(two)[0]
        self.unused(first)
        return (first[-1] - second[-1]).square().sum()


def test_each_call_of_a_module_has_an_entry() -> None:
    torch.manual_seed(0)
    model = Siamese()
    one, two = torch.randn(2, 5, 2, 3, dtype=torch.float64)
    with watch(model) as watching:
        model(one, two).backward()
    assert list(watching.layers) == ["encoder.l0", "encoder.l0#2"]
    total = sum(flow.weight_grad() for flow in watching.layers.values())
    torch.testing.assert_close(total, model.encoder.weight_hh_l0.grad, rtol=1e-9, atol=1e-12)


def test_a_whole_training_may_go_on_inside() -> None:
    module = build("gru")
    inputs = torch.randn(3, 5, 2, 3, dtype=torch.float64)
    with watch(module) as watching:
        for batch in inputs:
            module.zero_grad()
            module(batch)[0].sum().backward()
            assert list(watching.layers) == ["l0"]
            torch.testing.assert_close(
                watching.layers["l0"].weight_grad(),
                module.weight_hh_l0.grad,
                rtol=1e-9,
                atol=1e-12,
            )


def test_a_checkpointed_module_is_measured_once() -> None:
    module = build("lstm")
    inputs = torch.randn(5, 2, 3, dtype=torch.float64, requires_grad=True)
    for reentrant in (False, True):
        module.zero_grad()
        with watch(module) as watching:
            output = torch.utils.checkpoint.checkpoint(
                lambda x: module(x)[0], inputs, use_reentrant=reentrant
            )
            output.square().sum().backward()
        assert list(watching.layers) == ["l0"]
        torch.testing.assert_close(
            watching.layers["l0"].weight_grad(), module.weight_hh_l0.grad, rtol=1e-9, atol=1e-12
        )


def test_frozen_recurrent_weights_still_pass_gradients() -> None:
    module = build("lstm")
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    inputs = torch.randn(5, 2, 3, dtype=torch.float64, requires_grad=True)
    with watch(module) as watching:
        module(inputs)[0][-1].sum().backward()
    assert bool((watching.layers["l0"].hidden_grad_norm > 0).all())


@pytest.mark.parametrize("t", [0, 5, -1])
def test_timesteps_count_from_one(t: int) -> None:
    module = nn.GRU(3, 4)
    with watch(module) as watching:
        module(INPUTS)[0].sum().backward()
    with pytest.raises(ValueError, match=f"t must be 1…4, got {t}"):
        watching.layers["l0"].jacobian(t)


def test_only_an_lstm_has_a_cell_grad() -> None:
    module = nn.GRU(3, 4)
    with watch(module) as watching:
        module(INPUTS)[0].sum().backward()
    with pytest.raises(ValueError, match="cell_grad is an LSTM's; this layer is a gru"):
        _ = watching.layers["l0"].cell_grad
