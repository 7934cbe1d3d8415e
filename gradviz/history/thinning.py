"""Which measured steps stay where there is room for some of them only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def spread_out(steps: Sequence[int], spacing: int) -> tuple[list[int], int]:
    """Steps that are evenly fewer, the first and the newest among them, and their new spacing.

    Args:
        steps: at least two, rising.
        spacing: the least distance between two until now; it at least doubles.
    """
    spacing = 2 * max(spacing, int(np.median(np.diff(steps))))
    kept = [steps[0]]
    for step in steps[1:-1]:
        if step - kept[-1] >= spacing:
            kept.append(step)
    return [*kept, steps[-1]], spacing
