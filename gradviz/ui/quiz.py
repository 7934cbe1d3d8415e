"""A slide's question: nothing is shown before an answer is chosen; a measurement decides."""

from __future__ import annotations

import streamlit as st

from gradviz.lectures import Quiz, judge
from gradviz.ui import recordings, stage_runs
from gradviz.ui.lesson import Runs
from gradviz.ui.session import in_fragment, session
from gradviz.ui.stage import Stage
from gradviz.ui.talk import Talk
from gradviz.ui.words import plain


def ask(talk: Talk, stage: Stage) -> bool:
    """The question, its answers and how to have it decided; whether one has been chosen."""
    quiz = talk.slide.quiz
    assert quiz is not None
    with st.container(key="quiz", border=True):
        if talk.at in talk.revealed or stage.runs:
            _answered(quiz, talk.chosen.get(talk.at))
        else:
            _answers(talk, quiz)
        if talk.at in talk.chosen:
            _buttons(talk, stage, quiz)
    return talk.at in talk.chosen


def verdict(talk: Talk, runs: Runs) -> None:
    """Which answer the measured number chose; drawn anew while a run comes nearer to it."""
    quiz = talk.slide.quiz
    chosen = talk.chosen.get(talk.at)
    # Always one container: what comes after it must keep its place, or it is mounted anew.
    with st.container(key="verdict"):
        if quiz is None or chosen is None or not _has_begun(runs):
            return
        found = judge(quiz, runs)
        if found.option is None:
            st.info(plain(found.sentence), icon=":material/hourglass:")
        elif found.option == chosen:
            st.success(plain(f"Right. {found.sentence}"), icon=":material/check:")
        else:
            words = f"You chose “{quiz.options[chosen].text}” {found.sentence}"
            st.warning(plain(words), icon=":material/close:")


def _answers(talk: Talk, quiz: Quiz) -> None:
    key = f"quiz_{talk.stage_key}"

    def commit() -> None:
        position = st.session_state[key]
        if position is not None and not in_fragment():
            talk.chosen[talk.at] = position

    st.session_state[key] = talk.chosen.get(talk.at)
    st.radio(
        f"**{plain(quiz.question)}**",
        range(len(quiz.options)),
        key=key,
        index=None,
        format_func=lambda position: plain(quiz.options[position].text),
        on_change=commit,
    )


def _answered(quiz: Quiz, chosen: int | None) -> None:
    """The answer as it was given: what has been measured can no longer be guessed."""
    lines = [f"**{plain(quiz.question)}**"]
    for position, option in enumerate(quiz.options):
        yours = " (your answer)" if position == chosen else ""
        lines.append(f"{'◉' if yours else '○'} {plain(option.text + yours)}")
    st.markdown("  \n".join(lines))


def _buttons(talk: Talk, stage: Stage, quiz: Quiz) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if talk.at in talk.revealed or stage.runs:
            st.button("Ask again", key="ask_again", icon=":material/replay:", on_click=_ask_again)
        elif _is_recorded(stage, quiz):
            st.button(
                "See what was measured",
                key="reveal",
                icon=":material/visibility:",
                on_click=_reveal,
            )
            st.caption("in the recorded run, or press **Run it live** below")
        else:
            st.caption("Now press **Run it live** below.")


def _is_recorded(stage: Stage, quiz: Quiz) -> bool:
    """Whether the recorded run decides it; it is not shown yet."""
    runs = recordings.runs_of(stage, recordings.covering(stage))
    return judge(quiz, runs).option is not None


def _reveal() -> None:
    talk = session().talk
    if not in_fragment():
        talk.revealed.add(talk.at)


def _ask_again() -> None:
    talk, state = session().talk, session()
    if not in_fragment():
        talk.revealed.discard(talk.at)
        talk.chosen.pop(talk.at, None)
        stage_runs.close_runs(state.stages[talk.stage_key])


def _has_begun(runs: Runs) -> bool:
    return any(history.last_step for each in runs.values() for history in each)
