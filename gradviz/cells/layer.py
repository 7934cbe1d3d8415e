"""RecurrentLayer: one layer, in one direction, of one of our own cells.

How to write a cell (`peephole` is the model; one file, one line in `cells.LAYERS`):

1. The docstring of the file has the equations, the paper and what J_t is.
2. `__init__` declares the parameters by `declare`: names of PyTorch where there are such, gates
   in the order of `gates`, U(−1/√H, 1/√H) as PyTorch draws them. One bias or PyTorch's two.
3. `weights` gives what a pass uses, by name, each time from the parameters alone: `own()`, or
   what a parametrisation makes of them (an orthogonal matrix), once a pass.
4. `run` is the forward pass: the products with all inputs in one, then the loop with the step as
   a textbook writes it. It uses the weights it is given, never `self.…`.
5. `replay` makes gates, states and linearisation of all timesteps from the noted pass alone (its
   outputs, inputs, s_0 and copies of the weights): the module's own have changed by then.
   What it takes may be computed in place, but not the pass's own tensors.

A linearisation is one of those that are there (`rnn`, `lstm`, `elementwise`) if the cell fits,
else a dataclass of the cell's own (see `Linearisation`). So with the coupling: HiddenCoupling
where h_t is the first part of s_t and x_t enters by weight_ih only.

Index legend: T timesteps, B sequences, I input size, H hidden size, P size of the output.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from gradviz.cells import noisy
from gradviz.cells.arrays import masked
from gradviz.cells.layer_pass import LayerPass
from gradviz.cells.linearisation import Replay, State
from gradviz.cells.masks import Masks
from gradviz.cells.noise import Noise


class RecurrentLayer(nn.Module, ABC):
    """(T, B, I) to (T, B, P).

    Attributes:
        cell_name: as in `config.CELLS`.
        gates: the blocks of H rows of weight_ih, weight_hh and the biases, in order.
        forget_gate: the gate whose bias is the forget bias, and the sign it has in it: ("forget",
            1), or ("input", −1) where f = 1 − i; None where there is none.
        has_recurrent_weight: whether `weight_hh` is a parameter to be initialised block by block.
        nonlinearity: of a cell that has a choice.
        hidden_enters_once: whether h_{t−1} enters a step by W_hh alone, so that a mask on what
            W_hh reads may lie on the state.
        noise_kinds: of `noise.Noise` that the layer may have.
        noise: within the recurrence; None: none.
        handed_on: sizes of what a pass hands to the next one behind s_T without its being part of
            the state: the last inputs, which a convolution still reads. No gradient follows it.
    """

    cell_name: ClassVar[str]
    gates: ClassVar[tuple[str, ...]] = ()
    forget_gate: ClassVar[tuple[str, int] | None] = None
    has_recurrent_weight: ClassVar[bool] = True
    hidden_enters_once: ClassVar[bool] = True
    noise_kinds: ClassVar[tuple[str, ...]] = ("zoneout", "dropconnect")

    def __init__(self, input_size: int, hidden_size: int, nonlinearity: str = "") -> None:
        super().__init__()
        for name, size in (("input_size", input_size), ("hidden_size", hidden_size)):
            if size < 1:
                raise ValueError(f"{name} must be 1 or more, got {size}.")
        self.input_size, self.hidden_size = input_size, hidden_size
        self.nonlinearity = nonlinearity
        self.noise: Noise | None = None
        self.handed_on: tuple[int, ...] = ()
        self._names: list[str] = []

    @property
    @abstractmethod
    def state_sizes(self) -> tuple[int, ...]:
        """Of each part of s_t: (H,), or (H, H) for (h, c)."""

    @property
    @abstractmethod
    def output_size(self) -> int:
        """P."""

    @abstractmethod
    def weights(self) -> dict[str, Tensor]:
        """What a pass uses, by name: made of the parameters, nothing drawn at random."""

    @abstractmethod
    def run(self, inputs: Tensor, start: State, weights: dict[str, Tensor]) -> tuple[Tensor, State]:
        """The outputs (T, B, P) and s_T, from the inputs (T, B, I) and s_0.

        Behind both states stands what is `handed_on`.
        """

    @staticmethod
    @abstractmethod
    def replay(passed: LayerPass) -> Replay:
        """Gates, states and linearisation of all timesteps, of a noted pass."""

    def add_noise(self, noise: Noise) -> None:
        """Have every pass go with noise from now on.

        Raises:
            ValueError: for a kind that the cell cannot have.
        """
        for kind in noise.kinds:
            if kind not in self.noise_kinds:
                raise ValueError(
                    f"{kind} must be 0 for a layer of {self.cell_name}, got {noise.rates[kind]:g}; "
                    f"it may have {', '.join(self.noise_kinds) or 'no noise'}."
                )
        self.noise = noise

    def step(self, inputs: Tensor, state: State, weights: dict[str, Tensor], masks: Masks) -> State:
        """s_t from x_t (B, I) and s_{t−1}, where noise goes timestep by timestep.

        Of the masks, (B, ·), those of h_{t−1} and of the candidate are the cell's part.
        """
        read = (masked(state[0], masks.hidden), *state[1:])
        return self.run(inputs.unsqueeze(0), read, weights)[1]

    def replayed(self, passed: LayerPass) -> Replay:
        """As `replay`, of a pass with noise too."""
        return noisy.replay(self, passed) if passed.masks.is_any else self.replay(passed)

    def declare(self, *, dtype: torch.dtype | None = None, **shapes: tuple[int, ...]) -> None:
        """Make parameters of these shapes, drawn from U(−1/√H, 1/√H) in the order given."""
        bound = 1 / math.sqrt(self.hidden_size)
        for name, shape in shapes.items():
            drawn = torch.empty(shape, dtype=dtype).uniform_(-bound, bound)
            self.register_parameter(name, nn.Parameter(drawn))
            self._names.append(name)

    def own(self) -> dict[str, Tensor]:
        """What was declared, by name; parametrised where torch.nn.utils.parametrize was used."""
        return {name: getattr(self, name) for name in self._names}

    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """The outputs (T, B, P) and the last state.

        Args:
            inputs: (T, B, I), time first.
            state: s_0, (B, ·) for each part, or what another pass gave; None: zeros.

        Raises:
            ValueError: for other shapes.
        """
        self._check(inputs, state)
        start, weights = self.start(inputs, state), self.weights()
        if self.noise is None:
            output, last = self.run(inputs, start, weights)
        else:
            output, last = noisy.run(self, self.noise, inputs, start, weights)
        # Views: what comes back to them from outside is told apart from what the recurrence adds.
        return output, tuple(part.view_as(part) for part in last)

    def start(self, inputs: Tensor, state: State | None) -> State:
        """A state with all its parts: zeros where none is given, or nothing was handed on."""
        given = self.zeros(inputs) if state is None else tuple(state)
        missing = (*self.state_sizes, *self.handed_on)[len(given) :]
        return (*given, *(inputs.new_zeros(inputs.shape[1], size) for size in missing))

    def zeros(self, inputs: Tensor) -> State:
        """The initial state where none is given."""
        return tuple(inputs.new_zeros(inputs.shape[1], size) for size in self.state_sizes)

    def _check(self, inputs: Tensor, state: State | None) -> None:
        wanted = f"(timesteps, sequences, {self.input_size})"
        if not isinstance(inputs, Tensor):
            raise TypeError(
                f"inputs must be a tensor {wanted}, got a {type(inputs).__name__}; "
                "give sequences of one length."
            )
        if inputs.dim() != 3 or inputs.shape[-1] != self.input_size or not len(inputs):
            raise ValueError(f"inputs must be {wanted}, got {tuple(inputs.shape)}.")
        if state is None:
            return
        given = [tuple(part.shape) for part in state]
        whole = len(given) > len(self.state_sizes)
        wanted_sizes = (*self.state_sizes, *(self.handed_on if whole else ()))
        sizes = [(inputs.shape[1], size) for size in wanted_sizes]
        if given != sizes:
            raise ValueError(f"state must be {_listed(sizes)}, got {_listed(given)}.")


def _listed(shapes: Sequence[tuple[int, ...]]) -> str:
    return " and ".join(str(shape) for shape in shapes) or "nothing"
