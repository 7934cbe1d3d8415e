"""A stage's runs on the page: banners, words, pictures, looked at anew while something trains."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import streamlit as st

from gradviz.config import RunConfig, label_of
from gradviz.history import CloseUp, History
from gradviz.runner import RunView
from gradviz.ui import actions, orders, recordings, saving, stage_runs, stills
from gradviz.ui.lesson import Runs
from gradviz.ui.live import Head, live_message, live_pictures
from gradviz.ui.progress import progress_of, status_of
from gradviz.ui.session import in_fragment, runner, session
from gradviz.ui.stage import Stage
from gradviz.ui.words import plain

ACTIVE_S = 0.17
"""Between two looks at a run that trains: a little over five picture updates a second."""

IDLE_S = 2.0
"""Between two looks when nothing trains: a run that is lost is still noticed."""

LINGER_S = 4.0
"""The quick pace is kept so long after the last change: Pause and Resume in a row must not
redraw the whole page each time."""

_WAITING = (
    "the network trains here while its gradients are measured.",
    "the networks train here, on the same data, while their gradients are measured.",
)
"""What is said before the first step: of one set-up, of several."""

_AT_WORK = {"starting", "running", "pausing"}

Views = dict[str, list[RunView]]


def _nothing(runs: Runs) -> None:
    pass


def show(stage: Stage, above: Callable[[Runs], None] = _nothing) -> None:
    """Controls, words and pictures.

    Args:
        stage: whose runs are shown.
        above: draws what the page says of them beside the lesson's words.
    """
    stage_runs.open_at_once(stage)
    pace = _pace(stage)
    drawn = (stage.config, stage.extra)
    st.fragment(_show, run_every=pace)(stage.key, pace, above, drawn)


def _show(
    key: str, pace: float, above: Callable[[Runs], None], drawn: tuple[RunConfig, Any]
) -> None:
    """The fragment; `drawn` are the settings as the rest of the page shows them."""
    stage = session().stages[key]
    # A click that Streamlit brought without its callback, or twice, is obeyed here, or not again.
    orders.obey_orders(key)
    saving.follow(stage)
    with _viewing(stage) as views:
        _draw(stage, views, above)
    # A click on a picture, or under it, may have set something.
    is_old = _pace(stage) != pace or (stage.config, stage.extra) != drawn
    asked = session().export_asked and in_fragment()
    if asked or (is_old and not session().is_exporting):
        st.rerun(scope="app")


@contextmanager
def _viewing(stage: Stage) -> Iterator[Views]:
    """All runs of a stage, held still; none where one of them is gone."""
    with ExitStack() as held:
        views: Views = {}
        for label, names in stage.runs.items():
            for name in names:
                view = held.enter_context(runner().reading(name))
                if view is None:
                    stage_runs.close_runs(stage)
                    stage.notice = (
                        "The run ended and its memory was freed. "
                        f"Press {stage.start} to start again."
                    )
                    yield {}
                    return
                views.setdefault(label, []).append(view)
        yield views


def _draw(stage: Stage, views: Views, above: Callable[[Runs], None]) -> None:
    runs = histories(stage, views)
    _banners(stage, views)
    above(runs)
    all_views = [view for each in views.values() for view in each]
    _words(stage, runs, all_views)
    version = stage.sent if _is_awaited(stage, all_views) else _version(stage, views, runs)
    new = version != stage.sent or stage.fresh
    stage.sent, stage.fresh = version, False
    head = Head(
        stage=stage.key,
        version=version,
        runs=stage.runs,
        generation=sum(view.generation for view in all_views),
        status=status_of(all_views),
        progress=progress_of(stage, all_views, runs),
        start=stage.start,
        handled=stage.handled,
        scrub=stage.scrub,
        recording=stage.recording,
        parts=tuple(part for part in stage.lesson.parts if part not in _hidden(stage)),
    )
    pictures = stage.lesson.pictures(stage)
    if stage.only:
        pictures = {name: pictures[name] for name in stage.only if name in pictures}
    message = live_message(
        head,
        runs,
        pictures if new else None,
        theme=st.context.theme.type or "light",
        scale=stage.scale,
    )
    live_pictures(
        message,
        key=orders.component_key(stage),
        on_orders=partial(orders.obey_orders, stage.key),
    )
    if stage.lesson.below:
        stage.lesson.below(stage, runs)


def histories(stage: Stage, views: Views) -> Runs:
    """What a stage shows: its runs, else its recording, else what nothing is known of yet."""
    if views:
        return {label: [view.history for view in each] for label, each in views.items()}
    found = stills.runs_of(stage) or recordings.runs_of(stage, stage.recording)
    if found:
        return found
    return {label: [History(each) for each in configs] for label, configs in stage.setups.items()}


def _version(stage: Stage, views: Views, runs: Runs) -> str:
    seen = []
    for label, histories in runs.items():
        for history in histories:
            frame = history.frame_at(stage.scrub)
            seen.append(
                (
                    label,
                    history.last_step if frame is None or stage.scrub is None else 0,
                    len(history.frames),
                    frame.step if frame else 0,
                    _place(frame.closeup if frame else None),
                )
            )
    parts = (
        stage.ids,
        [view.generation for each in views.values() for view in each],
        seen,
        stage.scrub,
        stage.extra,
        stage.only,
        stage.scale,
        stage.recording,
        stage.stored,
        st.context.theme.type,
        None if views else stage.config.to_query(),
    )
    return repr(parts)


def _is_awaited(stage: Stage, views: Sequence[RunView]) -> bool:
    """Whether the first frame is about to come: until then the pictures before stay."""
    if not stage.opens_at or not stage.sent or stage.fresh:
        return False
    return any(view.status in _AT_WORK and not view.history.frames for view in views)


def _place(closeup: CloseUp | None) -> tuple[object, ...]:
    """Where a close-up looks; the step alone does not say when it looks elsewhere."""
    if closeup is None:
        return ()
    return closeup.layer, closeup.sequence, closeup.timestep, closeup.unit


def _hidden(stage: Stage) -> frozenset[str]:
    return session().hide | stage.hide


def _banners(stage: Stage, views: Views) -> None:
    # Always one container: what comes after it must keep its place, or it is mounted anew.
    with st.container(key="banners"):
        if stage.notice:
            st.info(stage.notice)
        for label, each in views.items():
            for view in each:
                if view.message:
                    st.error(plain(f"{label}: {view.message}" if label else view.message))
                if view.saving and view.saving.problem:
                    st.warning(plain(f"Not saved yet: {view.saving.problem}"))
        if any(view.status == "lost" for each in views.values() for view in each):
            st.button(
                "Resume from the last good state",
                key="resume_lost",
                on_click=actions.resume_lost,
                args=(stage.key,),
            )
        changed = stage.changed()
        if changed and not stage.opens_at:
            names = ", ".join(label_of(name) for name in changed)
            with st.container(horizontal=True, vertical_alignment="center", border=True):
                st.markdown(f"**Settings changed** ({names}) — restart to apply.")
                st.button(
                    "Restart",
                    key="restart",
                    icon=":material/restart_alt:",
                    on_click=actions.restart,
                    args=(stage.key,),
                )


def _words(stage: Stage, runs: Runs, views: Sequence[RunView]) -> None:
    if "words" in _hidden(stage):
        return
    with st.container(key="words"):
        has_begun = any(history.last_step for each in runs.values() for history in each)
        if stage.lesson.read_extra:
            reading = stage.lesson.read_extra(stage.extra)
        elif has_begun:
            reading = stage.lesson.read(runs, stage.scrub)
        elif status_of(views) in {"running", "starting"}:
            st.info("The first step is being trained.")
            return
        else:
            st.info(f"Press **{stage.start}**: {_WAITING[len(runs) > 1]}")
            return
        box = {"ok": st.success, "warning": st.warning, "error": st.error}
        box.get(reading.level, st.info)(plain(" ".join(reading.sentences)))


def _pace(stage: Stage) -> float:
    """Seconds between two looks: quick while a run goes on and shortly after a change."""
    now = time.monotonic()
    for name in stage.ids:
        with runner().reading(name) as view:
            if view and view.status in _AT_WORK:
                stage.active_at = now
    if now - stage.active_at > LINGER_S:
        return IDLE_S
    # A class of fifty that trains at once must not keep the server busy drawing. What is drawn and
    # sent for many runs of one tab grows more slowly: 23 ms and 120 kB for 4, 50 and 290 for 40.
    return max(ACTIVE_S, 0.05 * runner().owners_training(), 0.01 * len(stage.ids))
