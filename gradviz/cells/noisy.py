"""A layer's pass with noise, and its replay; `noise` says which kinds there are.

Index legend: T timesteps, B sequences, I input size, H hidden size, P size of h_t (= H).

The replay takes the T timesteps of B sequences as T·B sequences of one timestep, whose states
before are known. So a cell's own replay serves, and what the noise does is put around it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gradviz.cells.arrays import masked
from gradviz.cells.layer_pass import LayerPass
from gradviz.cells.linearisation import HiddenCoupling, Replay, State, changed
from gradviz.cells.lstm import LstmLinearisation
from gradviz.cells.noise import Noise, Noted
from gradviz.cells.rnn import RnnLinearisation
from gradviz.cells.scan import before
from gradviz.cells.zoneout import with_zoneout

if TYPE_CHECKING:
    from gradviz.cells.layer import RecurrentLayer


def run(
    layer: RecurrentLayer, noise: Noise, inputs: Tensor, start: State, weights: dict[str, Tensor]
) -> tuple[Tensor, State]:
    """As `RecurrentLayer.run`, with masks drawn for this pass."""
    rows = len(layer.gates) * layer.hidden_size
    masks = noise.drawn(inputs, rows, layer.state_sizes)
    weights, read = masks.on_weights(weights), masks.on_inputs(inputs)
    if not masks.is_by_timestep:
        output, last = layer.run(read, start, weights)
        noise(Noted(masks, ()))
        return output, last
    states, state = [], start
    for now, given in zip(masks.each_timestep(len(read)), read, strict=True):
        after = layer.step(given, state, weights, now)
        # Exactly the one or the other where the mask is 0 or 1.
        state = tuple(map(torch.lerp, after, state, now.kept)) if now.kept else after
        states.append(state)
    output, *memory = (torch.stack(part) for part in zip(*states, strict=True))
    noise(Noted(masks, tuple(part.detach() for part in memory)))
    return output, state


def replay(layer: RecurrentLayer, passed: LayerPass) -> Replay:
    """As `RecurrentLayer.replay`, of a pass with masks."""
    masks = passed.masks
    read = replace(passed, inputs=masks.on_inputs(passed.inputs))
    found = _by_timestep(layer, read) if masks.is_by_timestep else layer.replay(read)
    steps = with_zoneout(found.linearisation, masks.kept) if masks.kept else found.linearisation
    coupling = MaskedCoupling(steps, passed.weights["weight_ih"], masks.inputs)
    return replace(found, linearisation=steps, coupling=coupling)


@dataclass
class MaskedCoupling(HiddenCoupling):
    """x_t enters by W_ih alone, some of its numbers dropped."""

    inputs: Tensor | None = None
    """(T, B, I) factors of x_t."""

    def to_inputs(self, vector: State) -> tuple[Tensor, ...]:
        """Of x_t alone."""
        (grad,) = super().to_inputs(vector)
        return (masked(grad, self.inputs),)


def _by_timestep(layer: RecurrentLayer, passed: LayerPass) -> Replay:
    """The cell's own steps."""
    shape = passed.output.shape[:2]
    found = layer.replay(_own_steps(layer, _flat(passed)))
    steps = changed(found.linearisation, lambda each: each[0].unflatten(0, shape))
    hidden = passed.masks.hidden
    if isinstance(steps, _MASKED) and hidden is not None:
        steps = replace(steps, hidden_mask=hidden)
    return Replay(
        states=(passed.output, *passed.memory),
        linearisation=steps,
        coupling=found.coupling,
        reads=tuple(each[0].unflatten(0, shape) for each in found.reads),
        gates={name: each[0].unflatten(0, shape) for name, each in found.gates.items()},
    )


_MASKED = (RnnLinearisation, LstmLinearisation)
"""Of cells where h_{t−1} enters by W_hh alone; a GRU's replay lays the mask itself."""


def _flat(passed: LayerPass) -> LayerPass:
    """T·B sequences of one timestep."""
    memory = map(before, passed.start[1:], passed.memory)
    return LayerPass(
        inputs=passed.inputs.flatten(0, 1).unsqueeze(0),
        output=passed.output.flatten(0, 1).unsqueeze(0),
        start=tuple(part.flatten(0, 1) for part in (passed.before, *memory)),
        weights=passed.weights,
        nonlinearity=passed.nonlinearity,
        masks=passed.masks.changed(lambda each: each.flatten(0, 1).unsqueeze(0)),
    )


def _own_steps(layer: RecurrentLayer, flat: LayerPass) -> LayerPass:
    """With the output that each step gave before zoneout, from the h_{t−1} that it read."""
    masks = flat.masks
    if masks.kept:
        now = masks.changed(lambda each: each[0])
        own = layer.step(flat.inputs[0], flat.start, dict(flat.weights), now)
        flat = replace(flat, output=own[0].unsqueeze(0))
    if layer.hidden_enters_once and masks.hidden is not None:
        flat = replace(flat, start=(flat.start[0] * masks.hidden[0], *flat.start[1:]))
    return flat
