"""One measured layer, by lag, and the factors a timestep that theory gives for it.

Pictures and words take them from here, so that they cannot say different things.

Index legend: T timesteps, Q probes of the dear quantities.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gradviz.config import RunConfig
from gradviz.history import CloseUp, Floats, Frame, History, is_reversed
from gradviz.theory.mean_field import jacobian_growth

ROUNDING = 2.0**-18
"""Of a recorded run's eigenvalues; a radius above the norm by no more is the norm."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Growth:
    """Row k of an array is lag k; what is not finite is nan, and a factor that there is not."""

    layer: str
    timesteps: int
    transport_log10: Floats | None
    """(T, Q) log10 ‖∂s_T/∂s_{T−k}‖₂."""
    rms_log10: Floats | None
    """(T,) log10 of ‖P‖_F/√N, root mean square over probes."""
    middle_log10: Floats | None
    """(T,) the middle probe, of an even number the upper of two, as the gradient horizon is."""
    zero_from: int | None
    """The least lag at which the middle probe's gradient is exactly zero, as of dead ReLUs."""
    linear: float
    """ρ of W_hh: what the linear network would do in the long run."""
    bound: float
    """γ‖W_hh‖₂, which no timestep exceeds (Pascanu, Mikolov & Bengio 2013, §2.1)."""
    mean_field: float
    """√χ₁ of a tanh network, a factor of the rms (Chen, Pennington & Schoenholz 2018)."""


def growth(history: History, frame: Frame) -> Growth | None:
    """Of the close-up's layer, without one of the top layer that reads forward.

    None where no layer reads forward.
    """
    closeup = frame.closeup
    forward = [name for name in frame.layers if not is_reversed(name)]
    if not forward:
        return None
    name = closeup.layer if closeup and closeup.layer in forward else forward[-1]
    layer = frame.layers[name]
    bound = math.nan if layer.jacobian_bound is None else layer.jacobian_bound
    middle = _middle(layer.transport_log10)
    return Growth(
        layer=name,
        timesteps=len(layer.hidden_grad_log10),
        transport_log10=_by_lag(layer.transport_log10),
        rms_log10=_by_lag(closeup.transport_rms_log10) if closeup else None,
        middle_log10=_by_lag(middle),
        zero_from=_first_zero(middle),
        linear=_radius(closeup, bound),
        bound=bound,
        mean_field=_mean_field(history, closeup),
    )


def _by_lag(values: Floats | None) -> Floats | None:
    """Turned round, from t to lags; None where nothing is finite."""
    if values is None or not np.isfinite(values).any():
        return None
    return np.where(np.isfinite(values), values, np.nan)[::-1]


def _middle(values: Floats | None) -> Floats | None:
    """(T,) of (T, Q): zeros, whose logarithm is −∞, count as the least, what is nan not at all."""
    return None if values is None else np.sort(values, axis=1)[:, values.shape[1] // 2]


def _first_zero(middle: Floats | None) -> int | None:
    if middle is None or not np.isneginf(middle).any():
        return None
    return int(np.isneginf(middle[::-1]).argmax())


def _radius(closeup: CloseUp | None, bound: float) -> float:
    """ρ, which is not above the bound: γ = 1. One rounded to be above it is the bound."""
    values = closeup.recurrent_eigenvalues if closeup else None
    if values is None or not len(values):
        return math.nan
    radius = float(np.abs(values).max())
    return bound if 0 < radius - bound <= ROUNDING else radius


def _mean_field(history: History, closeup: CloseUp | None) -> float:
    config = history.config
    tanh = isinstance(config, RunConfig) and config.cell == "rnn" and config.activation == "tanh"
    if not tanh or closeup is None:
        return math.nan
    if closeup.weight_variance is None or closeup.drive_variance is None:
        return math.nan
    return jacobian_growth(closeup.weight_variance, closeup.drive_variance)
