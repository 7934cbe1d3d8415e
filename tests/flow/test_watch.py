"""watch: no footprint, its names, and its sentences for what it cannot measure."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence
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
    """The same losses, weights and random numbers over 50 steps, bit for bit."""
    runs = []
    for is_watched in (False, True):
        torch.manual_seed(0)
        model = Reader(name)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        losses = []
        for _ in range(50):
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
SENTENCES: dict[str, tuple[Callable[[], object], str]] = {
    "nothing recurrent": (lambda: run(nn.Linear(3, 2), INPUTS), "must hold an nn.RNN.*only Linear"),
    "scripted": (
        lambda: run(torch.jit.trace(nn.Linear(3, 2), INPUTS), INPUTS),
        "got only TopLevelTracedModule",
    ),
    "both directions": (lambda: run(nn.GRU(3, 2, bidirectional=True), INPUTS), "bidirectional"),
    "projection": (lambda: run(nn.LSTM(3, 4, proj_size=2), INPUTS), "proj_size=2"),
    "dropout": (lambda: run(nn.GRU(3, 4, 2, dropout=0.5), INPUTS), "drops out between"),
    "packed": (
        lambda: run(nn.GRU(3, 4), pack_padded_sequence(INPUTS, [4, 2])),
        "given a PackedSequence; give it a padded tensor",
    ),
    "half precision": (
        lambda: run(nn.GRU(3, 4, dtype=torch.bfloat16), INPUTS.bfloat16()),
        "must be float32 or float64, got torch.bfloat16",
    ),
    "no forward": (lambda: _layers_of_nothing(), "Nothing was noted; run the forward pass"),
    "no backward": (lambda: run(nn.GRU(3, 4), INPUTS), "No gradient has come back to the model"),
    "no probes": (lambda: watch(nn.GRU(3, 4), probe_size=0).__enter__(), "probe_size must be 1"),
}


def _layers_of_nothing() -> object:
    with watch(nn.GRU(3, 4)) as watching:
        pass
    return watching.layers


# torch.jit.trace warns that it is deprecated; traced models are still out there.
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
# PyTorch's own word on the projection that is refused.
@pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")
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


def test_dropout_between_layers_is_no_matter_in_eval() -> None:
    module = nn.GRU(3, 4, 2, dropout=0.5).eval()
    with watch(module) as watching:
        module(INPUTS)[0].sum().backward()
    assert len(watching.layers) == 2


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
