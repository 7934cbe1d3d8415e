"""LayerFlows → CloseUp: one layer and sequence, unit by unit, leaving torch for NumPy.

Index legend: T timesteps, Q probes of the dear quantities, H hidden size, N state size.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from gradviz.cells import MemoryLinearisation
from gradviz.cells.rnn import RnnLinearisation
from gradviz.flow.layer_flow import LayerFlow
from gradviz.flow.measured import measured
from gradviz.flow.pulse import pulse
from gradviz.flow.record import SPECTRAL_TOLERANCE, affordable
from gradviz.flow.steps import plain
from gradviz.history import CloseUp, CloseUpRequest, Complexes, Floats

MOST_PROBES = 4
"""Q of the mean transport, at most: each costs about as much as all the rest."""

MOST_VALUES = 384
"""Largest matrix whose eigen- and singular values are computed: 46 ms; of 512 it is 390 ms."""


@measured
def close_up(
    flows: Mapping[str, LayerFlow], request: CloseUpRequest, *, probes: int | None = None
) -> CloseUp:
    """What `request` asks for, or the nearest that is there.

    Args:
        flows: all layers of one network, lowest first, of which some read forward; or of an encoder
            and a decoder, the latter last.
        request: where to look.
        probes: sequences over which the mean transport is taken, at most MOST_PROBES; with 0,
            and where one is beyond DEAR_LIMIT, what is carried from timestep to timestep as
            matrices (both transports) is nan.

    Raises:
        ValueError: where none reads whole sequences forward.
    """
    forward = [name for name, each in flows.items() if _reads_whole_forward(each)]
    if not forward:
        raise ValueError(
            "flows must be of layers that read whole sequences forward, got "
            f"{', '.join(flows)} that do not; give it sequences of one length."
        )
    name = request.layer if request.layer in forward else forward[-1]
    flow = flows[name]
    timesteps, batch, width = flow.hidden.shape
    sequence = _nearest(request.sequence, batch)
    timestep = _nearest(request.timestep or timesteps, timesteps)
    unit = _nearest(request.unit, width)
    wanted = MOST_PROBES if probes is None else min(probes, MOST_PROBES)
    count = min(affordable([flow], wanted), batch)
    alone = flow.alone(sequence - 1)
    network = name.rpartition(".")[0]
    bottom = next(flow for each, flow in flows.items() if each.rpartition(".")[0] == network)
    directions, lengths = pulse(alone, unit)
    return CloseUp(
        layer=name,
        sequence=sequence,
        timestep=timestep,
        unit=unit,
        inputs=_single(bottom.passed.inputs[:, sequence - 1]),
        hidden=_single(alone.hidden[:, 0]),
        gates={gate: _single(values[:, 0]) for gate, values in alone.gates.items()},
        saturation={
            gate: _single(sides.mean(1).T) for gate, sides in flow.gate_saturation().items()
        },
        **_memory(alone, is_carried=count > 0),
        recurrent_eigenvalues=_recurrent_eigenvalues(flow),
        **_jacobian(alone, timestep),
        pulse=_single(directions),
        pulse_log10=lengths.cpu().numpy(),
        transport_rms_log10=_mean_transport_log10(flow, count),
        **_variances(flow),
    )


def _reads_whole_forward(flow: LayerFlow) -> bool:
    return not flow.order.is_reverse and flow.order.lengths is None


def _nearest(wanted: int, most: int) -> int:
    """In 1…most."""
    return min(max(wanted, 1), most)


def _memory(alone: LayerFlow, *, is_carried: bool) -> dict[str, Any]:
    """Two paths from c_t to c_T, of a cell with a memory."""
    if not isinstance(alone.steps, MemoryLinearisation):
        return {"forget_path_log10": None, "cell_transport_log10": None}
    forget = alone.forget_product_log10()[:, 0]
    through = torch.full_like(forget, math.nan)
    if is_carried:
        through = alone.cell_transport_log10(tolerance=SPECTRAL_TOLERANCE)[:, 0]
    return {
        "forget_path_log10": forget.cpu().numpy(),
        "cell_transport_log10": through.cpu().numpy(),
    }


def _jacobian(alone: LayerFlow, timestep: int) -> dict[str, Any]:
    """Eigenvalues and singular values of J_t; empty where it is larger than MOST_VALUES."""
    if alone.state_size > MOST_VALUES:
        eigenvalues = singular = alone.hidden.new_empty(0)
    else:
        eigenvalues = alone.jacobian_eigenvalues(timestep)[0]
        singular = alone.jacobian_singular_values(timestep, 0)
    return {
        "jacobian_eigenvalues": _complex(eigenvalues),
        "jacobian_singular_values": _single(singular),
    }


def _recurrent_eigenvalues(flow: LayerFlow) -> Complexes | None:
    """Of a plain RNN's W_hh, largest magnitude first; empty where it is larger than MOST_VALUES."""
    steps = plain(flow.steps)
    if steps is None:
        return None
    weight = steps.weight.double()
    if len(weight) > MOST_VALUES:
        return _complex(weight.new_empty(0))
    if not bool(weight.isfinite().all()):
        return _complex(weight.new_full((len(weight),), math.nan))  # LAPACK would raise.
    values = torch.linalg.eigvals(weight)
    return _complex(values[values.abs().argsort(descending=True, stable=True)])


def _mean_transport_log10(flow: LayerFlow, probes: int) -> Floats:
    """(T,) float64: log10 of the root mean square over the probes of ‖P_t‖_F/√N."""
    if not probes:
        return torch.full((len(flow.hidden),), math.nan, dtype=torch.float64).numpy()
    logs = flow.transport_log10("frobenius", probes=probes, tolerance=SPECTRAL_TOLERANCE)
    # As logarithms, for the squares leave float64's range.
    sums = torch.logsumexp(2 * math.log(10) * logs, -1) / (2 * math.log(10))
    return (sums - math.log10(probes * flow.state_size) / 2).cpu().numpy()


def _variances(flow: LayerFlow) -> dict[str, Any]:
    """What mean-field theory calls σ_w² and σ_u² (Chen et al. 2018, arXiv 1806.05394).

    It knows of no noise within the recurrence.
    """
    if not isinstance(flow.steps, RnnLinearisation) or flow.passed.masks.is_any:
        return {"weight_variance": None, "drive_variance": None}
    weights = {name: each.double() for name, each in flow.passed.weights.items()}
    drive = flow.passed.inputs.double() @ weights["weight_ih"].T
    drive = drive + sum(each for name, each in weights.items() if name.startswith("bias"))
    recurrent = flow.steps.weight.double()
    return {
        "weight_variance": len(recurrent) * float(recurrent.square().mean()),
        "drive_variance": float(drive.square().mean()),
    }


def _single(values: Tensor) -> Floats:
    """A float32 copy, so that it does not keep the whole batch in memory."""
    return values.to(torch.float32).cpu().numpy().copy()


def _complex(values: Tensor) -> Complexes:
    return values.to(torch.complex64).cpu().numpy()
