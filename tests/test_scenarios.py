"""The scenarios: each valid, its words true of its settings, its card drawn from them."""

from __future__ import annotations

import html
import re
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

import gradviz
from gradviz.config import WORK_BUDGET, RunConfig
from gradviz.scenarios import SCENARIOS, Scenario

CARDS = Path(gradviz.__file__).parent / "data" / "cards"
EVERY = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)


def card_of(scenario: Scenario) -> str:
    return (CARDS / f"{scenario.name}.svg").read_text("utf-8")


def test_names_titles_and_configs_are_unique() -> None:
    scenarios = SCENARIOS.values()
    assert list(SCENARIOS) == [each.name for each in scenarios]
    assert len({each.title for each in scenarios}) == len(SCENARIOS)
    assert len({each.config for each in scenarios}) == len(SCENARIOS)
    assert all(name.isidentifier() for name in SCENARIOS)


@EVERY
def test_survives_its_url(scenario: Scenario) -> None:
    assert RunConfig.from_query(scenario.config.to_query()) == (scenario.config, [])


@EVERY
def test_is_light_enough_to_be_live(scenario: Scenario) -> None:
    assert scenario.config.work <= WORK_BUDGET / 20


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
    for cell, word in (("lstm", r"\bLSTM\b"), ("gru", r"\bGRU\b")):
        if re.search(word, told):
            assert scenario.config.cell == cell
    if re.search(r"\bRNN\b", told):
        assert scenario.config.cell == "rnn"


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


@EVERY
def test_its_card_was_drawn_from_these_settings(scenario: Scenario) -> None:
    """If this fails: `python -m gradviz.cards NAME`, look at the card, commit it."""
    query = re.search("<metadata>(.*)</metadata>", card_of(scenario))
    assert query is not None
    drawn = dict(parse_qsl(html.unescape(query[1]), keep_blank_values=True))
    assert drawn == scenario.config.to_query()


@EVERY
def test_its_card_is_small_and_loads_nothing(scenario: Scenario) -> None:
    picture = card_of(scenario)
    assert len(picture) < 8_000
    outside = picture.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"<script|<image|<style|href|url\(|http|\son\w+=", outside)
    assert "nan" not in picture.lower().replace("nan at step", "")


def test_there_is_no_card_without_a_scenario() -> None:
    assert {path.stem for path in CARDS.glob("*.svg")} == set(SCENARIOS)
