"""Copies of weights as they were in the forward pass, one for all calls that used the same."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


class WeightCopies:
    """Of one pass, the last of each module.

    A decoder calls its layer at every timestep; copies of an LSTM of H = 2048 at each of 200 would
    take 27 GB.
    """

    def __init__(self) -> None:
        self._last: dict[str, dict[str, Tensor]] = {}

    def of(self, module: str, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """A copy of each, by name; that of the module's call before where nothing has changed."""
        last = self._last.get(module, {})
        # By value: a change by way of .data is counted nowhere.
        if last.keys() != weights.keys() or not all(
            map(torch.equal, last.values(), weights.values())
        ):
            last = {name: each.detach().clone() for name, each in weights.items()}
        self._last[module] = last
        return last
