"""LayerFlow: the gradients, Jacobians and transport of one recurrent layer.

Index legend: T timesteps, B recorded sequences, H hidden size, N state size (2H for an
LSTM, whose state is (h, c)), Q ≤ B probes. Row 0 of a time axis is t = 1.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Literal, cast

import torch
from torch import Tensor

from gradviz.cells import Linearisation, State
from gradviz.cells.lstm import LstmLinearisation
from gradviz.cells.rnn import bound
from gradviz.flow.spectral import SpectralStart, spectral_norms

Kind = Literal["spectral", "frobenius"]


class LayerFlow:
    """One layer of a watched pass. Everything is computed when first asked for.

    Attributes:
        cell_name: "rnn", "lstm" or "gru".
        hidden: (T, B, H) h_t.
        cell: (T, B, H) c_t of an LSTM, else None.
        gates: name to (T, B, H); empty for a plain RNN.
        weight_hh: (G·H, H), as it was in the forward pass.
    """

    def __init__(
        self,
        *,
        cell_name: str,
        hidden: Tensor,
        cell: Tensor | None,
        gates: dict[str, Tensor],
        linearisation: Linearisation,
        direct: Tensor,
        direct_last: tuple[Tensor, ...],
        weight_hh: Tensor,
    ) -> None:
        self.cell_name = cell_name
        self.hidden = hidden
        self.cell = cell
        self.gates = gates
        self.weight_hh = weight_hh
        self._linearisation = linearisation
        self._direct = direct
        self._direct_last = direct_last

    @property
    def state_size(self) -> int:
        """N."""
        return self.hidden.shape[-1] * self._parts

    @property
    def _parts(self) -> int:
        return 1 if self.cell is None else 2

    @cached_property
    def _total(self) -> State:
        """(T, B, H) a state part: δ_{t−1} = J_tᵀ δ_t + the direct term, in float64.

        float64, because the gradients of a float32 model fall below 1e-38 within a hundred
        timesteps and would read 0 (Pascanu et al. 2013, eq. 5, with the direct terms).
        """
        with torch.no_grad():
            steps = _double(self._linearisation)
            direct = self._direct.double()
            last = tuple(each.double() for each in self._direct_last[: self._parts])
            state: State = (direct[-1] + last[0], *last[1:])
            states = [state]
            for index in range(len(direct) - 1, 0, -1):
                before = steps.at(index).vjp(state)
                state = (before[0] + direct[index - 1], *before[1:])
                states.append(state)
            states.reverse()
            return tuple(torch.stack(parts) for parts in zip(*states, strict=True))

    @property
    def hidden_grad(self) -> Tensor:
        """(T, B, H) float64: ∂L/∂h_t through every path."""
        return self._total[0]

    @property
    def cell_grad(self) -> Tensor:
        """(T, B, H) float64: ∂L/∂c_t through every path.

        Raises:
            ValueError: for a cell without a cell state.
        """
        if self.cell is None:
            raise ValueError(f"cell_grad is an LSTM's; this layer is a {self.cell_name}.")
        # h_t = o ⊙ tanh(c_t): the path through h_t of the same timestep is one of c_t's paths.
        steps = cast(LstmLinearisation, _double(self._linearisation))
        return torch.addcmul(self._total[1], self._total[0], steps.out)

    @cached_property
    def hidden_grad_norm(self) -> Tensor:
        """(T, B) float64: ‖∂L/∂h_t‖₂."""
        scale = self.hidden_grad.abs().amax(-1, keepdim=True)
        scale = torch.where(scale > 0, scale, torch.ones_like(scale))
        norm: Tensor = torch.linalg.vector_norm(self.hidden_grad / scale, dim=-1)
        return norm * scale[..., 0]

    def input_grad(self) -> Tensor:
        """(T, B, G·H) float64: ∂L/∂(W_ih x_t + b_ih), which the layer below receives."""
        return _double(self._linearisation).input_grad(self._total)

    def jacobian(self, t: int) -> Tensor:
        """(B, N, N): J_t = ∂s_t/∂s_{t−1}, t = 1…T; s_0 is the initial state."""
        if not 1 <= t <= len(self.hidden):
            raise ValueError(f"t must be 1…{len(self.hidden)}, got {t}.")
        return self._dense(t - 1)

    def _dense(self, index: int, probes: int | None = None) -> Tensor:
        step = self._linearisation.at(index)
        batch, width = self.hidden.shape[1:]
        eye = torch.eye(self.state_size, dtype=self.hidden.dtype, device=self.hidden.device)
        columns = eye.unsqueeze(1).expand(-1, batch, -1).split(width, -1)
        jacobian = torch.cat(step.jvp(tuple(columns)), -1).permute(1, 2, 0)
        return jacobian[:probes]

    def jacobian_norm(
        self,
        kind: Kind = "spectral",
        *,
        probes: int | None = None,
        tolerance: float = 1e-5,
        warm: SpectralStart | None = None,
    ) -> Tensor:
        """(T, Q): norm of J_t.

        Args:
            kind: "spectral", σ_max, by Golub–Kahan–Lanczos; or "frobenius".
            probes: of the first so many sequences; None: all.
            tolerance: relative error of the spectral norm.
            warm: carries singular vectors from one call to the next.
        """
        with torch.no_grad():
            if kind == "frobenius":
                rows = [self._dense(t, probes) for t in range(len(self.hidden))]
                return torch.stack([torch.linalg.matrix_norm(row) for row in rows])
            steps = _probed(self._linearisation, probes)
            batch = self.hidden.shape[1] if probes is None else min(probes, self.hidden.shape[1])
            shape = (len(self.hidden), batch, self.state_size)
            like = self.hidden.new_empty(shape)
            return spectral_norms(steps, like, self._parts, tolerance, warm)

    def transport_log10(self, kind: Kind = "spectral", *, probes: int | None = None) -> Tensor:
        """(T, Q): log10 ‖∂s_T/∂s_t‖; at t = T it is 0 (spectral) or log10 √N (Frobenius).

        The product is renormalised at every timestep, so it never under- or overflows.
        """
        with torch.no_grad():
            batch = self.hidden.shape[1] if probes is None else min(probes, self.hidden.shape[1])
            size = self.state_size
            eye = torch.eye(size, dtype=self.hidden.dtype, device=self.hidden.device)
            product = eye.expand(batch, -1, -1).transpose(0, 1).contiguous()
            steps = _probed(self._linearisation, probes)
            log = torch.zeros(batch, dtype=torch.float64, device=self.hidden.device)
            products, logs = [product], [log]
            width = self.hidden.shape[-1]
            for index in range(len(self.hidden) - 1, 0, -1):
                product = torch.cat(steps.at(index).vjp(tuple(product.split(width, -1))), -1)
                scale = product.abs().amax((0, 2), keepdim=True)
                scale = torch.where(scale > 0, scale, torch.ones_like(scale))
                product = product / scale
                log = log + scale[0, :, 0].double().log10()
                products.append(product)
                logs.append(log)
            stacked = torch.stack(products[::-1]).transpose(1, 2)
            norm = _matrix_norm(stacked, kind)
            return norm.double().log10() + torch.stack(logs[::-1])

    def gradient_horizon(self, *, probes: int | None = None) -> Tensor:
        """(Q,): the least lag k with ‖∂s_T/∂s_{T−k}‖₂ ≤ 1/e; inf if there is none."""
        transport = self._spectral_transport(probes)
        below = transport.flip(0) <= -math.log10(math.e)
        lags = below.int().argmax(0).double()
        return torch.where(below.any(0), lags, torch.full_like(lags, math.inf))

    def _spectral_transport(self, probes: int | None) -> Tensor:
        return self.transport_log10("spectral", probes=probes)

    @property
    def jacobian_bound(self) -> float | None:
        """Pascanu's γ‖W_hh‖₂ ≥ ‖J_t‖₂, for a plain RNN."""
        return bound(self.weight_hh) if self.cell_name == "rnn" else None


def _matrix_norm(matrices: Tensor, kind: Kind) -> Tensor:
    """Norms of (T, B, N, N) matrices whose largest entry is 1."""
    if kind == "frobenius":
        frobenius: Tensor = torch.linalg.matrix_norm(matrices)
        return frobenius
    vector = torch.linalg.vector_norm(matrices, dim=-2, keepdim=True).transpose(-1, -2)
    best = torch.zeros(matrices.shape[:2], dtype=matrices.dtype, device=matrices.device)
    # Power iteration on PᵀP; the product of many Jacobians has one leading direction.
    for _ in range(100):
        vector = vector / torch.linalg.vector_norm(vector, dim=-2, keepdim=True).clamp_min(1e-30)
        image = matrices @ vector
        norm = torch.linalg.vector_norm(image, dim=(-2, -1))
        if bool((norm <= best * (1 + 1e-4)).all()):
            return torch.maximum(norm, best)
        best = torch.maximum(norm, best)
        vector = matrices.transpose(-1, -2) @ image
    return best


def _fields(linearisation: Linearisation) -> dict[str, Tensor]:
    return dict(vars(linearisation))


def _double(linearisation: Linearisation) -> Linearisation:
    values = {name: value.double() for name, value in _fields(linearisation).items()}
    return type(linearisation)(**values)


def _probed(linearisation: Linearisation, probes: int | None) -> Linearisation:
    values = {
        name: value if name == "weight" else value[:, :probes]
        for name, value in _fields(linearisation).items()
    }
    return type(linearisation)(**values)
