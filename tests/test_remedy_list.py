"""The list of remedies: each changes what it says, alone and together, or says why not."""

from __future__ import annotations

import pytest

from gradviz import RunConfig
from gradviz.config import ConfigError
from gradviz.config.remedy_list import REMEDIES, label, treated, trial
from gradviz.scenarios import on_page

BASES = [each.config for each in on_page("remedies").values()]


def test_each_is_told_and_fits_a_disease():
    assert len({each.label for each in REMEDIES.values()}) == len(REMEDIES)
    for name, remedy in REMEDIES.items():
        assert name.isidentifier()
        assert len(remedy.label) <= 32, name
        assert remedy.text.endswith("."), name
        assert len(remedy.text) <= 120, name
        assert remedy.paper, name
        assert any(_fits(base, name) for base in BASES), name


def _fits(base: RunConfig, name: str) -> bool:
    try:
        treated(base, [name])
    except ConfigError:
        return False
    return True


def test_it_sets_what_it_says_and_nothing_else():
    for base in BASES:
        for name, remedy in REMEDIES.items():
            if not _fits(base, name):
                continue
            changed = treated(base, [name])
            wanted = dict(remedy.settings_for(base))
            assert {key: getattr(changed, key) for key in wanted} == wanted
            assert changed != base


def test_two_together():
    base = BASES[0]
    both = treated(base, ["clip_value", "warm_up"])
    assert both.differences(base) == {"clip": "value", "clip_threshold": 0.1, "warmup_steps": 100}
    assert label(["clip_value", "warm_up"]) == "Clip by value, 0.1 + Warm-up, 100 steps"


def test_two_that_contradict_each_other():
    with pytest.raises(ConfigError, match="“GRU” and “LSTM” cannot be together: both set cell"):
        treated(BASES[0], ["lstm", "gru"])


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("adam", RunConfig()),
        ("forget_bias", RunConfig()),
        ("residual", RunConfig()),
        ("relu", RunConfig(cell="lstm")),
    ],
)
def test_one_that_changes_nothing_is_refused(name: str, config: RunConfig):
    with pytest.raises(ConfigError, match="changes nothing of this set-up"):
        treated(config, [name])


def test_an_unknown_one():
    with pytest.raises(ValueError, match="remedy must be one of clip_norm"):
        treated(RunConfig(), ["prayer"])


def test_a_trial_has_the_same_seeds_with_and_without():
    made = trial(RunConfig(seed=2**31 - 1), [("gru",), ("adam",), ("gru", "warm_up")], seeds=2)
    assert [each.seed for each in made.untreated] == [2**31 - 1, 0]
    assert list(made.treated) == ["GRU", "GRU + Warm-up, 100 steps"]
    assert list(made.refused) == ["Adam, 0.003"]
    for configs in made.treated.values():
        assert [each.seed for each in configs] == [2**31 - 1, 0]
        assert {each.cell for each in configs} == {"gru"}
