"""What a lesson page is made of; the pages themselves are in `lessons/`, one file each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from gradviz.config import RunConfig
from gradviz.history import FRAME_BYTES, History
from gradviz.reading import Reading
from gradviz.scenarios import Scenario

if TYPE_CHECKING:
    from gradviz.ui.stage import Stage

Runs = Mapping[str, Sequence[History]]
"""Label of a set-up to its histories, one a seed. A lesson of one run has the label ""."""

Picture = Callable[..., go.Figure]
"""(runs, step, theme=…) to a Figure; step None is the newest."""

Query = dict[str, list[str]]
"""Names to all values given under them, as a URL has them."""

Setups = dict[str, list[RunConfig]]
"""Label of a set-up to its configs, one a seed."""


_NOTHING = Reading(sentences=["Nothing has been measured yet."], level="info")


def _take_query(stage: Stage, query: Query) -> None:
    stage.take_query(query)


def _to_query(stage: Stage) -> dict[str, str | list[str]]:
    return dict(stage.config.to_query())


def _take_scenario(stage: Stage, scenario: Scenario) -> None:
    stage.take(scenario.config)


def _is_scenario(stage: Stage, scenario: Scenario) -> bool:
    # Whatever their labels, and however many seeds.
    return [configs[0] for configs in stage.setups.values()] == list(scenario.variants.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """A page that shows runs: which, by what pictures, in what words."""

    name: str
    """Of its page, as in a lecture's `page`."""
    title: str
    text: str
    """One sentence: what the page makes visible."""
    icon: str
    """Of its link, from Streamlit's own."""
    default: RunConfig
    """Settings when the page is opened for the first time."""
    extra: Any = None
    """Its own settings beside them then: plain values, equal where they are the same."""
    pictures: Callable[[Stage], Mapping[str, Picture]]
    """The pictures in their order on the page."""
    read: Callable[[Runs, int | None], Reading] = lambda runs, step: _NOTHING
    """The page's words, of what was measured up to a step."""
    read_extra: Callable[[Any], Reading] | None = None
    """The words of a page without runs, of its own settings."""
    setups: Callable[[Stage], Setups] = lambda stage: {"": [stage.config]}
    """The runs that the settings ask for; none where a page trains nothing."""
    opens_at: int = 0
    """Steps trained at once when the page is opened or a setting has changed, so that there is
    something to see; 0: nothing trains before the user says so, and settings wait for a restart."""
    follows: bool = True
    """Whether running runs follow their learning rate and clip threshold at once; otherwise those
    wait for a restart too."""
    opens_recorded: bool = True
    """Whether it opens with the recorded run of its settings, where there is one."""
    recorded_in_part: bool = False
    """Whether a recording is shown that has not all of the set-ups, but the first."""
    recorded_at: int | None = None
    """The step of a recorded run that is seen first; None: its last."""
    goal: Callable[[Stage], int | None] = lambda stage: None
    """The step to which its runs train and no further; None: without end."""
    in_line: bool = False
    """Whether its runs train one after another, in their order; otherwise all at once."""
    closeup: bool = False
    """Whether its frames carry close-ups."""
    at_point: Callable[[Stage, dict[str, Any]], None] | None = None
    """What a click on a picture does: its value is {picture, x, y}, of what was hit, and at_x and
    at_y, of the pointer's own place."""
    frame_bytes: int = FRAME_BYTES // 4
    """Memory that the frames of its runs may take together. Of one tab's pages all six fit into
    what the runner lets one session take, so none drives another's runs out."""
    below: Callable[[Stage, Runs], None] | None = None
    """Draws what stands under the pictures; called with every look at the runs."""
    parts: tuple[str, ...] = ("train", "scrub")
    """Of the component's controls."""
    take_scenario: Callable[[Stage, Scenario], None] = _take_scenario
    """Set what a scenario of this page sets."""
    is_scenario: Callable[[Stage, Scenario], bool] = _is_scenario
    """Whether that is what is set."""
    take_query: Callable[[Stage, Query], None] = _take_query
    """Set what a URL asks for."""
    to_query: Callable[[Stage], dict[str, str | list[str]]] = _to_query
    """The URL that asks for what is set."""


def of_one(figure: Picture) -> Picture:
    """A figure of one History as a picture of a lesson with one run."""

    def picture(runs: Runs, step: int | None, *, theme: str) -> go.Figure:
        (histories,) = runs.values()
        return figure(histories[0], step, theme=theme)

    return picture


def reading_of_one(
    read: Callable[[History, int | None], Reading],
) -> Callable[[Runs, int | None], Reading]:
    """Words of one History as those of a lesson with one run."""

    def words(runs: Runs, step: int | None) -> Reading:
        (histories,) = runs.values()
        return read(histories[0], step)

    return words
