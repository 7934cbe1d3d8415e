"""nn.RNNCell, nn.LSTMCell and nn.GRUCell called in a loop, followed by their hooks.

Index legend: T timesteps, B sequences, Q ≤ B recorded ones, P = H hidden size.

The calls of a cell that pass its state on are one recurrence. Autograd gives the total
gradient at each state, in the model's precision; what came from outside the recurrence is
the difference to J_tᵀ times the next one's, so that the scan can go on below 1e-38.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from gradviz.cells import REPLAYS, LayerPass, MemoryLinearisation, Replay, State, Weights
from gradviz.flow.copies import WeightCopies
from gradviz.flow.errors import (
    WatchError,
    refuse_changed_input,
    refuse_non_finite,
    refuse_second_backward,
    version,
)
from gradviz.flow.layer_flow import LayerFlow
from gradviz.flow.measured import measured
from gradviz.flow.order import Order
from gradviz.flow.passage import is_run_by
from gradviz.flow.scaled import Scaled
from gradviz.flow.steps import cast
from gradviz.flow.total_gradient import Direct

ROUNDING = 8
"""Roundings within which a difference of two gradients counts as nothing."""

PATH_NODES = 4
"""Between h_t and c_t: a product and tanh."""

MOST_NODES = 10_000
"""Of the graph behind a state, to find whether it came from the call before."""

MARK = "gradviz"
"""Under it a node of the graph keeps which state it made. The state's own tensor may be gone: after
h = cell(x, h) * mask nobody else holds what the cell gave."""

CELLS: Mapping[str, type[nn.RNNCellBase]] = {
    "RNN": nn.RNNCell,
    "LSTM": nn.LSTMCell,
    "GRU": nn.GRUCell,
}


@dataclass
class Loop:
    """One recurrence of a cell."""

    name: str
    module: nn.RNNCellBase
    weights: Weights
    start: State | None
    inputs: list[Tensor] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    """(B, H) h_t, and c_t of an LSTM."""
    grads: dict[tuple[int, int], Tensor] = field(default_factory=dict)
    """By timestep and part of the state."""
    is_changed: bool = False
    """Whether it began from the cell's own state, changed by other operations."""
    is_repeated: bool = False
    is_through: bool = False
    """Whether the gradient that comes to an LSTM's c_t holds the path through h_t.

    It does for the cell on a CPU, not for one sequence without a batch or a fused cell.
    """
    mark: object = field(default_factory=object)
    """Of its own states in the graph."""
    versions: list[int] = field(default_factory=list)
    """How often each of the inputs had been changed in place."""

    @property
    def is_reached(self) -> bool:
        """Whether a gradient has come back."""
        return bool(self.grads)

    def append(self, inputs: Tensor, state: State) -> None:
        """Note a call and follow its state's gradient."""
        index = len(self.states)
        self.inputs.append(inputs.detach())
        self.versions.append(version(inputs))
        # Copies: the last state is free to be written into.
        self.states.append(tuple(each.detach().clone() for each in state))
        self.is_through = _is_behind(state[-1].grad_fn, state[0].grad_fn, PATH_NODES)
        for part, each in enumerate(state):
            for made in (each, _whole(each)):
                _marks(made)[made.output_nr] = (self.mark, index, part)
            each.register_hook(lambda grad, key=(index, part): self._receive(key, grad))

    def is_continued_by(self, given: State) -> bool:
        """Whether these are its last states, as they are or only shaped otherwise."""
        last = len(self.states) - 1
        return all(
            any(
                _marks(made).get(made.output_nr) == (self.mark, last, part)
                for made in (each, _whole(each))
            )
            for part, each in enumerate(given)
        )

    def _receive(self, key: tuple[int, int], grad: Tensor | None) -> None:
        if grad is None:
            return
        self.is_repeated |= key in self.grads
        self.grads[key] = grad.detach()

    def check(self) -> None:
        """Refuse what is no recurrence of the cell alone.

        Raises:
            WatchError: in a sentence.
        """
        if self.is_repeated:
            refuse_second_backward(self.name)
        if any(
            version(read) != then for read, then in zip(self.inputs, self.versions, strict=True)
        ):
            refuse_changed_input(self.name)
        if self.is_changed:
            raise WatchError(
                f"{self.name or 'The cell'} was given a state that other operations had changed "
                "since its last call, so the Jacobian between timesteps is not the cell's alone; "
                "pass its state on as it is, or watch an nn.RNN, nn.LSTM or nn.GRU."
            )
        if not math.isfinite(self.states[-1][0].sum().item()):
            refuse_non_finite(self.name, self.weights)


class CellLoops:
    """All recurrences of a pass, in the order in which they began."""

    def __init__(self, copies: WeightCopies) -> None:
        self._copies = copies
        self.found: list[Loop] = []

    def note(self, name: str, module: nn.RNNCellBase, inputs: Tensor, hx: Any, output: Any) -> None:
        """Add a call to the recurrence that it continues, or begin one."""
        state = output if isinstance(output, tuple) else (output,)
        given = hx if hx is None or isinstance(hx, tuple) else (hx,)
        mine = [loop for loop in self.found if loop.module is module]
        if given is not None:
            for loop in mine:
                if loop.is_continued_by(given):
                    loop.append(inputs, state)
                    return
        start = None if given is None else tuple(each.detach().clone() for each in given)
        loop = Loop(name, module, _weights(name, module, self._copies), start)
        loop.is_changed = given is not None and _came_from(given, mine)
        self.found.append(loop)
        loop.append(inputs, state)


def _is_behind(wanted: Any, node: Any, most: int) -> bool:
    """Whether a node of the graph lies at most so far behind another."""
    following = [] if node is None or not most else [each for each, _ in node.next_functions]
    return any(each is wanted or _is_behind(wanted, each, most - 1) for each in following)


def _marks(state: Tensor) -> dict[int, tuple[object, int, int]]:
    """Of the node that made it, by the place among what the node gave."""
    node: Any = state.grad_fn
    return {} if node is None else node.metadata.setdefault(MARK, {})


def _whole(state: Tensor) -> Tensor:
    """What a view shows all of, in the same order; else the state itself."""
    base = state._base
    if base is None or not state.requires_grad or not state.is_contiguous():
        return state
    is_all = base.numel() == state.numel() and base.shape[-1] == state.shape[-1]
    return base if is_all else state


def _came_from(given: State, loops: list[Loop]) -> bool:
    """Whether a state was computed from the last states of these recurrences."""
    wanted = {(loop.mark, len(loop.states) - 1) for loop in loops}
    waiting: list[Any] = [each.grad_fn for each in given]
    seen: set[Any] = set()
    while waiting and wanted and len(seen) < MOST_NODES:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        if any((mark, index) in wanted for mark, index, _ in node.metadata.get(MARK, {}).values()):
            return True
        seen.add(node)
        waiting += [following for following, _ in node.next_functions]
    return False


def _weights(place: str, module: nn.RNNCellBase, copies: WeightCopies) -> Weights:
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    own = {name: value for name in names if (value := getattr(module, name)) is not None}
    zeros = torch.zeros_like(module.weight_hh[:, 0].detach())
    return {"bias_ih": zeros, "bias_hh": zeros, **copies.of(place, own)}


@measured
def loop_flows(loop: Loop, probes: int | None) -> dict[str, LayerFlow]:
    """One, without a suffix; "l0" where the model is the cell itself."""
    kind = _kind(loop)
    dtype = torch.float64 if loop.weights["weight_hh"].dtype == torch.float64 else torch.float32
    hidden = _stacked((state[0] for state in loop.states), probes).to(dtype)
    zeros = torch.zeros_like(hidden[0])
    start: State = (zeros,) * len(loop.states[0])
    if loop.start is not None:
        start = tuple(_batched(each)[:probes].to(dtype) for each in loop.start)
    passed = LayerPass(
        inputs=_stacked(loop.inputs, probes).to(dtype),
        output=hidden,
        start=start,
        weights={name: each.to(dtype) for name, each in loop.weights.items()},
        nonlinearity=getattr(loop.module, "nonlinearity", ""),
    )
    replay = REPLAYS[kind]
    replayed = replay(passed)
    flow = LayerFlow(
        cell_name=kind.lower(),
        passed=passed,
        replay=replay,
        replayed=replayed,
        direct=_direct(loop, replayed, hidden, probes),
        order=Order(len(hidden)),
    )
    return {"" if loop.name else "l0": flow}


def _kind(loop: Loop) -> str:
    """As in REPLAYS; a class of the user's own may have equations of its own."""
    for kind, base in CELLS.items():
        if isinstance(loop.module, base) and is_run_by(loop.module, base):
            return kind
    raise WatchError(
        f"{loop.name or 'The model'} is of class {type(loop.module).__name__}, whose forward pass "
        "is its own; let it hold an nn.RNNCell, nn.LSTMCell or nn.GRUCell and call that."
    )


def _direct(loop: Loop, replayed: Replay, hidden: Tensor, probes: int | None) -> Direct:
    """What the total gradients hold beyond J_tᵀ times the next one's."""
    parts = len(loop.states[0])
    zeros = torch.zeros_like(_batched(loop.states[0][0]))
    totals = [
        _stacked((loop.grads.get((t, part), zeros) for t in range(len(hidden))), probes).double()
        for part in range(parts)
    ]
    steps = cast(replayed.linearisation, torch.float64)
    if isinstance(steps, MemoryLinearisation) and loop.is_through:
        # Of what has come to c_t, a share came through h_t of the same timestep.
        through = steps.cell_grad((totals[0], torch.zeros_like(totals[1])))
        totals[1] = totals[1] - through
    carried = steps.vjp(tuple(totals))
    lost = torch.finfo(loop.states[0][0].dtype)
    drive = torch.linalg.vector_norm(steps.recurrent_grad(tuple(totals)), dim=-1, keepdim=True)
    assert steps.weight is not None, "PyTorch's cells have W_hh"
    column = torch.linalg.vector_norm(steps.weight, dim=0).max()
    found = []
    for total, back in zip(totals, carried, strict=True):
        size = total.abs().amax(-1, keepdim=True)
        size[:-1] += drive[1:] * column + back[1:].abs().amax(-1, keepdim=True)
        own = total.clone()
        own[:-1] -= back[1:]
        is_own = own.abs() > ROUNDING * (lost.eps * size + lost.tiny)
        found.append(Scaled(torch.where(is_own, own, 0.0)))
    last = tuple(torch.zeros_like(part[0]) for part in totals)
    return Direct(found[0], last, found[1] if parts == 2 else None)


def _stacked(rows: Iterable[Tensor], probes: int | None) -> Tensor:
    return torch.stack([_batched(row)[:probes] for row in rows])


def _batched(row: Tensor) -> Tensor:
    return row.unsqueeze(0) if row.dim() == 1 else row
