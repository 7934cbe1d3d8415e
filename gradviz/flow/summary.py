"""watch.summary(): what was measured, a row a layer, with a reading made from its numbers."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping

import torch
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from torch import Tensor

from gradviz.flow.errors import WatchError
from gradviz.flow.layer_flow import LayerFlow
from gradviz.flow.measured import measured
from gradviz.flow.parameter_flow import ParameterFlow

PROBES, TOLERANCE = 8, 0.01
"""Sequences of which the transport is measured, and its relative error."""

MOST_WORK = 5e10
"""Multiply-adds that one layer's transport may take: seconds."""

FLOAT32_FLOOR = 1.2e-38
"""Below it float32 loses digits, and soon reads 0."""

WIDTH = 118
"""Characters of a line."""

HEADINGS = (
    "layer",
    "cell",
    "T × B",
    "horizon",
    "weakest t",
    "saturated",
    "‖g‖ pre-clip",
    "its gradient",
)


@measured
def summary(layers: Mapping[str, LayerFlow], parameters: ParameterFlow) -> str:
    """A table: layer, horizon, weakest timestep, saturation, pre-clip norm, reading."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in HEADINGS:
        is_word = heading in ("layer", "cell", "its gradient")
        table.add_column(heading, justify="left" if is_word else "right", overflow="fold")
    for name, flow in layers.items():
        table.add_row(*_row(name, flow, parameters))
    page = Console(file=io.StringIO(), width=WIDTH, color_system=None)
    page.print(table)
    lines = [line.rstrip() for line in page.file.getvalue().splitlines()]  # type: ignore[attr-defined]
    return "\n".join([*filter(None, lines), _clip(parameters)])


def _row(name: str, flow: LayerFlow, parameters: ParameterFlow) -> list[str]:
    timesteps, batch = flow.hidden.shape[:2]
    horizon = _horizon(flow)
    norm = parameters.norm_of_layer(name)
    return [
        name,
        flow.cell_name,
        f"{timesteps} × {batch}",
        "—" if horizon is None else "∞" if math.isinf(horizon) else f"{horizon:.0f}",
        _weakest(flow),
        _saturated(flow),
        "—" if norm is None else f"{norm:.3g}",
        reading(flow),
    ]


def reading(flow: LayerFlow) -> str:
    """One line on a layer's gradient: how far back it is carried."""
    timesteps = len(flow.hidden)
    if not bool(torch.isfinite(flow.hidden).all()):
        return "its states are not all finite numbers"
    if timesteps == 1:
        return "one timestep: there is no way back"
    horizon = _horizon(flow)
    if horizon is None:
        return "too large to measure how far it carries a gradient"
    transport = flow.transport_log10(probes=_probes(flow), tolerance=TOLERANCE)
    first = _middle(flow.order.turned(transport)[0])
    if math.isnan(first):
        return "its Jacobians are not all finite numbers"
    if math.isinf(horizon):
        if first >= 2:
            return f"grows on its way back, 1e{first:.0f}-fold in all"
        return f"reaches the first input, {10**first:.2g} times its size at the end"
    left = f"1e{first:.0f}" if math.isfinite(first) else "nothing"
    fades = f"fades to 1/e within {horizon:.0f} of {timesteps - 1} timesteps; {left} is left"
    if -math.inf < first < math.log10(FLOAT32_FLOOR):
        return f"{fades} at the first, which float32 reads as 0"
    return f"{fades} at the first"


def _horizon(flow: LayerFlow) -> float | None:
    """The middle sequence's; None where it would take too long."""
    probes = _probes(flow)
    return _middle(flow.gradient_horizon(probes=probes, tolerance=TOLERANCE)) if probes else None


def _probes(flow: LayerFlow) -> int:
    return min(PROBES, flow.hidden.shape[1], int(MOST_WORK / flow.dear_cost(1)))


def _weakest(flow: LayerFlow) -> str:
    """The timestep with the smallest gradient, of the middle sequence."""
    sizes = flow.hidden_grad_log10.nanquantile(0.5, 1)
    if bool(sizes.isnan().any()):
        return "—"
    t = int(sizes.argmin())
    share = float(sizes[t] - sizes.max())
    return f"{t + 1} (1e{share:.0f})" if math.isfinite(share) else f"{t + 1} (0)"


def _saturated(flow: LayerFlow) -> str:
    """Share of all values of the logistic gates below 0.1 or above 0.9."""
    gates = [gate for name, gate in flow.gates.items() if name != "candidate"]
    if not gates:
        return "—"
    values = torch.stack(gates)
    known = values[~values.isnan()]
    return f"{float(((known < 0.1) | (known > 0.9)).float().mean()):.0%}"


def _clip(parameters: ParameterFlow) -> str:
    try:
        norm = parameters.grad_norm_pre
    except WatchError:
        return "Gradient norm of all parameters: not noted; call backward inside `with watch`."
    line = f"Gradient norm of all parameters: {norm:.3g} before any clip"
    try:
        factor, angle = parameters.clip_factor, parameters.clip_angle
    except WatchError:
        return f"{line}."
    if factor == 1.0:
        return f"{line}; not clipped."
    return f"{line}, {parameters.grad_norm_post:.3g} now (× {factor:.3g}, turned by {angle:.1f}°)."


def _middle(values: Tensor) -> float:
    """The upper of two in the middle, so always one that was measured."""
    known = values[~values.isnan()].sort().values
    return float(known[len(known) // 2]) if len(known) else math.nan
