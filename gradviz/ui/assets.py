"""The files of the components that this app brings: their markup, style and script."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent


def assets(name: str) -> dict[str, str]:
    """What `st.components.v2.component` takes: html, css, and js with `orders.js` in front.

    Args:
        name: of the files beside this one, as in `live.js`.
    """
    found = {kind: _read(f"{name}.{kind}") for kind in ("html", "css", "js")}
    return found | {"js": _read("orders.js") + found["js"]}


def _read(name: str) -> str:
    return (_HERE / name).read_text("utf-8")
