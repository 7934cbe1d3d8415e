"""The recordings that are shipped: of today's scenarios, small, and readable without torch."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from every import every

from gradviz import cards, figures
from gradviz.config import RunConfig
from gradviz.history import SCALARS, Frame, History
from gradviz.recorded import FOLDER, load, path_of, read, record
from gradviz.recorded.record import measured_steps
from gradviz.scenarios import SCENARIOS, Scenario
from gradviz.training import Trainer

EVERY = every("name", SCENARIOS)


def runs_of(name: str) -> dict[str, History]:
    runs = load(name)
    assert runs is not None, f"python -m gradviz.recorded {name}"
    return runs


@EVERY
def test_a_recording_is_of_its_scenario_as_it_is_now(name: str) -> None:
    """If this fails: `python -m gradviz.recorded NAME`, then `python -m gradviz.cards`."""
    scenario, recording = SCENARIOS[name], read(path_of(name))
    assert recording.name == name
    assert set(recording.versions) == {"gradviz", "torch"}
    assert list(recording.runs) == list(scenario.variants)
    for label, history in recording.runs.items():
        assert history.config == scenario.variants[label]
        ended = history.failure.step if history.failure else scenario.steps
        assert history.last_step == ended
        assert not np.isnan(history.column("clipped")).any()


@EVERY
def test_a_recording_shows_something_at_once_and_to_its_end(name: str) -> None:
    for history in runs_of(name).values():
        steps = [frame.step for frame in history.frames]
        assert steps[0] == 1
        assert 3 <= len(steps) <= 24
        assert steps[-1] >= history.last_step - 1
        for frame in history.frames:
            assert list(frame.layers) == list(history.config.layer_names)
            for layer in frame.layers.values():
                assert (layer.transport_log10 is None) == history.is_memoryless


@EVERY
def test_close_ups_are_where_the_page_needs_them(name: str) -> None:
    for history in runs_of(name).values():
        assert all((frame.closeup is not None) == closely(name) for frame in history.frames)


def closely(name: str) -> bool:
    return SCENARIOS[name].page in {"vanishing", "gates"}


@EVERY
def test_no_norm_was_rounded_above_its_bound(name: str) -> None:
    for history in runs_of(name).values():
        for layer in [each for frame in history.frames for each in frame.layers.values()]:
            if layer.jacobian_bound is not None and layer.jacobian_norm is not None:
                assert np.nanmax(layer.jacobian_norm) <= layer.jacobian_bound * (1 + 1e-6)


@EVERY
@every("theme", ["light", "dark"])
def test_every_live_picture_can_be_drawn_from_it(name: str, theme: str) -> None:
    for history in runs_of(name).values():
        for draw in (figures.gradient_flow, figures.transport, figures.loss):
            is_empty = draw is figures.transport and history.is_memoryless
            assert bool(draw(history, theme=theme).data) != is_empty


def test_all_together_are_small() -> None:
    sizes = {path.stem: path.stat().st_size for path in FOLDER.iterdir()}
    assert set(sizes) == set(SCENARIOS)
    assert max(sizes.values()) < 400_000
    assert sum(sizes.values()) < 5_000_000


def test_they_are_read_without_torch() -> None:
    code = (
        "import sys\n"
        "from gradviz.recorded import load\n"
        "assert load('vanishing')\n"
        "assert not {'torch', 'sklearn', 'streamlit'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@every("name", cards.DRAWN)
def test_a_card_is_what_its_recording_draws(name: str) -> None:
    """If this fails: `python -m gradviz.cards`, look at the card, commit it."""
    shipped = (cards.FOLDER / f"{name}.svg").read_text("utf-8")
    assert shipped == cards.drawn(name)


def test_a_card_needs_a_recording() -> None:
    with pytest.raises(FileNotFoundError, match="must be recorded first"):
        cards.drawn("unknown")


@every("most", [12, 24])
@every("last", [1, 2, 3, 16, 29, 200, 800, 5000])
def test_measured_steps_begin_early_and_end_at_the_end(last: int, most: int) -> None:
    steps = sorted(measured_steps(last, most))
    assert steps[0] == 1
    assert steps[-1] == last
    assert len(steps) <= most
    gaps = np.diff(steps)
    assert (np.diff(gaps) >= -1).all() or gaps.max() <= last / (most - 6) + 1


def test_a_recording_ends_with_what_was_finite_before_a_failure() -> None:
    history = runs_of("explosion")[""]
    assert history.failure is not None
    assert history.frames[-1].step == history.failure.step - 1
    assert np.isfinite(history.column("loss")[:-1]).all()


def test_a_training_set_is_recorded_with_what_is_not_in_it() -> None:
    """At every measured step, as the trainer has it then; the losses are those of before."""
    config = RunConfig(task="digits_rows", hidden_size=4, batch_size=8, training_size=16)
    scenario = Scenario(name="few", title="", text="", variants={"": config}, steps=3)
    (recorded,) = record(scenario).values()
    trainer, losses, unseen = Trainer(config), [], []
    for _ in range(3):
        losses.append(trainer.train_step("none").loss)
        unseen.append(trainer.held_out_loss())
    np.testing.assert_array_equal(recorded.held_out(), np.c_[[1, 2, 3], unseen])
    np.testing.assert_array_equal(recorded.column("loss"), losses)
    assert not len(runs_of("char_lm")[""].held_out())


@pytest.mark.slow
@pytest.mark.usefixtures("training_thread")
@pytest.mark.parametrize("name", SCENARIOS)
def test_training_still_gives_what_was_recorded(name: str) -> None:
    """The first steps: later ones differ between machines by what rounding grows to."""
    now = record(replace(SCENARIOS[name], steps=2))
    for label, recorded in runs_of(name).items():
        for column in SCALARS:
            here, there = now[label].column(column), recorded.column(column, upto=2)
            np.testing.assert_allclose(here, there, rtol=1e-3, err_msg=column)
        assert_alike(now[label].frames[0], recorded.frames[0])


def assert_alike(now: Frame, recorded: Frame) -> None:
    for name, layer in now.layers.items():
        there = recorded.layers[name]
        if layer.transport_log10 is not None:
            np.testing.assert_allclose(layer.transport_log10, there.transport_log10, atol=0.02)
        np.testing.assert_allclose(layer.hidden_grad_log10, there.hidden_grad_log10, atol=0.02)
    if now.closeup and recorded.closeup:
        np.testing.assert_allclose(now.closeup.hidden, recorded.closeup.hidden, atol=0.005)
        np.testing.assert_allclose(now.closeup.pulse_log10, recorded.closeup.pulse_log10, atol=0.02)
