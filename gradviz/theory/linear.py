"""Linear networks, h_t = W h_{t−1}: what k timesteps do to a gradient is W^k.

For long lags k the growth is ρ^k, with ρ the spectral radius. Before, a non-normal W, whose
eigenvectors are not orthogonal, may do the contrary (Trefethen & Embree 2005, §14).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]


def powers_log10(factor: float, most: int) -> Doubles:
    """(most + 1,) log10 of factor^k by lag k = 0…most; −inf beyond lag 0 for a factor of 0."""
    with np.errstate(divide="ignore"):
        rate = np.log10(np.float64(factor))
    return np.concatenate([[0.0], np.arange(1, most + 1) * rate])


def norms_log10(matrix: ArrayLike, most: int) -> Doubles:
    """(most + 1,) log10 ‖W^k‖₂ by lag k = 0…most.

    The product is brought to length 1 after every factor, so it never leaves float64's range.
    """
    weight = np.asarray(matrix, np.float64)
    product, total = np.eye(len(weight)), 0.0
    found = [0.0]
    for _ in range(most):
        product = weight @ product
        length = float(np.linalg.norm(product, 2))
        if length == 0:
            return np.concatenate([found, np.full(most + 1 - len(found), -np.inf)])
        product /= length
        total += np.log10(length)
        found.append(total)
    return np.array(found)


def non_normal(radius: float, coupling: float) -> Doubles:
    """W = [[ρ, a], [0, ρ]]: both eigenvalues are ρ, yet W^k holds a k ρ^{k−1}."""
    return np.array([[radius, coupling], [0.0, radius]])
