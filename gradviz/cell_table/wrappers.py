"""What is measured of layers upon layers, of both directions, of skips, and of the readouts.

The horizon is the top layer's. The bottom layer's is that of one layer alone: what is above it does
not count. How much of the gradient comes to the bottom layer is a product of two factors, at the
bottom layer h¹ and the top layer h^L:

    through the layers   ‖∂L/∂h¹_T‖ / ‖∂L/∂h^L_T‖
    through time         ‖∂L/∂h¹_1‖ / ‖∂L/∂h¹_T‖

Where a layer reads in both directions, h_t is both of its states at t.

Index legend: T timesteps, Q probes, P size of the readout's vector.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gradviz.cell_table.measure import PROBES, REFERENCE, SEEDS, TOLERANCE
from gradviz.cell_table.networks import (
    HIDDEN_SIZE,
    INPUT_SIZE,
    TIMESTEPS,
    Pooled,
    normal,
    parameters_of,
    training_step,
)
from gradviz.cell_table.timing import ROUNDS, ratios_of
from gradviz.config import CELLS, RunConfig, choices, word_of
from gradviz.flow import LayerFlow, watch

_LAYERS = (1, 2, 4, 8)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wrapper:
    """A row of the table."""

    label: str
    config: RunConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class WrapperRow:
    """What was measured of one; all but parameters and time are the middle of seeds and probes."""

    wrapper: Wrapper
    parameters: int
    """Of all layers and directions, and of attention."""
    time_ratio: float
    """A training step's, over that of one fused LSTM layer."""
    horizon: float
    """Gradient horizon of the top layer in timesteps; inf where it reaches the first input."""
    layers_log10: float
    """log10 ‖∂L/∂h_T‖₂ of the bottom layer less that of the top one."""
    time_log10: float
    """log10 ‖∂L/∂h_1‖₂ less log10 ‖∂L/∂h_T‖₂, of the bottom layer."""


def _of_cell(cell: str) -> Mapping[str, Mapping[str, object]]:
    """Words to settings: what is around the cell."""
    stacks = {f", {count} layers" if count > 1 else "": {"num_layers": count} for count in _LAYERS}
    readouts = [name for name in choices("readout") if name != "last"]
    return {
        **stacks,
        ", 4 layers with skips": {"num_layers": 4, "residual": True},
        ", both directions": {"bidirectional": True},
        **{f", {word_of(name)}": {"readout": name} for name in readouts},
    }


WRAPPERS: Sequence[Wrapper] = tuple(
    Wrapper(
        label=f"{CELLS[cell].label}{words}",
        config=RunConfig(cell=cell, seq_len=TIMESTEPS, hidden_size=HIDDEN_SIZE, **settings),
    )
    for cell in ("rnn", REFERENCE)
    for words, settings in _of_cell(cell).items()
)
"""RNN and LSTM; the first of each is one layer, of which the last state is read out."""

_REFERENCE = next(each.config for each in WRAPPERS if each.config.cell == REFERENCE)


def wrappers_measured(
    rows: Sequence[Wrapper] = WRAPPERS,
    *,
    rounds: int = ROUNDS,
    seeds: int = SEEDS,
    advance: Callable[[str], object] = lambda doing: None,
) -> list[WrapperRow]:
    """Measure them; arguments as for `measured`, told `work(rows, rounds)` times."""
    if not rows:
        return []
    reached = []
    for wrapper in rows:
        advance(wrapper.label)
        reached.append(_at_start(wrapper.config, seeds))
    configs = [_REFERENCE, *(each.config for each in rows)]
    ratios = ratios_of(
        {config: training_step(Pooled(config)) for config in configs}, _REFERENCE, rounds, advance
    )
    return [
        WrapperRow(
            wrapper=wrapper,
            parameters=parameters_of(Pooled(wrapper.config)),
            time_ratio=ratios[wrapper.config],
            horizon=horizon,
            layers_log10=layers,
            time_log10=times,
        )
        for wrapper, (horizon, layers, times) in zip(rows, reached, strict=True)
    ]


def _at_start(config: RunConfig, seeds: int) -> tuple[float, float, float]:
    """Horizon and both factors' logarithms, with the weights that it begins with."""
    horizons: list[float] = []
    layers: list[float] = []
    times: list[float] = []
    for seed in range(seeds):
        network = Pooled(config, seed)
        inputs = normal(TIMESTEPS, PROBES, INPUT_SIZE, seed=1000 + seed)
        with watch(network.recurrent) as watching:
            output = network(inputs)
            (output * normal(*output.shape, seed=2000 + seed)).sum().backward()
        flows = watching.layers
        top = config.num_layers - 1
        horizons += flows[f"l{top}"].gradient_horizon(tolerance=TOLERANCE).tolist()
        bottom_log10, top_log10 = _grad_log10(flows, 0), _grad_log10(flows, top)
        layers += (bottom_log10[-1] - top_log10[-1]).tolist()
        times += (bottom_log10[0] - bottom_log10[-1]).tolist()
    # The upper of two in the middle, so always a horizon that was measured.
    horizon = sorted(horizons)[len(horizons) // 2]
    return horizon, statistics.median(layers), statistics.median(times)


def _grad_log10(flows: Mapping[str, LayerFlow], layer: int) -> Tensor:
    """(T, Q) log10 ‖∂L/∂h_t‖₂ of a layer's states, in both directions where there are two."""
    sides = [flows[name] for name in (f"l{layer}", f"l{layer}_reverse") if name in flows]
    log10 = torch.stack([side.hidden_grad_log10 for side in sides])
    return torch.logsumexp(2 * math.log(10) * log10, 0) / (2 * math.log(10))
