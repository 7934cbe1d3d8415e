"""The error of descents on Pascanu's one-unit error surface, step by step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from gradviz.figures.cliff_look import CLICK, colour_of, facts_of, has_left, name_of
from gradviz.figures.marks import Mark
from gradviz.figures.style import figure, log_axis
from gradviz.figures.traces import line
from gradviz.theory.cliff import Descent


def descent(descents: Sequence[Descent], *, theme: str = "light") -> go.Figure:
    """E by step, a line a descent. Arguments as for `cliff_surface.surface_3d`."""
    traces, marks = [], []
    for index, each in enumerate(descents):
        steps = np.arange(len(each.errors), dtype=np.int32)
        errors = np.where(np.isfinite(each.errors) & (each.errors > 0), each.errors, np.nan)
        hover = "step %{x:,}: E = %{y:.3g}<extra></extra>"
        name, colour = name_of(each), colour_of(each, index)
        traces.append(line(steps, errors, name, colour, uid=name, hovertemplate=hover))
        if has_left(each):
            marks.append(Mark(x=float(steps[-1]), text=_away(each), colour=colour))
    longest = max((len(each.errors) - 1 for each in descents), default=1)
    return figure(
        traces,
        title="Error of both descents" if len(descents) == 2 else "Error of the descent",
        facts=facts_of(descents),
        x="step",
        y="E",
        theme=theme,
        yaxis=log_axis(*(trace["y"] for trace in traces)),
        marks=marks,
        x_span=(0.0, float(max(longest, 1))),
        empty="" if traces else CLICK,
        meta={"axis": "step"},
    )


def _away(each: Descent) -> str:
    return "leaves the picture" if each.ended == "left" else "not finite"
