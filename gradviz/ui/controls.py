"""The settings of a run as widgets; each writes back into the RunConfig it is of."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import streamlit as st

from gradviz.config import (
    CELLS,
    TASKS,
    RunConfig,
    bounds,
    choices,
    label_of,
    word_of,
)
from gradviz.config.remedy_fields import GROUPS
from gradviz.config.setups import is_used
from gradviz.ui import data_in_use
from gradviz.ui.session import in_fragment
from gradviz.ui.stage import Stage


class Form(Protocol):
    """What has settings to be shown and changed: a stage, or one set-up of several."""

    @property
    def config(self) -> RunConfig:
        """The settings as they are."""

    def change(self, **settings: Any) -> bool:
        """Take new settings; False where they cannot be."""


@dataclass(frozen=True, slots=True)
class Fields:
    """Widgets of a form's settings."""

    form: Form
    on_change: Callable[[str], None]
    """Called with a field's name after the value was taken."""
    prefix: str = "setting"
    """Of the widgets' keys. Two forms of one page need two, also where only one is shown at a
    time: the browser's values of the first would be taken for the user's in the second."""

    without: Container[str] = ()
    """Fields whose widgets stand elsewhere on the page."""

    def choice(
        self,
        name: str,
        options: Sequence[str] = (),
        words: Callable[[str], str] = word_of,
    ) -> None:
        """One of a few values.

        Args:
            name: the field.
            options: what may be chosen; empty for all that the field may be.
            words: as the page shows one of them.
        """
        if name in self.without:
            return
        st.session_state[self._key(name)] = getattr(self.form.config, name)
        st.selectbox(
            label_of(name),
            options or choices(name),
            key=self._key(name),
            format_func=words,
            help=RunConfig.model_fields[name].description,
            on_change=self._commit,
            args=(name,),
        )

    def number(
        self,
        name: str,
        *,
        low: float | None = None,
        high: float | None = None,
        step: float = 1.0,
        disabled: bool = False,
    ) -> None:
        """A number, within the field's bounds or narrower ones."""
        if name in self.without:
            return
        least, greatest, _ = bounds(name)
        kind = int if RunConfig.model_fields[name].annotation is int else float
        st.session_state[self._key(name)] = getattr(self.form.config, name)
        st.number_input(
            label_of(name),
            kind(least if low is None else low),
            kind(greatest if high is None else high),
            step=kind(step),
            format="%d" if kind is int else "%g",
            key=self._key(name),
            help=RunConfig.model_fields[name].description,
            placeholder=word_of(None, name),
            disabled=disabled,
            on_change=self._commit,
            args=(name,),
        )

    def flag(self, name: str) -> None:
        """Yes or no."""
        if name in self.without:
            return
        st.session_state[self._key(name)] = getattr(self.form.config, name)
        st.checkbox(
            label_of(name),
            key=self._key(name),
            help=RunConfig.model_fields[name].description,
            on_change=self._commit,
            args=(name,),
        )

    def any(self, name: str) -> None:
        """The widget that suits a field's kind."""
        field = RunConfig.model_fields[name]
        if field.annotation is bool:
            self.flag(name)
        elif choices(name):
            self.choice(name)
        else:
            extra = field.json_schema_extra
            step = extra.get("step", 1.0) if isinstance(extra, dict) else 1.0
            assert isinstance(step, int | float)
            self.number(name, step=step)

    def _key(self, name: str) -> str:
        return f"{self.prefix}_{name}"

    def _commit(self, name: str) -> None:
        if in_fragment():
            st.session_state[self._key(name)] = getattr(self.form.config, name)
        elif self.form.change(**{name: st.session_state[self._key(name)]}):
            self.on_change(name)


def settings(
    stage: Stage, on_change: Callable[[str, str], None], *, without: Container[str] = ()
) -> None:
    """All controls, in the sidebar's order.

    Args:
        stage: whose config is shown and changed.
        on_change: called with the stage's key and a field's name after the value was taken.
        without: fields whose widgets stand elsewhere on the page.
    """
    fields = fields_of(stage, on_change, without=without)
    st.subheader("Task")
    task(fields)
    st.subheader("Network")
    network(fields)
    st.subheader("Training")
    training(fields)
    left, right = st.columns(2)
    with left:
        fields.number("batch_size")
    with right:
        fields.number("seed")
    state(fields)
    with st.expander("Remedies"):
        remedies(fields)
    with st.expander("Measuring and numbers"):
        measuring(fields)


def fields_of(
    stage: Stage, on_change: Callable[[str, str], None], *, without: Container[str] = ()
) -> Fields:
    """The widgets of a stage's own config; arguments as for `settings`."""
    return Fields(stage, lambda name: on_change(stage.key, name), without=without)


def task(fields: Fields) -> None:
    """What is to be learned, and of which length."""
    fields.choice("task")
    data_in_use.choice(fields)
    low, high = TASKS[fields.form.config.task].seq_len
    fields.number("seq_len", low=low, high=high, disabled=low == high)
    if TASKS[fields.form.config.task].forecasts:
        fields.number("forecast_steps")
    if TASKS[fields.form.config.task].own_data == "series":
        fields.flag("normalise")
    if TASKS[fields.form.config.task].tokens == "words":
        fields.number("vocabulary_size", step=500)
    if TASKS[fields.form.config.task].has_perplexity:
        fields.number("skip_step")


def network(fields: Fields) -> None:
    """The cell, its sizes, its start."""
    config = fields.form.config
    fields.choice("cell")
    cell = CELLS[config.cell]
    if cell.has_activation:
        fields.choice("activation")
    left, right = st.columns(2)
    with left:
        fields.number("num_layers")
    with right:
        fields.number("hidden_size")
    if TASKS[config.task].tokens:
        left, right = st.columns(2)
        with left:
            fields.number("embedding_size")
        with right:
            fields.number("dropout", step=0.1)
    elif is_used(config, "dropout") and (config.num_layers > 1 or config.dropout):
        fields.number("dropout", step=0.1)
    if is_used(config, "readout"):
        fields.choice("readout")
    if TASKS[config.task].network == "encoder_decoder":
        encoder_decoder(fields)
    if is_used(config, "bidirectional"):
        fields.flag("bidirectional")
    if config.num_layers > 1 or config.residual:
        fields.flag("residual")
    if cell.has_recurrent_weight:
        fields.choice("recurrent_init")
        if config.recurrent_init != "default":
            fields.number("recurrent_gain", step=0.1)
    if cell.has_forget_bias:
        fields.number("forget_bias", step=0.5)


def encoder_decoder(fields: Fields) -> None:
    """How the source reaches the decoder, and what that is told."""
    fields.choice("attention")
    fields.flag("reverse_source")
    fields.number("teacher_forcing", step=0.1)


def training(fields: Fields) -> None:
    """Optimiser and clip."""
    optimiser(fields)
    fields.choice("clip")
    if fields.form.config.clip != "none":
        fields.number("clip_threshold", step=0.5)


def optimiser(fields: Fields) -> None:
    """How the weights are changed, but for the clip."""
    config = fields.form.config
    fields.choice("optimizer")
    fields.number("learning_rate", step=1e-3)
    if config.optimizer in {"sgd", "rmsprop"}:
        fields.number("momentum", step=0.1, high=0.999)


def state(fields: Fields) -> None:
    """What goes on from batch to batch, and how far back a gradient goes; if that can be asked."""
    config = fields.form.config
    if not is_used(config, "state") and not is_used(config, "bptt_window"):
        return
    with st.expander("State and truncation"):
        if is_used(config, "state"):
            fields.choice("state")
        if is_used(config, "bptt_window"):
            fields.number("bptt_window")
        if len(config.windows) > 1:
            fields.number("bptt_every")


def remedies(fields: Fields) -> None:
    """Those that are groups of settings; clips, starts and cells are among the others."""
    for group in GROUPS:
        names = [name for name in group.names if is_used(fields.form.config, name)]
        if names:
            st.markdown(f"**{group.title}**")
        for name in names:
            fields.any(name)


def measuring(fields: Fields) -> None:
    """How many sequences are measured, and the numbers' precision."""
    fields.number("probe_size")
    fields.choice("dtype")
    fields.choice("device")
