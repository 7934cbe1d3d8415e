"""The arrays of frames as small whole numbers, and back.

A picture needs a logarithm to ±0.005 and a gate to ±1/8192, not seven digits: digits that nobody
can see are what would not compress. Each field is rounded to multiples of its own quantum.

Index legend: T timesteps, U = T + 1, P probe sequences, Q ≤ P probes of the dear quantities,
I input size, H hidden size, N state size, B = 3 (a band: mean, low, high), E = 2 (both ends).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

LOG = float(np.log10(np.e)) / 43.5
"""Quantum of logarithms, 0.00998: with it 1/e lies midway between two multiples, so that a
transport and the horizon read from it stay on the same side."""

FINE_LOG = 2e-4
"""Quantum of the logarithms of norms and singular values: 0.05 %."""

Kind = Literal["plain", "log", "complex", "exact"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """How a field is kept."""

    axes: str
    """A letter an axis, of one frame; empty for a number."""
    quantum: float = 1.0
    kind: Kind = "plain"
    """"log": of the logarithm, rounded down, so that no norm crosses its bound."""
    wide: bool = False
    """Read as float64."""
    by_name: bool = False
    """A field of many arrays, by gate."""
    optional: bool = False
    """May be None."""


LAYER: Mapping[str, Code] = MappingProxyType(
    {
        "hidden_grad_log10": Code(axes="TP", quantum=LOG),
        "gates": Code(axes="BT", quantum=2**-8, by_name=True),
        "jacobian_norm": Code(axes="TQ", quantum=FINE_LOG, kind="log", optional=True),
        "jacobian_bound": Code(axes="", kind="exact", optional=True),
        "transport_log10": Code(axes="TQ", quantum=LOG, optional=True),
        "gradient_horizon": Code(axes="Q", optional=True),
        "start_norm": Code(axes="P", quantum=2**-8, optional=True),
        "last_state_grad_log10": Code(axes="TP", quantum=LOG, optional=True),
    }
)
"""The fields of LayerFrame; "gates" for each of them."""

CLOSE_UP: Mapping[str, Code] = MappingProxyType(
    {
        "inputs": Code(axes="TI", quantum=2**-8),
        "hidden": Code(axes="TH", quantum=2**-8),
        "gates": Code(axes="TH", quantum=2**-12, by_name=True),
        "saturation": Code(axes="HE", quantum=2**-12, by_name=True),
        "forget_path_log10": Code(axes="T", quantum=LOG, wide=True, optional=True),
        "cell_transport_log10": Code(axes="T", quantum=LOG, wide=True, optional=True),
        # Fine: the words raise the largest of them to the power of all lags.
        "recurrent_eigenvalues": Code(axes="H", quantum=2**-18, kind="complex", optional=True),
        "jacobian_eigenvalues": Code(axes="N", quantum=2**-10, kind="complex"),
        "jacobian_singular_values": Code(axes="N", quantum=FINE_LOG, kind="log"),
        "pulse": Code(axes="UN", quantum=2**-10),
        "pulse_log10": Code(axes="U", quantum=LOG, wide=True),
        "transport_rms_log10": Code(axes="T", quantum=LOG, wide=True),
        "weight_variance": Code(axes="", kind="exact", optional=True),
        "drive_variance": Code(axes="", kind="exact", optional=True),
    }
)
"""The arrays of CloseUp; "gates" and "saturation" for each gate."""


def packed(values: NDArray[Any], code: Code) -> NDArray[Any]:
    """A field of all frames, (F, *axes), as whole numbers of at most 32 bits.

    Raises:
        ValueError: for a number that is beyond 32 bits at this quantum.
    """
    if code.kind == "exact":
        return values.astype("<f8")
    if code.kind == "complex":
        values = np.stack([values.real, values.imag], axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        if code.kind == "log":
            multiples = np.floor(np.log10(values.astype(np.float64)) / code.quantum)
        else:
            multiples = np.round(values.astype(np.float64) / code.quantum)
    known = multiples[np.isfinite(multiples)]
    most = float(np.abs(known).max()) if known.size else 0.0
    kind = np.dtype("<i2") if most < _specials(np.dtype("<i2")).inf else np.dtype("<i4")
    special = _specials(kind)
    if most >= special.inf:
        raise ValueError(f"values must be below {special.inf * code.quantum:g}, got {most:g}")
    whole = np.select(
        [np.isnan(multiples), multiples == np.inf, multiples == -np.inf],
        [special.nan, special.inf, -special.inf],
        default=np.nan_to_num(multiples, nan=0, posinf=0, neginf=0),
    ).astype(kind)
    axis = _smooth(code)
    # Differences wrap around and so do their sums: nothing is lost.
    return whole if axis is None else np.diff(whole, axis=axis, prepend=kind.type(0))


def unpacked(whole: NDArray[Any], code: Code) -> NDArray[Any]:
    """What `packed` made, to within half a quantum (of a "log": within one, never above)."""
    if code.kind == "exact":
        return whole.astype(np.float64)
    axis = _smooth(code)
    if axis is not None:
        whole = np.cumsum(whole, axis=axis, dtype=whole.dtype)
    special = _specials(whole.dtype)
    values = whole * code.quantum
    values[whole == special.nan] = np.nan
    values[whole == special.inf] = np.inf
    values[whole == -special.inf] = -np.inf
    if code.kind == "log":
        with np.errstate(over="ignore"):
            values = 10.0**values
    if code.kind == "complex":
        return (values[..., 0] + 1j * values[..., 1]).astype(np.complex64)
    with np.errstate(over="ignore"):
        return values if code.wide else values.astype(np.float32)


def axes_of(code: Code) -> str:
    """A letter an axis of the packed array, F for the frames first."""
    return "F" + code.axes + ("E" if code.kind == "complex" else "")


@dataclass(frozen=True, slots=True)
class _Specials:
    """The whole numbers that stand for what is no number."""

    nan: int
    inf: int


def _specials(kind: np.dtype[Any]) -> _Specials:
    least = int(np.iinfo(kind).min)
    return _Specials(nan=least, inf=-least - 1)


def _smooth(code: Code) -> int | None:
    """The axis along which neighbours are alike: time."""
    return next((1 + code.axes.index(letter) for letter in "TU" if letter in code.axes), None)
