"""The independent road for whole modules: textbook equations in a loop, every state retained.

All that PyTorch's modules offer: layers, directions, projections, lengths of their own,
initial states, factors of dropout. It shares no code with gradviz or PyTorch's modules.

Index legend: T timesteps, B sequences, I input size, H hidden size, P size of h_t.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn


@dataclass
class Trace:
    """One layer and direction; lists over positions t = 1…T of (B, ·) tensors."""

    hidden: list[Tensor] = field(default_factory=list)
    cell: list[Tensor] = field(default_factory=list)
    weight_hh: Tensor | None = None


@dataclass
class Unrolled:
    """A whole pass."""

    output: Tensor
    h_n: Tensor
    c_n: Tensor | None
    traces: dict[str, Trace]


def unroll(
    module: nn.RNNBase,
    inputs: Tensor,
    *,
    state: tuple[Tensor, ...] | None = None,
    lengths: list[int] | None = None,
    masks: list[Tensor] | None = None,
) -> Unrolled:
    """(T, B, I) in float64 through every layer and direction, timestep by timestep."""
    timesteps, batch, _ = inputs.shape
    ends = torch.tensor(lengths or batch * [timesteps])
    traces, last_h, last_c, sequence = {}, [], [], inputs.double()
    for layer in range(module.num_layers):
        sides = []
        for direction in range(2 if module.bidirectional else 1):
            suffix = f"l{layer}{direction * '_reverse'}"
            row = layer * (2 if module.bidirectional else 1) + direction
            given = None if state is None else tuple(each[row].double() for each in state)
            trace, end = _one(module, suffix, sequence, given, ends, bool(direction))
            traces[suffix] = trace
            is_on = (torch.arange(timesteps)[:, None] < ends)[..., None]
            sides.append(torch.where(is_on, torch.stack(trace.hidden), 0.0))
            last_h.append(end[0])
            last_c.append(end[-1])
        sequence = output = torch.cat(sides, -1)
        if masks is not None and layer < module.num_layers - 1:
            sequence = sequence * masks[layer]
    is_lstm = isinstance(module, nn.LSTM)
    return Unrolled(output, torch.stack(last_h), torch.stack(last_c) if is_lstm else None, traces)


def _one(
    module: nn.RNNBase,
    suffix: str,
    sequence: Tensor,
    given: tuple[Tensor, ...] | None,
    ends: Tensor,
    is_reverse: bool,
) -> tuple[Trace, tuple[Tensor, ...]]:
    weights = {
        part: getattr(module, f"{part}_{suffix}").detach().double().requires_grad_()
        for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
        if hasattr(module, f"{part}_{suffix}")
    }
    timesteps, batch, _ = sequence.shape
    size = weights["weight_hh"].shape[1]
    state = given or (
        sequence.new_zeros(batch, size),
        sequence.new_zeros(batch, module.hidden_size),
    )
    if not isinstance(module, nn.LSTM):
        state = state[:1]
    trace = Trace(weight_hh=weights["weight_hh"])
    hidden, cell = {}, {}
    for t in reversed(range(timesteps)) if is_reverse else range(timesteps):
        new = _step(module, sequence[t], state, weights)
        is_on = (t < ends)[:, None]
        for each in new:
            each.retain_grad()
        # A sequence that has ended, or of the reverse direction has not begun, keeps its state.
        state = tuple(torch.where(is_on, *pair) for pair in zip(new, state, strict=True))
        hidden[t], cell[t] = new[0], new[-1]
    trace.hidden = [hidden[t] for t in range(timesteps)]
    trace.cell = [cell[t] for t in range(timesteps)]
    return trace, state


def _step(
    module: nn.RNNBase, x: Tensor, state: tuple[Tensor, ...], weights: dict[str, Tensor]
) -> tuple[Tensor, ...]:
    zero = x.new_zeros(len(weights["weight_hh"]))
    into = x @ weights["weight_ih"].T + weights.get("bias_ih", zero)
    back = state[0] @ weights["weight_hh"].T + weights.get("bias_hh", zero)
    if isinstance(module, nn.RNN):
        return (torch.tanh(into + back) if module.nonlinearity == "tanh" else (into + back).relu(),)
    if isinstance(module, nn.GRU):
        r_in, z_in, n_in = into.chunk(3, 1)
        r_back, z_back, n_back = back.chunk(3, 1)
        z = torch.sigmoid(z_in + z_back)
        n = torch.tanh(n_in + torch.sigmoid(r_in + r_back) * n_back)
        return ((1 - z) * n + z * state[0],)
    i, f, g, o = (into + back).chunk(4, 1)
    cell = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(g)
    hidden = torch.sigmoid(o) * torch.tanh(cell)
    if "weight_hr" in weights:
        hidden = hidden @ weights["weight_hr"].T
    return hidden, cell


def weighted(tensor: Tensor) -> Tensor:
    """A loss whose every entry counts differently."""
    return (tensor**2 * torch.linspace(0.5, 1.5, tensor.numel()).reshape(tensor.shape)).sum()


def grad_of(state: Tensor) -> Tensor:
    """Zeros where the loss does not depend on it."""
    return torch.zeros_like(state) if state.grad is None else state.grad
