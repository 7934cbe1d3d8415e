"""WindowModel: a fully connected network over the whole window, the baseline without memory.

    y = readout(z_L),   z_l = tanh(W_l z_{l−1} + b_l),   z_0 = [x_1; …; x_T]

Every timestep has weights of its own, so nothing is carried from one to the next: there is no
Jacobian, no transport and no horizon, and the way to the loss is as short from the first timestep
as from the last. A window as the input of such a network: Sejnowski & Rosenberg 1987 (NETtalk).
Parameters: H(TI + 1) + (L − 1)H(H + 1) and the readout's; they grow with T, and what was learned
at one length cannot be used at another.

Index legend: T timesteps, B sequences, I input size, H hidden size, L layers, O output size.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn

from gradviz.config import RunConfig
from gradviz.remedies import norm_of
from gradviz.tasks import Batch, Task


class WindowLayers(nn.Module):
    """(T, B, I) to (B, H): z_L.

    Attributes:
        layers: of which the first reads the window.
        norms: of what each gives, behind its skip.
    """

    def __init__(self, config: RunConfig, input_size: int) -> None:
        super().__init__()
        self.timesteps, self.residual = config.timesteps, config.residual
        sizes = [self.timesteps * input_size, *[config.hidden_size] * config.num_layers]
        self.layers = nn.ModuleList(
            nn.Linear(below, above, dtype=torch.float64) for below, above in pairwise(sizes)
        )
        self.norms = nn.ModuleList(norm_of(config.norm, config.hidden_size) for _ in self.layers)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """The top layer, normalised as the others are.

        Raises:
            ValueError: for another T than it was made for.
        """
        if len(inputs) != self.timesteps:
            raise ValueError(
                f"inputs must have {self.timesteps} timesteps, for each of which there are "
                f"weights, got {len(inputs)}."
            )
        hidden = inputs.transpose(0, 1).flatten(1)
        for index, layer in enumerate(self.layers):
            read = self.dropout(hidden) if index else hidden
            hidden = torch.tanh(layer(read))
            if self.residual and read.shape == hidden.shape:
                hidden = hidden + read
            hidden = self.norms[index](hidden)
        return hidden


class WindowModel(nn.Module):
    """Reads all timesteps at once and answers once.

    Attributes:
        embedding: from a token to the numbers that stand for it; None where the task reads numbers.
        hidden: the hidden layers.
        readout: from there to the answer.
    """

    def __init__(self, config: RunConfig, task: Task) -> None:
        super().__init__()
        self.embedding = None
        if task.vocabulary:
            self.embedding = nn.Embedding(
                task.input_size, config.embedding_size, dtype=torch.float64
            )
        width = config.embedding_size if self.embedding else task.input_size
        self.hidden = WindowLayers(config, width)
        self.dropout = nn.Dropout(config.dropout)
        self.readout = nn.Linear(config.hidden_size, task.output_size, dtype=torch.float64)
        self.layer_names = config.layer_names
        # Drawn in float64 whatever the dtype, so that one seed starts both at the same weights.
        self.to(device=config.device, dtype=getattr(torch, config.dtype))

    @property
    def watched(self) -> nn.Linear:
        """The layer that reads the window."""
        first = self.hidden.layers[0]
        assert isinstance(first, nn.Linear)
        return first

    def answer(self, batch: Batch) -> torch.Tensor:
        """(B, O) for a batch."""
        answer: torch.Tensor = self(batch.inputs)
        return answer

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """(T, B, I), or (T, B) tokens, to (B, O)."""
        if self.embedding:
            inputs = self.dropout(self.embedding(inputs))
        answer: torch.Tensor = self.readout(self.dropout(self.hidden(inputs)))
        return answer
