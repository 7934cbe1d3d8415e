"""Hooks that stay with the module they were put on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any


class Hook:
    """A hook of a module; in a copy of the module, or a file of it, it does nothing.

    A model is often copied while it trains (the best one so far, a moving average) or saved whole.
    The copy's calls are not the model's, and a file must open where gradviz is not installed.
    """

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def __call__(self, *args: Any) -> None:
        """What PyTorch calls."""
        self._call(*args)

    def __reduce__(self) -> tuple[Any, ...]:
        """Python's own function that takes anything, does nothing and can be pickled."""
        return getattr, (nullcontext(), "__exit__")
