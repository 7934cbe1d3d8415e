"""L1, L2 and weight decay: against differences of the loss, and against PyTorch's AdamW."""

from __future__ import annotations

import math

import pytest
import torch

from gradviz import RunConfig, Trainer
from gradviz.remedies import learning_rate, penalise

SMALL = {"seq_len": 5, "hidden_size": 4, "batch_size": 3, "clip": "none"}
LANGUAGE = {"task": "char_lm", "embedding_size": 3, "num_layers": 2}
PENALISED = {
    "recurrent.weight_ih_l0",
    "recurrent.weight_hh_l0",
    "recurrent.weight_ih_l1",
    "recurrent.weight_hh_l1",
    "readout.weight",
}


def _moved(trainer: Trainer) -> dict[str, torch.Tensor]:
    before = {name: each.clone() for name, each in trainer.model.state_dict().items()}
    trainer.train_step("none")
    return {name: before[name] - each for name, each in trainer.model.state_dict().items()}


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "layer_norm_lstm"])
def test_the_gradient_is_that_of_the_penalised_loss(cell: str) -> None:
    """With SGD and rate 1 a step is the gradient; central differences of L + λ₁Σ|w| + λ₂Σw²."""
    l1, l2, small = 0.3, 0.7, 1e-6
    config = RunConfig(
        **SMALL, cell=cell, optimizer="sgd", learning_rate=1.0, dtype="float64", l1=l1, l2=l2
    )
    twin, trainer = Trainer(config), Trainer(config)
    batch, gradient = twin._batch(), _moved(trainer)

    @torch.no_grad()
    def loss() -> float:
        own = dict(twin.model.named_parameters())
        matrices = [each for name, each in own.items() if "weight" in name]
        penalty = sum(l1 * each.abs().sum() + l2 * each.square().sum() for each in matrices)
        return float(twin.task.loss(twin.model.answer(batch), batch.targets) + penalty)

    for name, weight in twin.model.named_parameters():
        for place in range(0, weight.numel(), 7):
            entry, values = weight.data.view(-1)[place : place + 1], []
            for sign in (1, -1, 1):
                values.append(loss() if len(values) == 2 else _at(entry, sign * small, loss))
            slope = (values[0] - values[1]) / (2 * small)
            assert float(gradient[name].view(-1)[place]) == pytest.approx(slope, abs=3e-8), name


def _at(entry: torch.Tensor, change: float, loss) -> float:
    before = entry.clone()
    entry += change
    value = loss()
    entry.copy_(before)
    return value


def test_embeddings_and_vectors_are_spared_and_the_loss_stays_the_tasks() -> None:
    settings = {**SMALL, **LANGUAGE, "optimizer": "sgd", "learning_rate": 1.0}
    free, held = Trainer(RunConfig(**settings)), Trainer(RunConfig(**settings, l1=0.01, l2=0.5))
    weights = {name: each.clone() for name, each in free.model.state_dict().items()}
    assert free.model.embedding is not None
    of_free, of_held = _moved(free), _moved(held)
    for name, weight in weights.items():
        added = 0.01 * weight.sign() + weight if name in PENALISED else torch.zeros_like(weight)
        torch.testing.assert_close(of_held[name] - of_free[name], added, rtol=0, atol=2e-6)
    free, held = Trainer(RunConfig(**settings)), Trainer(RunConfig(**settings, l2=0.5))
    one, two = free.train_step("none"), held.train_step("none")
    assert one.loss == two.loss
    # The clip sees the penalty's gradient.
    assert two.grad_norm_pre > 1.5 * one.grad_norm_pre


def test_l1_asks_nothing_of_a_zero_and_nothing_is_asked_of_what_is_frozen() -> None:
    weight, frozen = (torch.nn.Parameter(torch.tensor([[2.0, 0.0, -3.0]])) for _ in range(2))
    weight.grad = torch.zeros_like(weight)
    penalise([weight, frozen], 0.5, 0.0)
    assert weight.grad.tolist() == [[0.5, 0.0, -0.5]]
    assert frozen.grad is None


def test_decay_under_adam_is_pytorchs_adamw() -> None:
    """Bit for bit, with a schedule; AdamW's own λ is what None leaves it."""
    settings = {**SMALL, "cell": "lstm", "warmup_steps": 4, "learning_rate": 0.05}
    config = RunConfig(**settings, optimizer="adam", weight_decay=0.7)
    trainer, twin = Trainer(config), Trainer(config)
    optimizer = torch.optim.AdamW(twin.model.parameters(), weight_decay=0.7)
    for step in range(6):
        batch = twin._batch()
        optimizer.zero_grad()
        twin.task.loss(twin.model.answer(batch), batch.targets).backward()
        optimizer.param_groups[0]["lr"] = learning_rate(config, step)
        optimizer.step()
        trainer.train_step("none")
        for ours, theirs in zip(trainer.model.parameters(), twin.model.parameters(), strict=True):
            assert torch.equal(ours, theirs)
    losses = [
        [Trainer(RunConfig(**settings, optimizer="adamw", weight_decay=decay)), []]
        for decay in (None, 0.01, 0.0)
    ]
    own, same, without = (
        [trainer.train_step("none").loss for _ in range(8)] for trainer, _ in losses
    )
    assert own == same != without


def test_decay_is_apart_from_the_gradient_and_of_every_parameter() -> None:
    settings = {**SMALL, **LANGUAGE, "optimizer": "sgd", "learning_rate": 0.1, "dtype": "float64"}
    free, held = Trainer(RunConfig(**settings)), Trainer(RunConfig(**settings, weight_decay=2.0))
    weights = {name: each.clone() for name, each in free.model.state_dict().items()}
    of_free, of_held = _moved(free), _moved(held)
    for name, weight in weights.items():
        torch.testing.assert_close(of_held[name], of_free[name] + 0.2 * weight)
    assert math.isclose(free.train_step().loss, held.train_step().loss, rel_tol=0.5)
