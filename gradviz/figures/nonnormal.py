"""Eigenvalues inside the unit circle, and yet the gradient grows: a non-normal matrix."""

from __future__ import annotations

import math

import numpy as np
import plotly.graph_objects as go

from gradviz.figures.palette import BLUE, ORANGE
from gradviz.figures.style import figure
from gradviz.figures.traces import level, line
from gradviz.theory.linear import Doubles, non_normal, norms_log10, powers_log10


def powers(coupling: float, radius: float, most: int = 80, *, theme: str = "light") -> go.Figure:
    """log10 ‖W^k‖₂ of W = [[ρ, a], [0, ρ]] by lag k, against ρ^k.

    The norm's peak is named: a factor that no eigenvalue tells of (Pascanu, Mikolov & Bengio
    2013, §2.1; Trefethen & Embree 2005).

    Args:
        coupling: a, from the second unit to the first.
        radius: ρ, both eigenvalues.
        most: the longest lag.
        theme: "light" or "dark".
    """
    lags = np.arange(most + 1, dtype=np.int32)
    norms = _finite(norms_log10(non_normal(radius, coupling), most))
    eigen = _finite(powers_log10(radius, most))
    peak = int(np.nanargmax(norms))
    facts = f"largest {_ten_to(float(norms[peak]))} at k = {peak}"
    below = np.flatnonzero(norms[1:] < 0)
    facts += f" · first below 1 at k = {below[0] + 1}" if len(below) else ""
    hover = "k = %{x}: 10^%{y:.3f}<extra></extra>"
    return figure(
        [
            line(lags, norms, "‖Wᵏ‖₂", BLUE, uid="norms", hovertemplate=hover),
            line(lags, eigen, "ρᵏ", ORANGE, uid="radius", dash="dash", hovertemplate=hover),
            level((0.0, float(most)), 0.0, "1", uid="one", hoverinfo="skip", hovertemplate=None),
        ],
        title=f"Powers of W = [[{radius:g}, {coupling:g}], [0, {radius:g}]]",
        facts=facts,
        x="lag k",
        y="log10 ‖W<sup>k</sup>‖₂",
        theme=theme,
        # Beside the pulse, which has two rows.
        height=400,
        meta={"axis": "lag"},
    )


def _finite(values: Doubles) -> Doubles:
    return np.where(np.isfinite(values), values, np.nan)


def _ten_to(exponent: float) -> str:
    return f"{10**exponent:.4g}" if abs(exponent) < 5 else f"1e{math.floor(exponent)}"
