"""Mean and band of a gate by timestep: σ gates in one row, the candidate in its own below."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradviz.config import gateless
from gradviz.figures.style import GATES, band, escaped, line
from gradviz.history import Floats, History


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


def gate_rows(ticks: dict[str, Any] | None = None) -> dict[str, Any]:
    """The axes of both rows, with the ticks of time: gates lie in 0…1, the candidate in −1…1."""
    name = {"text": "candidate", "standoff": 8, "font": {"color": GATES["candidate"]}}
    return {
        "xaxis": {"anchor": "y2", **(ticks or {})},
        "yaxis": {"range": [-0.03, 1.03], "domain": [0.42, 1], "dtick": 0.5},
        "yaxis2": {"range": [-1.06, 1.06], "domain": [0, 0.34], "dtick": 1, "title": name},
    }
