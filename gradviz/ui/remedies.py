"""The Remedies page's own parts: which disease, which remedies, how they are taken."""

from __future__ import annotations

from typing import get_args

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gradviz.config.remedy_list import REMEDIES, Kind, Remedy
from gradviz.runner import RUNS_AN_OWNER
from gradviz.ui import controls, setting_changes, treatment
from gradviz.ui.board import query_of
from gradviz.ui.session import in_fragment, session
from gradviz.ui.stage import Stage
from gradviz.ui.training import scenario_choice, undo_and_defaults
from gradviz.ui.widgets import bound
from gradviz.ui.words import plain

PAGE = "pages/remedies.py"

COLUMNS = 4
"""In which the kinds of remedies stand."""


def sidebar(stage: Stage) -> None:
    """The settings of the set-up that is treated."""
    with st.sidebar:
        undo_and_defaults(stage)
        st.caption("The set-up without remedies: change anything to treat one of your own.")
        controls.settings(stage, setting_changes.setting_changed)


def treat_link(stage: Stage) -> None:
    """From another page's sidebar: this set-up's remedies."""
    with st.sidebar:
        st.page_link(
            PAGE,
            label="Try remedies on this",
            icon=":material/healing:",
            query_params=query_of(stage.config),
            help="Open Remedies with these settings as the set-up that is treated.",
        )


def choices(stage: Stage) -> None:
    """The disease, the remedies, and how they are tried."""
    with st.container(key="remedy_choices"):
        _how(stage)
        refused = treatment.refusals(stage.config)
        ticked = treatment.treatment(stage).remedies
        offered = [name for name in REMEDIES if name not in refused or name in ticked]
        with st.expander("Remedies", expanded=True, icon=":material/healing:"):
            _buttons(stage, offered=[name for name in offered if name not in refused])
            _groups(stage, offered)
        left = [name for name in REMEDIES if name not in offered]
        if left:
            with st.expander(f"Cannot be tried here: {len(left)}"):
                for name in left:
                    _tick(stage, REMEDIES[name], refused[name])
                    st.caption(plain(refused[name]))


def _how(stage: Stage) -> None:
    now = treatment.treatment(stage)
    disease, taken, seeds, steps = st.columns([4, 4, 1.5, 1.5])
    with disease:
        scenario_choice(stage, "Disease")
    taken.selectbox(
        "Remedies are taken",
        list(treatment.TOGETHER),
        format_func=lambda each: treatment.TOGETHER[each],
        help="Together they are one more set-up, which has all of them.",
        **bound(
            "remedy_together",
            now.together,
            lambda value: treatment.change(stage, together=value),
        ),
    )
    seeds.number_input(
        "Seeds",
        1,
        treatment.MOST_SEEDS,
        help="Runs of each set-up, all with the same seeds: one proves nothing.",
        **bound("remedy_seeds", now.seeds, lambda value: treatment.change(stage, seeds=int(value))),
    )
    steps.number_input(
        "Steps",
        treatment.LEAST_STEPS,
        treatment.MOST_STEPS,
        step=100,
        help="That each run takes. More may be asked for later: the runs go on.",
        **bound(
            "remedy_steps",
            treatment.steps_of(stage),
            lambda value: treatment.change(stage, steps=int(value)),
        ),
    )


def _buttons(stage: Stage, offered: list[str]) -> None:
    ticked = treatment.treatment(stage).remedies
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"All {len(offered)} that apply",
            key="remedies_all",
            disabled=set(offered) <= set(ticked),
            on_click=_set,
            args=(stage.key, tuple(offered)),
        )
        st.button(
            "None",
            key="remedies_none",
            disabled=not ticked,
            on_click=_set,
            args=(stage.key, ()),
        )
        st.markdown(plain(_counted(stage)))
    wanted = len(treatment.courses(treatment.treatment(stage)))
    most = treatment.most_courses(treatment.treatment(stage))
    if wanted > most:
        st.warning(
            f"{RUNS_AN_OWNER} runs have room: with these seeds {most} set-ups beside the "
            f"untreated. {wanted} are asked for, so the last {wanted - most} are left out. Choose "
            "fewer seeds or tick fewer; `python -m gradviz remedies` tries all of them."
        )


def _counted(stage: Stage) -> str:
    """How many are ticked and what that takes."""
    setups = treatment.setups(stage)
    runs = sum(map(len, setups.values()))
    ticked = len(treatment.treatment(stage).remedies)
    return (
        f"{ticked} ticked: {len(setups)} set-up{'s' if len(setups) > 1 else ''}, the untreated "
        f"among them, {runs} run{'s' if runs > 1 else ''} of {treatment.steps_of(stage):,} steps."
    )


def _groups(stage: Stage, names: list[str]) -> None:
    """By kind, in columns of about the same height."""
    kinds = {
        kind: [REMEDIES[name] for name in names if REMEDIES[name].kind == kind]
        for kind in get_args(Kind)
    }
    columns = st.container(key="remedy_ticks").columns(COLUMNS)
    heights = [0] * COLUMNS
    for kind, remedies in kinds.items():
        if remedies:
            place = heights.index(min(heights))
            heights[place] += len(remedies) + 1
            _group(stage, columns[place], kind, remedies)


def _group(stage: Stage, column: DeltaGenerator, kind: str, remedies: list[Remedy]) -> None:
    with column.container(gap="xxsmall"):
        st.markdown(f"**{kind}**")
        refused = treatment.refusals(stage.config)
        for remedy in remedies:
            _tick(stage, remedy, refused.get(remedy.name, ""))


def _tick(stage: Stage, remedy: Remedy, refusal: str) -> None:
    """One that cannot be tried may be unticked, not ticked."""
    ticked = treatment.treatment(stage).remedies
    on = remedy.name in ticked
    others = tuple(name for name in ticked if name != remedy.name)
    st.checkbox(
        plain(remedy.label),
        disabled=bool(refusal) and not on,
        help=plain(f"{refusal} {remedy.text} {remedy.paper}".strip()),
        **bound(
            f"remedy_{remedy.name}",
            on,
            lambda value: treatment.tick(stage, (*others, remedy.name) if value else others),
        ),
    )


def _set(key: str, names: tuple[str, ...]) -> None:
    if not in_fragment():
        treatment.tick(session().stages[key], names)
