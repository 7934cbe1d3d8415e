"""Contribution of each timestep to ∂L/∂W_hh.

Index legend: T timesteps, B recorded sequences, G gates, H hidden size, P size of h_t.

∂L/∂W_hh = Σ_t Σ_b d_t,b h_{t−1,b}ᵀ with d_t = ∂L/∂(W_hh h_{t−1} + b_hh) (Pascanu et al. 2013,
eq. 4). Truncated BPTT with window K keeps the last K terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gradviz.flow.measured import measured
from gradviz.flow.quantities.quantity import Quantity
from gradviz.flow.scaled import Scaled, power

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow


@measured
def weight_grad_by_timestep(flow: LayerFlow) -> Tensor:
    """(T,) float64: the norm ‖Σ_b d_t,b h_{t−1,b}ᵀ‖_F of each timestep's term.

    Raises:
        ValueError: for a cell without recurrent weights, as all below.
    """
    factors = _factors(flow)
    masks = _weight_masks(flow, len(factors))
    blocks = [_block_norms(*each, mask) for each, mask in zip(factors, masks, strict=True)]
    return torch.stack(blocks).norm(dim=0) if len(blocks) > 1 else blocks[0]


def _block_norms(drive: Scaled, before: Tensor, mask: Tensor | None) -> Tensor:
    """(T,) of the rows of W_hh that multiply `before`, of which a mask is on some."""
    batch, rows, columns = drive.mantissa.shape[1], drive.mantissa.shape[-1], before.shape[-1]
    left = drive.mantissa
    if drive.exponent is not None:
        # One exponent a timestep: what vanishes beside another sequence's does not count.
        common = drive.exponent.amax(1, keepdim=True)
        left = left * power(drive.exponent - common, left)
    if mask is not None:
        # One timestep after the other: all of them together are T times as large as W_hh.
        terms = [(now.mT @ read) * mask for now, read in zip(left, before, strict=True)]
        norm = torch.stack([torch.linalg.matrix_norm(each).double() for each in terms])
    elif batch * (rows + columns) < rows * columns:
        # ‖D hᵀ‖² = ⟨D Dᵀ, h hᵀ⟩, by matrices of B × B.
        grams = (left @ left.mT) * (before @ before.mT)
        norm = grams.double().sum((1, 2)).clamp_min(0).sqrt()
    else:
        norm = torch.linalg.matrix_norm(left.mT @ before).double()
    return norm if drive.exponent is None else norm * power(common[:, 0, 0], norm)


@measured
def weight_grad_at(flow: LayerFlow, t: int) -> Tensor:
    """(G·H, P) float64: the term that timestep t = 1…T adds.

    Raises:
        ValueError: for another t.
    """
    if not 1 <= t <= len(flow.hidden):
        raise ValueError(f"t must be 1…{len(flow.hidden)}, got {t}.")
    terms = [
        drive.rows(t - 1, t).double()[0].mT @ before[t - 1].double()
        for drive, before in _factors(flow)
    ]
    return _masked(flow, torch.cat(terms))


@measured
def weight_grad(flow: LayerFlow, window: int | None = None) -> Tensor:
    """(G·H, P) float64: ∂L/∂W_hh by the recorded sequences.

    Args:
        flow: of a layer.
        window: the last so many timesteps that the layer read only, as truncated
            backpropagation through time has it where the loss reads s_T; None: all.
    """
    timesteps = len(flow.hidden)
    first = 0 if window is None else max(timesteps - window, 0)
    terms = [
        drive.rows(first, timesteps).double().flatten(0, 1).mT
        @ before[first:].double().flatten(0, 1)
        for drive, before in _read(flow)
    ]
    return _masked(flow, torch.cat(terms))


@measured
def weight_grad_by_sequence(flow: LayerFlow) -> Tensor:
    """(B, G·H, P) float64: each sequence's term."""
    terms = [
        drive.double().permute(1, 2, 0) @ before.double().transpose(0, 1)
        for drive, before in _read(flow)
    ]
    return _masked(flow, torch.cat(terms, 1))


def _weight_masks(flow: LayerFlow, count: int) -> Sequence[Tensor | None]:
    """DropConnect's factors of each of so many blocks of W_hh's rows."""
    mask = flow.passed.masks.weight
    return [None] * count if mask is None else mask.chunk(count)


def _masked(flow: LayerFlow, grad: Tensor) -> Tensor:
    """∂L/∂W_hh from that of W_hh as noise left it."""
    mask = flow.passed.masks.weight
    return grad if mask is None else grad * mask


def _read(flow: LayerFlow) -> list[tuple[Scaled, Tensor]]:
    """d_t (T, B, G·H) and h_{t−1} (T, B, P), in the order in which the layer read.

    Several where blocks of W_hh's rows multiply something else each.
    """
    if flow.weight_hh is None:
        raise ValueError(
            f"weight_grad is of recurrent weights; this layer, a {flow.cell_name}, has no W_hh."
        )
    total, count = flow.total, len(flow.reads)
    drives = total.steps.recurrent_grad(total.parts).chunk(count, -1)
    return [
        (total.scaled(drive), before.to(drive.dtype))
        for drive, before in zip(drives, flow.reads, strict=True)
    ]


def _factors(flow: LayerFlow) -> list[tuple[Scaled, Tensor]]:
    """The same in the order of the sequence."""
    return [
        (drive.moved(flow.order.turned), flow.order.turned(before)) for drive, before in _read(flow)
    ]


QUANTITY = Quantity(
    name="weight_grad_by_timestep",
    title="magnitude of what each timestep adds to the gradient of W_hh",
    equation="‖Σ_b d_t,b h_{t−1,b}ᵀ‖_F, with ∂L/∂W_hh = Σ_t Σ_b d_t,b h_{t−1,b}ᵀ",
    paper="Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063)",
    unit="loss",
    axes=("timestep",),
    cost="light",
    measure=weight_grad_by_timestep,
    needs="recurrent weights",
)
