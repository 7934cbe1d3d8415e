"""Gradients of layers upon each other, from the top down.

Autograd's own of a lower layer are 0 where they leave float32's range; so here they go down in
float64, and through what is between two layers at a size of 1.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gradviz.script.parts.training.omega import (
    Found,
    Heard,
    Slope,
    layers_heard,
    total_gradients,
    with_last,
)


class Level:
    """The layers of a stack that read the same: one, or one in each direction."""

    def __init__(self, level: nn.Module) -> None:
        while isinstance(inner := getattr(level, "layer", None), nn.Module):
            level = inner  # Without what is around it.
        self.directions = layers_heard(level)
        named = level.named_parameters()
        self.inward = [each for name, each in named if "weight_ih" in name]
        self.reads: list[Tensor] = []
        level.register_forward_hook(self.keep)

    def keep(self, _: nn.Module, read: tuple[Tensor, ...], given: tuple[Tensor, ...]) -> None:
        """What the layers read."""
        if given[0].requires_grad:
            self.reads.append(read[0])


def go_down(levels: list[Level], slope: Slope, *, skips: bool) -> list[tuple[Heard, Found]]:
    """Every layer, and what is found of its passes since the step before.

    Args:
        levels: from the lowest up.
        slope: φ′ by h.
        skips: whether what a layer reads is added to what it gives.
    """
    passes = [one_pass(levels, place, slope, skips) for place in range(len(levels[0].reads))]
    heard = [each for level in levels for each in level.directions]
    for each in heard:
        each.passes.clear()
    for level in levels:
        level.reads.clear()
    return list(zip(heard, map(list, zip(*passes, strict=True)), strict=True))


@torch.no_grad()
def one_pass(levels: list[Level], place: int, slope: Slope, skips: bool) -> Found:
    """δ_t and φ′_t of every layer."""
    found: Found = []
    asked = read = torch.empty(0)
    for level in reversed(levels):
        hidden, last = zip(*(each.passes[place] for each in level.directions), strict=True)
        outside = handed_down(asked, read, hidden) if found else from_above(hidden)
        rows: Found = []
        below = []
        for side, heard in enumerate(level.directions):
            slopes = slope(hidden[side]).double()
            coming = with_last(outside[side], last[side])
            deltas = total_gradients(coming, slopes, heard.weight.double())
            rows.append((deltas, slopes))
            below.append((slopes * deltas) @ level.inward[side].double())
        found = rows + found
        if level is levels[0]:
            break
        read, asked = level.reads[place], torch.stack(in_time(below)).sum(0)
        if skips:
            asked = asked + torch.cat(in_time(outside), -1)
    return found


def from_above(hidden: Sequence[Tensor]) -> list[Tensor]:
    """(T, B, H) what comes to each h_t of the top layer."""
    return [(torch.zeros_like(h) if h.grad is None else h.grad).double() for h in hidden]


def handed_down(asked: Tensor, read: Tensor, hidden: Sequence[Tensor]) -> list[Tensor]:
    """(T, B, H) what comes to each h_t from the layers above.

    Args:
        asked: (T, B, I) ∂L/∂ of what they read.
        read: (T, B, I) that, which autograd follows back to `hidden`.
        hidden: of the layers below, each in the order in which it read.
    """
    size = asked.abs().amax(-1, keepdim=True)
    size = size.where(size > 0, 1.0)
    grads = torch.autograd.grad(read, hidden, (asked / size).to(read.dtype), retain_graph=True)
    sizes = in_time([size] * len(grads))
    return [grad.double() * size for grad, size in zip(grads, sizes, strict=True)]


def in_time(rows: Sequence[Tensor]) -> list[Tensor]:
    """Those of the layer that reads from the end, the second, turned."""
    return [each.flip(0) if place else each for place, each in enumerate(rows)]
