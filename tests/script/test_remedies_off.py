"""Remedies that are off: every number is, to the last bit, that of a loop that has none of them.

The loop is the stand-alone script of the same run, which holds a line of a remedy only where the
run has it.
"""

from __future__ import annotations

import pytest
import torch

from gradviz import RunConfig, Trainer
from gradviz.config.remedy_fields import GROUPS
from gradviz.script import script
from tests.script.running import losses_of

RUNS = [
    RunConfig(seq_len=12, hidden_size=8, batch_size=6, **settings)
    for settings in (
        {},
        {"cell": "lstm", "num_layers": 2, "optimizer": "adamw"},
        {"cell": "gru", "task": "recall", "bidirectional": True},
        {"cell": "mgu", "num_layers": 2, "residual": True, "optimizer": "sgd"},
        {"cell": "lstm", "task": "char_lm", "state": "stateful", "dropout": 0.2},
        {"cell": "fully_connected", "task": "temporal_order"},
        {"task": "copy_sequence", "cell": "gru", "attention": "dot"},
    )
]
OFF = {name: RunConfig.model_fields[name].default for group in GROUPS for name in group.names}


@pytest.mark.parametrize("config", RUNS, ids=lambda config: f"{config.task} {config.cell}")
def test_losses_are_those_of_a_loop_without_any(config: RunConfig) -> None:
    torch.set_num_threads(1)
    trainer = Trainer(config.replace(**OFF))
    losses = [trainer.train_step("full").loss for _ in range(6)]
    assert losses == losses_of(script(config), 6)


def test_a_script_holds_no_line_of_a_remedy_that_is_off() -> None:
    text = script(RUNS[0])
    for word in ("constrain", "decay", "omega", "zone", "mask", "norm(", "warm", "components"):
        assert word not in text.replace("clip_grad_norm_(", "").lower(), word
