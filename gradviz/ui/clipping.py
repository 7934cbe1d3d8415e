"""The Clipping page's own parts: the clips beside each other, thresholds, traps."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import streamlit as st

from gradviz import figures
from gradviz.config import bounds, word_of
from gradviz.figures import ThresholdRow
from gradviz.figures.clip_thresholds import PERCENTILES
from gradviz.reading import trap_rows
from gradviz.runner import QuestionError
from gradviz.ui import clips, controls, setting_changes
from gradviz.ui.clips import FEWEST, KINDS, THRESHOLDS, Kind
from gradviz.ui.lesson import Runs
from gradviz.ui.session import in_fragment, runner, session
from gradviz.ui.stage import Stage
from gradviz.ui.training import scenario_choice, undo_and_defaults
from gradviz.ui.words import plain

_STEPS = {"norm": 0.5, "value": 0.05, "agc": 0.01}
_HELP = {
    "norm": "Largest norm of all gradients together that passes unclipped.",
    "value": "Largest entry that passes unclipped.",
    "agc": "Largest norm of a unit's gradient, as a share of the norm of its weights.",
}
_LOOKING, _PERCENTILE = "clip_looking", "clip_percentile"


def sidebar(stage: Stage) -> None:
    """The clips and their thresholds, then the settings of all."""
    with st.sidebar:
        scenario_choice(stage)
        undo_and_defaults(stage)
        st.subheader("Clips")
        for kind in KINDS:
            _clip(stage, kind)
        fields = controls.Fields(
            stage, lambda name: setting_changes.setting_changed(stage.key, name)
        )
        st.subheader("The same for all")
        controls.task(fields)
        controls.network(fields)
        controls.optimiser(fields)
        left, right = st.columns(2)
        with left:
            fields.number("batch_size")
        with right:
            fields.number("seed")
        with st.expander("Remedies"):
            controls.remedies(fields)
        with st.expander("Measuring and numbers"):
            controls.measuring(fields)


def below(stage: Stage, runs: Runs) -> None:
    """Which threshold, and what no clip can mend."""
    with st.container(key="clip_helper"):
        _helper(stage, runs)
    with st.expander("What inf and NaN do to a clip"):
        _traps()


def shown_kind(stage: Stage, runs: Runs) -> str:
    """Whose norms the helper counts: the clip that was asked for, or the first there is."""
    kinds = list(_by_kind(runs))
    looking = clips.clips(stage).looking
    return looking if looking in kinds else kinds[0]


def use(stage: Stage, threshold: float) -> None:
    """Clip by norm at a threshold; where that clip was left out, train it too."""
    if clips.set_threshold(stage, "norm", threshold):
        clips.switch(stage, "norm", True)
        setting_changes.setting_changed(stage.key, "clip_threshold")


def _clip(stage: Stage, kind: Kind) -> None:
    on, threshold = f"clip_on_{kind}", f"clip_at_{kind}"
    now = clips.clips(stage)
    words = _words(kind)
    left, right = st.columns([3, 2], vertical_alignment="center")
    st.session_state[on] = kind in now.kinds
    left.checkbox(
        words,
        key=on,
        disabled=kind in now.kinds and len(now.kinds) == FEWEST,
        on_change=_switch,
        args=(stage.key, kind),
    )
    if kind not in THRESHOLDS:
        return
    least, greatest, _ = bounds("clip_threshold")
    st.session_state[threshold] = clips.threshold_of(now, kind)
    right.number_input(
        f"Threshold {words}",
        least,
        greatest,
        step=_STEPS[kind],
        format="%g",
        key=threshold,
        label_visibility="collapsed",
        help=_HELP[kind],
        on_change=_set_threshold,
        args=(stage.key, kind),
    )


def _words(kind: str) -> str:
    return "no clip" if kind == "none" else word_of(kind)


def _switch(key: str, kind: Kind) -> None:
    stage = session().stages[key]
    name = f"clip_on_{kind}"
    if in_fragment():
        st.session_state[name] = kind in clips.clips(stage).kinds
    else:
        clips.switch(stage, kind, bool(st.session_state[name]))


def _set_threshold(key: str, kind: Kind) -> None:
    stage = session().stages[key]
    name = f"clip_at_{kind}"
    if in_fragment():
        st.session_state[name] = clips.threshold_of(clips.clips(stage), kind)
    elif clips.set_threshold(stage, kind, float(st.session_state[name])):
        setting_changes.setting_changed(key, "clip_threshold")


def _helper(stage: Stage, runs: Runs) -> None:
    """What each threshold would have clipped of one run's norms."""
    st.subheader("Choose a threshold", anchor=False)
    names = _by_kind(runs)
    now, kind = clips.clips(stage), shown_kind(stage, runs)
    first, second, third = st.columns(3, vertical_alignment="bottom")
    st.session_state[_LOOKING], st.session_state[_PERCENTILE] = kind, now.percentile
    first.selectbox(
        "Norms of",
        list(names),
        key=_LOOKING,
        # Not by its label: that changes with the threshold, and a select box forgets its choice
        # where the words of the options change.
        format_func=_words,
        on_change=_look,
        args=(stage.key,),
    )
    second.selectbox(
        "Percentile",
        PERCENTILES,
        key=_PERCENTILE,
        format_func=lambda each: f"{each}th",
        on_change=_look,
        args=(stage.key,),
    )
    rows = figures.threshold_table(runs[names[kind]][0], stage.scrub)
    chosen = [row.threshold for row in rows if row.percentile == now.percentile]
    third.button(
        plain(f"Clip by norm at {chosen[0]:g}") if chosen else "Clip by norm",
        key="clip_use",
        disabled=not chosen or (chosen[0] == now.norm and "norm" in now.kinds),
        on_click=_use,
        args=(stage.key, *chosen),
        width="stretch",
        help="Takes effect at once, also while it trains. A click on a dot of the picture does "
        "the same.",
    )
    if rows:
        _table(names[kind], rows)
    else:
        st.caption("Once something has trained, its norms are counted here.")


def _table(label: str, rows: list[ThresholdRow]) -> None:
    st.caption(
        plain(f"What a clip by norm would have done to the gradients of “{label}”, as they were.")
        + " With another threshold the run would have gone another way."
    )
    st.table(
        {
            "Percentile": [f"{row.percentile}th" for row in rows],
            "Threshold": [f"{row.threshold:g}" for row in rows],
            "Steps clipped": [f"{row.share:.1%}" for row in rows],
        },
        border="horizontal",
        hide_index=True,
    )


def _by_kind(runs: Runs) -> dict[str, str]:
    """Kind of clip to the label of its run."""
    return {histories[0].config.clip: label for label, histories in runs.items()}


def _look(key: str) -> None:
    clips.look(
        session().stages[key],
        looking=st.session_state[_LOOKING],
        percentile=st.session_state[_PERCENTILE],
    )


def _use(key: str, threshold: float) -> None:
    use(session().stages[key], threshold)


def _traps() -> None:
    """One bad number and each clip, as a worker tried it."""
    asked = _asked()
    if not asked.done():
        st.caption("A worker tries it …")
        return
    try:
        traps = asked.result()
    except QuestionError as error:
        _asked.clear()  # The next look asks anew.
        st.caption(plain(str(error)))
        return
    st.caption(
        "Four float32 gradients, one of them bad, and a threshold of 1: tried on this machine, by "
        "PyTorch's own clips (AGC by gradviz's)."
    )
    names = {"before": "Gradient", "clip": "Clip", "after": "After it", "sentence": "In words"}
    rows = trap_rows(traps)
    with st.container(key="clip_traps"):
        st.table(
            {title: [plain(getattr(row, name)) for row in rows] for name, title in names.items()},
            border="horizontal",
            hide_index=True,
        )


@st.cache_resource(show_spinner=False)
def _asked() -> Future[Any]:
    """The one question of this server."""
    return runner().ask("clip_traps")
