"""What a readout makes of all hidden states, and where it lets the loss act."""

from __future__ import annotations

import pytest
import torch

from gradviz.config import RunConfig
from gradviz.flow import watch
from gradviz.model import build_model
from gradviz.model.readouts import Attention, pooling
from gradviz.tasks import task_of

T, B, H = 7, 3, 5


@pytest.fixture
def hidden() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(T, B, H, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize(
    ("readout", "share"),
    [("last", [0.0] * (T - 1) + [1.0]), ("mean", [1 / T] * T), ("sum", [1.0] * T)],
)
def test_each_timestep_has_its_share_of_the_direct_gradient(
    readout: str, share: list[float], hidden: torch.Tensor
) -> None:
    pooled = pooling(RunConfig(readout=readout), H)(hidden)
    expected = sum(factor * row for factor, row in zip(share, hidden, strict=True))
    torch.testing.assert_close(pooled, expected)
    pooled.sum().backward()
    assert hidden.grad is not None
    torch.testing.assert_close(hidden.grad[:, 0, 0], torch.tensor(share, dtype=torch.float64))


def test_attention_is_a_mean_weighted_by_a_softmax_over_time(hidden: torch.Tensor) -> None:
    pool = pooling(RunConfig(readout="attention"), H)
    assert isinstance(pool, Attention)
    for b in range(B):
        scores = [
            (
                pool.vector.weight[0] @ torch.tanh(pool.score.weight @ row[b] + pool.score.bias)
            ).item()
            for row in hidden
        ]
        shares = torch.tensor(scores, dtype=torch.float64).exp()
        shares /= shares.sum()
        torch.testing.assert_close(pool(hidden)[b], (shares[:, None] * hidden[:, b]).sum(0))
    torch.testing.assert_close(pool.shares(hidden).sum(0), torch.ones(B, 1, dtype=torch.float64))


@pytest.mark.parametrize("readout", ["last", "mean", "sum", "attention"])
def test_the_instrument_sees_the_gradient_of_every_readout(readout: str) -> None:
    """Against autograd on an RNN written out, whose states are leaves of the graph."""
    config = RunConfig(readout=readout, dtype="float64", hidden_size=H, seq_len=T, batch_size=B)
    task = task_of(config)
    model = build_model(config, task)
    batch = task.sample(B, torch.Generator()).to("cpu", torch.float64)
    with watch(model.watched) as watching:
        task.loss(model(batch.inputs), batch.targets).backward()
    found = watching.layers["l0"].hidden_grad
    cell, states = model.recurrent, [torch.zeros(B, H, dtype=torch.float64)]
    for row in batch.inputs:
        drive = row @ cell.weight_ih_l0.T + states[-1] @ cell.weight_hh_l0.T
        states.append(torch.tanh(drive + cell.bias_ih_l0 + cell.bias_hh_l0))
    loss = task.loss(model.readout(model.pool(torch.stack(states[1:]))), batch.targets)
    expected = torch.stack(torch.autograd.grad(loss, states[1:]))
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-14)


def test_the_readout_of_a_task_answered_everywhere_is_each_state() -> None:
    config = RunConfig(task="copy_memory", seq_len=5, readout="mean")
    model = build_model(config, task_of(config))
    assert model(torch.zeros(25, 2, 10)).shape == (25, 2, 9)
