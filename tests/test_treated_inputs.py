"""Remedies of inputs and starts, on set-ups that they fit and on others."""

from __future__ import annotations

import pytest

from gradviz import ConfigError, RunConfig
from gradviz.config.remedy_list import treated

LSTM = RunConfig(cell="lstm", forget_bias=0.0)


def test_chrono_takes_the_forget_biases_place() -> None:
    changed = treated(LSTM, ["chrono", "standardised", "full_batch"])
    assert (changed.gate_bias, changed.forget_bias) == ("chrono", None)
    assert (changed.input_scaling, changed.training_size, changed.batch_size) == (
        *("standard", 128, 128),
    )
    assert treated(RunConfig(), ["gru", "chrono"]).gate_bias == "chrono"


@pytest.mark.parametrize(
    ("config", "names", "sentence"),
    [
        (RunConfig(), ["chrono"], "gate_bias must be default for rnn"),
        (LSTM, ["chrono", "forget_bias"], "cannot be together: both set forget_bias"),
        (RunConfig(task="char_lm"), ["standardised"], "which reads tokens"),
        (RunConfig(task="word_lm"), ["pca"], "which reads tokens"),
        (RunConfig(cell="lru"), ["xavier"], "changes nothing of this set-up"),
    ],
)
def test_what_does_not_fit_is_refused(config: RunConfig, names: list[str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        treated(config, names)


def test_half_of_the_features() -> None:
    assert treated(RunConfig(task="copy_memory"), ["pca"]).pca == 5
    assert treated(RunConfig(task="sunspots"), ["pca"]).pca == 1
