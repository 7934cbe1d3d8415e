"""Backward passes that scripts write out by hand, and what for."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gradviz.script import script
from gradviz.script.parts.cells.orthogonal_rnn import ModReluLoop, OrthogonalRnn
from gradviz.script.parts.cells.scan import Scan
from gradviz.script.parts.cells.sru import SruMemory
from gradviz.script.parts.training.omega import add_omega, directions, total_gradients
from tests.script.running import config_of, losses_of
from tests.script.test_script_losses import trained

TIMESTEPS, BATCH, SIZE = 5, 2, 3


def drawn(*shape: int, dtype: torch.dtype = torch.float64, scale: float = 1) -> Tensor:
    generator = torch.Generator().manual_seed(sum(shape))
    return (scale * torch.randn(*shape, generator=generator, dtype=dtype)).requires_grad_()


@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
def test_the_scan_by_finite_differences(dtype: torch.dtype) -> None:
    rows = (TIMESTEPS, BATCH, SIZE)
    written = drawn(*rows, dtype=dtype)
    kept, start = drawn(*rows, dtype=dtype, scale=0.7), drawn(BATCH, SIZE, dtype=dtype)
    assert torch.autograd.gradcheck(Scan.apply, (kept, written, start))


def test_the_memory_of_the_sru_by_finite_differences() -> None:
    rows = (TIMESTEPS, BATCH, SIZE)
    arguments = (drawn(*rows), drawn(*rows), drawn(SIZE), drawn(BATCH, SIZE))
    assert torch.autograd.gradcheck(SruMemory.apply, arguments)


def test_the_orthogonal_loop_by_finite_differences() -> None:
    """With units that are on and units that are off, none at its threshold."""
    bias = torch.tensor([0.3, -0.8, -0.2], dtype=torch.float64, requires_grad=True)
    weight = drawn(SIZE, SIZE, scale=0.3)
    arguments = (drawn(TIMESTEPS, BATCH, SIZE), drawn(BATCH, SIZE), weight, bias)
    hidden = ModReluLoop.apply(*arguments)
    assert 0 < int((hidden == 0).sum()) < hidden.numel()
    assert torch.autograd.gradcheck(ModReluLoop.apply, arguments)


def test_the_orthogonal_weight_is_orthogonal() -> None:
    torch.manual_seed(0)
    weight = OrthogonalRnn(2, 6).double().recurrent_weight()
    torch.testing.assert_close(weight @ weight.T, torch.eye(6, dtype=torch.float64))


def test_the_gradient_of_omega_by_finite_differences() -> None:
    """Of the equation by the letter, with δ and φ′ held; the length of δ does not count."""
    rows = (TIMESTEPS, BATCH, SIZE)
    slopes, weight = drawn(*rows).detach().sigmoid(), drawn(SIZE, SIZE)
    outside = torch.zeros(rows, dtype=torch.float64)
    outside[-1] = drawn(BATCH, SIZE).detach()
    deltas = total_gradients(outside, slopes, weight.detach())

    def omega(weight: Tensor) -> Tensor:
        jacobians = slopes[1:].unsqueeze(-1) * weight
        passed = (deltas[1:].unsqueeze(-2) @ jacobians).squeeze(-2)
        return ((passed.norm(dim=-1) / deltas[1:].norm(dim=-1) - 1) ** 2).sum() / BATCH

    places = torch.eye(SIZE * SIZE, dtype=torch.float64).view(-1, SIZE, SIZE) * 1e-6
    held = weight.detach()
    wanted = torch.stack([(omega(held + each) - omega(held - each)) / 2e-6 for each in places])
    for found in (deltas, directions(outside * 1e-200, slopes, held)):
        weight.grad = torch.zeros_like(held)
        add_omega(weight, found, slopes, 1.0)
        torch.testing.assert_close(weight.grad.flatten(), wanted, rtol=1e-6, atol=1e-8)


@pytest.mark.slow
@pytest.mark.usefixtures("training_thread")
@pytest.mark.parametrize("cell", ["orthogonal_rnn", "qrnn", "sru", "lru"])
def test_no_digit_is_lost_where_small_differences_grow(cell: str) -> None:
    """By autograd's own order of adding, LRU and orthogonal RNN were 0.3 off after 100 steps."""
    config = config_of(
        f"task=digits_pixels&cell={cell}&num_layers=2&hidden_size=32&learning_rate=0.02"
    )
    assert losses_of(script(config), 40) == trained(config, 40)
