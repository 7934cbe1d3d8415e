"""The scan in place against its loop, and its backward pass against central differences."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gradviz.cells.scan import gradients_of, scan, states_of

T, B, H = 7, 2, 3


def drawn(dtype: torch.dtype, *shape: int) -> Tensor:
    draw = torch.Generator().manual_seed(sum(shape))
    return torch.randn(*shape, generator=draw, dtype=dtype)


EVERY = pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])


@EVERY
def test_it_is_the_loop(dtype: torch.dtype) -> None:
    kept, written, now = drawn(dtype, T, B, H), drawn(dtype, T, B, H), drawn(dtype, B, H)
    states = states_of(kept, written, now)
    assert torch.equal(states, scan(kept, written, now))
    for t in range(T):
        now = kept[t] * now + written[t]
        torch.testing.assert_close(states[t], now, rtol=1e-12, atol=1e-12)


@EVERY
@pytest.mark.parametrize("is_shared", [False, True])
def test_it_passes_gradcheck(dtype: torch.dtype, is_shared: bool) -> None:
    """Also where all timesteps share one factor, as an LRU's do."""
    kept = drawn(dtype, *(() if is_shared else (T, B)), H)
    given = [each.requires_grad_() for each in (kept, drawn(dtype, T, B, H), drawn(dtype, B, H))]
    assert torch.autograd.gradcheck(
        lambda k, w, c: scan(k.expand(T, B, H), w, c).movedim(0, -1), given
    )


def test_one_timestep() -> None:
    grad = drawn(torch.float64, 1, B, H)
    assert torch.equal(gradients_of(drawn(torch.float64, 1, B, H), grad), grad)
