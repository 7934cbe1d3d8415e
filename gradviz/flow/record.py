"""LayerFlow → LayerRecord: where what was measured leaves torch for NumPy.

Index legend: T timesteps, P probe sequences, Q ≤ P probes of the dear quantities.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

import torch

from gradviz.flow.jacobian_norms import SpectralStart
from gradviz.flow.layer_flow import LayerFlow
from gradviz.flow.total_gradient import Direct
from gradviz.flow.window import WindowWatch
from gradviz.history import Floats, LayerRecord

SPECTRAL_TOLERANCE = 0.01
"""Relative error allowed to the spectral norms of a picture: less than a line's width."""

DEAR_LIMIT = 2e10
"""Multiply-adds a frame may take for the dear quantities of all layers: half a second to one."""


class LayerRecorder:
    """Makes LayerRecords, step after step.

    Spectral norms begin with what the step before has learned of the layer.

    Attributes:
        dear_seconds: what the dear quantities of the last call took, of this thread's CPU.
    """

    def __init__(self) -> None:
        self.dear_seconds = 0.0
        self._starts: dict[str, SpectralStart] = {}

    def records(
        self, flows: Mapping[str, LayerFlow], *, dear_probes: int
    ) -> dict[str, LayerRecord]:
        """Measure each layer.

        Args:
            flows: of a watched pass, by name.
            dear_probes: Q, probes on which spectral norms, transport and horizon are measured;
                fewer, or none, where these would go beyond DEAR_LIMIT.
        """
        probes = affordable(flows.values(), dear_probes)
        began = time.thread_time()
        dear = {name: self._dear(name, flow, probes) for name, flow in flows.items() if probes}
        self.dear_seconds = time.thread_time() - began if probes else 0.0
        return {
            name: LayerRecord(
                hidden_grad_norm=_numpy(flow.hidden_grad_norm),
                start_norm=_numpy(flow.start_norm),
                last_state_grad_log10=_by_last_state(flow),
                gates={gate: _numpy(values) for gate, values in flow.gates.items()},
                **dear.get(name, {}),
            )
            for name, flow in flows.items()
        }

    def begin_anew(self) -> None:
        """Forget what was learned: the weights have jumped."""
        self._starts.clear()

    def _dear(self, name: str, flow: LayerFlow, probes: int) -> dict[str, Any]:
        """The dear quantities of a LayerRecord."""
        warm = self._starts.setdefault(name, SpectralStart())
        norm = flow.jacobian_norm(
            "spectral", probes=probes, tolerance=SPECTRAL_TOLERANCE, warm=warm
        )
        transport = flow.transport_log10(probes=probes, tolerance=SPECTRAL_TOLERANCE)
        horizon = flow.gradient_horizon(probes=probes, tolerance=SPECTRAL_TOLERANCE)
        return {
            "jacobian_norm": _numpy(norm),
            "jacobian_bound": flow.jacobian_bound,
            "transport_log10": _numpy(transport),
            "gradient_horizon": _numpy(horizon),
        }


def _by_last_state(flow: LayerFlow) -> Floats | None:
    """None unless gradients come in by the last state and by other states' outputs as well."""
    if not isinstance(flow.direct, Direct):
        return None
    last = any(bool(part.any()) for part in flow.direct.last)
    if not last or not bool(flow.direct.hidden.mantissa.any()):
        return None
    return _numpy(flow.last_state_grad_log10)


def window_record(watching: WindowWatch) -> LayerRecord:
    """Of a network without recurrence: ‖∂L/∂x_t‖₂ where others have ‖∂L/∂h_t‖₂, and no more."""
    return LayerRecord(hidden_grad_norm=_numpy(watching.input_grad_norm))


def affordable(flows: Iterable[LayerFlow], wanted: int) -> int:
    """How many probes the dear quantities are measured on; 0 where one is beyond DEAR_LIMIT."""
    return min(wanted, int(DEAR_LIMIT / sum(flow.dear_cost(1) for flow in flows)))


def _numpy(tensor: torch.Tensor) -> Floats:
    # NumPy has no bfloat16; float32 holds all its numbers.
    tensor = tensor.float() if tensor.dtype in (torch.bfloat16, torch.float16) else tensor
    array: Floats = tensor.detach().cpu().numpy()
    return array
