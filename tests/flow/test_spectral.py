"""The largest eigenvalues of many matrices, by Lanczos' bound and by squaring, against LAPACK."""

from __future__ import annotations

import pytest
import torch
from every import every
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gradviz.flow.spectral import Product, leading, random_start, unit
from gradviz.flow.squaring import largest_by_squares
from gradviz.flow.tridiagonal import largest, nearly_largest


def grams(
    size: int, seed: int, *, parted: bool = False, rank: int = 99, count: int = 6
) -> tuple[Tensor, Tensor]:
    """AᵀA and ‖A‖₂; parted: of diagonal A."""
    draw = torch.Generator().manual_seed(seed)
    matrices = torch.randn(count, size, size, generator=draw)
    if parted:
        matrices = torch.diag_embed(torch.rand(count, size, generator=draw))
    matrices[:, min(rank, size) :] = 0
    return matrices.mT @ matrices, torch.linalg.matrix_norm(matrices.double(), 2)


def product_with(gram: Tensor) -> Product:
    return lambda vector: (vector.unsqueeze(-2) @ gram).squeeze(-2)


@settings(max_examples=60, deadline=None)
@given(
    size=st.integers(1, 40),
    seed=st.integers(0, 2**31),
    parted=st.booleans(),
    rank=st.integers(0, 40),
    tolerance=st.sampled_from([0.01, 1e-3, 1e-5]),
)
def test_from_a_random_start(
    size: int, seed: int, parted: bool, rank: int, tolerance: float
) -> None:
    gram, expected = grams(size, seed, parted=parted, rank=rank)
    found = leading(product_with(gram), *random_start(gram[..., 0]), tolerance).roots
    torch.testing.assert_close(found, expected, rtol=max(tolerance, 1e-4), atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(size=st.integers(2, 30), seed=st.integers(0, 2**31), overlap=st.floats(0.3, 0.9))
def test_from_a_start_that_overlaps_as_much_as_was_said(
    size: int, seed: int, overlap: float
) -> None:
    gram, expected = grams(size, seed)
    vectors = torch.linalg.eigh(gram)[1]
    rest = (1 - overlap**2) ** 0.5
    start = overlap * vectors[..., -1] + rest * vectors[..., -2]
    found = leading(product_with(gram), start, overlap * 0.99, 0.01)
    torch.testing.assert_close(found.roots, expected, rtol=0.01, atol=1e-6)
    torch.testing.assert_close(
        found.overlaps().float(), torch.full((6,), overlap), rtol=0.1, atol=0.05
    )
    image = torch.linalg.vecdot(product_with(gram)(found.vectors()), found.vectors())
    torch.testing.assert_close(image.double().sqrt(), expected, rtol=0.02, atol=1e-6)


def test_a_start_that_overlaps_less_than_was_said_is_noticed() -> None:
    gram, _ = grams(20, 0)
    vectors = torch.linalg.eigh(gram)[1]
    start = unit(0.2 * vectors[..., -1] + vectors[..., 0] + vectors[..., 5])[0]
    assert float(leading(product_with(gram), start, 0.5, 0.01).overlaps().max()) < 0.5


def test_those_not_wanted_are_not_waited_for() -> None:
    gram, expected = grams(40, 0, count=20)
    calls = [0]
    easy = torch.diag(torch.tensor([4.0] + [0.01] * 39)) + 0.01
    gram[3:] = easy
    multiply = product_with(gram)

    def counted(vector: Tensor) -> Tensor:
        calls[0] += 1
        return multiply(vector)

    start = torch.zeros(20, 40)
    start[:, 0], start[:, 1] = 0.96, 0.28
    wanted = torch.arange(20) >= 3
    found = leading(counted, start, 0.5, 0.01, wanted).roots
    easy_root = torch.linalg.eigvalsh(easy.double())[-1].sqrt()
    torch.testing.assert_close(found[3:], easy_root.expand(17), rtol=0.01, atol=0)
    assert calls[0] <= 3
    assert not torch.allclose(found[:3], expected[:3], rtol=0.01)


@every("weak", [1.0, 1e-12])
@every("count", [50, 500])
@every("size", [1, 2, 3, 20])
def test_tridiagonal_matrices_as_lapack(size: int, count: int, weak: float) -> None:
    torch.manual_seed(size)
    diagonal = torch.rand(size, count, dtype=torch.float64)
    beyond = weak * torch.rand(size, count, dtype=torch.float64)
    dense = torch.diag_embed(diagonal.mT)
    sides = torch.diag_embed(beyond[:-1].mT, 1) if size > 1 else torch.zeros_like(dense)
    expected = torch.linalg.eigvalsh(dense + sides + sides.mT)[:, -1]
    torch.testing.assert_close(largest(diagonal, beyond), expected, rtol=1e-9, atol=0)
    roughly = nearly_largest(diagonal, beyond)
    assert bool((roughly <= expected * (1 + 1e-12)).all())
    torch.testing.assert_close(roughly, expected, rtol=1e-3, atol=0)


@settings(max_examples=40, deadline=None)
@given(
    size=st.integers(1, 40),
    seed=st.integers(0, 2**31),
    parted=st.booleans(),
    rank=st.integers(0, 40),
    tolerance=st.sampled_from([0.01, 1e-5]),
)
def test_by_repeated_squaring(
    size: int, seed: int, parted: bool, rank: int, tolerance: float
) -> None:
    gram, expected = grams(size, seed, parted=parted, rank=rank)
    found = largest_by_squares(gram, tolerance).sqrt()
    torch.testing.assert_close(found, expected, rtol=max(tolerance, 1e-4), atol=1e-6)


@pytest.mark.parametrize("count", [6, 200])
def test_numbers_that_are_not_finite_give_nan_and_no_error(count: int) -> None:
    """Of 200, every 25th is looked at before the others: the first of these is spoilt."""
    gram, expected = grams(12, 0, count=count)
    spoilt = 2 if count == 6 else 0
    gram[spoilt, 3, 4] = torch.nan
    for found in (
        leading(product_with(gram), *random_start(gram[..., 0]), 0.01).roots,
        largest_by_squares(gram, 0.01).sqrt(),
    ):
        assert found.isnan().nonzero().flatten().tolist() == [spoilt]
        torch.testing.assert_close(found[3:], expected[3:], rtol=0.01, atol=0)
