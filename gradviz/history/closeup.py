"""CloseUp: one layer, one sequence, unit by unit; what the lessons look at closely.

Index legend: T timesteps, I input size, H hidden size, N state size (2H for an LSTM, whose state
is (h, c)). Row 0 of a time axis is t = 1.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from gradviz.history.floats import Complexes, Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class CloseUpRequest:
    """What to look at closely. What is out of range is taken as the nearest that is there."""

    layer: str = ""
    """As "l0"; empty is the top layer."""
    sequence: int = 1
    """Which of the probe sequences; 1 is the first."""
    timestep: int = 0
    """t of the one Jacobian whose eigenvalues and singular values are computed; 0 is T."""
    unit: int = 1
    """The unit of h_T that the pulse starts from; 1 is the first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CloseUp:
    """One layer at one step, as the forward and backward pass of that step found it.

    Where something was too dear it is nan (the transports), or empty (eigen- and singular
    values).
    """

    layer: str
    sequence: int
    """1…P, of the P probe sequences."""
    timestep: int
    """t of the eigenvalues and singular values, 1…T."""
    unit: int
    """1…H, of the pulse."""
    inputs: Floats
    """(T, I) float32: what the network read, whichever layer is looked at; a decoder's own."""
    hidden: Floats
    """(T, H) float32: h_t."""
    gates: dict[str, Floats]
    """Name to (T, H) float32 activations; empty for a plain RNN."""
    saturation: dict[str, Floats]
    """Name to (H, 2) float32: of all probes' timesteps, the share with the gate
    below 0.1 and the share above 0.9. Of the σ gates only."""
    forget_path_log10: Floats | None
    """(T,) float64, an LSTM's: log10 of the greatest entry of f_T … f_{t+1} (the norm of the path
    through the forget gates alone); 0 at t = T."""
    cell_transport_log10: Floats | None
    """(T,) float64, an LSTM's: log10 ‖∂c_T/∂c_t‖₂ through every path, to 0.005; 0 at t = T."""
    recurrent_eigenvalues: Complexes | None
    """(H,) complex64 of W_hh, largest magnitude first; None where a cell has several recurrent
    matrices."""
    jacobian_eigenvalues: Complexes
    """(N,) complex64 of J_t at `timestep`, largest magnitude first."""
    jacobian_singular_values: Floats
    """(N,) float32 of the same, largest first."""
    pulse: Floats
    """(T + 1, N) float32, each row of length 1: the direction of ∂h_T[unit]/∂s_t, t = 0…T. A row
    is 0 where the gradient is exactly zero."""
    pulse_log10: Floats
    """(T + 1,) float64: log10 of its length, −∞ for zero; row T is 0."""
    transport_rms_log10: Floats
    """(T,) float64: log10 of ‖P_t‖_F/√N, root mean square over a few probes: what mean-field
    theory speaks of (Chen et al. 2018, arXiv 1806.05394); 0 at t = T."""
    weight_variance: float | None
    """σ_w² = H · mean of W_hh's squares, of a plain RNN."""
    drive_variance: float | None
    """σ_u²: mean over units, timesteps and probes of the square of W_ih x_t + b, of a plain RNN."""

    words: tuple[str, ...] = ()
    """T words or characters: what was read at each timestep, of a network that reads a text."""

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        values = [getattr(self, field.name) for field in fields(self)]
        nested = [array for value in values if isinstance(value, dict) for array in value.values()]
        return sum(getattr(value, "nbytes", 0) for value in [*values, *nested])
