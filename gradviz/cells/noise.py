"""Noise within the recurrence: four kinds, which differ in what a mask lies on.

With `s̃_t` the cell's own step from x_t and s_{t−1}, d a mask that is 1/(1 − p) with probability
1 − p and 0 otherwise, and m one that is 1 with probability p:

    dropconnect   d ⊙ W_hh in the place of W_hh; one mask a training step, for all timesteps and
                  sequences                    (Merity, Keskar & Socher 2017, arXiv 1708.02182)
    variational   W_hh (d_h ⊙ h_{t−1}) and W_ih (d_x ⊙ x_t); one mask a sequence, the same at
                  every timestep               (Gal & Ghahramani 2016, arXiv 1512.05287; tied
                  gates)
    recurrent     c_t = f ⊙ c_{t−1} + i ⊙ (d_t ⊙ g_t), of a GRU h_t = z ⊙ h_{t−1} +
                  (1 − z) ⊙ (d_t ⊙ n_t); a mask a timestep. What is remembered is never dropped
                  (Semeniuta, Severyn & Barth 2016, arXiv 1603.05118)
    zoneout       s_t = m_t ⊙ s_{t−1} + (1 − m_t) ⊙ s̃_t; a mask a timestep, of an LSTM one of h and
                  one of c, where h̃_t is of c̃_t   (Krueger et al. 2016, arXiv 1606.01305)

The factor 1/(1 − p) is during training, so that nothing is left to do afterwards; Semeniuta et al.
multiply by 1 − p afterwards. Without training (`eval`) there is no noise, but zoneout's mask is its
mean, m = p, as its authors have it.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from gradviz.cells.linearisation import State
from gradviz.cells.masks import Masks


class Noted(NamedTuple):
    """What a replay needs of a pass with noise."""

    masks: Masks
    memory: State
    """(T, B, ·) the parts of s_t behind the first, where a pass went timestep by timestep."""


class Noise(nn.Module):
    """Of one layer. Its forward pass is handed what a pass drew, so that a hook may note it.

    Attributes:
        zoneout: p of each kind, 0…below 1; 0 is off.
        dropconnect: likewise.
        variational: likewise.
        recurrent: likewise.
    """

    def __init__(
        self,
        *,
        zoneout: float = 0.0,
        dropconnect: float = 0.0,
        variational: float = 0.0,
        recurrent: float = 0.0,
    ) -> None:
        super().__init__()
        self.zoneout, self.dropconnect = zoneout, dropconnect
        self.variational, self.recurrent = variational, recurrent
        for name, rate in self.rates.items():
            if not 0 <= rate < 1:
                raise ValueError(f"{name} must be 0…below 1, got {rate}.")
        self._generator: torch.Generator | None = None
        self._held: dict[str, Tensor] | None = None

    @property
    def rates(self) -> dict[str, float]:
        """By kind."""
        return {
            "zoneout": self.zoneout,
            "dropconnect": self.dropconnect,
            "variational": self.variational,
            "recurrent": self.recurrent,
        }

    @property
    def kinds(self) -> list[str]:
        """Those that are on."""
        return [name for name, rate in self.rates.items() if rate]

    def forward(self, noted: Noted) -> Noted:
        """The same."""
        return noted

    def begin(self, generator: torch.Generator) -> None:
        """A training step begins, whose masks are of this generator.

        Those of dropconnect and variational dropout are drawn at the first pass and hold for the
        others of the step, as where a sequence is read in windows. Without `begin` every pass
        draws its own, from PyTorch's global generator.
        """
        self._generator, self._held = generator, {}

    def drawn(self, inputs: Tensor, rows: int, sizes: tuple[int, ...]) -> Masks:
        """The masks of one pass.

        Args:
            inputs: (T, B, I), of the dtype and device wanted.
            rows: of W_hh, G·H.
            sizes: H of each part of the state.
        """
        if not self.training:
            return Masks(kept=self._mean(inputs, sizes))
        timesteps, batch, width = inputs.shape
        hidden = sizes[0]
        every = (timesteps, batch)
        return Masks(
            weight=self._hold("weight", self.dropconnect, (rows, hidden), inputs),
            inputs=_spread(self._hold("inputs", self.variational, (batch, width), inputs), every),
            hidden=_spread(self._hold("hidden", self.variational, (batch, hidden), inputs), every),
            candidate=self._scaled(self.recurrent, (*every, hidden), inputs),
            kept=tuple(
                1 - self._passed(self.zoneout, (*every, size), inputs)
                for size in (sizes if self.zoneout else ())
            ),
        )

    def _mean(self, inputs: Tensor, sizes: tuple[int, ...]) -> State:
        if not self.zoneout:
            return ()
        return tuple(inputs.new_full((*inputs.shape[:2], size), self.zoneout) for size in sizes)

    def _hold(self, name: str, p: float, shape: tuple[int, ...], like: Tensor) -> Tensor | None:
        """Drawn once a training step."""
        if self._held is None or not p:
            return self._scaled(p, shape, like)
        if name not in self._held:
            self._held[name] = self._passed(p, shape, like) / (1 - p)
        return self._held[name]

    def _scaled(self, p: float, shape: tuple[int, ...], like: Tensor) -> Tensor | None:
        """1/(1 − p), or 0 with probability p."""
        return self._passed(p, shape, like) / (1 - p) if p else None

    def _passed(self, p: float, shape: tuple[int, ...], like: Tensor) -> Tensor:
        """1, or 0 with probability p."""
        # In float32 whatever the model's, so that one seed drops the same in both.
        drawn = torch.rand(shape, generator=self._generator, dtype=torch.float32)
        return (drawn >= p).to(like)


def _spread(mask: Tensor | None, every: tuple[int, int]) -> Tensor | None:
    """(T, B, ·), the same at every timestep; a view."""
    return None if mask is None else mask.expand(*every, mask.shape[-1])
