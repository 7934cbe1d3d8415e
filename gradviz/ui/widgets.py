"""The rule that every widget keeps: what it shows is the stage's, and only a user changes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from gradviz.ui.session import in_fragment


def bound(key: str, value: Any, take: Callable[[Any], object]) -> dict[str, Any]:
    """The arguments that bind a widget to a value.

    Args:
        key: of the widget.
        value: as it is set now.
        take: called with what the user set.
    """
    st.session_state[key] = value

    def commit() -> None:
        if in_fragment():
            # Not the user's, or theirs and early: the whole page's rerun must still find a change.
            st.session_state[key] = value
        else:
            take(st.session_state[key])

    return {"key": key, "on_change": commit}
