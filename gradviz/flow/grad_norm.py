"""GradNorm: the norm of all parameters' gradients at every step, before and after the clip.

Light beside `watch`, which copies: a hook a parameter takes one norm. ‖g‖₂ is of all
parameters together, in float64, for torch's own is inf for float32 gradients beyond 1e19
(SCIENCE trap 8).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

CLIPPED = 1 - 1e-9
"""A norm that shrank to less than this share of itself was clipped."""


OVERFLOW = 1e18
"""A float32 gradient of a smaller norm has squares that float32 can hold and add."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GradNorms:
    """The gradient of one step."""

    by_name: Mapping[str, float]
    """‖g‖₂ of each parameter that received a gradient, as backward left it."""
    post: float | None
    """‖g‖₂ of all together as they were when asked; None for gradients that were not there."""

    @property
    def pre(self) -> float:
        """‖g‖₂ of all together, as backward left them."""
        return math.hypot(*self.by_name.values())

    @property
    def is_gone(self) -> bool:
        """Whether `zero_grad` has run since."""
        return self.post is None or self.post == 0 < self.pre < OVERFLOW

    @property
    def is_overflow(self) -> bool:
        """Whether a clip by a norm that overflowed has zeroed every gradient (SCIENCE trap 8)."""
        return self.post == 0 and self.pre >= OVERFLOW

    @property
    def clipped(self) -> bool:
        """Whether the norm has shrunk since; a clip that does nothing leaves every bit."""
        return self.post is not None and self.post < self.pre * CLIPPED


class GradNorm:
    """Follows the gradients of a model's parameters by their hooks, until `close`."""

    def __init__(self, model: nn.Module) -> None:
        self._parameters: dict[str, nn.Parameter] = {}
        self._hooks: list[RemovableHandle] = []
        self._before: dict[str, Tensor] = {}
        self.follow(model)

    def follow(self, model: nn.Module) -> None:
        """Follow the parameters that require a gradient by now, those followed already once."""
        for name, parameter in model.named_parameters():
            if parameter.requires_grad and name not in self._parameters:
                self._parameters[name] = parameter
                hook = partial(self._note, name)
                self._hooks.append(parameter.register_post_accumulate_grad_hook(hook))

    def _note(self, name: str, parameter: Tensor) -> None:
        # After several backward passes the last one's is of their sum.
        if parameter.grad is not None:
            self._before[name] = norm_of(parameter.grad)

    @property
    def is_noted(self) -> bool:
        """Whether a gradient has come since the last `take`."""
        return bool(self._before)

    def take(self) -> GradNorms:
        """The norms of this step; the next one begins."""
        before, self._before = self._before, {}
        grads = (self._parameters[name].grad for name in before)
        now = [norm_of(grad) for grad in grads if grad is not None]
        values = _floats([*before.values(), *now])
        return GradNorms(
            by_name=dict(zip(before, values, strict=False)),
            post=math.hypot(*values[len(before) :]) if len(now) == len(before) else None,
        )

    def close(self) -> None:
        """Remove the hooks."""
        for hook in self._hooks:
            hook.remove()


def norm_of(grad: Tensor) -> Tensor:
    """() float64; of a sparse gradient, of its rows."""
    grad = grad.detach()
    values = grad.coalesce().values() if grad.is_sparse else grad
    norm: Tensor = torch.linalg.vector_norm(values, dtype=torch.float64)
    return norm


def _floats(norms: list[Tensor]) -> list[float]:
    """As Python's; on a GPU with one wait for all of them."""
    if not norms:
        return []
    values: list[float] = torch.stack([norm.to(norms[0].device) for norm in norms]).tolist()
    return values
