"""From a noted call of a Stack to a LayerFlow for each layer and direction.

The gradient goes from the top layer down as mantissa and exponent, through the layers and through
the skips around them, so that it does not underflow on its way.

Index legend: T timesteps, Q recorded sequences, D directions, P output size of a layer.
"""

from __future__ import annotations

from functools import partial, reduce

import torch

from gradviz.cells import Coupling, LayerPass, Replay, State
from gradviz.cells.layer_norm import normalised
from gradviz.flow.layer_flow import LayerFlow
from gradviz.flow.measured import measured
from gradviz.flow.order import Order
from gradviz.flow.scaled import Scaled, earlier
from gradviz.flow.stack_call import LayerNote, StackCall
from gradviz.flow.steps import cast
from gradviz.flow.total_gradient import Direct


@measured
def stack_flows(call: StackCall, probes: int | None) -> dict[str, LayerFlow]:
    """By PyTorch's suffix, from "l0" and "l0_reverse" up."""
    coming = Scaled(call.grad_of_output(probes).to(_dtype(call.notes[0])))
    found: dict[str, LayerFlow] = {}
    for index in reversed(range(len(call.is_skipped))):
        flows = _of_layer(call, index, coming, probes)
        found = {**flows, **found}
        if index:
            terms = [flow.grad_below() for flow in flows.values()]
            coming = reduce(Scaled.plus, [*terms, coming] if call.is_skipped[index] else terms)
            if call.masks:
                mask = call.masks[index - 1][:, :probes]
                coming = coming.linear(partial(torch.mul, mask))
            if call.norms:
                below = _before_norm(call, index - 1, coming, probes)
                if below is None:
                    break
                coming = below
    return found


def _before_norm(call: StackCall, index: int, coming: Scaled, probes: int | None) -> Scaled | None:
    """At what layer `index` gave, from the gradient at its normalised value.

    Of a norm that couples sequences it is autograd's: to every row the means of the batch give
    about as much, so that none of them underflows.
    """
    note = call.norms[index]
    if note.gain is None:
        grad = call.grad_of_normed(index, probes)
        return None if grad is None else Scaled(grad.to(coming.mantissa.dtype))
    dtype = coming.mantissa.dtype
    norm, gain = normalised(note.inputs[:, :probes].to(dtype)), note.gain.to(dtype)
    return coming.linear(lambda each: norm.product(each * gain))


def _of_layer(
    call: StackCall, index: int, coming: Scaled, probes: int | None
) -> dict[str, LayerFlow]:
    """Of each direction."""
    found, column = {}, 0
    for direction in range(call.directions):
        place = index * call.directions + direction
        note = call.notes[place]
        order, passed = Order(len(note.output), bool(direction)), _passed(note, probes)
        width = passed.output.shape[-1]
        mine = coming.columns(column, width)
        replayed = note.layer.replayed(passed)
        last = call.grads_of_last(place, passed.start[: len(replayed.states)])
        found[note.name] = LayerFlow(
            cell_name=note.layer.cell_name,
            passed=passed,
            replay=note.layer.replayed,
            replayed=replayed,
            direct=direct_of(replayed, mine.moved(order.turned), last),
            order=order,
        )
        column += width
    return found


def _passed(note: LayerNote, probes: int | None) -> LayerPass:
    dtype = _dtype(note)
    return LayerPass(
        inputs=note.inputs[:, :probes].to(dtype),
        output=note.output[:, :probes].to(dtype),
        start=tuple(part[:probes].to(dtype) for part in note.start),
        weights={name: each.to(dtype) for name, each in note.weights.items()},
        nonlinearity=note.layer.nonlinearity,
        masks=note.noted.masks.changed(lambda each: each[:, :probes]).to(dtype),
        memory=tuple(part[:, :probes].to(dtype) for part in note.noted.memory),
    )


def _dtype(note: LayerNote) -> torch.dtype:
    weight = next(iter(note.weights.values()))
    return torch.float64 if weight.dtype == torch.float64 else torch.float32


def direct_of(replayed: Replay, coming: Scaled, last: State) -> Direct:
    """What a gradient at the output h_t is to the states.

    Args:
        replayed: of the layer.
        coming: (T, Q, P) at h_t, in the order read.
        last: at s_T.
    """
    coupling: Coupling = cast(replayed.coupling, coming.mantissa.dtype)
    parts = [Scaled(e, coming.exponent) for e in coupling.output_to_state(coming.mantissa)]
    before = coupling.output_to_state_before(coming.mantissa)
    for part, each in enumerate(before):
        parts[part] = parts[part].plus(earlier(Scaled(each, coming.exponent), 1))
    return Direct(parts[0], last, parts[1] if len(parts) > 1 else None, output=coming)
