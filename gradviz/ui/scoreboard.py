"""The scoreboard on the page: buttons, progress, the table, its file, a sentence a row."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pandas as pd  # type: ignore[import-untyped]
import streamlit as st

from gradviz.history import NEAR_ONE, RECENT, SOLVED
from gradviz.reading import Score, best_first
from gradviz.reading.differences import Spread
from gradviz.ui import actions
from gradviz.ui.board import Board, board_of, csv_of, is_judged, link_to, query_of
from gradviz.ui.lesson import Runs
from gradviz.ui.session import runner, session
from gradviz.ui.stage import Stage
from gradviz.ui.words import plain

LIVE_PAGE = "pages/live_training.py"

TABLE_ROWS = 14
"""Of the table that are seen at once."""

ROW_PX = 35

ICONS: Mapping[str, str] = MappingProxyType(
    {
        "cures": ":green[:material/task_alt:]",
        "helps": ":green[:material/trending_up:]",
        "survives": ":orange[:material/healing:]",
        "untreated": ":material/sick:",
        "no difference": ":material/drag_handle:",
        "harms": ":red[:material/dangerous:]",
        "refused": ":material/block:",
    }
)
"""Before a row's sentence, by verdict."""

_NEAR = f"‖J‖ in {NEAR_ONE[0]:g}…{NEAR_ONE[1]:g}"
_WHOLE, _PLAIN, _SHARE = "localized", "%.3g", "percent"


def show(key: str, runs: Runs) -> None:
    """All of it, above the pictures.

    Args:
        key: of the stage.
        runs: as they are shown.
    """
    stage = session().stages[key]
    board = board_of(stage, runs)
    page = st.context.url or ""
    table = table_of(board, page)
    # One container: what comes after it must keep its place, or it is mounted anew.
    with st.container(key="scoreboard"):
        st.subheader("Scoreboard", anchor=False)
        _controls(stage, board)
        st.dataframe(
            table,
            key="scoreboard_table",
            hide_index=True,
            column_config=_columns(),
            placeholder="–",
            row_height=ROW_PX,
            height=ROW_PX * (min(len(table), TABLE_ROWS) + 1) + 3,
            alt="The scoreboard: a row a set-up. Below it is the same in sentences.",
        )
        _file(board, page)
        with st.container(key="scoreboard_words", gap="small"):
            for score in best_first(board.scores):
                _sentence(score, board)


def table_of(board: Board, page: str) -> pd.DataFrame:
    """The table: numbers as numbers, so that it sorts by them; None and nan are not known."""
    ranks = board.ranks
    rows = [
        _row(score, ranks.get(score.label), board, page)
        for score in board.scores
        if score.verdict != "refused"
    ]
    texts = ("Remedy", "Verdict", "In words", "Set-up")
    table = pd.DataFrame(rows)
    return table.astype({name: float for name in table.columns if name not in texts})


def _row(score: Score, rank: int | None, board: Board, page: str) -> dict[str, Any]:
    loss, floor = score.loss, score.floor
    return {
        "Remedy": score.label,
        "Verdict": score.verdict,
        "Rank": rank,
        "Step": score.steps,
        "Horizon at first": _median(score.horizon_at_first),
        "Horizon at last": _median(score.horizon),
        _NEAR: _median(score.near_one),
        "Loss": _median(loss),
        "Least": loss.low if loss else None,
        "Greatest": loss.high if loss else None,
        "Of floor": loss.median / floor if loss and floor else None,
        "Unseen": _median(score.held_out),
        "Failed": len(score.failed_at),
        "Solved": score.solved,
        "Steps to solve": _median(score.steps_to_solve),
        "ms a step": _median(score.step_ms),
        "× untreated": score.time_ratio,
        "In words": score.sentence,
        "Set-up": link_to(board.configs[score.label], page),
    }


def _columns() -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "Remedy": st.column_config.TextColumn(pinned=True, width=170),
        "Verdict": st.column_config.TextColumn(width=100),
        "Rank": number(format=_WHOLE, width=55, help="1 is the best of those that have ended."),
        "Step": number(format=_WHOLE, width=60, help="The newest of its runs."),
        "Horizon at first": number(
            format=_PLAIN, help="Timesteps back that a gradient reaches, at the first step."
        ),
        "Horizon at last": number(
            format=_PLAIN, help="The same at the newest step; Infinity: to the first input."
        ),
        _NEAR: number(
            format=_SHARE, help="Timesteps at which a step Jacobian keeps a gradient's length."
        ),
        "Loss": number(format=_PLAIN, help=f"Mean of the last {RECENT} steps, median of seeds."),
        "Least": number(format=_PLAIN, help="The loss of the best seed."),
        "Greatest": number(format=_PLAIN, help="The loss of the worst seed."),
        "Of floor": number(format=_SHARE, help="Loss over that of having learned nothing."),
        "Unseen": number(format=_PLAIN, help="Loss on data that are not trained on."),
        "Failed": number(format=_WHOLE, help="Seeds whose numbers did not stay finite."),
        "Solved": number(
            format=_WHOLE, help=f"Seeds whose loss came below {SOLVED:.0%} of the floor."
        ),
        "Steps to solve": number(format=_WHOLE),
        "ms a step": number(format=_PLAIN, help="CPU time of a step that is not measured."),
        "× untreated": number(format=_PLAIN, help="That time over the untreated one's."),
        "In words": st.column_config.TextColumn(width="large"),
        "Set-up": st.column_config.LinkColumn(
            display_text="open", width=70, help="On Live training, in a new tab."
        ),
    }


def _controls(stage: Stage, board: Board) -> None:
    """Train, Pause and Reset: pressed twice each does the same as once."""
    statuses = _statuses(stage)
    is_new = not stage.runs or bool(stage.changed())
    wanted = sum(map(len, stage.setups.values())) if is_new else board.runs
    is_running = bool(statuses & {"running", "starting", "pausing"})
    train = is_new or not (board.share or is_running)
    words = f"Train {wanted} run{'s' if wanted > 1 else ''}" if train else "Resume"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            words,
            key="remedies_train",
            type="primary",
            icon=":material/play_arrow:",
            disabled=not is_new and (is_running or board.done == board.runs),
            on_click=actions.go_on,
            args=(stage.key,),
        )
        st.button(
            "Pause",
            key="remedies_pause",
            icon=":material/pause:",
            disabled=not is_running,
            on_click=actions.pause,
            args=(stage.key,),
        )
        st.button(
            "Reset",
            key="remedies_reset",
            icon=":material/replay:",
            disabled=not stage.runs,
            on_click=actions.reset,
            args=(stage.key,),
        )
        if stage.runs:
            st.progress(min(board.share, 1.0), text=_progress(board, is_running))


def _progress(board: Board, is_running: bool) -> str:
    state = "" if is_running or board.done == board.runs else "paused · "
    return f"{state}{board.done} of {board.runs} runs done, {int(100 * board.share)}%"


def _statuses(stage: Stage) -> set[str]:
    found: set[str] = set()
    for name in stage.ids:
        with runner().reading(name) as view:
            if view:
                found.add(view.status)
    return found


def _file(board: Board, page: str) -> None:
    st.download_button(
        "Download the scoreboard (CSV)",
        csv_of(board, page),
        file_name="gradviz_scoreboard.csv",
        mime="text/csv",
        key="scoreboard_file",
        icon=":material/download:",
        on_click="ignore",
        help="All digits, a line a row, with each set-up's settings and its link.",
    )


def _sentence(score: Score, board: Board) -> None:
    """A row in words, and the way to its set-up; none of those that wait."""
    if not (is_judged(score) or score.verdict == "refused"):
        return
    words = f"{ICONS[score.verdict]} **{plain(score.label)}** · {plain(score.sentence)}"
    config = board.configs.get(score.label)
    with st.container(horizontal=True, wrap=False):
        st.markdown(words, width="stretch")
        if config:
            st.page_link(
                LIVE_PAGE,
                label="open",
                icon=":material/open_in_new:",
                query_params=query_of(config),
                help="This set-up on Live training.",
            )


def _median(spread: Spread | None) -> float | None:
    return spread.median if spread else None
