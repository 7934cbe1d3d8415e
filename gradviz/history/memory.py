"""How long the gate that multiplies the memory keeps it, and what flows besides.

    LSTM   c_t = f ⊙ c_{t−1} + i ⊙ g           GRU   h_t = z ⊙ h_{t−1} + (1 − z) ⊙ n
    QRNN   c_t = f ⊙ c_{t−1} + (1 − f) ⊙ z     and so the SRU

With every other path cut, ∂c_T/∂c_t is f_T ⊙ … ⊙ f_{t+1} (Hochreiter & Schmidhuber 1997; Gers
et al. 2000). Training does not cut them: the gates themselves depend on h, and so on the memory;
a QRNN's do not.

Index legend: T timesteps, H hidden size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gradviz.history.closeup import CloseUp
from gradviz.history.floats import Floats
from gradviz.history.records import Frame

KEEPS = ("forget", "update")
"""The gates that multiply the memory: f of an LSTM, QRNN or SRU, a GRU's z."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MemoryPaths:
    """Transport of one layer's memory to the last timestep; 0 at t = T."""

    gate_log10: Floats
    """(T,) log10 of the greatest entry of f_T … f_{t+1}, or of z's product."""
    whole_log10: Floats | None
    """(T,) log10 ‖∂c_T/∂c_t‖₂, of a GRU ‖∂h_T/∂h_t‖₂; None where that was not measured."""


def memory_gate(closeup: CloseUp) -> tuple[str, Floats] | None:
    """Name and (T, H) of the gate that multiplies the memory; None without."""
    return next(((name, closeup.gates[name]) for name in KEEPS if name in closeup.gates), None)


def half_lives(closeup: CloseUp) -> Floats | None:
    """(H,) timesteps after which the gate alone has halved a unit's memory; None for a plain RNN.

    ln 2 / −ln(geometric mean of the gate over the sequence); inf for a gate of 1, 0 for one of 0.
    """
    gate = memory_gate(closeup)
    if gate is None:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        # −0.0 would make the half-life of a gate of 1 negative.
        rates = np.abs(np.log(gate[1].astype(np.float64)).mean(axis=0))
        lives: Floats = math.log(2) / rates
    return lives


def memory_paths(frame: Frame) -> MemoryPaths | None:
    """The gate's path and the whole, of the frame's close-up; None without one or without gates."""
    closeup = frame.closeup
    if closeup is None:
        return None
    if closeup.forget_path_log10 is not None:
        whole = closeup.cell_transport_log10
        return MemoryPaths(
            gate_log10=closeup.forget_path_log10,
            # nan all along where it was too dear.
            whole_log10=None if whole is None or np.isnan(whole).all() else whole,
        )
    gate = memory_gate(closeup)
    is_all = closeup.pulse.shape[1] == closeup.hidden.shape[1]
    if gate is None or not is_all:
        return None
    return MemoryPaths(
        gate_log10=_product_log10(gate[1]),
        whole_log10=_transport(frame, closeup),
    )


def _product_log10(gate_TH: Floats) -> Floats:
    """(T,) log10 of the greatest entry of the product of all later gates."""
    with np.errstate(divide="ignore", invalid="ignore"):
        log10 = np.log10(gate_TH.astype(np.float64))
        later = np.cumsum(log10[:0:-1], axis=0)[::-1].max(axis=1)
    return np.append(later, 0.0)


def _transport(frame: Frame, closeup: CloseUp) -> Floats | None:
    """Where the memory is all of the state, its transport is the frame's, if of this sequence."""
    layer = frame.layers.get(closeup.layer)
    probes = None if layer is None else layer.transport_log10
    if probes is None or closeup.sequence > probes.shape[1]:
        return None
    return probes[:, closeup.sequence - 1]
