"""Scaled inputs and principal components, against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from gradviz import ConfigError, RunConfig, Trainer
from gradviz.config import TASKS
from gradviz.model import build_model
from gradviz.tasks import task_of
from gradviz.tasks.components import fit_components
from gradviz.tasks.input_scaling import fit_scaling
from gradviz.tasks.prepared import SEED, prepared

LORENZ = {"task": "series", "seq_len": 20, "normalise": False}


def batch(config: RunConfig, seed: int = 9) -> torch.Tensor:
    return task_of(config).sample(64, torch.Generator().manual_seed(seed)).inputs


def rows(inputs: torch.Tensor) -> np.ndarray:
    return inputs.double().flatten(0, 1).numpy()


def sample(config: RunConfig) -> np.ndarray:
    """What is fitted to: 512 sequences of the bare task."""
    bare = config.replace(input_scaling="none", pca=0)
    return rows(task_of(bare).sample(512, torch.Generator().manual_seed(SEED)).inputs)


@pytest.mark.parametrize("task", TASKS)
def test_the_features_of_a_task_are_known_without_it(task: str) -> None:
    made = task_of(RunConfig(task=task))
    assert TASKS[task].features == (0 if made.vocabulary else made.input_size)


@pytest.mark.parametrize("settings", [LORENZ, {"task": "copy_sequence", "seq_len": 5}, {}])
@pytest.mark.parametrize(
    ("kind", "theirs"), [("standard", StandardScaler), ("min_max", MinMaxScaler)]
)
def test_scaling_is_scikit_learns(settings: dict[str, object], kind: str, theirs: type) -> None:
    bare = RunConfig(**settings)
    config = bare.replace(input_scaling=kind)
    fitted = theirs().fit(sample(config))
    expected = fitted.transform(rows(batch(bare)))
    np.testing.assert_allclose(rows(batch(config)), expected, rtol=1e-5, atol=1e-5)
    ours = fitted.transform(sample(config))
    if kind == "standard":
        np.testing.assert_allclose(ours.std(0), 1, rtol=1e-9)
    else:
        assert (ours.min(), ours.max()) == pytest.approx((0, 1))


@pytest.mark.parametrize("kind", ["standard", "min_max"])
def test_a_constant_feature_stays_0(kind: str) -> None:
    """0.1 summed and divided is not 0.1 again, so a spread of 1e-17 must not be divided by."""
    inputs = torch.full((7, 11, 2), 0.1)
    inputs[..., 1] = torch.linspace(-3, 5, 77).view(7, 11)
    scaled = fit_scaling(inputs, kind)(inputs)
    assert not scaled[..., 0].any()
    assert scaled[..., 1].abs().max() <= 2
    assert scaled.dtype == torch.float32


@pytest.mark.parametrize(
    ("settings", "count"), [(LORENZ, 2), (LORENZ, 3), ({"task": "digits_rows"}, 4)]
)
def test_components_are_scikit_learns(settings: dict[str, object], count: int) -> None:
    bare = RunConfig(**settings)
    config = bare.replace(pca=count)
    fitted = PCA(count).fit(sample(config))
    expected, ours = fitted.transform(rows(batch(bare))), rows(batch(config))
    signs = np.sign((expected * ours).sum(0))
    np.testing.assert_allclose(ours, expected * signs, rtol=1e-4, atol=2e-5)
    assert task_of(config).input_size == count
    inputs = task_of(bare).sample(512, torch.Generator().manual_seed(SEED)).inputs
    found = fit_components(inputs, count)
    assert found.kept == pytest.approx(fitted.explained_variance_ratio_.sum())
    assert (found.directions.gather(0, found.directions.abs().argmax(0)[None]) > 0).all()


def test_components_are_of_the_scaled_inputs() -> None:
    config = RunConfig(**LORENZ, input_scaling="standard", pca=2)
    scaler = StandardScaler().fit(sample(config))
    fitted = PCA(2).fit(scaler.transform(sample(config)))
    bare = rows(batch(config.replace(input_scaling="none", pca=0)))
    expected, ours = fitted.transform(scaler.transform(bare)), rows(batch(config))
    np.testing.assert_allclose(ours, expected * np.sign((expected * ours).sum(0)), atol=2e-5)


def test_inputs_that_never_change_have_no_components() -> None:
    found = fit_components(torch.full((3, 4, 2), 0.1), 1)
    assert found.kept == 1
    assert found(torch.full((3, 4, 2), 0.1)).abs().max() < 1e-7


def test_streams_are_prepared_alike_and_targets_are_not() -> None:
    bare = RunConfig(**LORENZ, state="stateful")
    config = bare.replace(input_scaling="standard", pca=2)
    one, two = task_of(bare).stream(4, 3), task_of(config).stream(4, 3)
    generator = torch.Generator().manual_seed(2)
    drawn = task_of(config).sample(500, generator).inputs.mean((0, 1))
    assert torch.equal(one.targets, two.targets)
    assert (two.inputs.shape, two.continues) == ((20, 4, 2), True)
    assert drawn.abs().max() < 0.2  # Where the Lorenz system's z is 24 on average.
    assert one.inputs.mean((0, 1)).abs().max() > 10


def test_every_seed_reads_the_same_numbers() -> None:
    config = RunConfig(**LORENZ, input_scaling="min_max", pca=2)
    assert torch.equal(batch(config), batch(config.replace(seed=7)))


def test_off_is_the_task_itself() -> None:
    task = task_of(RunConfig())
    assert prepared(task, RunConfig()) is task


def test_more_components_than_columns_of_ones_own_are_refused() -> None:
    """The settings alone do not tell how many columns a user's table has."""
    config = RunConfig(task="series", data="0" * 16, pca=5)
    with pytest.raises(ConfigError, match="pca must be at most 2, the columns of the data, got 5"):
        prepared(task_of(RunConfig()), config)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "peephole_lstm", "fully_connected"])
@pytest.mark.parametrize(
    "settings", [{"input_scaling": "standard"}, {"input_scaling": "min_max", "pca": 1}, {"pca": 2}]
)
def test_a_prepared_run_trains_the_same_measured_or_not(
    cell: str, settings: dict[str, object]
) -> None:
    config = RunConfig(cell=cell, seq_len=8, hidden_size=6, batch_size=4, **settings)
    one, two = Trainer(config), Trainer(config)
    losses = [one.train_step("full").loss for _ in range(3)]
    assert losses == [two.train_step("none").loss for _ in range(3)]
    data = one.checkpoint()
    after = one.train_step("none").loss
    two = Trainer(config)
    two.restore(data)
    assert two.train_step("none").loss == after


def test_both_precisions_read_the_same_numbers() -> None:
    config = RunConfig(**LORENZ, input_scaling="standard", pca=2, hidden_size=4, batch_size=4)
    one, two = (Trainer(config.replace(dtype=dtype)) for dtype in ("float32", "float64"))
    assert one.train_step("none").loss == pytest.approx(two.train_step("none").loss, rel=1e-5)


def test_an_encoders_source_is_prepared_and_its_decoder_told_symbols() -> None:
    config = RunConfig(task="reverse_sequence", seq_len=5, input_scaling="standard", pca=7)
    drawn = task_of(config).sample(4, torch.Generator().manual_seed(0))
    assert drawn.inputs.shape == (5, 4, 7)
    assert set(drawn.decoder_inputs.flatten().tolist()) == {0.0, 1.0}
    answer = build_model(config, task_of(config)).answer(drawn)
    assert answer.shape == (5, 4, 8)
