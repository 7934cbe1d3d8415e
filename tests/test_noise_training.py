"""Noise within the recurrence in trainings: by (seed, step) alone, no trace, windows, refusals."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from gradviz import RunConfig, Trainer
from gradviz.cells import LAYERS, ElmanRnn, FusedGru, FusedLstm, FusedRnn, Noise
from gradviz.config import CELLS, ConfigError
from gradviz.config.remedy_fields.noise import CELLS_OF
from gradviz.flow import joined, watch
from gradviz.history import CloseUpRequest
from gradviz.training.chance import begin_noise
from gradviz.training.unrolled import covering, propagated

SMALL = {"seq_len": 10, "hidden_size": 6, "batch_size": 5, "probe_size": 3}
RATES = {
    "zoneout": 0.2,
    "dropconnect": 0.3,
    "variational_dropout": 0.25,
    "recurrent_dropout": 0.35,
}
KIND = {"variational_dropout": "variational", "recurrent_dropout": "recurrent"}


def noisy(cell: str, **settings: object) -> RunConfig:
    """With all that its cell may have."""
    rates = {name: rate for name, rate in RATES.items() if cell in CELLS_OF[name]}
    return RunConfig(cell=cell, **{**SMALL, **rates, **settings})


def losses(trainer: Trainer, steps: int, measure: str = "none") -> list[float]:
    return [trainer.train_step(measure).loss for _ in range(steps)]


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "peephole_lstm", "mgu"])
def test_measuring_leaves_no_trace_and_finds_every_layer(cell: str) -> None:
    config = noisy(cell, num_layers=2, bidirectional=True, residual=True, dropout=0.2)
    bare, measured = Trainer(config), Trainer(config)
    measured.closeup = CloseUpRequest()
    before = torch.random.get_rng_state()
    assert losses(bare, 6) == losses(measured, 6, "full")
    assert torch.equal(torch.random.get_rng_state(), before)
    record = measured.train_step("full")
    assert tuple(record.layers) == config.layer_names
    for layer in record.layers.values():
        assert layer.jacobian_norm is not None
        assert layer.transport_log10 is not None
        for array in (layer.hidden_grad_norm, layer.jacobian_norm, layer.transport_log10):
            assert np.isfinite(array).all()
        assert tuple(layer.gates) == CELLS[cell].gates


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_checkpoint_goes_on_bit_for_bit(cell: str) -> None:
    one = Trainer(noisy(cell, dropout=0.2))
    losses(one, 3)
    data = one.checkpoint()
    expected = losses(one, 4)
    two = Trainer(noisy(cell, dropout=0.2))
    losses(two, 1)
    two.restore(data)
    assert losses(two, 4, "full") == expected


def drawn(trainer: Trainer, steps: int) -> list[torch.Tensor]:
    """The masks of the first layer, of all kinds, step by step."""
    found: list[torch.Tensor] = []
    noise = trainer.model.recurrent.layers[0].noise

    def note(module: nn.Module, args: object, noted: object) -> None:
        masks = noted.masks
        parts = [masks.weight, masks.inputs, masks.hidden, masks.candidate, *masks.kept]
        found.append(torch.cat([each.flatten().double() for each in parts]))

    hook = noise.register_forward_hook(note)
    losses(trainer, steps)
    hook.remove()
    return found


def test_masks_are_of_the_seed_and_the_step_alone() -> None:
    """Not of the precision, the learning rate, other dropout, or who draws before."""
    config = noisy("lstm")
    one = drawn(Trainer(config), 3)
    torch.rand(7)
    others = {"dtype": "float64", "learning_rate": 0.1, "dropout": 0.3, "num_layers": 2}
    for name, value in others.items():
        first = drawn(Trainer(config.replace(**{name: value})), 1 if name == "num_layers" else 3)
        for mine, theirs in zip(one, first, strict=False):
            torch.testing.assert_close(mine, theirs)
    assert not torch.equal(one[0], one[1])
    assert not torch.equal(one[0], drawn(Trainer(config.replace(seed=1)), 1)[0])


def test_off_is_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch's own modules, no noise in our layers, no number drawn."""
    assert type(Trainer(RunConfig(cell="lstm", **SMALL)).model.recurrent) is nn.LSTM
    config = RunConfig(cell="peephole_lstm", **SMALL)
    trainer = Trainer(config)
    assert [layer.noise for layer in trainer.model.recurrent.layers] == [None]
    found = losses(trainer, 5)
    monkeypatch.setattr("gradviz.training.trainer.begin_noise", lambda *_: None)
    assert losses(Trainer(config), 5) == found
    monkeypatch.setattr(Noise, "__init__", None)
    assert losses(Trainer(config), 5) == found


def test_without_training_nothing_is_drawn() -> None:
    """A text is written, and held-out data are answered, without a trace in the training."""
    config = noisy("gru", task="char_lm", state="stateful", batch_size=4)
    one, two = Trainer(config), Trainer(config)
    expected = losses(one, 4)
    found = []
    for _ in range(4):
        found += losses(two, 1)
        text, held_out = two.sample_text(20), two.held_out_loss()
        assert text == two.sample_text(20)
        assert held_out == two.held_out_loss()
    assert found == expected


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("overlaps", [False, True])
def test_in_windows_the_parts_add_up_to_autograds_gradient(cell: str, overlaps: bool) -> None:
    """Masks of a step hold in all windows; where windows overlap others are refused."""
    off = {"zoneout": 0.0, "recurrent_dropout": 0.0} if overlaps else {}
    config = noisy(
        cell, task="char_lm", bptt_window=4, bptt_every=2 * overlaps, dtype="float64", **off
    )
    trainer = Trainer(config)
    model, batch = trainer.model, trainer._batch()
    begin_noise(config, model, 0)
    with watch(model.watched) as watching:
        passed = propagated(model, batch, None, config.windows)
        passed.backward(trainer.task.loss(passed.outputs, batch.targets))
    flow = joined(watching.layers, covering(config.windows))["l0"]
    grad = model.recurrent.layers[0].weight_hh.grad
    torch.testing.assert_close(flow.weight_grad(), grad, rtol=1e-8, atol=1e-12)
    terms = [flow.weight_grad_at(t + 1) for t in range(len(flow.hidden))]
    torch.testing.assert_close(torch.stack(terms).sum(0), grad, rtol=1e-8, atol=1e-12)
    assert losses(Trainer(config), 4) == losses(Trainer(config), 4, "full")


@pytest.mark.parametrize("norm", ["layer", "batch"])
def test_with_other_remedies_the_parts_add_up_to_autograds_gradient(norm: str) -> None:
    others = {"residual": True, "dropout": 0.2, "training_size": 20, "recurrent_init": "xavier"}
    config = noisy("lstm", norm=norm, num_layers=2, dtype="float64", clip="none", **others)
    trainer = Trainer(config.replace(recurrent_constraint="max_norm", optimizer="sgd"))
    for _ in range(2):
        with watch(trainer.model.watched) as watching:
            trainer.train_step("none")
        for name, layer in zip(config.layer_names, trainer.model.recurrent.layers, strict=True):
            found = watching.layers[name].weight_grad()
            torch.testing.assert_close(found, layer.weight_hh.grad, rtol=1e-8, atol=1e-12)


def test_noise_is_measured_while_layers_are_trained_one_after_the_other() -> None:
    config = noisy("gru", num_layers=2, pretrain_steps=2)
    assert losses(Trainer(config), 6) == losses(Trainer(config), 6, "full")


def test_omega_is_of_the_jacobians_with_noise() -> None:
    """With SGD and rate 1 what Ω adds to a step is its gradient; autograd's, with δ and φ′ held."""
    config = noisy("rnn", clip="none", optimizer="sgd", learning_rate=1.0, dtype="float64")
    free, held = Trainer(config), Trainer(config.replace(omega=0.7))
    weight = free.model.recurrent.layers[0].weight_hh.detach().clone().requires_grad_()
    with watch(free.model.watched) as watching:
        free.train_step("none")
    held.train_step("none")
    flow = watching.layers["l0"]
    masks, (kept,), delta = flow.passed.masks, flow.passed.masks.kept, flow.hidden_grad
    slope = (1 - kept) * (1 - flow.hidden**2)  # Where h_t was kept its φ′ does not count.
    used = (weight * masks.weight) * masks.hidden.unsqueeze(-2)
    jacobians = torch.diag_embed(kept) + slope.unsqueeze(-1) * used
    passed = torch.einsum("tbi,tbij->tbj", delta, jacobians)[1:]
    ratio = passed.norm(dim=-1) / delta[1:].norm(dim=-1)
    ((ratio - 1) ** 2).sum().div(delta.shape[1]).backward()
    before, after = (each.model.recurrent.layers[0].weight_hh for each in (free, held))
    torch.testing.assert_close(before - after, 0.7 * weight.grad, rtol=1e-8, atol=1e-11)


def test_what_fits_no_cell_or_task_is_refused_with_a_sentence() -> None:
    layers = {"rnn": FusedRnn, "irnn": FusedRnn, "lstm": FusedLstm, "gru": FusedGru, **LAYERS}
    assert ElmanRnn.noise_kinds == FusedRnn.noise_kinds
    for name, cells in CELLS_OF.items():
        may = {cell for cell, kind in layers.items() if KIND.get(name, name) in kind.noise_kinds}
        assert may == set(cells)
        for cell in set(CELLS) - set(cells):
            with pytest.raises(ConfigError) as error:
                RunConfig(cell=cell, **{**SMALL, name: 0.5})
            assert error.value.problems == {
                name: f"{name} must be 0 for the cell {cell}, got 0.5; it is for "
                f"{', '.join(cells)}."
            }
        with pytest.raises(ConfigError, match=f"{name} must be 0 for copy_sequence, got 0.5"):
            RunConfig(task="copy_sequence", cell="gru", **{name: 0.5})
    windows = {"task": "char_lm", "cell": "gru", "bptt_window": 6, "bptt_every": 3}
    for name in ("zoneout", "recurrent_dropout"):
        with pytest.raises(ConfigError, match=f"{name} must be 0 where windows overlap"):
            RunConfig(**windows, **{name: 0.5})
    RunConfig(**windows, dropconnect=0.5, variational_dropout=0.5)


def test_a_new_cell_drops_what_it_cannot_have() -> None:
    config = noisy("gru")
    assert config.replace(cell="rnn").differences(config) == {"cell": "rnn", "recurrent_dropout": 0}
    assert config.replace(cell="sru").dropconnect == 0
    assert config.replace(task="copy_sequence").zoneout == 0
    with pytest.raises(ConfigError, match=r"zoneout must be 0 for the cell sru, got 0\.1"):
        config.replace(cell="sru", zoneout=0.1)
