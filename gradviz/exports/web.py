"""A figure as plotly's JSON, and as a page that needs nothing but itself."""

from __future__ import annotations

import html

import plotly.graph_objects as go
import plotly.io

from gradviz.exports.font import font_rule
from gradviz.figures import as_json

_CONFIG = {"displaylogo": False, "responsive": True}


def as_plotly_json(figure: go.Figure) -> bytes:
    """What plotly.io.from_json and Plotly.newPlot read; the stamp is in layout.meta."""
    return as_json(figure).encode()


def as_html(figure: go.Figure) -> bytes:
    """A page with plotly.js inside, about 5 MB: it works offline, and can be zoomed."""
    meta = figure.layout.meta
    said: dict[str, str] = meta.get("gradviz", {}) if isinstance(meta, dict) else {}
    page: str = plotly.io.to_html(figure, config=_CONFIG, include_plotlyjs=True, div_id="gradviz")
    words = [f"<title>{html.escape(said.get('Title', 'gradviz'))}</title>"]
    words += [
        f'<meta name="{name.lower()}" content="{html.escape(value)}" />'
        for name, value in said.items()
    ]
    words.append(f"<style>{font_rule()}</style>")
    return page.replace("<head>", "<head>" + "".join(words), 1).encode()
