"""Masks: what noise multiplies within one pass of a layer.

Index legend: T timesteps, B sequences, I input size, H hidden size, G gates of a cell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

import torch
from torch import Tensor

from gradviz.cells.linearisation import State


@dataclass(frozen=True)
class Masks:
    """Each None, or (), where there is no such noise; equations in `noise`."""

    weight: Tensor | None = None
    """(G·H, H) factors of W_hh, which all timesteps and sequences share."""
    inputs: Tensor | None = None
    """(T, B, I) factors of x_t."""
    hidden: Tensor | None = None
    """(T, B, H) factors of h_{t−1} where W_hh multiplies it."""
    candidate: Tensor | None = None
    """(T, B, H) factors of the candidate g_t."""
    kept: State = ()
    """(T, B, ·) for each part of s_t: what stays of s_{t−1}, 0…1."""

    @property
    def is_any(self) -> bool:
        """Whether there is noise at all."""
        return self.is_by_timestep or self.weight is not None or self.inputs is not None

    @property
    def is_by_timestep(self) -> bool:
        """Whether a pass must go timestep by timestep."""
        return bool(self.kept) or self.hidden is not None or self.candidate is not None

    def on_weights(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """A layer's weights as the pass used them."""
        if self.weight is None:
            return dict(weights)
        return {**weights, "weight_hh": weights["weight_hh"] * self.weight}

    def on_inputs(self, inputs: Tensor) -> Tensor:
        """(T, B, I) as the layer read them."""
        return inputs if self.inputs is None else inputs * self.inputs

    def changed(self, change: Callable[[Tensor], Tensor]) -> Masks:
        """Each but `weight` changed."""
        return replace(
            self,
            inputs=None if self.inputs is None else change(self.inputs),
            hidden=None if self.hidden is None else change(self.hidden),
            candidate=None if self.candidate is None else change(self.candidate),
            kept=tuple(map(change, self.kept)),
        )

    def to(self, dtype: torch.dtype) -> Masks:
        """In another precision."""
        weight = None if self.weight is None else self.weight.to(dtype)
        return replace(self.changed(lambda each: each.to(dtype)), weight=weight)

    def since(self, timestep: int) -> Masks:
        """Without so many first timesteps."""
        return self.changed(lambda each: each[timestep:])

    def each_timestep(self, timesteps: int) -> list[Masks]:
        """One for each, of (B, ·)."""
        return [self.changed(itemgetter(t)) for t in range(timesteps)]


def followed(parts: Sequence[Masks]) -> Masks:
    """Of passes that follow each other in time, as one."""

    def joined(tensors: Sequence[Tensor | None]) -> Tensor | None:
        there = [each for each in tensors if each is not None]
        return torch.cat(there) if there else None

    return Masks(
        weight=parts[0].weight,
        inputs=joined([each.inputs for each in parts]),
        hidden=joined([each.hidden for each in parts]),
        candidate=joined([each.candidate for each in parts]),
        kept=tuple(torch.cat(each) for each in zip(*(part.kept for part in parts), strict=True)),
    )
