"""The scenarios: each valid, its words true of its settings, its card small."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import get_args

import pytest
from every import every

import gradviz
from gradviz.config import CELLS, TASKS, WORK_BUDGET, RunConfig, choices, word_of
from gradviz.recorded import path_of, read
from gradviz.scenarios import SCENARIOS, SHELVES, Page, Scenario, on_page
from gradviz.scenarios.remedies import UNTREATED
from gradviz.theory import mean_field

CARDS = Path(gradviz.__file__).parent / "data" / "cards"
EVERY = every("scenario", SCENARIOS.values(), ids=lambda each: each.title)
LIVE = on_page("live_training")
WITH_CARD = every("scenario", LIVE.values(), ids=lambda each: each.title)


def card_of(scenario: Scenario) -> str:
    return (CARDS / f"{scenario.name}.svg").read_text("utf-8")


def test_names_titles_and_configs_are_unique() -> None:
    scenarios = SCENARIOS.values()
    assert list(SCENARIOS) == [each.name for each in scenarios]
    assert len({each.title for each in scenarios}) == len(SCENARIOS)
    assert all(name.isidentifier() for name in SCENARIOS)
    for page in get_args(Page):
        of_page = on_page(page).values()
        # A page finds its scenario by the settings.
        assert len({tuple(each.variants.values()) for each in of_page}) == len(of_page) > 0


def test_the_pages_part_the_scenarios_in_their_order() -> None:
    parted = [name for page in get_args(Page) for name in on_page(page)]
    assert parted == list(SCENARIOS)
    shelves = [each.shelf for each in LIVE.values()]
    assert sorted(shelves, key=list(SHELVES).index) == shelves


CONFIGS = [config for each in SCENARIOS.values() for config in each.variants.values()]


def test_every_cell_and_nonlinearity_has_a_scenario() -> None:
    assert {config.cell for config in CONFIGS} == set(CELLS)
    assert {config.activation for config in CONFIGS} == set(choices("activation"))
    for name in ("readout", "attention", "state"):
        assert {str(getattr(config, name)) for config in CONFIGS} == set(choices(name))


@every("task", TASKS)
def test_every_task_is_learned_in_a_scenario_of_its_own(task: str) -> None:
    """As recorded, within a minute: well below the loss of having learned nothing."""
    left = []
    for name, scenario in LIVE.items():
        if (
            scenario.config.task == task
            and scenario.config.work * scenario.steps < WORK_BUDGET * 20
        ):
            (history,) = read(path_of(name)).runs.values()
            assert history.floor
            left.append(float(history.column("loss")[-20:].mean()) / history.floor)
    assert min(left) < 0.85


@EVERY
def test_variants_share_data_and_seed(scenario: Scenario) -> None:
    configs = list(scenario.variants.values())
    several = scenario.page in {"clipping", "compare"}
    alone = UNTREATED if scenario.page == "remedies" else ""
    assert (2 <= len(configs) <= 4) if several else list(scenario.variants) == [alone]
    assert scenario.config == configs[0]
    assert len(set(configs)) == len(configs)
    for name in ("task", "seq_len", "batch_size", "seed"):
        assert len({getattr(config, name) for config in configs}) == 1
    if scenario.page == "clipping":
        assert all(
            set(each.differences(configs[0])) <= {"clip", "clip_threshold"} for each in configs
        )


@EVERY
def test_a_label_says_what_differs(scenario: Scenario) -> None:
    """Its numbers are those of the settings, and so is its cell or its clip."""
    for label, config in scenario.variants.items():
        assert len(label) <= 20
        settings = {f"{value:g}" for value in config.to_dict().values() if is_number(value)}
        told = set(re.findall(r"[\d.]+", label.replace("ln 49", f"{config.forget_bias}")))
        assert told <= settings
        for word, name, value in WORDS:
            if word in label:
                assert getattr(config, name) == value


WORDS = (
    ("RNN", "cell", "rnn"),
    ("LSTM", "cell", "lstm"),
    ("GRU", "cell", "gru"),
    ("no clip", "clip", "none"),
    ("norm", "clip", "norm"),
    ("value", "clip", "value"),
    ("AGC", "clip", "agc"),
    ("default", "forget_bias", None),
)


def is_number(value: object) -> bool:
    return isinstance(value, int | float)


@EVERY
def test_survives_its_url(scenario: Scenario) -> None:
    for config in scenario.variants.values():
        assert RunConfig.from_query(config.to_query()) == (config, [])


@EVERY
def test_is_light_enough_to_be_live(scenario: Scenario) -> None:
    assert all(config.work <= WORK_BUDGET / 20 for config in scenario.variants.values())
    assert sum(each.work * scenario.steps for each in scenario.variants.values()) < 20 * WORK_BUDGET


@EVERY
def test_is_told_in_a_sentence_or_two(scenario: Scenario) -> None:
    assert 30 <= len(scenario.text) <= 200
    assert scenario.text.endswith((".", "?"))
    assert len(scenario.title) <= 32


@EVERY
def test_claims_nothing_that_only_a_measurement_can_say(scenario: Scenario) -> None:
    """Except where a demonstration test holds it: clipping learns, and the explosion explodes."""
    claims = r"\b(never|always|fixes|solves|vanishes|cannot|keeps|prevents)\b"
    if scenario.name not in {"clipping"}:
        assert not re.search(claims, scenario.text)


@EVERY
def test_names_the_cell_that_it_runs(scenario: Scenario) -> None:
    told = f"{scenario.title} {scenario.text}"
    # The plain RNN that an LSTM's pictures are compared with is another scenario's.
    told = told.replace("with the plain RNN's", "")
    cells = {config.cell for config in scenario.variants.values()}
    for cell in ("lstm", "gru", "rnn"):
        word = rf"\b{cell.upper()}\b"
        if re.search(word, told):
            assert any(re.search(word, word_of(each)) for each in cells)


def test_numbers_in_the_words_are_those_of_the_settings() -> None:
    explosion, clipped = SCENARIOS["explosion"], SCENARIOS["explosion_clipped"]
    assert "1.6 × orthogonal" in explosion.text
    assert explosion.config.recurrent_gain == 1.6
    assert explosion.config.clip == "none"
    assert "One change" in clipped.text
    assert clipped.config.differences(explosion.config) == {"clip": "norm"}
    assert "clipped at 1" in clipped.text
    assert clipped.config.clip_threshold == SCENARIOS["clipping"].config.clip_threshold == 1
    low, high = SCENARIOS["forget_bias_low"].config, SCENARIOS["forget_bias_high"].config
    assert high.differences(low) == {"forget_bias": 3.8918}
    assert "49 timesteps of silence" in SCENARIOS["forget_bias_low"].text
    assert low.seq_len == 50
    same = SCENARIOS["gating"].config.differences(SCENARIOS["vanishing"].config)
    assert same == {"cell": "gru"}
    assert SCENARIOS["sunspots"].config.seq_len == 40
    assert SCENARIOS["digits_pixels"].config.timesteps == 64
    assert SCENARIOS["digits_rows"].config.timesteps == 8
    for name, gain in (("gain_small", 0.5), ("gain_one", 1), ("gain_large", 1.6)):
        assert SCENARIOS[name].title == f"Gain {gain}"
        assert SCENARIOS[name].config.recurrent_gain == gain
        assert SCENARIOS[name].config.recurrent_init == "orthogonal"
    assert "0.5 × orthogonal" in SCENARIOS["gain_small"].text
    assert "128 units" in SCENARIOS["gain_critical"].text
    assert SCENARIOS["gain_critical"].config.hidden_size == 128
    for name, bias in (("0", 0.0), ("1", 1.0), ("2", 2.0), ("chrono", 3.8918)):
        recall = SCENARIOS[f"gates_bias_{name}"].config
        assert recall.differences(low) == {"forget_bias": bias}
    assert math.log(49) == pytest.approx(3.8918, abs=1e-4)
    assert 1 / (1 + math.exp(-3.8918)) == pytest.approx(1 - 1 / 50, abs=1e-5)
    assert SCENARIOS["gates_digits_pixels"].config.timesteps == 64
    assert SCENARIOS["gates_digits_rows"].config.timesteps == 8
    gains = SCENARIOS["gains"].variants.values()
    assert [config.recurrent_gain for config in gains] == [0.5, 0.9, 1, 1.6]


def test_the_critical_gain_is_near_the_critical_line() -> None:
    """Of mean-field theory, for what the inputs of the sums drive the units with."""
    closeup = read(path_of("gain_critical")).runs[""].frames[0].closeup
    assert closeup
    assert closeup.weight_variance == pytest.approx(1.15**2, rel=0.03)
    assert closeup.drive_variance
    critical = mean_field.critical_weight_variance(closeup.drive_variance)
    assert closeup.weight_variance == pytest.approx(critical, rel=0.03)


@WITH_CARD
def test_its_card_is_small_and_loads_nothing(scenario: Scenario) -> None:
    picture = card_of(scenario)
    assert len(picture) < 8_000
    outside = picture.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"<script|<image|<style|href|url\(|http|\son\w+=", outside)
    assert "nan" not in picture.lower().replace("nan at step", "")


def test_there_is_no_card_without_a_scenario() -> None:
    assert {path.stem for path in CARDS.glob("*.svg")} == set(LIVE)
