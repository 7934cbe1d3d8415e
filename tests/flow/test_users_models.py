"""Models as researchers write them: each was measured wrongly, refused or broken once."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pytest
import torch
import torch.utils.checkpoint
from reference import unroll
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from gradviz.flow import WatchError, watch

T, B, I, H = 7, 3, 2, 4  # noqa: E741, the legend's letters


@pytest.fixture
def inputs() -> Tensor:
    torch.manual_seed(0)
    return torch.randn(T, B, I, dtype=torch.float64)


def hooks_of(model: nn.Module) -> list[object]:
    return [hook for each in model.modules() for hook in each._forward_hooks.values()]


@pytest.mark.parametrize("kind", [nn.LSTM, nn.LSTMCell])
def test_a_copy_of_a_watched_model_is_not_watched(kind: type[nn.Module], inputs: Tensor) -> None:
    """Nor is its file, which opens where gradviz is not installed."""
    model = kind(I, H).double()
    with watch(model) as watching:
        model(inputs[0])[0].sum().backward()
        norm = watching.layers["l0"].hidden_grad_norm
        file = pickle.dumps(model)
        assert b"gradviz" not in file
        copies = [copy.deepcopy(model), pickle.loads(file)]  # noqa: S301, our own file
        for each in copies:
            each(inputs[1])[0].square().sum().backward()
        assert watching.layers["l0"].hidden_grad_norm is norm
        assert torch.equal(copies[0](inputs[1])[0], model(inputs[1])[0])
    assert not hooks_of(model)


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU])
@pytest.mark.parametrize("how", ["in place", "hook"])
def test_an_output_that_the_model_changes_further(
    kind: type[nn.RNNBase], how: str, inputs: Tensor
) -> None:
    """The layer's states are what it gave, not what the model made of it."""
    module = kind(I, H, dtype=torch.float64)
    if how == "hook":
        module.register_forward_hook(lambda module, args, output: (output[0] * 0.5, output[1]))
    with watch(module) as watching:
        output, _ = module(inputs)
        if how == "in place":
            output.mul_(0.5)
        output.square().sum().backward()
    model = unroll(module, inputs)
    states = model.traces["l0"].hidden
    (0.5 * model.output).square().sum().backward()
    flow = watching.layers["l0"]
    torch.testing.assert_close(flow.hidden, torch.stack(states).detach(), rtol=1e-9, atol=1e-12)
    grads = torch.stack([state.grad for state in states])
    torch.testing.assert_close(flow.hidden_grad, grads, rtol=1e-9, atol=1e-12)


def test_a_state_kept_in_one_buffer(inputs: Tensor) -> None:
    """Who carries the state on writes the last one over the first, before anything is asked."""
    module, buffer = nn.LSTM(I, H, dtype=torch.float64), torch.zeros(1, B, H, dtype=torch.float64)
    with watch(module) as watching:
        output, (last, _) = module(inputs, (buffer, buffer))
        output.sum().backward()
    buffer.copy_(last.detach())
    assert not watching.layers["l0"].start_norm.any()


class Held(nn.Module):
    """A cell in a loop, its state passed on by `on`."""

    def __init__(self, cell: nn.Module, on: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.cell, self.on = cell, on

    def forward(self, inputs: Tensor) -> Tensor:
        # Nothing but the graph holds what the cell gave.
        state = self.on(self.cell(inputs[0]))
        for each in inputs[1:]:
            state = self.on(self.cell(each, state))
        return state


@pytest.mark.parametrize("on", [lambda h: h * 0.9, lambda h: h.mul_(0.9)])
def test_a_cells_state_that_is_changed_on_its_way_is_refused(
    on: Callable[[Tensor], Tensor], inputs: Tensor
) -> None:
    model = Held(nn.GRUCell(I, H).double(), on)
    with watch(model) as watching:
        model(inputs).sum().backward()
    with pytest.raises(
        WatchError, match="cell was given a state that other operations had changed"
    ):
        _ = watching.layers


class OwnName(nn.GRUCell):
    """Adds nothing to the cell's equations."""


@pytest.mark.parametrize(
    ("make", "on"),
    [
        (nn.GRUCell, lambda h: h.view(1, B, H)[0].view(B, -1)),
        (lambda *sizes: weight_norm(nn.GRUCell(*sizes), "weight_hh"), lambda h: h),
        (OwnName, lambda h: h),
    ],
)
def test_a_cell_is_the_cell_also_so(
    make: Callable[..., nn.Module], on: Callable[[Tensor], Tensor], inputs: Tensor
) -> None:
    """Its state passed on as a view; its weights computed; a class of another name."""
    model = Held(make(I, H).double(), on)
    with watch(model) as watching:
        model(inputs).square().sum().backward()
    fused = nn.GRU(I, H, dtype=torch.float64)
    for name, weight in fused.named_parameters():
        weight.data = getattr(model.cell, name.removesuffix("_l0")).detach()
    traced = unroll(fused, inputs)
    traced.output[-1].square().sum().backward()
    grads = torch.stack([state.grad for state in traced.traces["l0"].hidden])
    torch.testing.assert_close(watching.layers["cell"].hidden_grad, grads, rtol=1e-9, atol=1e-12)


class Louder(nn.LSTM):
    """Says something else than an LSTM, after it or before."""

    def forward(self, inputs: Tensor, state: object = None) -> object:
        output, last = super().forward(inputs, state)
        return output + 1.0, last


class Doubling(nn.GRU):
    """Reads something else than it was given."""

    def forward(self, inputs: Tensor, state: object = None) -> object:
        return super().forward(2.0 * inputs, state)


class Counting(nn.GRU):
    """Computes what a GRU does."""

    calls = 0

    def forward(self, inputs: Tensor, state: object = None) -> object:
        self.calls += 1
        return super().forward(inputs, state)


class OwnCell(nn.LSTMCell):
    """Has equations of its own."""

    def forward(self, inputs: Tensor, state: object = None) -> object:
        hidden, memory = super().forward(inputs, state)
        return hidden.tanh(), memory


def frozen() -> nn.Module:
    return nn.Sequential(nn.GRU(I, H).requires_grad_(False))


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (Louder(I, H), "is of class Louder, which reads or gives something else than its nn.LSTM"),
        (
            Doubling(I, H),
            "is of class Doubling, which reads or gives something else than its nn.GRU",
        ),
        (
            OwnCell(I, H),
            "is of class OwnCell, whose forward pass is its own; let it hold an nn.RNNCell",
        ),
        (frozen(), r"through 0: neither its parameters nor what it reads require one; call"),
    ],
)
def test_sentences(module: nn.Module, said: str, inputs: Tensor) -> None:
    output, aside = nn.Linear(1, 1), inputs.float()
    with watch(module) as watching:
        result = module(aside[0] if isinstance(module, nn.LSTMCell) else aside)[0]
        output(result.sum().reshape(1)).backward()
    with pytest.raises(WatchError, match=said):
        _ = watching.layers


def test_a_class_that_only_adds_to_a_layer_is_measured(inputs: Tensor) -> None:
    module = Counting(I, H, dtype=torch.float64)
    with watch(module) as watching:
        module(inputs)[0].square().sum().backward()
    grad = watching.layers["l0"].weight_grad()
    torch.testing.assert_close(grad, module.weight_hh_l0.grad, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("is_cell", [False, True])
def test_inputs_that_are_no_longer_there(is_cell: bool, inputs: Tensor) -> None:
    module = (nn.GRUCell if is_cell else nn.GRU)(I, H, dtype=torch.float64)
    given = inputs[0] if is_cell else inputs
    with watch(module) as watching:
        module(given)[0].sum().backward()
    given.zero_()
    with pytest.raises(WatchError, match="input of the model was changed in place after it was"):
        _ = watching.layers


def test_reentrant_checkpoints_step_after_step(inputs: Tensor) -> None:
    """Their forward pass has no graph, so only backward shows that a step has begun."""
    module, inputs = nn.GRU(I, H, dtype=torch.float64), inputs.requires_grad_()

    def read(given: Tensor) -> Tensor:
        return torch.utils.checkpoint.checkpoint(lambda x: module(x)[0], given, use_reentrant=True)

    with watch(module) as watching:
        for scale in (1.0, 5.0):
            module.zero_grad()
            (scale * read(inputs)).square().sum().backward()
            grad = watching.layers["l0"].weight_grad()
            torch.testing.assert_close(grad, module.weight_hh_l0.grad, rtol=1e-9, atol=1e-12)
    with watch(module) as twice:
        (read(inputs).sum() + read(2 * inputs).sum()).backward()
    with pytest.raises(WatchError, match="several times within checkpoints of use_reentrant=True"):
        _ = twice.layers


def test_a_layer_called_at_every_timestep_is_copied_once(inputs: Tensor) -> None:
    module, state, outputs = nn.GRU(I, H, dtype=torch.float64), None, []
    with watch(module) as watching:
        for each in inputs.split(1):
            output, state = module(each, state)
            outputs.append(output)
        module.weight_hh_l0.data *= 0.5  # Counted by no version.
        outputs.append(module(inputs)[0])
        torch.cat(outputs).sum().backward()
    flows = list(watching.layers.values())
    own = {flow.weight_hh.data_ptr() for flow in flows}
    assert (len(flows), len(own)) == (T + 1, 2)
    assert torch.equal(flows[-1].weight_hh, 0.5 * flows[0].weight_hh)


def test_gradients_of_zero_have_no_ratio_and_no_remainder() -> None:
    module = nn.RNN(I, H, nonlinearity="relu")
    nn.init.constant_(module.bias_ih_l0, -100.0)
    with watch(module) as watching:
        (0.0 * module(torch.randn(T, B, I))[0].sum()).backward()
    assert watching.layers["l0"].gradient_snr() != watching.layers["l0"].gradient_snr()
    assert "nothing is left at the first" in " ".join(watching.summary().split())
