"""The learning rate of every step: warm-up, then a schedule.

With k the steps taken and W those of the warm-up, η_k = η·(k + 1)/W while k < W (Goyal et al. 2017,
arXiv 1706.02677, §2.2). Afterwards, with n = k − W, schedule length N and factor γ:

    step         η · γ^⌊n/N⌋
    exponential  η · γ^(n/N)
    cosine       η · (γ + (1 − γ)(1 + cos(π n/N))/2) while n < N, then ηγ (Loshchilov & Hutter 2017,
                 arXiv 1608.03983, eq. 5, without restarts)
"""

from __future__ import annotations

import math

from gradviz.config import RunConfig


def learning_rate(config: RunConfig, step: int) -> float:
    """Of the step that follows `step` steps; `config.learning_rate` without a schedule."""
    rate = config.learning_rate
    if step < config.warmup_steps:
        return rate * (step + 1) / config.warmup_steps
    share = (step - config.warmup_steps) / config.schedule_steps
    factor = config.schedule_factor
    match config.schedule:
        case "step":
            return rate * factor ** math.floor(share)
        case "exponential":
            return float(rate * factor**share)
        case "cosine":
            return rate * (factor + (1 - factor) * (1 + math.cos(math.pi * min(share, 1.0))) / 2)
    return rate
