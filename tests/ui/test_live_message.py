"""What the pictures' component is told, beside the pictures."""

from __future__ import annotations

import json

from fabricated import fabricate

from gradviz import RunConfig
from gradviz.ui.lessons import LIVE_TRAINING
from gradviz.ui.live import Head, live_message
from gradviz.ui.stage import Stage

HEAD = Head(
    stage="live_training",
    version="1",
    runs={},
    generation=0,
    status="idle",
    progress="",
    start="Train",
    handled=0,
    scrub=None,
    recording="",
    parts=(),
)


def told(config: RunConfig) -> dict[str, list[str]]:
    """The names of the terms under each picture of such a run."""
    stage = Stage(key="live_training", lesson=LIVE_TRAINING, config=config)
    histories = {"": [fabricate(config, steps=5)]}
    pictures = LIVE_TRAINING.pictures(stage)
    message = json.loads(live_message(HEAD, histories, pictures, theme="light", scale=1.0))
    return {name: [term["name"] for term in terms] for name, terms in message["terms"].items()}


def test_the_terms_are_of_the_gates_that_the_cell_has() -> None:
    of_gru = told(RunConfig(cell="gru"))["gates"]
    assert of_gru == ["gate", "candidate", "reset gate", "update gate"]
    assert told(RunConfig(cell="rnn"))["gates"] == ["gate"]
    assert "total gradient" in told(RunConfig(cell="rnn"))["gradient_flow"]
