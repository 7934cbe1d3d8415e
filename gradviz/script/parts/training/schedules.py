"""Schedules of the learning rate."""

import math


def step_rate(rate: float, step: int, length: int, factor: float) -> float:
    """η γ^⌊n/N⌋."""
    return rate * factor ** math.floor(step / length)


def exponential_rate(rate: float, step: int, length: int, factor: float) -> float:
    """η γ^(n/N)."""
    return float(rate * factor ** (step / length))


def cosine_rate(rate: float, step: int, length: int, factor: float) -> float:
    """η (γ + (1 − γ)(1 + cos πn/N)/2), and ηγ from n = N on (Loshchilov & Hutter 2017)."""
    turned = math.cos(math.pi * min(step / length, 1.0))
    return rate * (factor + (1 - factor) * (1 + turned) / 2)
