"""Pascanu's Ω: every timestep is to pass the gradient on at the size at which it came.

Ω = Σ_t (‖J_tᵀ δ_t‖ / ‖δ_t‖ − 1)², t = 2 … T, with δ_t = ∂L/∂h_t and J_t = diag(φ′_t) W (Pascanu,
Mikolov & Bengio 2013, §3.3); a mean over the batch.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

Slope = Callable[[Tensor], Tensor]

Found = list[tuple[Tensor, Tensor]]
"""Of each pass (T, B, H) δ_t and φ′_t."""


class Heard:
    """What a recurrent layer gave, kept until the way back."""

    def __init__(self, layer: nn.Module) -> None:
        self.weight = weight_of(layer, "weight_hh")
        self.passes: list[tuple[Tensor, Tensor]] = []
        layer.register_forward_hook(self.keep)

    def keep(
        self, _: nn.Module, inputs: tuple[Tensor, ...], given: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Hand on copies, whose gradients are what comes to each h_t from outside the layer."""
        if not given[0].requires_grad:
            return given
        hidden, last = (each.clone() for each in given)
        hidden.retain_grad()
        last.retain_grad()
        self.passes.append((hidden, last))
        return hidden, last


def weight_of(layer: nn.Module, kind: str) -> Tensor:
    """The one whose name begins so."""
    return next(each for name, each in layer.named_parameters() if name.startswith(kind))


def layers_heard(layers: nn.Module) -> list[Heard]:
    """Every layer by itself."""
    return [Heard(each) for each in layers.modules() if hasattr(each, "hidden_size")]


@torch.no_grad()
def ways_back(heard: Heard, slope: Slope, scan: Callable[..., Tensor]) -> Found:
    """Of each pass since the step before."""
    weight, found = heard.weight.double(), []
    for hidden, last in heard.passes:
        outside = torch.zeros_like(hidden) if hidden.grad is None else hidden.grad
        slopes = slope(hidden).double()
        found.append((scan(with_last(outside.double(), last), slopes, weight), slopes))
    heard.passes.clear()
    return found


def with_last(outside: Tensor, last: Tensor) -> Tensor:
    """(T, B, H) g_t, what comes to h_t from outside the layer, also to the last one as a state."""
    if last.grad is None:
        return outside
    return torch.cat([outside[:-1], outside[-1:] + last.grad.view_as(outside[-1:])])


def total_gradients(outside: Tensor, slopes: Tensor, weight: Tensor) -> Tensor:
    """(T, B, H) δ_t = g_t + Wᵀ (φ′_{t+1} ⊙ δ_{t+1})."""
    deltas = [outside[-1]]
    for t in reversed(range(len(outside) - 1)):
        deltas.append(outside[t] + (slopes[t + 1] * deltas[-1]) @ weight)
    return torch.stack(deltas[::-1])


def directions(outside: Tensor, slopes: Tensor, weight: Tensor) -> Tensor:
    """(T, B, H) δ_t = g_t + Wᵀ (φ′_{t+1} ⊙ δ_{t+1}), of which only the direction counts.

    Before the first g_t each has the length 1: else it would soon be too small for a number.
    """
    is_asked = outside.flatten(1).any(1).cumsum(0).bool()
    deltas = [outside[-1]]
    for t in reversed(range(len(outside) - 1)):
        passed = (slopes[t + 1] * deltas[-1]) @ weight
        deltas.append(outside[t] + passed if is_asked[t] else unit(passed))
    return torch.stack(deltas[::-1])


def followed(found: Found) -> tuple[Tensor, Tensor]:
    """δ_t and φ′_t of passes of which each goes on where the one before ended."""
    deltas, slopes = zip(*found, strict=True)
    return torch.cat(deltas), torch.cat(slopes)


def summed(found: Found, windows: Sequence[tuple[int, int, int]]) -> tuple[Tensor, Tensor]:
    """δ_t, the sum of those of all windows (first, since, end) that hold t, and φ′_t."""
    pairs = list(zip(found, windows, strict=True))
    slopes = torch.cat([each[since - first :] for (_, each), (first, since, _) in pairs])
    deltas = torch.zeros_like(slopes)
    for (each, _), (first, _, end) in pairs:
        deltas[first:end] += each
    return deltas, slopes


@torch.no_grad()
def add_omega(weight: Tensor, deltas: Tensor, slopes: Tensor, factor: float) -> None:
    """To ∂L/∂W λ times Σ_t 2 (r − 1)/r · u vᵀ: u = φ′_t ⊙ δ_t/‖δ_t‖, v = Wᵀu, r = ‖v‖.

    This is Ω's gradient by W with δ and φ′ held.
    """
    u = slopes[1:] * unit(deltas[1:])
    v = u @ weight.double()
    r = torch.linalg.vector_norm(v, dim=-1, keepdim=True)
    towards = torch.where(r > 0, 2 * (r - 1) / r, 0.0) * v
    gradient = torch.einsum("tbi,tbj->ij", u, towards) / deltas.shape[1]
    weight.grad.add_(gradient.to(weight.dtype), alpha=factor)  # type: ignore[union-attr]


def unit(vectors: Tensor) -> Tensor:
    """Of length 1; 0 stays 0. Their squares may be too small for a number."""
    largest = vectors.abs().amax(-1, keepdim=True)
    return functional.normalize(vectors / largest.where(largest > 0, 1.0), dim=-1)
