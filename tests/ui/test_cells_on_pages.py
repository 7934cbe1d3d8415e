"""Pages of runs of every cell, with a step that the Trainer measured."""

from __future__ import annotations

import pytest
import told
from told import Told, opened_page, stage_named, told_workers, words_of

from gradviz import RunConfig, Trainer
from gradviz.config import CELLS
from gradviz.history import CloseUpRequest, History

pytestmark = pytest.mark.slow  # Every cell or task, or trainings: a part of the full run.

KEEPS = {"forget", "update"}


@pytest.fixture(autouse=True)
def workers(monkeypatch: pytest.MonkeyPatch) -> Told:
    monkeypatch.setattr(told, "looked", measured)
    return told_workers(monkeypatch)


def measured(config: RunConfig) -> History:
    trainer = Trainer(config)
    trainer.closeup = CloseUpRequest()
    history = History(config, floor=trainer.floor)
    history.append(trainer.train_step("full"))
    return history


@pytest.mark.parametrize("page", ["live_training", "gates", "vanishing", "compare"])
@pytest.mark.parametrize("cell", CELLS)
def test_it_is_shown(cell: str, page: str) -> None:
    config = RunConfig(task="recall", cell=cell, seq_len=8, hidden_size=4, num_layers=2)
    shown = opened_page(page, config.to_query())
    assert not shown.exception
    if page != "compare":
        assert stage_named(shown, page).config == config
    if page == "gates":
        gate = KEEPS & set(CELLS[cell].gates)
        words = words_of(shown)
        assert all(f"The {name} gates of l1 are at" in words for name in gate)
        assert ("no gates" in words) == (not gate)
