"""How measurements are computed: without a graph, and in the precision that they choose."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import torch

P = ParamSpec("P")
R = TypeVar("R")


def measured(function: Callable[P, R]) -> Callable[P, R]:
    """Neither recorded by autograd nor rounded by an autocast that the caller is in."""

    @wraps(function)
    def inside(*args: P.args, **options: P.kwargs) -> R:
        with torch.no_grad():
            kinds = [kind for kind in ("cpu", "cuda") if torch.is_autocast_enabled(kind)]
            if not kinds:
                return function(*args, **options)
            with torch.autocast(kinds[0], enabled=False), torch.autocast(kinds[-1], enabled=False):
                return function(*args, **options)

    return inside
