"""The Lorenz system, and series of a user's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from gradviz.config import ConfigError, RunConfig
from gradviz.tasks import task_of
from gradviz.tasks.series import STEP, lorenz
from gradviz.training import Trainer
from gradviz.uploads import Corpus, MissingDataError, Series, Shelf

T, K = 6, 2


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setenv("GRADVIZ_DATA", str(tmp_path))
    return Shelf()


def config(**settings: object) -> RunConfig:
    return RunConfig(task="series", seq_len=T, forecast_steps=K, **settings)


def own(rows: int = 50) -> Series:
    values = np.stack([np.arange(rows) * 10.0, np.full(rows, 7.0)], axis=1)
    return Series(name="own.csv", columns=("n", "flat"), values=values, source="50 rows.")


def test_lorenz_rows_follow_from_one_another() -> None:
    """Against SciPy's solver of order 8, from each row to the next."""

    def slope(_: float, state: np.ndarray) -> list[float]:
        x, y, z = state
        return [10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z]

    rows = np.array(lorenz())
    assert rows.shape == (2000, 3)
    for at in (0, 500, 1998):
        solved = solve_ivp(slope, (0, STEP), rows[at], method="DOP853", rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(rows[at + 1], solved.y[:, -1], rtol=1e-4, atol=1e-4)
    # On the attractor: both wings, z about 23.5 on average.
    assert rows[:, 0].min() < -15 < 15 < rows[:, 0].max()
    assert rows[:, 2].mean() == pytest.approx(23.5, abs=0.7)


def test_columns_are_normalised_over_all_rows() -> None:
    task = task_of(config())
    inputs = task.sample(4000, torch.Generator().manual_seed(0)).inputs
    np.testing.assert_allclose(inputs.mean((0, 1)), np.zeros(3), atol=0.03)
    np.testing.assert_allclose(inputs.std((0, 1)), np.ones(3), atol=0.03)
    assert task.floor == pytest.approx(1.0, abs=0.01)


def test_all_columns_of_ones_own_series_are_read_and_the_first_is_asked(shelf: Shelf) -> None:
    data = shelf.put(own())
    task = task_of(config(data=data, normalise=False))
    assert (task.input_size, task.output_size) == (2, K)
    batch = task.sample(200, torch.Generator().manual_seed(1))
    assert bool((batch.inputs[..., 1] == 7).all())
    first = batch.inputs[-1, :, 0]
    torch.testing.assert_close(batch.targets, torch.stack([first + 10, first + 20], 1))
    # Rows 6…48 and 7…49, times 10.
    assert task.floor == pytest.approx(100 * (43**2 - 1) / 12)


def test_a_constant_column_is_0_when_normalised(shelf: Shelf) -> None:
    batch = task_of(config(data=shelf.put(own()))).sample(9, torch.Generator())
    assert not batch.inputs[..., 1].any()
    assert torch.isfinite(batch.inputs).all()


def test_it_trains_on_ones_own_series(shelf: Shelf) -> None:
    trainer = Trainer(config(data=shelf.put(own()), cell="gru", hidden_size=8))
    losses = [trainer.train_step("none").loss for _ in range(200)]
    assert np.mean(losses[-20:]) < 0.2 * trainer.floor


def test_data_that_cannot_be_are_refused_in_a_sentence(shelf: Shelf) -> None:
    with pytest.raises(MissingDataError):
        task_of(config(data="0" * 16))
    words = Corpus(name="a.txt", train="a b", valid="a", test="b", source="A text.")
    with pytest.raises(
        ConfigError, match=r"data must be a table for a series, got the text a\.txt"
    ):
        task_of(config(data=shelf.put(words)))
    with pytest.raises(ConfigError, match="at most the series' 50 rows, got 60"):
        task_of(RunConfig(task="series", seq_len=60, data=shelf.put(own())))
