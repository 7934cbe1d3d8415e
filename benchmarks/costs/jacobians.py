"""Spectral norms, transport and Lyapunov exponents of a watched layer, and the usual ways to them.

Index legend: T timesteps, B sequences, H hidden size, N state size, Q probes.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable

import torch
from torch import Tensor
from torch.autograd.functional import jacobian
from torch.func import jacfwd, vmap

from costs.steps import CELLS, Fused, Size, Training
from costs.timing import Rounds, Work, milliseconds
from gradviz.flow import LayerFlow, SpectralStart, watch

PROBES = 8
TOLERANCE = 0.01
MOST_STATE_TIMESTEPS = 6400
"""d, e and the exponents are measured on at most so many timesteps · H, and scaled to T."""
SHOTS = 3
"""Optimiser steps a round on which the quick ones are measured."""


class Dear:
    """A training whose dear quantities are measured."""

    def __init__(self, cell: str, size: Size) -> None:
        self._model = Fused(cell, size.hidden)
        self._training = Training(self._model, size)
        self._cell_name, self._timesteps = cell, size.timesteps
        self._start = SpectralStart()
        self.part = min(size.timesteps, MOST_STATE_TIMESTEPS // size.hidden)
        self.error = 0.0
        """Largest relative error of a spectral norm so far, against the SVD of e."""

    def rounds(self, count: int) -> Rounds:
        """So many, after warming up what is quick."""
        self._shot()
        return [self.round() for _ in range(count)]

    def round(self) -> dict[str, float]:
        """Milliseconds of each for all T timesteps: d of one sequence, the others of 8."""
        shots = [self._shot() for _ in range(SHOTS)]
        times = {name: statistics.median(each[name] for each in shots) for name in shots[0]}
        flow = self.flow()
        rival = Dense(self._cell_name, self._model, flow, self._training.inputs, self.part)
        times["d"] = self._scaled(rival.one_by_one)
        times["e"] = self._scaled(rival.all_at_once)
        self.error = max(self.error, rival.error_of(flow.jacobian_norm(tolerance=TOLERANCE)))
        short = self.flow(lambda: self._training.step_again(timesteps=self.part))
        times["lyapunov"] = self._scaled(short.lyapunov_exponents)
        return times

    def flow(self, step: Work | None = None) -> LayerFlow:
        """Of a step, on a new batch unless said otherwise; its total gradients are there."""
        with watch(self._model.recurrent, PROBES) as watching:
            (step or self._training.step)()
        flow = watching.layers["l0"]
        _ = flow.hidden_grad
        return flow

    def _shot(self) -> dict[str, float]:
        """Two steps: a new batch, and the same batch again."""
        flow = self.flow()
        times = {
            "cold": milliseconds(lambda: flow.jacobian_norm(tolerance=TOLERANCE)),
            "transport": milliseconds(lambda: flow.transport_log10(tolerance=TOLERANCE)),
            "warm_other_batch": self._warm(flow),
        }
        again = self.flow(self._training.step_again)
        return {**times, "warm": self._warm(again)}

    def _warm(self, flow: LayerFlow) -> float:
        return milliseconds(lambda: flow.jacobian_norm(tolerance=TOLERANCE, warm=self._start))

    def _scaled(self, work: Work) -> float:
        return milliseconds(work) * self._timesteps / self.part


class Dense:
    """d and e: the same Jacobians written out, as people do."""

    def __init__(
        self, cell: str, model: Fused, flow: LayerFlow, inputs_TBI: Tensor, part: int
    ) -> None:
        parts = [flow.hidden] if flow.cell is None else [flow.hidden, flow.cell]
        hidden = torch.cat(parts, -1)
        before_TQN = torch.cat([torch.zeros_like(hidden[:1]), hidden[:-1]])
        self._rows = torch.linspace(0, len(hidden) - 1, part).long()
        self._before = before_TQN[self._rows]
        self._inputs = inputs_TBI[self._rows, :PROBES]
        self._step = one_step(cell, model)
        self._norms = torch.empty(0)

    @torch.no_grad()
    def all_at_once(self) -> None:
        """e: one call for all timesteps and sequences, then all SVDs."""
        step = vmap(vmap(jacfwd(self._step)))
        self._norms = torch.linalg.svdvals(step(self._before, self._inputs))[..., 0]

    def one_by_one(self) -> None:
        """d: timestep by timestep, of the first sequence."""
        for before, inputs in zip(self._before[:, 0], self._inputs[:, 0], strict=True):
            dense = jacobian(lambda state, inputs=inputs: self._step(state, inputs), before)
            torch.linalg.svdvals(dense)

    def error_of(self, norms_TQ: Tensor) -> float:
        """Largest relative error of spectral norms, by those of e."""
        return float((norms_TQ[self._rows] / self._norms - 1).abs().max())


def one_step(cell: str, model: Fused) -> Callable[[Tensor, Tensor], Tensor]:
    """(N,) s_{t−1} and (I,) x_t to s_t, with the model's weights as they are now."""
    module, width = model.recurrent, model.recurrent.hidden_size
    single = CELLS[cell][1](module.input_size, width).requires_grad_(False)
    for name, weight in single.named_parameters():
        weight.data = getattr(module, f"{name}_l0").detach().clone()

    def step(state: Tensor, inputs: Tensor) -> Tensor:
        if cell == "lstm":
            return torch.cat(single(inputs, state.split(width)))
        return single(inputs, state)

    return step
