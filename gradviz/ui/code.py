"""“Show me the code”: a page's set-ups as PyTorch scripts that stand alone."""

from __future__ import annotations

import streamlit as st

from gradviz.script import ScriptError, script
from gradviz.ui.stage import Stage
from gradviz.ui.words import plain

_OPEN, _SETUP = "code_open", "code_setup"

_HELP = "A file of plain PyTorch, without gradviz: the same model, data and seed, the same losses."


def show_me_the_code(stage: Stage) -> None:
    """Under the pictures, shut at first: the script of one set-up, to read, copy and save."""
    box = st.expander("Show me the code", key=_OPEN, icon=":material/code:", on_change="rerun")
    if not box.open:
        return
    with box:
        setups = stage.setups
        label = _chosen(list(setups)) if len(setups) > 1 else next(iter(setups), None)
        if label is None:
            return
        config = setups[label][0]
        try:
            text = script(config)
        except ScriptError as error:
            st.info(plain(str(error)), icon=":material/info:")
            return
        st.caption(_HELP)
        st.code(text, height=480)
        st.download_button(
            "Save as a file",
            text,
            file_name=f"{config.task}_{config.cell}.py",
            mime="text/x-python",
            key="code_save",
            icon=":material/download:",
            on_click="ignore",
        )


def _chosen(labels: list[str]) -> str:
    if st.session_state.get(_SETUP) not in labels:
        st.session_state[_SETUP] = labels[0]
    return st.selectbox("Set-up", labels, key=_SETUP, format_func=plain)
