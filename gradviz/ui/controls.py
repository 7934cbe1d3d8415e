"""The settings of a run as widgets; each writes back into the session's RunConfig."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any

import streamlit as st

from gradviz.config import TASKS, RunConfig, bounds, choices, label_of, word_of
from gradviz.ui.session import in_fragment
from gradviz.ui.stage import Stage


def settings(
    stage: Stage, on_change: Callable[[str, str], None], *, without: Container[str] = ()
) -> None:
    """All controls, in the sidebar's order.

    Args:
        stage: whose config is shown and changed.
        on_change: called with the stage's key and a field's name after the value was taken.
        without: fields whose controls stand elsewhere on the page.
    """
    config = stage.config

    def number(name: str, **options: Any) -> None:
        if name not in without:
            _number(stage, name, on_change, **options)

    def choice(name: str) -> None:
        if name not in without:
            setting_choice(stage, name, on_change)

    st.subheader("Task")
    choice("task")
    low, high = TASKS[config.task].seq_len
    number("seq_len", low=low, high=high, disabled=low == high)
    st.subheader("Network")
    choice("cell")
    if config.cell == "rnn":
        choice("activation")
    left, right = st.columns(2)
    with left:
        number("num_layers")
    with right:
        number("hidden_size")
    choice("recurrent_init")
    if config.recurrent_init != "default":
        number("recurrent_gain", step=0.1)
    if config.cell == "lstm":
        number("forget_bias", step=0.5)
    st.subheader("Training")
    choice("optimizer")
    number("learning_rate", step=1e-3)
    if config.optimizer in {"sgd", "rmsprop"}:
        number("momentum", step=0.1, high=0.999)
    choice("clip")
    if config.clip != "none":
        number("clip_threshold", step=0.5)
    left, right = st.columns(2)
    with left:
        number("batch_size")
    with right:
        number("seed")
    with st.expander("Measuring and numbers"):
        number("probe_size")
        choice("dtype")
        choice("device")


def _key(name: str) -> str:
    return f"setting_{name}"


def _commit(stage: Stage, name: str, on_change: Callable[[str, str], None]) -> None:
    if in_fragment():
        st.session_state[_key(name)] = getattr(stage.config, name)
    elif stage.change(**{name: st.session_state[_key(name)]}):
        on_change(stage.key, name)


def setting_choice(stage: Stage, name: str, on_change: Callable[[str, str], None]) -> None:
    """A setting that is one of a few."""
    st.session_state[_key(name)] = getattr(stage.config, name)
    st.selectbox(
        label_of(name),
        choices(name),
        key=_key(name),
        format_func=word_of,
        help=RunConfig.model_fields[name].description,
        on_change=_commit,
        args=(stage, name, on_change),
    )


def _number(
    stage: Stage,
    name: str,
    on_change: Callable[[str, str], None],
    *,
    low: float | None = None,
    high: float | None = None,
    step: float = 1.0,
    disabled: bool = False,
) -> None:
    least, greatest, _ = bounds(name)
    kind = int if RunConfig.model_fields[name].annotation is int else float
    st.session_state[_key(name)] = getattr(stage.config, name)
    st.number_input(
        label_of(name),
        kind(least if low is None else low),
        kind(greatest if high is None else high),
        step=kind(step),
        format="%d" if kind is int else "%g",
        key=_key(name),
        help=RunConfig.model_fields[name].description,
        placeholder="PyTorch's own",
        disabled=disabled,
        on_change=_commit,
        args=(stage, name, on_change),
    )
