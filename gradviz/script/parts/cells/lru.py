"""The linear recurrent unit."""

import math

import torch
from torch import Tensor, nn

from gradviz.script.parts.cells.scan import Scan


class Lru(nn.Module):
    """The linear recurrent unit: each unit of its complex state turns and shrinks by itself.

    λ = exp(−exp(ν) + i exp(θ)),  x_t = λ ⊙ x_{t−1} + exp(γ) ⊙ B u_t,  y_t = Re(C x_t) + D u_t

    Orvieto et al. 2023. B is kept as [Re B; Im B], C as [Re C, Im C].
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.nu_log = nn.Parameter(torch.empty(hidden_size))
        self.theta_log = nn.Parameter(torch.empty(hidden_size))
        self.gamma_log = nn.Parameter(torch.empty(hidden_size))
        self.weight_ih = nn.Parameter(torch.empty(2 * hidden_size, input_size))
        self.weight_ho = nn.Parameter(torch.empty(hidden_size, 2 * hidden_size))
        self.weight_skip = nn.Parameter(torch.empty(hidden_size, input_size))
        bound = 1 / math.sqrt(hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)
        # All start anew: λ uniform on the disc, and exp(γ) = √(1 - |λ|²).
        with torch.no_grad():
            square = (1 - torch.rand_like(self.nu_log)).clamp(max=1 - 1e-6)
            self.nu_log.copy_((-square.log() / 2).log())
            self.theta_log.copy_((2 * math.pi * (1 - torch.rand_like(square))).log())
            self.gamma_log.copy_((1 - square).log() / 2)
        nn.init.normal_(self.weight_ih, std=1 / math.sqrt(2 * input_size))
        nn.init.normal_(self.weight_ho, std=1 / math.sqrt(hidden_size))
        nn.init.normal_(self.weight_skip, std=1 / math.sqrt(input_size))

    def forward(self, inputs: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """All y_t, (T, B, H), from the inputs u, (T, B, I), and the last x, complex."""
        eigenvalues = torch.polar(torch.exp(-self.nu_log.exp()), self.theta_log.exp())
        weight_b = self.weight_ih * self.gamma_log.exp().repeat(2).unsqueeze(-1)
        written = torch.complex(*(inputs @ weight_b.T).chunk(2, -1))
        x = torch.zeros_like(written[0]) if state is None else state
        states: Tensor = Scan.apply(eigenvalues.expand_as(written), written, x)  # type: ignore[no-untyped-call]
        real, imaginary = self.weight_ho.chunk(2, -1)
        # Re(C x) is Re C · Re x − Im C · Im x.
        parts, weight_c = (
            torch.cat([states.real, states.imag], -1),
            torch.cat([real, -imaginary], -1),
        )
        return parts @ weight_c.T + inputs @ self.weight_skip.T, states[-1]
