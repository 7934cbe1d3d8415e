"""The live pictures: one component that mounts once and is fed whole figures.

`st.plotly_chart` in a fragment mounts its chart anew at every update, which leaves
the page blank for much of the time. This component calls `Plotly.react` instead. It
takes what `figures` returns, so live, still and exported pictures are the same.
plotly.js comes from the installed plotly package, through this server.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import plotly
import streamlit as st
from streamlit.components.v1 import declare_component

from gradviz import figures
from gradviz.history import History

_HERE = Path(__file__).parent
_PLOTLY = declare_component("plotly", path=Path(plotly.__file__).parent / "package_data")
PLOTLY_URL = f"component/{_PLOTLY.name}/plotly.min.js?{plotly.__version__}"
"""Relative to the app's root, so that it holds behind a base path too."""


@st.cache_resource(show_spinner=False)
def _assets() -> dict[str, str]:
    return {kind: (_HERE / f"live.{kind}").read_text("utf-8") for kind in ("html", "css", "js")}


_component = st.components.v2.component("gradviz.live_pictures", **_assets(), isolate_styles=False)


def pictures_message(
    history: History, *, version: str, run: str, generation: int, scrub: int | None, theme: str
) -> bytes:
    """All live figures at one step, as the browser's component reads them (JSON, UTF-8).

    The history must not change meanwhile.
    """
    frame = history.frame_at(scrub)
    step = scrub if scrub is None or frame is None else frame.step
    head = {
        "version": version,
        "run": run,
        "generation": generation,
        "scrub": scrub,
        "first": history.frames[0].step if history.frames else 0,
        "last": history.last_step,
        "shown": frame.step if frame else 0,
        "plotly": PLOTLY_URL,
    }
    drawn = ",".join(
        f"{json.dumps(name)}:{figures.as_json(picture(history, step, theme=theme))}"
        for name, picture in figures.LIVE.items()
    )
    return f'{json.dumps(head)[:-1]},"figures":{{{drawn}}}}}'.encode()


def same_message(version: str, run: str) -> bytes:
    """What is sent when the browser already shows everything."""
    return json.dumps({"same": version, "run": run}).encode()


def live_pictures(
    message: bytes, *, key: str, on: Mapping[str, Callable[[], None]]
) -> Mapping[str, Any]:
    """Mount or feed the pictures.

    Args:
        message: of `pictures_message` or `same_message`.
        key: of the component; its state lies in st.session_state under it.
        on: callbacks by the name of the state they follow: "scrub" (a step or None),
            "missing" (the browser was overtaken and wants all), "stored_run" (a run this
            tab had before a reload).
    """
    callbacks: dict[str, Any] = {f"on_{name}_change": callback for name, callback in on.items()}
    result: Mapping[str, Any] = _component(key=key, data=message, **callbacks)
    return result
