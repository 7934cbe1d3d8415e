"""The settings of a run as widgets; each writes back into the session's RunConfig."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from gradviz.config import TASKS, RunConfig, bounds, choices
from gradviz.ui.session import in_fragment
from gradviz.ui.stage import Stage

_LABELS = {
    "task": "Task",
    "seq_len": "Sequence length",
    "batch_size": "Batch size",
    "seed": "Seed",
    "cell": "Cell",
    "activation": "Nonlinearity",
    "num_layers": "Layers",
    "hidden_size": "Hidden size",
    "recurrent_init": "Start of W_hh",
    "recurrent_gain": "Gain of W_hh",
    "forget_bias": "Forget bias (sum of both)",
    "optimizer": "Optimiser",
    "learning_rate": "Learning rate",
    "momentum": "Momentum",
    "clip": "Clip",
    "clip_threshold": "Clip threshold",
    "dtype": "Precision",
    "device": "Device",
    "probe_size": "Probe sequences",
}
_WORDS = {
    "rnn": "RNN",
    "lstm": "LSTM",
    "gru": "GRU",
    "sgd": "SGD",
    "adam": "Adam",
    "adamw": "AdamW",
    "rmsprop": "RMSprop",
    "default": "PyTorch default",
    "orthogonal": "orthogonal × gain",
    "identity": "identity × gain (IRNN)",
    "normal": "normal × gain",
    "norm": "by norm",
    "value": "by value",
} | {name: spec.label for name, spec in TASKS.items()}


def label_of(name: str) -> str:
    """A setting's name as the page shows it."""
    return _LABELS.get(name, name)


def word_of(value: object) -> str:
    """A setting's value as the page shows it."""
    if value is None:
        return "PyTorch's own"
    return _WORDS.get(str(value), f"{value:g}" if isinstance(value, float) else str(value))


def settings(stage: Stage, on_change: Callable[[str, str], None]) -> None:
    """All controls, in the sidebar's order.

    Args:
        stage: whose config is shown and changed.
        on_change: called with the stage's key and a field's name after the value was taken.
    """
    config = stage.config

    def number(name: str, **options: Any) -> None:
        _number(stage, name, on_change, **options)

    def choice(name: str) -> None:
        _choice(stage, name, on_change)

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


def _choice(stage: Stage, name: str, on_change: Callable[[str, str], None]) -> None:
    st.session_state[_key(name)] = getattr(stage.config, name)
    st.selectbox(
        _LABELS[name],
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
        _LABELS[name],
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
