"""Backward passes that scripts write out by hand, and what for."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gradviz.script import script
from gradviz.script.parts.cells.orthogonal_rnn import ModReluLoop, OrthogonalRnn
from gradviz.script.parts.cells.scan import Scan
from gradviz.script.parts.cells.sru import SruMemory
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


@pytest.mark.slow
@pytest.mark.usefixtures("training_thread")
@pytest.mark.parametrize("cell", ["orthogonal_rnn", "qrnn", "sru", "lru"])
def test_no_digit_is_lost_where_small_differences_grow(cell: str) -> None:
    """By autograd's own order of adding, LRU and orthogonal RNN were 0.3 off after 100 steps."""
    config = config_of(
        f"task=digits_pixels&cell={cell}&num_layers=2&hidden_size=32&learning_rate=0.02"
    )
    assert losses_of(script(config), 40) == trained(config, 40)
