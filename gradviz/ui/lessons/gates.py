"""Gates: what opens and closes, unit by unit, and how long a memory lasts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from gradviz import figures
from gradviz.config import CELLS
from gradviz.history import CloseUp, History
from gradviz.reading import Reading, read, read_gates
from gradviz.scenarios import SCENARIOS
from gradviz.ui import gates
from gradviz.ui.lesson import Lesson, Picture, of_one, reading_of_one
from gradviz.ui.stage import Stage

_GATED = (
    "gate_maps",
    "gate_means",
    "forget_path",
    "half_life",
    "saturation_triangle",
    "gradient_flow",
    "transport",
    "loss",
)
_UNGATED = ("gate_maps", "gate_means", "gradient_flow", "transport", "loss")
"""Without gates the maps and means are of the state, and nothing can be said of gates."""

_PICTURES = {name: of_one(each) for name, each in {**figures.LIVE, **figures.GATES}.items()}
_SORTED = of_one(partial(figures.gate_maps, by_mean=True))


def _pictures(stage: Stage) -> Mapping[str, Picture]:
    # Of the run that is shown: a changed setting may wait for a restart.
    (config,) = stage.started.get("", [stage.config])
    names = _GATED if CELLS[config.cell].gates else _UNGATED
    found = {name: _PICTURES[name] for name in names}
    return found | {"gate_maps": _SORTED} if gates.view_of(stage).by_mean else found


def _read(history: History, step: int | None) -> Reading:
    """The gates' words; where the run failed, why."""
    failure = history.failure
    if failure and (step is None or step >= failure.step):
        return read(history, step)
    found = read_gates(history, step)
    more = [*_ungated(history, step), *_elsewhere(history, step)]
    return Reading(sentences=[*found.sentences, *more], level=found.level)


def _ungated(history: History, step: int | None) -> list[str]:
    shown = _closeup(history, step)
    if not shown or shown.gates:
        return []
    return [f"What is drawn is its hidden state {history.symbol}_t."]


def _elsewhere(history: History, step: int | None) -> list[str]:
    """Steps of the past were looked at where one looked then."""
    shown, newest = _closeup(history, step), _closeup(history, None)
    if not shown or not newest:
        return []
    if (shown.layer, shown.sequence) == (newest.layer, newest.sequence):
        return []
    return [f"At this step sequence {shown.sequence} of {shown.layer} was looked at."]


def _closeup(history: History, step: int | None) -> CloseUp | None:
    frame = history.frame_at(step)
    return frame.closeup if frame else None


GATES = Lesson(
    name="gates",
    title="Gates",
    text="Every gate of one sequence, unit by unit, beside what the network reads.",
    icon=":material/door_open:",
    default=SCENARIOS["gates_bias_2"].config,
    pictures=_pictures,
    read=reading_of_one(_read),
    opens_at=1,
    closeup=True,
    take_query=gates.take_query,
    to_query=gates.to_query,
)
