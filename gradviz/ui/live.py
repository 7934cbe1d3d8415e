"""The live controls and pictures: one component that mounts once and is fed whole figures.

`st.plotly_chart` in a fragment mounts its chart anew at every update, which leaves
the page blank for much of the time. This component calls `Plotly.react` instead. It
takes what `figures` returns, so live, still and exported pictures are the same.
plotly.js comes from the installed plotly package, through this server.

The buttons are the component's own: Streamlit may send one click on an `st.button` twice
when a fragment reruns by itself at that moment, so Pause became Pause and Resume (measured:
one click of about 40). Here every order has a number and is obeyed once.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import plotly
import streamlit as st
from streamlit.components.v1 import declare_component

from gradviz import figures
from gradviz.history import History
from gradviz.runner import RunView

_HERE = Path(__file__).parent
_PLOTLY = declare_component("plotly", path=Path(plotly.__file__).parent / "package_data")
PLOTLY_URL = f"component/{_PLOTLY.name}/plotly.min.js?{plotly.__version__}"
"""Relative to the app's root, so that it holds behind a base path too."""


@st.cache_resource(show_spinner=False)
def _assets() -> dict[str, str]:
    return {kind: (_HERE / f"live.{kind}").read_text("utf-8") for kind in ("html", "css", "js")}


_component = st.components.v2.component("gradviz.live_pictures", **_assets(), isolate_styles=False)


def live_message(
    view: RunView | None,
    history: History,
    *,
    run: str,
    version: str,
    handled: int,
    scrub: int | None,
    progress: str,
    theme: str | None,
) -> bytes:
    """What the browser's component shows, as it reads it (JSON, UTF-8).

    The history must not change meanwhile.

    Args:
        view: the run, or None before the first.
        history: of the run, or an empty one.
        run: its id, or "".
        version: changes with the pictures.
        handled: number of the last order that was obeyed.
        scrub: step to show; None: the newest.
        progress: a line of words beside the buttons.
        theme: "light" or "dark"; None: the browser has the pictures of this version already.
    """
    frame = history.frame_at(scrub)
    head = {
        "version": version,
        "run": run,
        "generation": view.generation if view else 0,
        "status": view.status if view else "paused",
        "progress": progress,
        "handled": handled,
        "scrub": scrub,
        "first": history.frames[0].step if history.frames else 0,
        "last": history.last_step,
        "shown": frame.step if frame else 0,
        "plotly": PLOTLY_URL,
    }
    if theme is None:
        return json.dumps(head).encode()
    step = scrub if scrub is None or frame is None else frame.step
    drawn = {
        name: figures.as_json(picture(history, step, theme=theme))
        for name, picture in figures.LIVE.items()
    }
    return json.dumps({**head, "figures": drawn}).encode()


def live_pictures(message: bytes, *, key: str, on_orders: Callable[[], None]) -> None:
    """Mount or feed the controls and pictures.

    Args:
        message: of `live_message`.
        key: of the component.
        on_orders: called when the user wants something; `st.session_state[key]["orders"]` is
            then a list of {id, order, value}, oldest first, with ids that only grow. An order
            stays in the list until a message says that it was handled.
    """
    _component(key=key, data=message, on_orders_change=on_orders)
