"""The linear recurrent unit, a diagonal state-space layer; it carries x, of which y is read out.

Orvieto et al. 2023 (arXiv 2303.06349). The state is complex and each unit of it turns and shrinks
by itself:

    λ = exp(−exp(ν) + i exp(θ))
    x_t = λ ⊙ x_{t−1} + exp(γ) ⊙ B u_t
    y_t = Re(C x_t) + D u_t

|λ| < 1 whatever is learned. The state is carried as 2H real numbers, [Re x; Im x], in which J_t is
the same at every timestep: H rotations by exp(θ) times |λ|. So ‖J_t‖ = max |λ|, and the transport
over k timesteps max |λ|^k. At first λ is uniform on the ring r_min ≤ |λ| ≤ r_max, with all
phases, and γ = ln √(1 − |λ|²), which gives every unit's state the size of its input.
Parameters: 3H + 2HI + 2H² + HI, D being a matrix so that I may differ from H.

The layer is linear, and so is a stack of them; the paper puts an MLP with gates between two.

Index legend: T timesteps, B sequences, I input size, H hidden size.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gradviz.cells.arrays import joined
from gradviz.cells.layer import RecurrentLayer
from gradviz.cells.layer_pass import LayerPass
from gradviz.cells.linearisation import Replay, State
from gradviz.cells.scan import scan, states_of


class Lru(RecurrentLayer):
    """nu_log, theta_log, gamma_log (H,) are ν, θ, γ.

    weight_ih (2H, I) is [Re B; Im B], weight_ho (H, 2H) is [Re C, Im C], weight_skip (H, I) is D.
    """

    cell_name = "lru"
    has_recurrent_weight = False
    noise_kinds = ()

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        ring: tuple[float, float] = (0.0, 1.0),
        dtype: torch.dtype | None = None,
    ) -> None:
        """A layer.

        Args:
            input_size: I.
            hidden_size: H, complex units and outputs.
            ring: r_min and r_max.
            dtype: of the parameters.
        """
        super().__init__(input_size, hidden_size)
        if not 0 <= ring[0] < ring[1] <= 1:
            raise ValueError(
                f"ring must be 0 ≤ r_min < r_max ≤ 1, got {ring[0]:g} and {ring[1]:g}."
            )
        self.declare(
            dtype=dtype,
            nu_log=(hidden_size,),
            theta_log=(hidden_size,),
            gamma_log=(hidden_size,),
            weight_ih=(2 * hidden_size, input_size),
            weight_ho=(hidden_size, 2 * hidden_size),
            weight_skip=(hidden_size, input_size),
        )
        self._start(*ring)

    @torch.no_grad()
    def _start(self, least: float, most: float) -> None:
        own = self.own()
        # 1 − U lies in (0, 1]: of 0 there is no logarithm; of |λ| = 1 no γ.
        square = least**2 + (1 - torch.rand_like(own["nu_log"])) * (most**2 - least**2)
        square.clamp_(max=1 - 1e-6)
        own["nu_log"].copy_((-square.log() / 2).log())
        own["theta_log"].copy_((2 * math.pi * (1 - torch.rand_like(square))).log())
        own["gamma_log"].copy_((1 - square).log() / 2)
        nn.init.normal_(own["weight_ih"], std=1 / math.sqrt(2 * self.input_size))
        nn.init.normal_(own["weight_ho"], std=1 / math.sqrt(self.hidden_size))
        nn.init.normal_(own["weight_skip"], std=1 / math.sqrt(self.input_size))

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """(2H,) of [Re x; Im x]."""
        return (2 * self.hidden_size,)

    @property
    def output_size(self) -> int:
        """H."""
        return self.hidden_size

    def weights(self) -> dict[str, Tensor]:
        """The parameters."""
        return self.own()

    def run(self, inputs: Tensor, start: State, weights: dict[str, Tensor]) -> tuple[Tensor, State]:
        """All products at once, then the recurrence timestep by timestep."""
        kept, written = _recurrence(inputs, weights)
        states = _halves(scan(kept, written, _complex(start[0])))
        y = states @ _read_out(weights["weight_ho"]).T + inputs @ weights["weight_skip"].T
        return y, (states[-1],)

    @staticmethod
    def replay(passed: LayerPass) -> Replay:
        """The states once more; the Jacobian is λ."""
        weights = passed.weights
        kept, written = _recurrence(passed.inputs, weights)
        states = _halves(states_of(kept, written, _complex(passed.start[0])))
        steps = RotationLinearisation(
            real=kept.real, imaginary=kept.imag, weight_scale=weights["gamma_log"].exp().repeat(2)
        )
        coupling = LruCoupling(
            steps, weights["weight_ih"], _read_out(weights["weight_ho"]), weights["weight_skip"]
        )
        return Replay(states=(states,), linearisation=steps, coupling=coupling)


@dataclass
class RotationLinearisation:
    """J_t = [Re λ, −Im λ; Im λ, Re λ], diagonal blocks."""

    real: Tensor
    """(T, B, H) Re λ, the same at all."""
    imaginary: Tensor
    """(T, B, H) Im λ."""
    weight_scale: Tensor
    """(2H,) exp(γ), twice."""

    @property
    def weight(self) -> None:
        """There is no W_hh."""
        return

    @property
    def cost(self) -> int:
        """Multiply-adds of one product."""
        return 4 * self.real.shape[-1]

    def vjp(self, vector: State) -> State:
        """J_tᵀ v: turned back."""
        return (self._turned(vector[0], -1),)

    def jvp(self, vector: State) -> State:
        """J_t u."""
        return (self._turned(vector[0], 1),)

    def input_grad(self, vector: State) -> Tensor:
        """∂L/∂[Re B u_t; Im B u_t]."""
        return vector[0] * self.weight_scale

    def recurrent_grad(self, vector: State) -> Tensor:
        """Is not asked of a cell without recurrent weights."""
        raise ValueError("recurrent_grad is of recurrent weights; an LRU has none.")

    def _turned(self, vector: Tensor, sense: int) -> Tensor:
        half = self.real.shape[-1]
        one, two = vector[..., :half], vector[..., half:]
        return joined(
            (
                one * self.real - sense * (two * self.imaginary),
                two * self.real + sense * (one * self.imaginary),
            )
        )


@dataclass
class LruCoupling:
    """y_t = Re(C x_t) + D u_t."""

    steps: RotationLinearisation
    weight_ih: Tensor
    """(2H, I)."""
    weight_ho: Tensor
    """(H, 2H) [Re C, −Im C]."""
    weight_skip: Tensor
    """(H, I) D."""

    def output_to_state(self, grad: Tensor) -> State:
        """By C."""
        return (grad @ self.weight_ho,)

    def output_to_state_before(self, grad: Tensor) -> State:
        """None."""
        return ()

    def to_inputs(self, vector: State) -> tuple[Tensor, ...]:
        """By B."""
        return (self.steps.input_grad(vector) @ self.weight_ih,)

    def output_to_inputs(self, grad: Tensor) -> tuple[Tensor, ...]:
        """By D."""
        return (grad @ self.weight_skip,)


def _recurrence(inputs: Tensor, weights: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """λ and exp(γ) ⊙ B u_t, complex (T, B, H)."""
    eigenvalues = torch.polar((-weights["nu_log"].exp()).exp(), weights["theta_log"].exp())
    scale = weights["gamma_log"].exp()
    drive = inputs @ (weights["weight_ih"] * scale.repeat(2).unsqueeze(-1)).T
    written = _complex(drive)
    return eigenvalues.expand_as(written), written


def _complex(halves: Tensor) -> Tensor:
    """(…, H) from [Re; Im], (…, 2H)."""
    return torch.view_as_complex(halves.unflatten(-1, (2, -1)).mT.contiguous())


def _halves(values: Tensor) -> Tensor:
    """And back."""
    return torch.view_as_real(values).mT.flatten(-2)


def _read_out(weight: Tensor) -> Tensor:
    """[Re C, −Im C] from [Re C, Im C], for Re(C x) of [Re x; Im x]."""
    real, imaginary = weight.chunk(2, -1)
    return torch.cat([real, -imaginary], -1)
