"""WatchError, which all parts of the instrument speak, and what several of them refuse."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


class WatchError(RuntimeError):
    """A model or a moment that the instrument cannot measure, in one sentence."""


def refuse_second_backward(name: str) -> None:
    """Two backward passes leave the direct gradients of both mixed."""
    raise WatchError(
        f"backward ran twice through {name or 'the model'}; "
        "add the losses and call backward once, or watch each pass by itself "
        "(torch.autograd.grad counts as well)."
    )


def version(tensor: Tensor) -> int:
    """How often it was changed in place; 0 of a tensor that keeps no count."""
    return 0 if tensor.is_inference() else tensor._version


def refuse_changed_input(name: str) -> None:
    """What was read is needed for the gates."""
    raise WatchError(
        f"The input of {name or 'the model'} was changed in place after it was read; ask for "
        "watch.layers before that, or give the model a copy (input.clone())."
    )


def refuse_non_finite(name: str, weights: Mapping[str, Tensor]) -> None:
    """Weights that are not numbers make all that is measured nan."""
    for key, weight in weights.items():
        wrong = int((~torch.isfinite(weight)).sum())
        if wrong:
            kind = "NaN" if bool(weight.isnan().any()) else "inf"
            raise WatchError(
                f"{'.'.join(filter(None, (name, key)))} holds {kind} in {wrong} of "
                f"{weight.numel()} numbers, so nothing can be measured; go back to weights "
                "from before the step that broke them."
            )
