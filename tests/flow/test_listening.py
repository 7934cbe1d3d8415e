"""Autograd's own total gradients against the scan, in and beyond float32's range."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from gradviz.flow import LayerFlow, watch
from gradviz.flow.listening import listen


def flow_of(module: nn.RNNBase, inputs: Tensor, *, every: bool = False) -> LayerFlow:
    with watch(module) as watching:
        output, last = module(inputs)
        loss = output.square().mean() if every else (output[-1] * last[-1]).mean()
        loss.backward()
    return watching.layers["l0"]


def scanned(flow: LayerFlow) -> LayerFlow:
    """The same without what autograd was heard to say."""
    object.__setattr__(flow.direct, "known", None)
    for name in ("total", "hidden_grad", "hidden_grad_norm", "hidden_grad_log10"):
        vars(flow).pop(name, None)
    return flow


CASES = {
    "rnn": lambda **more: nn.RNN(3, 6, **more),
    "gru": lambda **more: nn.GRU(3, 6, **more),
    "first layer, batch first": lambda **more: nn.GRU(3, 6, batch_first=True, **more),
}


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("timesteps", [1, 7, 300])
@pytest.mark.parametrize("name", ["rnn", "gru"])
def test_equal_to_the_scan(name: str, timesteps: int, every: bool) -> None:
    """At T = 300 the first timesteps are beyond float32's range, and scanned from there."""
    torch.manual_seed(0)
    module = CASES[name]()
    if timesteps == 300:
        module.weight_hh_l0.data.mul_(0.5)
    flow = flow_of(module, torch.randn(timesteps, 4, 3), every=every)
    assert flow.direct.known is not None
    heard = flow.hidden_grad_log10
    if timesteps == 300 and not every:
        assert float(heard.min()) < -40
        assert float(flow.direct.known.abs().amax((1, 2)).min()) == 0.0
    found = flow.weight_grad()
    again = scanned(flow)
    torch.testing.assert_close(heard, again.hidden_grad_log10, rtol=0, atol=1e-3)
    torch.testing.assert_close(found, again.weight_grad(), rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("name", CASES)
def test_it_is_heard_in_every_layout(name: str) -> None:
    torch.manual_seed(0)
    module = CASES[name](dtype=torch.float64)
    inputs = torch.randn(5, 4, 3, dtype=torch.float64)
    flow = flow_of(module, inputs, every=True)
    assert flow.direct.known is not None
    heard = flow.hidden_grad
    torch.testing.assert_close(heard, scanned(flow).hidden_grad, rtol=1e-9, atol=1e-13)


def test_what_shows_no_states_is_not_listened_to() -> None:
    inputs = torch.randn(5, 2, 3)
    assert listen(nn.LSTM(3, 4)(inputs)[0].grad_fn, 5) is None
    assert listen(nn.GRU(3, 4, bidirectional=True)(inputs)[0].grad_fn, 5) is None
    assert listen(nn.GRU(3, 4)(inputs)[0].grad_fn, 6) is None
    assert listen(None, 5) is None


def test_the_graph_goes_with_the_loss() -> None:
    """What listens hangs on the graph, and keeps no tensor of it alive."""
    import gc
    import weakref

    module = nn.GRU(3, 4)
    inputs = torch.randn(5, 2, 3)
    with watch(module) as watching:
        output = module(inputs)[0]
        gone = weakref.ref(output)
        output.sum().backward()
        del output
    assert "l0" in watching.layers
    gc.collect()
    assert gone() is None
