"""The state that a model carries from batch to batch: h, or (h, c), of all its layers."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

Carried = Tensor | tuple["Carried", ...]
"""As a recurrent module takes it and gives it back: tensors, in tuples where there are several.
`cells.detached` cuts its history."""


def changed(state: Carried, change: Callable[[Tensor], Tensor]) -> Carried:
    """Each of its tensors changed."""
    if isinstance(state, tuple):
        return tuple(changed(each, change) for each in state)
    return change(state)
