"""Mean and band of a gate by timestep: σ gates in one row, the candidate in its own below."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from gradviz.config import CELLS, RunConfig, gateless
from gradviz.figures.layer_look import layer_shown
from gradviz.figures.memoryless import NO_STATE
from gradviz.figures.over_time import NOT_MEASURED
from gradviz.figures.palette import GATES
from gradviz.figures.style import figure
from gradviz.figures.time_axis import TimeAxis, own_timesteps, time_axis
from gradviz.figures.traces import band, line
from gradviz.figures.wording import WAITING, escaped
from gradviz.history import Crossing, Floats, History, crossing


def no_gates(history: History) -> str:
    """In place of a picture of gates."""
    return f"{gateless(history.config)}:<br>pick LSTM or GRU to see some"


def gate_band(
    gate: str, values_3T: Floats, own: NDArray[Any] | None = None
) -> list[dict[str, Any]]:
    """Traces of a gate's mean, 10th and 90th percentile; `own` (T,) is what t is called."""
    colour, gate = GATES[gate], escaped(gate)
    axis = "y2" if gate == "candidate" else "y"
    t = np.arange(1, values_3T.shape[1] + 1, dtype=np.int32)
    place, extra = ("%{x}", {}) if own is None else ("%{customdata}", {"customdata": own})
    hover = f"t = {place}: {gate} %{{y:.3f}}<extra></extra>"
    shade = band(t, values_3T[1], values_3T[2], colour, uid=f"band-{gate}", group=gate)
    mean = line(
        t, values_3T[0], gate, colour, uid=gate, legendgroup=gate, hovertemplate=hover, **extra
    )
    # The candidate's axis says its name and colour; a fourth entry would not fit a phone's width.
    return [{**shade, "yaxis": axis}, {**mean, "yaxis": axis, "showlegend": axis == "y"}]


def gate_rows(
    ticks: dict[str, Any] | None = None, *, with_candidate: bool = True
) -> dict[str, Any]:
    """The axes of both rows, with the ticks of time: gates lie in 0…1, the candidate in −1…1."""
    if not with_candidate:
        return {"xaxis": ticks or {}, "yaxis": {"range": [-0.03, 1.03], "dtick": 0.5}}
    name = {"text": "candidate", "standoff": 8, "font": {"color": GATES["candidate"]}}
    return {
        "xaxis": {"anchor": "y2", **(ticks or {})},
        "yaxis": {"range": [-0.03, 1.03], "domain": [0.42, 1], "dtick": 0.5},
        "yaxis2": {"range": [-1.06, 1.06], "domain": [0, 0.34], "dtick": 1, "title": name},
    }


def gates(
    history: History, step: int | None = None, theme: str = "light", layer: str | None = None
) -> go.Figure:
    """Mean and 10–90 % band of each gate by timestep, over probes and units.

    Gates lie in 0…1; the candidate, which is no gate but what they let through, in −1…1 below.

    Args:
        history: the run.
        step: the scrub position; None is the newest frame.
        theme: "light" or "dark".
        layer: which layer's; None is the top one, of an encoder–decoder those of both.
    """
    frame = history.frame_at(step)
    name = layer_shown(history, layer) if frame else ""
    if frame and layer is None and name not in frame.layers:
        # A user's own model may use other layers in other passes.
        name = next(reversed(frame.layers))
    pair = crossing(frame) if layer is None else None
    axis = time_axis(frame) if pair else TimeAxis()
    shown = frame.layers.get(name) if frame else None
    found = _gates_of(pair) if pair else shown.gates if shown else {}
    own = own_timesteps(pair) if pair else None
    traces = [trace for gate, each in found.items() for trace in gate_band(gate, each, own)]
    config = history.config
    if history.is_memoryless:
        empty = NO_STATE
    elif frame and not shown:
        empty = NOT_MEASURED
    elif frame or (isinstance(config, RunConfig) and not CELLS[config.cell].gates):
        empty = no_gates(history)
    else:
        empty = WAITING
    of = f"{escaped(name)}, " if len(history.layer_names) > 1 and not pair else ""
    return figure(
        traces,
        meta={"axis": axis.name},
        title="Gates",
        facts=f"step {frame.step:,} · {of}mean and 10–90 % of units" if frame and found else "",
        x=axis.title,
        y="gate",
        theme=theme,
        marks=axis.marks,
        x_span=axis.ends,
        empty="" if traces else empty,
        **(gate_rows(axis.ticks, with_candidate="candidate" in found) if traces else {}),
    )


def _gates_of(pair: Crossing) -> dict[str, Floats]:
    """Name to (3, S + T) of the top layers: the encoder's timesteps, then the decoder's."""
    encoder, decoder = (layer.gates for layer in pair.tops)
    both = (gate for gate in encoder if gate in decoder)
    return {gate: np.concatenate([encoder[gate], decoder[gate]], axis=1) for gate in both}
