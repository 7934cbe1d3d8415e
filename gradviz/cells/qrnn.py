"""The quasi-recurrent network with fo-pooling; it carries c, of which h is read out.

Bradbury, Merity, Xiong & Socher 2016 (arXiv 1611.01576). The gates see the last k inputs, by a
masked convolution of width k, and not the state:

    z, f, o = tanh, σ, σ of Σ_{j<k} W_j x_{t−j} + b        x is 0 before the first
    c_t = f ⊙ c_{t−1} + (1 − f) ⊙ z
    h_t = o ⊙ c_t

so that J_t = ∂c_t/∂c_{t−1} = diag(f_t) exactly: here the product of the forget gates *is* the
gradient's path. Parameters: 3H(k·I + 1). Behind its last state a pass hands on its last k − 1
inputs, so that one in pieces is the same; to the gradient they are given.

Index legend: T timesteps, B sequences, I input size, H hidden size, k width.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from gradviz.cells.elementwise import ElementwiseLinearisation
from gradviz.cells.layer import RecurrentLayer
from gradviz.cells.layer_pass import LayerPass
from gradviz.cells.linearisation import Replay, State
from gradviz.cells.scan import before, scan, states_of
from gradviz.cells.squash import logistic_slope, tanh_slope


class Qrnn(RecurrentLayer):
    """weight_ih (3H, k·I), of x_t first, and bias (3H,); in the order z, f, o."""

    cell_name = "qrnn"
    gates = ("candidate", "forget", "output")
    forget_gate = ("forget", 1)
    has_recurrent_weight = False
    noise_kinds = ()

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        width: int = 2,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size)
        if width < 1:
            raise ValueError(f"width must be 1 or more, got {width}.")
        self.handed_on = ((width - 1) * input_size,) if width > 1 else ()
        rows = 3 * hidden_size
        self.declare(dtype=dtype, weight_ih=(rows, width * input_size), bias=(rows,))

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """(H,) of c."""
        return (self.hidden_size,)

    @property
    def output_size(self) -> int:
        """H."""
        return self.hidden_size

    def weights(self) -> dict[str, Tensor]:
        """The parameters."""
        return self.own()

    def run(self, inputs: Tensor, start: State, weights: dict[str, Tensor]) -> tuple[Tensor, State]:
        """All gates at once, then the pooling timestep by timestep."""
        read = _with_those_before(inputs, start)
        z, f, o = _gates(read, len(inputs), weights)
        c = scan(f, z - f * z, start[0])
        return o * c, (c[-1], *_handed(read, start))

    @staticmethod
    def replay(passed: LayerPass) -> Replay:
        """∂c_t/∂(z, f before squashing) = (1 − f) z′, (c_{t−1} − z) f′."""
        read = _with_those_before(passed.inputs, passed.start)
        z, f, o = _gates(read, len(passed.inputs), passed.weights)
        start = passed.start[0]
        c = states_of(f, z - f * z, start)
        by_candidate = (1 - f) * tanh_slope(z)
        by_forget = (before(start, c) - z) * logistic_slope(f)
        steps = ElementwiseLinearisation(kept=f, by_input=torch.cat([by_candidate, by_forget], -1))
        by_lag = torch.stack(passed.weights["weight_ih"].split(passed.inputs.shape[-1], 1))
        return Replay(
            states=(c,),
            linearisation=steps,
            coupling=QrnnCoupling(steps, o, c * logistic_slope(o), by_lag),
            gates={"candidate": z, "forget": f, "output": o},
        )


@dataclass
class QrnnCoupling:
    """h_t = o ⊙ c_t, and a convolution of the inputs."""

    steps: ElementwiseLinearisation
    output: Tensor
    """(T, B, H) o."""
    by_output: Tensor
    """(T, B, H) c ⊙ o′."""
    weight_by_lag: Tensor
    """(k, 3H, I) W_j."""

    def output_to_state(self, grad: Tensor) -> State:
        """O ⊙ g."""
        return (grad * self.output,)

    def output_to_state_before(self, grad: Tensor) -> State:
        """None: the gates do not see the state."""
        return ()

    def to_inputs(self, vector: State) -> tuple[Tensor, ...]:
        """Through z and f, of x_t, x_{t−1}, …."""
        drive = self.steps.input_grad(vector)
        return tuple(drive @ weight[: drive.shape[-1]] for weight in self.weight_by_lag)

    def output_to_inputs(self, grad: Tensor) -> tuple[Tensor, ...]:
        """Through o."""
        drive = grad * self.by_output
        return tuple(drive @ weight[-drive.shape[-1] :] for weight in self.weight_by_lag)


def _with_those_before(inputs: Tensor, start: State) -> Tensor:
    """(k − 1 + T, B, I), from (c_0, the last k − 1 inputs before)."""
    if len(start) == 1:
        return inputs
    before_first = start[1].detach().unflatten(-1, (-1, inputs.shape[-1])).transpose(0, 1)
    return torch.cat([before_first, inputs])


def _handed(read: Tensor, start: State) -> State:
    """The last k − 1 inputs, oldest first, (B, (k − 1)·I)."""
    if len(start) == 1:
        return ()
    count = start[1].shape[-1] // read.shape[-1]
    return (read[-count:].detach().transpose(0, 1).flatten(1),)


def _gates(
    read: Tensor, timesteps: int, weights: Mapping[str, Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    """Z, f, o of all timesteps."""
    width = len(read) - timesteps + 1
    lags = [read[width - 1 - lag :][:timesteps] for lag in range(width)]
    z, f, o = (torch.cat(lags, -1) @ weights["weight_ih"].T + weights["bias"]).chunk(3, -1)
    return torch.tanh(z), torch.sigmoid(f), torch.sigmoid(o)
