"""What a language model writes by itself while it trains, under the pictures."""

from __future__ import annotations

import streamlit as st

from gradviz.ui.lesson import Runs
from gradviz.ui.stage import Stage
from gradviz.ui.words import plain


def written(stage: Stage, runs: Runs) -> None:
    """The newest text of each run up to the step that is looked at, as it is: no markup is read."""
    with st.container(key="written"):
        for label, (history, *_) in runs.items():
            found = history.text_at(stage.scrub)
            if found:
                step, text = found
                who = f"the network ({label})" if label else "the network"
                st.caption(plain(f"Written by {who} itself after step {step:,}"))
                st.code(text, language=None, wrap_lines=True)
