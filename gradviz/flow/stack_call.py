"""What the hooks note of one call of a Stack, or of a RecurrentLayer by itself.

Index legend: T timesteps, B sequences, Q ≤ B recorded ones, I input size, P output size of a
layer, D directions.

The layers' inputs and outputs are noted as they were, so nothing has to be run again. What comes
back to the outputs and last states of the whole is the direct gradient: a layer hands out views,
which the recurrence does not use. Of a normalisation that couples sequences what comes back to it
is noted too, since the recorded ones do not tell what went to the others.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from gradviz.cells import Masks, Noted, RecurrentLayer, Stack, State, Weights
from gradviz.flow.errors import refuse_non_finite, refuse_second_backward
from gradviz.flow.hooks import Hook

if TYPE_CHECKING:
    from gradviz.flow.watch import Watch


class NormNote(NamedTuple):
    """Of a normalisation of what goes from one layer to the next."""

    inputs: Tensor
    """(T, B, D)."""
    gain: Tensor | None
    """(D,) of a layer norm, which each row goes through alone; None of any other."""
    is_followed: bool
    """Whether autograd goes on to the layers below."""


class LayerNote(NamedTuple):
    """Of one layer and direction, in the order in which it read."""

    name: str
    """"l0", "l0_reverse", …"""
    layer: RecurrentLayer
    inputs: Tensor
    """(T, B, I)."""
    start: State
    output: Tensor
    """(T, B, P)."""
    weights: Weights
    """Copies, as noise left them: the optimiser changes a module's own in place."""
    noted: Noted
    """Of noise."""


@dataclass
class StackCall:
    """One call and the direct gradients that came back."""

    name: str
    notes: list[LayerNote]
    """In the order in which they ran: layer by layer, forward and reverse."""
    directions: int
    is_skipped: list[bool]
    """Of each layer of the stack, whether what it read was added to its output."""
    output: Tensor
    """(T, B, D·P)."""
    masks: list[Tensor]
    """(T, B, ·) factors of dropout after each layer but the top; empty without."""
    norms: list[NormNote] = field(default_factory=list)
    """After each layer but the top; empty without."""
    grads: dict[tuple[int, int], Tensor] = field(default_factory=dict)
    """At last states, by place in `notes` and part; at the output under OUTPUT; at what is
    normalised by NORMS and the layer."""
    is_repeated: bool = False

    def receive(self, key: tuple[int, int], grad: Tensor | None) -> None:
        """Keep the gradient that came back to an output."""
        if grad is None:
            return
        self.is_repeated |= key in self.grads
        self.grads[key] = grad.detach()

    @property
    def is_reached(self) -> bool:
        """Whether a gradient has come back."""
        return bool(self.grads)

    def check(self) -> None:
        """Refuse what cannot be measured.

        Raises:
            WatchError: after a second backward pass, or with weights that are not finite.
        """
        if self.is_repeated:
            refuse_second_backward(self.name)
        # Weights that are not finite show in the last outputs, which are far fewer.
        if not math.isfinite(sum(float(note.output[-1].sum()) for note in self.notes)):
            for note in self.notes:
                refuse_non_finite(".".join(filter(None, (self.name, note.name))), note.weights)

    def grad_of_output(self, probes: int | None) -> Tensor:
        """(T, Q, D·P); zeros if the loss did not use it."""
        grad = self.grads.get(OUTPUT)
        return torch.zeros_like(self.output[:, :probes]) if grad is None else grad[:, :probes]

    def grad_of_normed(self, index: int, probes: int | None) -> Tensor | None:
        """(T, Q, D·P) at what layer `index` gave, before its norm, as autograd has it.

        None where autograd stops there, as above a layer that is frozen.
        """
        note = self.norms[index]
        if not note.is_followed:
            return None
        grad = self.grads.get((NORMS, index))
        return torch.zeros_like(note.inputs[:, :probes]) if grad is None else grad[:, :probes]

    def grads_of_last(self, place: int, like: State) -> State:
        """(Q, ·) of each part; zeros if the loss did not use it."""
        found = []
        for part, zero in enumerate(like):
            grad = self.grads.get((place, part))
            found.append(torch.zeros_like(zero) if grad is None else grad[: len(zero)].to(zero))
        return tuple(found)


OUTPUT, NORMS = (-1, 0), -2

NONE = Noted(Masks(), ())


class Ran(NamedTuple):
    """One layer's part of a call."""

    layer: RecurrentLayer
    inputs: Tensor
    state: State | None
    output: Tensor
    last: State
    noted: Noted


def call_of(
    name: str,
    module: Stack | RecurrentLayer,
    ran: list[Ran],
    masks: list[Tensor],
    output: Tensor,
    normed: Sequence[tuple[nn.Module, Tensor]] = (),
) -> StackCall:
    """Note a call, and follow its outputs' gradients."""
    names, directions, is_skipped = ["l0"], 1, [False]
    if isinstance(module, Stack):
        names, directions = module.layer_names[: len(ran)], module.directions
        is_skipped = [module.is_skipped(index) for index in range(module.depth)]
    call = StackCall(
        name=name,
        notes=[_noted(*each) for each in zip(names, ran, strict=True)],
        directions=directions,
        is_skipped=is_skipped,
        output=output.detach(),
        masks=list(masks),
        norms=[_noted_norm(*each) for each in normed],
    )
    followed = {OUTPUT: output}
    for place, each in enumerate(ran):
        followed |= {(place, part): last for part, last in enumerate(each.last)}
    # A layer norm is replayed, which does not underflow.
    followed |= {
        (NORMS, index): each
        for index, (norm, each) in enumerate(normed)
        if not isinstance(norm, nn.LayerNorm)
    }
    for key, tensor in followed.items():
        if tensor.requires_grad:
            tensor.register_hook(partial(call.receive, key))
    return call


@torch.no_grad()
def _noted(name: str, ran: Ran) -> LayerNote:
    start, weights = ran.layer.start(ran.inputs, ran.state), ran.layer.weights()
    return LayerNote(
        name=name,
        layer=ran.layer,
        inputs=ran.inputs.detach(),
        start=tuple(part.detach() for part in start),
        output=ran.output.detach(),
        weights={
            key: each.detach().clone() for key, each in ran.noted.masks.on_weights(weights).items()
        },
        noted=ran.noted,
    )


@torch.no_grad()
def _noted_norm(norm: nn.Module, inputs: Tensor) -> NormNote:
    gain = norm.weight.detach().clone() if isinstance(norm, nn.LayerNorm) else None
    return NormNote(inputs.detach(), gain, inputs.requires_grad)


def follow_stack(
    watching: Watch, name: str, module: Stack | RecurrentLayer
) -> Iterator[RemovableHandle]:
    """Hooks on the layers, and on the whole."""
    ran: list[Ran] = []
    masks: list[Tensor] = []
    normed: list[tuple[nn.Module, Tensor]] = []
    noted: list[Noted] = []

    def begin(module: nn.Module, args: Any) -> None:
        ran.clear()
        masks.clear()
        normed.clear()
        noted.clear()

    def noised(noise: nn.Module, args: Any, drawn: Noted) -> None:
        noted.append(drawn)

    def drawn(between: nn.Module, args: Any, mask: Tensor) -> None:
        masks.append(mask.detach())

    def norm(norm: nn.Module, args: tuple[Tensor], output: Tensor) -> None:
        normed.append((norm, args[0]))

    def add(layer: RecurrentLayer, args: Any, options: Any, result: Any) -> None:
        (inputs, state), (output, last) = _given(*args, **options), result
        ran.append(Ran(layer, inputs, state, output, last, noted.pop() if noted else NONE))

    def end(module: Stack | RecurrentLayer, args: Any, result: tuple[Tensor, Any]) -> None:
        watching.note_stack(name, module, ran, masks, result[0], normed)
        begin(module, args)

    yield module.register_forward_pre_hook(Hook(begin))
    for layer in module.layers if isinstance(module, Stack) else [module]:
        yield layer.register_forward_hook(Hook(add), with_kwargs=True)
        if layer.noise is not None:
            yield layer.noise.register_forward_hook(Hook(noised))
    if isinstance(module, Stack):
        yield module.between.register_forward_hook(Hook(drawn))
        for each in module.norms:
            yield each.register_forward_hook(Hook(norm))
    yield module.register_forward_hook(Hook(end))


def _given(inputs: Tensor, state: State | None = None) -> tuple[Tensor, State | None]:
    """What a layer was called with, by position or by name."""
    return inputs, state
