"""Trainer: repeatable, live settings, checkpoints, and failures named."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from gradviz.config import ConfigError, RunConfig, choices
from gradviz.history import CloseUpRequest, StepRecord
from gradviz.training import Trainer

pytestmark = pytest.mark.usefixtures("training_thread")


def losses(trainer: Trainer, steps: int, measure: str = "none") -> list[float]:
    return [trainer.train_step(measure).loss for _ in range(steps)]  # type: ignore[arg-type]


def small(**settings: object) -> RunConfig:
    return RunConfig(**{"seq_len": 20, "batch_size": 8, "hidden_size": 8, **settings})


def test_the_thread_is_prepared() -> None:
    assert torch.get_num_threads() == 1
    assert float(torch.tensor(1e-40) * 1.0) == 0.0


def test_a_bare_loop_gives_the_same_losses() -> None:
    config = small(cell="gru", clip="norm", clip_threshold=0.1)
    trainer = Trainer(config)
    twin = Trainer(config)
    optimizer = torch.optim.Adam(twin.model.parameters(), lr=config.learning_rate)
    generator = torch.Generator().manual_seed(config.seed + 2**31)
    for _ in range(30):
        inputs, targets, *_ = twin.task.sample(8, generator)
        loss = torch.nn.functional.mse_loss(twin.model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(twin.model.parameters(), 0.1)
        optimizer.step()
        record = trainer.train_step("none")
        assert record.loss == loss.item()
        assert record.grad_norm_pre == pytest.approx(float(norm), rel=1e-6)
        assert record.grad_norm_post == pytest.approx(min(float(norm), 0.1), rel=1e-4)
        assert record.clipped == (float(norm) > 0.1)


def test_same_config_same_numbers_whoever_else_trains() -> None:
    alone = losses(Trainer(small(cell="lstm", seed=4)), 12)
    one, two = Trainer(small(cell="lstm", seed=4)), Trainer(small(cell="rnn", seed=5))
    together = []
    for _ in range(12):
        torch.manual_seed(7)
        together.append(one.train_step("none").loss)
        before = torch.random.get_rng_state()
        two.train_step("none")
        assert torch.equal(torch.random.get_rng_state(), before)
    assert together == alone
    assert losses(Trainer(small(cell="lstm", seed=6)), 12) != alone


@pytest.mark.parametrize("clip", ["none", "norm", "value", "agc"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "rmsprop"])
def test_a_checkpoint_goes_on_bit_for_bit(optimizer: str, clip: str) -> None:
    config = small(cell="lstm", optimizer=optimizer, clip=clip, momentum=0.5, num_layers=2)
    trainer = Trainer(config)
    losses(trainer, 5)
    trainer.set_learning_rate(0.01)
    trainer.set_clip_threshold(0.5)
    data = trainer.checkpoint()
    expected = losses(trainer, 5)
    fresh = Trainer(config)
    fresh.restore(data)
    assert (fresh.step, fresh.config) == (5, trainer.config)
    assert losses(fresh, 5) == expected
    assert fresh.train_step("none").learning_rate == 0.01
    trainer.restore(data)
    assert losses(trainer, 5) == expected


def test_a_checkpoint_of_another_run_is_refused() -> None:
    trainer = Trainer(small(seed=1))
    with pytest.raises(ValueError, match="differs in cell, hidden_size"):
        trainer.restore(Trainer(small(seed=1, cell="gru", hidden_size=9)).checkpoint())
    assert trainer.step == 0


def test_the_learning_rate_changes_live() -> None:
    trainer, same = Trainer(small()), Trainer(small())
    assert losses(trainer, 3) == losses(same, 3)
    trainer.set_learning_rate(1e-8)
    before = [each.detach().clone() for each in trainer.model.parameters()]
    record = trainer.train_step("none")
    assert record.loss == same.train_step("none").loss
    assert (record.learning_rate, trainer.config.learning_rate) == (1e-8, 1e-8)
    for old, new in zip(before, trainer.model.parameters(), strict=True):
        torch.testing.assert_close(old, new, rtol=0, atol=1e-6)
    assert trainer.train_step("none").loss != same.train_step("none").loss


def test_the_clip_threshold_changes_live() -> None:
    trainer = Trainer(small(clip="norm", clip_threshold=100.0))
    first = trainer.train_step("none")
    assert not first.clipped
    assert first.clip_factor == 1.0
    trainer.set_clip_threshold(1e-3)
    second = trainer.train_step("none")
    assert second.clipped
    assert (second.clip_threshold, second.grad_norm_post) == pytest.approx((1e-3, 1e-3), rel=1e-3)


def test_wrong_live_values_are_refused_and_change_nothing() -> None:
    trainer = Trainer(small())
    with pytest.raises(ConfigError, match="learning_rate must be"):
        trainer.set_learning_rate(-1.0)
    with pytest.raises(ConfigError, match="clip_threshold must be"):
        trainer.set_clip_threshold(math.nan)
    assert trainer.config == small()
    assert trainer.train_step("none").learning_rate == small().learning_rate


def test_the_clip_leaves_the_readout_alone_when_it_is_adaptive() -> None:
    trainer, free = Trainer(small(clip="agc", clip_threshold=1e-4)), Trainer(small(clip="none"))
    record = trainer.train_step("none")
    free.train_step("none")
    for name, clipped in trainer.model.named_parameters():
        before = free.model.get_parameter(name).grad
        assert clipped.grad is not None
        assert before is not None
        assert torch.equal(clipped.grad, before) == name.startswith("readout")
    assert record.clipped
    assert record.grad_norm_post < record.grad_norm_pre


@pytest.mark.parametrize(("clip", "turns"), [("none", 0), ("norm", 0), ("value", 1), ("agc", 1)])
def test_the_angle_of_a_clip_is_that_of_the_gradients(clip: str, turns: int) -> None:
    """By the cosine, against the gradients of the same step without a clip."""
    trainer = Trainer(small(clip=clip, clip_threshold=1e-3, dtype="float64"))
    free = Trainer(small(clip="none", dtype="float64"))
    record = trainer.train_step("none")
    free.train_step("none")
    after, before = (
        torch.cat([each.grad.flatten() for each in one.model.parameters() if each.grad is not None])
        for one in (trainer, free)
    )
    cosine = float(after @ before / (after.norm() * before.norm()))
    assert record.clip_angle == pytest.approx(math.degrees(math.acos(min(cosine, 1))), abs=1e-4)
    assert (record.clip_angle > 1) if turns else (record.clip_angle == 0)


def test_without_a_clip_there_is_no_threshold() -> None:
    record = Trainer(small(clip="none")).train_step("none")
    assert math.isnan(record.clip_threshold)
    assert record.grad_norm_post == record.grad_norm_pre > 0


def test_an_unmeasured_step_has_its_layers_but_no_arrays() -> None:
    record = Trainer(small(num_layers=3)).train_step("none")
    assert list(record.layers) == ["l0", "l1", "l2"]
    assert not record.is_measured
    assert record.layers["l0"].hidden_grad_norm is None


def test_an_unmeasured_step_never_meets_the_instrument(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("watch was entered")

    monkeypatch.setattr("gradviz.training.instrument.watch", refuse)
    trainer = Trainer(small(record_every=3))
    losses(trainer, 2)
    trainer.step = 1
    trainer.train_step()
    trainer.train_step()
    with pytest.raises(AssertionError, match="watch was entered"):
        trainer.train_step()


def test_accuracy_of_a_classification() -> None:
    trainer = Trainer(
        RunConfig(task="digits_rows", cell="lstm", hidden_size=32, learning_rate=0.01)
    )
    records = [trainer.train_step("none") for _ in range(150)]
    assert all(record.accuracy is not None for record in records)
    assert np.mean([record.accuracy for record in records[:5]]) < 0.4
    assert np.mean([record.accuracy for record in records[-20:]]) > 0.8
    assert Trainer(small()).train_step("none").accuracy is None


@pytest.mark.parametrize("name", ["adding", "copy_memory", "temporal_order", "recall", "sunspots"])
def test_a_network_that_sees_nothing_learns_the_floor(name: str) -> None:
    """Only the readout's bias is trained; for copy memory it cannot know the time, so no floor."""
    trainer = Trainer(RunConfig(task=name, batch_size=256, seq_len=12, learning_rate=0.05))
    with torch.no_grad():
        for part in (trainer.model.recurrent.parameters(), [trainer.model.readout.weight]):
            for each in part:
                each.zero_().requires_grad_(requires_grad=False)
    trained = np.mean(losses(trainer, 200)[-60:])
    if name == "copy_memory":
        assert trained > 1.2 * trainer.floor
    else:
        assert trained == pytest.approx(trainer.floor, rel=0.03)


def diverging(**settings: object) -> tuple[Trainer, StepRecord]:
    """A run that explodes, and its first record with a failure."""
    trainer = Trainer(
        RunConfig(
            **{
                "seq_len": 100,
                "hidden_size": 64,
                "recurrent_init": "orthogonal",
                "recurrent_gain": 1.6,
                "optimizer": "sgd",
                "learning_rate": 0.05,
                "clip": "none",
                **settings,
            }
        )
    )
    for _ in range(60):
        record = trainer.train_step("none")
        if record.failure:
            return trainer, record
    raise AssertionError("the run did not explode")


def test_explosion_ends_in_a_named_failure_and_can_go_on() -> None:
    trainer, record = diverging()
    assert record.failure is not None
    assert 20 <= record.step == record.failure.step <= 45
    assert record.failure.tensor == "loss"
    assert record.failure.kind in {"nan", "inf"}
    after = trainer.train_step("none")
    assert after.step == record.step + 1
    assert after.failure is not None


def test_the_first_culprit_is_named() -> None:
    def fail(change: object) -> tuple[str, str]:
        trainer = Trainer(small(clip="norm"))
        change(trainer)  # type: ignore[operator]
        failure = trainer.train_step("none").failure
        assert failure is not None
        assert failure.step == 1
        return failure.tensor, failure.kind

    def loss_nan(trainer: Trainer) -> None:
        trainer.model.readout.bias.data[0] = math.nan

    def gradient(value: float) -> object:
        def change(trainer: Trainer) -> None:
            weight = trainer.model.recurrent.weight_hh_l0
            weight.register_hook(lambda grad: torch.full_like(grad, value))

        return change

    assert fail(loss_nan) == ("loss", "nan")
    assert fail(gradient(math.inf)) == ("gradient of recurrent.weight_hh_l0", "inf")
    assert fail(gradient(math.nan)) == ("gradient of recurrent.weight_hh_l0", "nan")
    assert fail(gradient(1e20)) == ("gradient of recurrent.weight_hh_l0", "norm overflow")


def test_a_weight_that_overflows_is_named() -> None:
    trainer = Trainer(small(clip="none", optimizer="sgd", learning_rate=100.0))
    trainer.model.recurrent.weight_hh_l0.register_hook(lambda grad: torch.full_like(grad, 1e38))
    failure = trainer.train_step("none").failure
    assert failure is not None
    assert (failure.tensor, failure.kind) == ("weight recurrent.weight_hh_l0", "inf")


def test_weights_that_are_huge_but_finite_are_no_failure() -> None:
    trainer = Trainer(small())
    trainer.model.recurrent.weight_ih_l0.data.fill_(1e20)
    assert trainer.train_step("none").failure is None


def test_a_large_finite_gradient_is_no_failure_without_a_norm_clip() -> None:
    trainer = Trainer(small(clip="value"))
    trainer.model.recurrent.weight_hh_l0.register_hook(lambda grad: torch.full_like(grad, 1e20))
    record = trainer.train_step("none")
    assert record.failure is None
    assert record.grad_norm_pre == pytest.approx(8e20, rel=1e-6)
    assert record.clipped


def test_float64_trains_the_same_run_more_exactly() -> None:
    single = losses(Trainer(small(cell="gru")), 10)
    double = losses(Trainer(small(cell="gru", dtype="float64")), 10)
    assert single != double
    assert single == pytest.approx(double, rel=1e-4)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_measuring_leaves_no_trace(cell: str) -> None:
    config = small(cell=cell, num_layers=2, seed=3)
    bare, measured = Trainer(config), Trainer(config)
    before = torch.random.get_rng_state()
    assert losses(measured, 15, "full") == losses(bare, 15, "none")
    assert torch.equal(torch.random.get_rng_state(), before)
    for one, other in zip(bare.model.parameters(), measured.model.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_measured_step_has_arrays_of_the_probes(cell: str) -> None:
    trainer = Trainer(small(cell=cell, num_layers=2, probe_size=3))
    trainer.dear_probes = 2
    record = trainer.train_step("full")
    assert record.is_measured
    assert list(record.layers) == ["l0", "l1"]
    names = {
        "rnn": set(),
        "lstm": {"input", "forget", "candidate", "output"},
        "gru": {"reset", "update", "candidate"},
    }
    for layer in record.layers.values():
        assert layer.hidden_grad_norm is not None
        assert layer.hidden_grad_norm.shape == (20, 3)
        assert layer.hidden_grad_norm.dtype == np.float64
        assert set(layer.gates) == names[cell]
        assert all(gate.shape == (20, 3, 8) for gate in layer.gates.values())
        assert layer.jacobian_norm is not None
        assert layer.transport_log10 is not None
        assert layer.gradient_horizon is not None
        assert layer.jacobian_norm.shape == layer.transport_log10.shape == (20, 2)
        assert layer.gradient_horizon.shape == (2,)
        assert np.allclose(layer.transport_log10[-1], 0.0, atol=1e-6)
    assert trainer.dear_seconds > 0


def test_the_measuring_schedule() -> None:
    trainer = Trainer(small(record_every=3))
    measured = [trainer.train_step().layers["l0"] for _ in range(7)]
    steps = [i + 1 for i, layer in enumerate(measured) if layer.hidden_grad_norm is not None]
    assert steps == [1, 4, 7]
    assert all(measured[step - 1].transport_log10 is not None for step in steps)


def test_light_measurements_are_not_dear() -> None:
    trainer = Trainer(small(cell="lstm"))
    light = trainer.train_step("light").layers["l0"]
    assert trainer.dear_seconds == 0.0
    trainer.dear_probes = 0
    full = trainer.train_step("full").layers["l0"]
    assert trainer.dear_seconds == 0.0
    for layer in (light, full):
        assert layer.hidden_grad_norm is not None
        assert layer.gates
        assert layer.jacobian_norm is layer.transport_log10 is layer.gradient_horizon is None
        assert layer.jacobian_bound is None


def test_measurements_are_of_the_weights_before_the_step() -> None:
    """∂L/∂h_T = 2 (answer − target)/B · W_readout, and the bound is ‖W_hh‖₂ of a tanh cell."""
    trainer = Trainer(small(learning_rate=0.1, dtype="float64", probe_size=8))
    twin = Trainer(trainer.config)
    inputs, targets, *_ = twin._batch()
    residuals = (twin.model(inputs) - targets).detach()[:, 0]
    readout = twin.model.readout.weight.detach()
    expected = 2 / 8 * residuals.abs() * torch.linalg.vector_norm(readout)
    layer = trainer.train_step("full").layers["l0"]
    assert layer.hidden_grad_norm is not None
    assert layer.hidden_grad_norm[-1] == pytest.approx(expected.numpy(), rel=1e-9)
    largest = float(torch.linalg.matrix_norm(twin.model.recurrent.weight_hh_l0.detach(), 2))
    assert layer.jacobian_bound == pytest.approx(largest, rel=1e-9)
    assert layer.jacobian_norm is not None
    assert layer.jacobian_norm.max() <= layer.jacobian_bound * 1.01


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_step_with_broken_weights_tells_its_failure(cell: str) -> None:
    trainer = Trainer(small(cell=cell))
    trainer.train_step("full")
    trainer.model.recurrent.weight_hh_l0.data[0, 0] = math.nan
    record = trainer.train_step("full")
    assert record.failure is not None
    assert not record.is_measured


def test_fewer_and_more_dear_probes_while_training() -> None:
    trainer = Trainer(small(cell="gru"))
    for probes, expected in ((2, 2), (1, 1), (None, 8), (3, 3)):
        trainer.dear_probes = probes
        norm = trainer.train_step("full").layers["l0"].jacobian_norm
        assert norm is not None
        assert norm.shape == (20, expected)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match="device must be cpu here, got cuda"):
        Trainer(RunConfig(device="cuda"))


LOOK = CloseUpRequest(sequence=2, timestep=7, unit=3)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_looking_closely_leaves_no_trace(cell: str) -> None:
    config = small(cell=cell, num_layers=2, seed=3)
    bare, watched = Trainer(config), Trainer(config)
    watched.closeup = LOOK
    before = torch.random.get_rng_state()
    seen = []
    for _ in range(8):
        seen.append(watched.train_step("full").loss)
        watched.look(CloseUpRequest(layer="l0", sequence=5, unit=2))
    assert seen == losses(bare, 8, "none")
    assert watched.checkpoint() == bare.checkpoint()
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_close_up_is_of_the_sequence_that_was_read() -> None:
    trainer, twin = Trainer(small(probe_size=3)), Trainer(small(probe_size=3))
    trainer.closeup = LOOK
    inputs = twin._batch().inputs
    closeup = trainer.train_step("full").closeup
    assert closeup is not None
    assert (closeup.layer, closeup.sequence, closeup.timestep, closeup.unit) == ("l0", 2, 7, 3)
    sequence = inputs[1] if inputs.shape[0] == 8 else inputs[:, 1]
    assert closeup.inputs.tolist() == sequence.tolist()


def test_looking_elsewhere_is_at_the_step_that_was_measured() -> None:
    trainer, other = Trainer(small(cell="lstm")), Trainer(small(cell="lstm"))
    trainer.closeup, other.closeup = CloseUpRequest(), LOOK
    trainer.train_step("full")
    expected = other.train_step("full").closeup
    losses(trainer, 3)
    found = trainer.look(LOOK)
    assert found is not None
    assert expected is not None
    for name in ("inputs", "hidden", "pulse", "pulse_log10", "cell_transport_log10"):
        assert np.array_equal(getattr(found, name), getattr(expected, name))
    for gate, values in expected.gates.items():
        assert np.array_equal(found.gates[gate], values)


def test_without_a_step_to_look_at_there_is_no_close_up() -> None:
    trainer = Trainer(small())
    assert trainer.train_step("full").closeup is None
    assert trainer.look(LOOK) is None
    trainer.closeup = LOOK
    assert trainer.look(LOOK) is None
    assert trainer.train_step("none").closeup is None
    assert trainer.look(LOOK) is None
    trainer.train_step("full")
    assert trainer.look(LOOK) is not None
    assert trainer.train_step("light").closeup is None
    assert trainer.look(LOOK) is None
    trainer.train_step("full")
    trainer.restore(trainer.checkpoint())
    assert trainer.look(LOOK) is None
    trainer.train_step("full")
    trainer.closeup = None
    assert trainer.train_step("full").closeup is None
    assert trainer.look(LOOK) is None


@pytest.mark.parametrize("optimizer", choices("optimizer"))
def test_every_optimiser_goes_on_bit_for_bit(optimizer: str) -> None:
    """NAdam keeps a float32 number beside float64 parameters, which PyTorch would cast."""
    config = RunConfig(seq_len=5, hidden_size=3, batch_size=2, dtype="float64")
    config = config.replace(optimizer=optimizer, momentum=0.9, learning_rate=0.05)
    one, other = Trainer(config), Trainer(config)
    for _ in range(3):
        one.train_step("none")
    other.restore(one.checkpoint())
    for _ in range(3):
        assert one.train_step("none").loss == other.train_step("none").loss
