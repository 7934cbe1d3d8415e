"""The live controls and pictures: one component that mounts once and is fed whole figures.

`st.plotly_chart` in a fragment mounts its chart anew at every update, which leaves
the page blank for much of the time. This component calls `Plotly.react` instead. It
takes what `figures` returns, so live, still and exported pictures are the same.
plotly.js comes from the installed plotly package, through this server.

pandas is imported here because plotly looks whether it is there: at the first two visits at once
it found one that another thread had half imported.

The buttons are the component's own: Streamlit may send one click on an `st.button` twice
when a fragment reruns by itself at that moment, so Pause became Pause and Resume (measured:
one click of about 40). Here every order has a number and is obeyed once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas  # type: ignore[import-untyped]  # noqa: F401
import plotly
import streamlit as st
from streamlit.components.v1 import declare_component

from gradviz import figures
from gradviz.config import CELLS, RunConfig
from gradviz.figures.enlarge import enlarged
from gradviz.glossary import TERMS, terms_in
from gradviz.history import History
from gradviz.runner import Status
from gradviz.ui.assets import assets
from gradviz.ui.lesson import Picture, Runs

_PLOTLY = declare_component("plotly", path=Path(plotly.__file__).parent / "package_data")
PLOTLY_URL = f"component/{_PLOTLY.name}/plotly.min.js?{plotly.__version__}"
"""Relative to the app's root, so that it holds behind a base path too."""


@st.cache_resource(show_spinner=False)
def _assets() -> dict[str, str]:
    return assets("live")


_component = st.components.v2.component("gradviz.live_pictures", **_assets(), isolate_styles=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """What the controls say; sent with every message."""

    stage: str
    """Key of the stage."""
    version: str
    """Changes with the pictures."""
    runs: Mapping[str, Sequence[str]]
    """Ids by label; empty before the first."""
    generation: int
    """Grows when the runs are gone on with from an earlier step."""
    status: Status
    """Of the runs together."""
    progress: str
    """A line of words beside the buttons."""
    start: str
    """What the button says that opens the runs."""
    handled: int
    """Number of the last order that was obeyed."""
    scrub: int | None
    """Step to show; None: the newest."""
    recording: str
    """The scenario whose recorded run is shown before the first run; "" for none."""
    parts: tuple[str, ...]
    """Which controls there are: "train", "scrub"."""


def live_message(
    head: Head, runs: Runs, pictures: Mapping[str, Picture] | None, *, theme: str, scale: float
) -> bytes:
    """What the browser's component shows, as it reads it (JSON, UTF-8).

    The histories must not change meanwhile.

    Args:
        head: of the controls.
        runs: the histories by label.
        pictures: None where the browser has those of this version already.
        theme: "light" or "dark".
        scale: of type and pictures.
    """
    histories = [history for each in runs.values() for history in each]
    shown = [frame.step for each in histories if (frame := each.frame_at(head.scrub))]
    message: dict[str, Any] = {
        **asdict(head),
        # Asked for by a tab after a reload; "" where there is nothing to come back to.
        "runs": json.dumps(head.runs) if head.runs else "",
        "first": min((each.frames[0].step for each in histories if each.frames), default=0),
        "last": max((each.last_step for each in histories), default=0),
        "shown": max(shown, default=0),
        "plotly": PLOTLY_URL,
    }
    if pictures is not None:
        step = max(shown, default=head.scrub) if head.scrub is not None else None
        message["figures"] = {
            name: figures.as_json(enlarged(picture(runs, step, theme=theme), scale))
            for name, picture in pictures.items()
        }
        gates = _gates(histories)
        message["terms"] = {name: _terms(name, gates) for name in pictures}
    return json.dumps(message).encode()


def _gates(histories: Sequence[History]) -> set[str] | None:
    """Of the cells that were trained; None where one of them may be any, or there is none."""
    cells = [each.config.cell if isinstance(each.config, RunConfig) else "" for each in histories]
    return {gate for cell in cells for gate in CELLS[cell].gates} if all(cells) and cells else None


def _terms(picture: str, gates: Collection[str] | None) -> list[dict[str, str]]:
    """The glossary's words on a picture's terms, for its tooltips."""
    terms = [TERMS[key] for key in terms_in(picture, gates)]
    return [
        {"name": term.name, "text": term.text, "equation": term.equation_text} for term in terms
    ]


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
