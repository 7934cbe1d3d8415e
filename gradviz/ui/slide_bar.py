"""The buttons and keys that go through a lecture's slides: one component, mounted once.

As in `live`, every order has a number and is obeyed once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import streamlit as st

from gradviz.ui.assets import assets

KEY = "slide_bar"


@st.cache_resource(show_spinner=False)
def _assets() -> dict[str, str]:
    return assets("slide_bar")


_component = st.components.v2.component("gradviz.slide_bar", **_assets(), isolate_styles=False)


def slide_bar(
    *,
    handled: int,
    at: int,
    of: int,
    notes: bool,
    narrow: bool,
    on_orders: Callable[[], None],
) -> None:
    """Mount or feed it.

    Args:
        handled: number of the last order that was obeyed.
        at: the slide that is shown, from 1.
        of: how many slides there are.
        notes: whether the speaker's notes are shown.
        narrow: whether the browser is taken for a phone; it says where that is wrong.
        on_orders: called when the user wants something; `orders` says what.
    """
    message: dict[str, Any] = {"handled": handled, "at": at, "of": of}
    message |= {"notes": notes, "narrow": narrow}
    _component(key=KEY, data=message, on_orders_change=on_orders)


def orders(handled: int) -> Iterator[tuple[int, str]]:
    """Number and word of each order after the one that was handled, oldest first."""
    given = st.session_state.get(KEY)
    for each in (given["orders"] or []) if given else []:
        if each["id"] > handled:
            yield each["id"], each["order"]
