"""The Self-check page's parts: the button, the progress, the table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping

import streamlit as st

from gradviz.runner import CheckProcess, CheckProgress
from gradviz.ui.session import Session, in_fragment, session
from gradviz.ui.words import plain

PACE_S = 0.4
"""Between two looks at checks that run."""

SLOW = "check_slow"
"""Key of the checkbox."""

COLUMNS = ("name", "title", "source", "expected", "measured", "verdict", "seconds")
"""Of the CSV."""


def heading() -> None:
    """What is checked, and why."""
    st.header("Self-check")
    st.markdown(
        "Some gradients are known exactly, others have been published. Here gradviz measures them "
        "**on this machine**, with this PyTorch, and compares. At a terminal "
        "`python -m gradviz check` does the same."
    )


def buttons(state: Session) -> None:
    """Run, cancel, and whether the trainings belong to it."""
    running = is_running(state)
    with st.container(horizontal=True, vertical_alignment="center", key="check_buttons"):
        st.button(
            "Run the checks",
            key="check_run",
            icon=":material/play_arrow:",
            type="primary",
            disabled=running,
            on_click=start,
        )
        st.button(
            "Cancel",
            key="check_cancel",
            icon=":material/close:",
            disabled=not running,
            on_click=cancel,
        )
        st.session_state[SLOW] = state.check_slow
        st.checkbox(
            "Train as well",
            key=SLOW,
            disabled=running,
            on_change=take_slow,
            help="Also trainings of a few seconds each: clipping, explosion, gates, forget bias.",
        )


def results(state: Session) -> None:
    """Progress and table, looked at anew while the checks run."""
    running = is_running(state)
    st.fragment(_results, run_every=PACE_S if running else None)(running)


def start() -> None:
    """Run the checks, unless they are running."""
    state = session()
    if not is_running(state):
        state.checking = CheckProcess(slow=state.check_slow)


def cancel() -> None:
    """End the checks; the rows so far stay."""
    process = session().checking
    if process:
        process.cancel()


def take_slow() -> None:
    """Keep what the checkbox says."""
    if not in_fragment():
        session().check_slow = bool(st.session_state[SLOW])


def is_running(state: Session) -> bool:
    """Whether this tab's checks have not ended."""
    return state.checking is not None and not state.checking.progress().is_over


def _results(running: bool) -> None:
    state = session()
    if state.checking is None:
        return
    progress = state.checking.progress()
    if running and progress.is_over:
        st.rerun(scope="app")
    with st.container(key="check_summary"):
        _summary(progress)
    if progress.rows:
        with st.container(key="check_table"):
            st.table([_cells(row) for row in progress.rows], border="horizontal")
    if progress.is_over and progress.rows:
        _downloads(progress)


def _summary(progress: CheckProgress) -> None:
    """How far it is, or how it ended, in words."""
    done, total = len(progress.rows), len(progress.names)
    if not progress.is_over:
        st.progress(done / total if total else 0.0, text=plain(_now(progress)))
    elif progress.problem:
        st.error(plain(progress.problem))
    elif progress.status == "cancelled":
        st.warning(f"Cancelled after {done} of {total or 'all'} checks.")
    elif not progress.wrong:
        st.success(f"All {total} checks are ok on this machine, in {progress.seconds:.1f} s.")
    if progress.wrong:
        names = ", ".join(progress.wrong)
        st.error(plain(f"{len(progress.wrong)} of {done} checks are WRONG: {names}."))
    if progress.machine:
        words = [f"{name} {value}" for name, value in progress.machine.items()]
        st.caption(plain(" · ".join(words)))


def _now(progress: CheckProgress) -> str:
    """The check that is being run."""
    done, total = len(progress.rows), len(progress.names)
    if progress.status == "waiting":
        return "waiting for the checks of others"
    if not total:
        return "importing torch"
    if done == total:
        return "finishing"
    return f"check {done + 1} of {total}: {progress.names[done]}"


def _cells(row: Mapping[str, object]) -> dict[str, str]:
    """A row of the table; the verdict in words and colour."""
    is_ok = row["verdict"] == "ok"
    name, title, source, expected, measured = (plain(str(row[each])) for each in COLUMNS[:5])
    return {
        "Check": f"**{name}** {title} :gray[{source}]",
        "Verdict": ":green-badge[✓ ok]" if is_ok else ":red-badge[✗ WRONG]",
        "Expected": expected,
        "Measured": measured,
    }


def _downloads(progress: CheckProgress) -> None:
    with st.container(horizontal=True):
        st.download_button(
            "JSON",
            as_json(progress),
            "gradviz-check.json",
            "application/json",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            "CSV",
            as_csv(progress),
            "gradviz-check.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )


def as_json(progress: CheckProgress) -> str:
    """The machine and every row."""
    content = {"machine": progress.machine, "checks": progress.rows}
    return json.dumps(content, ensure_ascii=False, indent=1)


def as_csv(progress: CheckProgress) -> str:
    """A line a check."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(progress.rows)
    return text.getvalue()
