"""The Compare page's own parts: settings of several set-ups, and the table of their differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from gradviz.config import RunConfig
from gradviz.config.setups import MOST_SEEDS, MOST_SETUPS, labels
from gradviz.history import RECENT, SOLVED
from gradviz.reading import SetupRow, difference_table
from gradviz.ui import comparison, controls
from gradviz.ui.lesson import Runs
from gradviz.ui.session import in_fragment, session
from gradviz.ui.stage import Stage
from gradviz.ui.training import scenario_choice, undo_and_defaults
from gradviz.ui.words import plain

_SEEDS, _EDITING = "compare_seeds", "compare_editing"


@dataclass(frozen=True, slots=True)
class _Shared:
    """What belongs to all set-ups, as the controls change it."""

    stage: Stage

    @property
    def config(self) -> RunConfig:
        return self.stage.config

    def change(self, **settings: Any) -> bool:
        return comparison.change_all(self.stage, **settings)


@dataclass(frozen=True, slots=True)
class _Setup:
    """One set-up, as the controls change it."""

    stage: Stage
    place: int

    @property
    def config(self) -> RunConfig:
        return comparison.configs_of(self.stage)[self.place]

    def change(self, **settings: Any) -> bool:
        return comparison.change_one(self.stage, self.place, **settings)


def sidebar(stage: Stage) -> None:
    """What all set-ups share, then the settings of one of them."""
    with st.sidebar:
        scenario_choice(stage)
        undo_and_defaults(stage)
        st.subheader("The same for all")
        _shared(stage)
        st.subheader("Set-ups")
        _setups(stage)


def table(stage: Stage, runs: Runs) -> None:
    """In what the set-ups differ, and what was measured of each: a column a set-up."""
    with st.container(key="compare_table"):
        st.subheader("Differences", anchor=False)
        st.table(columns_of(difference_table(runs, stage.scrub)), border="horizontal")
        st.caption(
            f"Horizons: timesteps back, of the top layer's middle sequence. Solved: the mean loss "
            f"of {RECENT} steps was below {SOLVED:.0%} of the floor. Of several seeds the median, "
            "with least and greatest."
        )


def columns_of(rows: Sequence[SetupRow]) -> list[dict[str, str]]:
    """The difference table turned round, a dictionary a line: four columns fit on a phone."""
    cells = [row.cells() for row in rows]
    title, *names = cells[0]
    return [
        {title: plain(name)} | {plain(each[title]): plain(each[name]) for each in cells}
        for name in names
    ]


def _shared(stage: Stage) -> None:
    fields = controls.Fields(_Shared(stage), _nothing_more)
    controls.task(fields)
    fields.number("batch_size")
    left, right = st.columns(2)
    with left:
        fields.number("seed")
    with right:
        _seeds(stage)
    with st.expander("Measuring and numbers"):
        controls.measuring(fields)


def _setups(stage: Stage) -> None:
    place = comparison.editing(stage)
    configs = comparison.configs_of(stage)
    _choice_of_one(stage, labels(configs))
    left, right = st.columns(2)
    left.button(
        "Add",
        key="compare_add",
        icon=":material/add:",
        disabled=len(configs) == MOST_SETUPS,
        on_click=_on_click,
        args=(stage.key, comparison.add),
        width="stretch",
        help=f"A copy of this set-up, to be changed. {MOST_SETUPS} at most.",
    )
    right.button(
        "Remove",
        key="compare_remove",
        icon=":material/remove:",
        disabled=len(configs) == 1,
        on_click=_on_click,
        args=(stage.key, lambda stage: comparison.remove(stage, place)),
        width="stretch",
        help="Leave this set-up out.",
    )
    # Its own keys: see Fields.prefix.
    fields = controls.Fields(_Setup(stage, place), _nothing_more, f"setting_{place}")
    controls.network(fields)
    controls.training(fields)
    controls.state(fields)
    with st.expander("Remedies"):
        controls.remedies(fields)


def _choice_of_one(stage: Stage, words: list[str]) -> None:
    st.session_state[_EDITING] = comparison.editing(stage)
    st.segmented_control(
        "Settings of",
        range(len(words)),
        key=_EDITING,
        required=True,
        format_func=lambda place: plain(words[place]),
        on_change=_edit,
        args=(stage.key,),
    )


def _edit(key: str) -> None:
    stage = session().stages[key]
    if in_fragment():
        st.session_state[_EDITING] = comparison.editing(stage)
    else:
        comparison.edit(stage, int(st.session_state[_EDITING]))


def _seeds(stage: Stage) -> None:
    st.session_state[_SEEDS] = comparison.comparison(stage).seeds
    st.number_input(
        "Seeds",
        1,
        MOST_SEEDS,
        key=_SEEDS,
        on_change=_take_seeds,
        args=(stage.key,),
        help="Runs of each set-up, from the seed upwards: one proves nothing. Pictures then show "
        "the median, and a band from the least to the greatest.",
    )


def _take_seeds(key: str) -> None:
    stage = session().stages[key]
    if in_fragment():
        st.session_state[_SEEDS] = comparison.comparison(stage).seeds
    else:
        comparison.set_seeds(stage, int(st.session_state[_SEEDS]))


def _on_click(key: str, change: Callable[[Stage], None]) -> None:
    if not in_fragment():
        change(session().stages[key])


def _nothing_more(name: str) -> None:
    """A comparison's settings wait for the restart."""
