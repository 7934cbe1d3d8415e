"""The rows of both tables in words."""

from __future__ import annotations

import math

from gradviz.cell_table.measure import Row
from gradviz.cell_table.wrappers import WrapperRow
from gradviz.config import CELLS

HEADINGS = ("cell", "parameters", "time of a step", "horizon", "λ₁ per timestep")
WRAPPER_HEADINGS = (
    "network",
    "parameters",
    "time of a step",
    "horizon",
    "through the layers",
    "through time",
)


def cells_of(row: Row) -> tuple[str, ...]:
    """A cell's, in the order of HEADINGS."""
    grows = "" if CELLS[row.variant.cell].is_recurrent else ", growing with T"
    return (
        row.variant.label,
        f"{row.parameters:,}{grows}",
        f"{row.time_ratio:.2f} ×",
        _horizon(row.horizon),
        _exponent(row.exponent),
    )


def cells_of_wrapper(row: WrapperRow) -> tuple[str, ...]:
    """A wrapper's, in the order of WRAPPER_HEADINGS."""
    return (
        row.wrapper.label,
        f"{row.parameters:,}",
        f"{row.time_ratio:.2f} ×",
        _horizon(row.horizon),
        _factor(row.layers_log10),
        _factor(row.time_log10),
    )


def _horizon(value: float) -> str:
    if math.isnan(value):
        return "no state"
    return "∞" if math.isinf(value) else f"{value:.0f}"


def _exponent(value: float) -> str:
    if math.isnan(value):
        return "–"
    return "0" if abs(value) < 0.0005 else f"{value:+.3f}".replace("-", "−")


def _factor(log10: float) -> str:
    """As a number of two digits, or as a power of ten where it is small or large; 0 for −inf."""
    if math.isinf(log10):
        return "0"
    if abs(log10) < 3:
        return f"{10**log10:.2g}"
    return f"10^{log10:.0f}".replace("-", "−")
