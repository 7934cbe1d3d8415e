"""What a cell's replay of all timesteps leaves.

Its states, its Jacobians as products with vectors, and how the state hangs together with what the
layer reads and gives.

Index legend: T timesteps, B sequences, I input size, H hidden size, G gates of a cell, P size of
the output h_t.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from torch import Tensor

State = tuple[Tensor, ...]
"""s_t, what a layer carries from timestep to timestep: (h,), (h, c), or (c,) where h_t is only
read out of it."""


class Linearisation(Protocol):
    """J_t = ∂s_t/∂s_{t−1} as products: of every timestep and sequence, or of some.

    A dataclass of multipliers, each (T, B, …), and of weights, which all timesteps share: fields
    whose names begin with `weight`, and `projection`. The same products serve all (t, b) at once,
    one timestep (multipliers without their first axis), and many vectors a sequence (with an axis
    put in), because they broadcast over what stands before the last axis. `vjp` serves NumPy's
    arrays as well (see `arrays`). A field may be None.
    """

    @property
    def weight(self) -> Tensor | None:
        """(G·H, P) W_hh; None for a cell without recurrent weights."""
        ...

    @property
    def cost(self) -> int:
        """Multiply-adds that one product takes, about."""
        ...

    def vjp(self, vector: State) -> State:
        """J_tᵀ v; a vector is (…, size) for each part of the state."""
        ...

    def jvp(self, vector: State) -> State:
        """J_t v."""
        ...

    def input_grad(self, vector: State) -> Tensor:
        """∂L/∂(W_ih x_t + b_ih), (…, G·H), from the total gradient of s_t."""
        ...

    def recurrent_grad(self, vector: State) -> Tensor:
        """∂L/∂(W_hh h_{t−1} + b_hh), (…, G·H), from the total gradient of s_t.

        It is asked of a cell with recurrent weights only.
        """
        ...


class MemoryLinearisation(ABC):
    """Of a cell with a state (h, c) and a forget gate: c_t = f ⊙ c_{t−1} + …, h_t from c_t."""

    forget: Tensor
    """(T, B, H): ∂c_t/∂c_{t−1} at fixed h_{t−1}, peepholes included."""
    weight: Tensor
    """(G·H, P) W_hh."""

    @property
    @abstractmethod
    def cost(self) -> int:
        """As in Linearisation, like the products below."""

    @abstractmethod
    def vjp(self, vector: State) -> State: ...
    @abstractmethod
    def jvp(self, vector: State) -> State: ...
    @abstractmethod
    def input_grad(self, vector: State) -> Tensor: ...
    @abstractmethod
    def recurrent_grad(self, vector: State) -> Tensor: ...

    @abstractmethod
    def hidden_of_cell(self, vector: Tensor) -> Tensor:
        """(∂h_t/∂c_t) u, (…, H) to (…, P), at fixed x_t and h_{t−1}."""

    @abstractmethod
    def cell_of_hidden(self, vector: Tensor) -> Tensor:
        """(∂h_t/∂c_t)ᵀ v, (…, P) to (…, H)."""

    def cell_grad(self, vector: State) -> Tensor:
        """∂L/∂c_t through every path: v_c, and h_t of the same timestep."""
        return vector[1] + self.cell_of_hidden(vector[0])


class Coupling(Protocol):
    """How the state hangs together with input and output: linear maps of one timestep each.

    A dataclass like a Linearisation. What a gradient at the output h_t is to the states, and what
    a gradient of the states is to the inputs; rows of other timesteps are moved by who asks.
    """

    def output_to_state(self, grad: Tensor) -> State:
        """(∂h_t/∂s_t)ᵀ g_t, from (T, B, P); parts at the end may be left out that are zero."""
        ...

    def output_to_state_before(self, grad: Tensor) -> State:
        """(∂h_t/∂s_{t−1})ᵀ g_t at fixed s_t, as where a gate of the output reads c_{t−1}.

        () where there is no such path.
        """
        ...

    def to_inputs(self, vector: State) -> tuple[Tensor, ...]:
        """(∂s_t/∂x_{t−j})ᵀ δ_t, (T, B, I), for j = 0, 1, …: a convolution reads several inputs."""
        ...

    def output_to_inputs(self, grad: Tensor) -> tuple[Tensor, ...]:
        """(∂h_t/∂x_{t−j})ᵀ g_t at fixed s_t and s_{t−1}, as of a highway; () if there is none."""
        ...


Steps = TypeVar("Steps", bound=Linearisation | Coupling)


def is_weight(name: str) -> bool:
    """Whether all timesteps share this field of a linearisation or coupling."""
    return name.startswith("weight") or name == "projection"


def changed(steps: Steps, change: Callable[[Tensor], Tensor], weights: bool = False) -> Steps:
    """With every multiplier changed, and the weights too if asked."""
    values: dict[str, Any] = {}
    for name, value in vars(steps).items():
        if isinstance(value, Tensor):
            values[name] = value if is_weight(name) and not weights else change(value)
        else:
            values[name] = None if value is None else changed(value, change, weights)
    return type(steps)(**values)


@dataclass
class HiddenCoupling:
    """Of a cell whose output is the first part of its state; x_t enters by W_ih alone."""

    steps: Linearisation
    weight_ih: Tensor
    """(G·H, I)."""

    def output_to_state(self, grad: Tensor) -> State:
        """The same."""
        return (grad,)

    def output_to_state_before(self, grad: Tensor) -> State:
        """None."""
        return ()

    def to_inputs(self, vector: State) -> tuple[Tensor, ...]:
        """Of x_t alone."""
        return (self.steps.input_grad(vector) @ self.weight_ih,)

    def output_to_inputs(self, grad: Tensor) -> tuple[Tensor, ...]:
        """None."""
        return ()


@dataclass(frozen=True)
class Replay:
    """What a replay of all timesteps leaves."""

    states: State
    """s_t: (T, B, ·) for each part."""
    linearisation: Linearisation
    coupling: Coupling
    reads: State = ()
    """(T, B, P) what W_hh multiplies, h_{t−1}; several where each of as many equal blocks of its
    rows has its own, () without W_hh."""
    gates: Mapping[str, Tensor] = field(default_factory=dict)
    """(T, B, H) by name; all but "candidate" are in 0…1."""
