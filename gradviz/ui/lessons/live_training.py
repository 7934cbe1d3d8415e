"""Live training: any network, any task, all pictures."""

from __future__ import annotations

from collections.abc import Mapping

from gradviz import figures
from gradviz.config import TASKS, RunConfig
from gradviz.history import FRAME_BYTES
from gradviz.reading import read
from gradviz.ui.lesson import Lesson, Picture, of_one, reading_of_one
from gradviz.ui.stage import Stage
from gradviz.ui.written import written

_PICTURES = {name: of_one(figure) for name, figure in figures.LIVE.items()}
_OF_A_PAIR = {name: of_one(figure) for name, figure in figures.ENCODER_DECODER.items()}
_STATE = {name: of_one(figure) for name, figure in figures.STATE.items()}


def _pictures(stage: Stage) -> Mapping[str, Picture]:
    """All, and of a gradient that stops or a state that goes on where there is one."""
    config = stage.config
    if TASKS[config.task].network == "encoder_decoder":
        return _OF_A_PAIR
    is_shown = {"truncation": bool(config.windows), "carried_state": config.state == "stateful"}
    return _PICTURES | {name: each for name, each in _STATE.items() if is_shown[name]}


LIVE_TRAINING = Lesson(
    name="live_training",
    title="Live training",
    text="Any network, any task: watch its gradients flow while it trains.",
    icon=":material/play_circle:",
    default=RunConfig(),
    pictures=_pictures,
    read=reading_of_one(read),
    opens_recorded=False,
    frame_bytes=FRAME_BYTES,
    below=written,
)
