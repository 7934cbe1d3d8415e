"""SequenceModel: PyTorch's fused recurrent layers and a linear readout.

Index legend: T timesteps, B sequences, I input size, H hidden size, O output size.
"""

from __future__ import annotations

import torch
from torch import nn

from gradviz.config import RunConfig
from gradviz.model.readouts import pooling
from gradviz.model.recurrent import recurrent_of
from gradviz.tasks import Task


class SequenceModel(nn.Module):
    """Reads a sequence and answers once, at its end, or at every timestep.

    Attributes:
        recurrent: the recurrent layers.
        pool: makes one vector of all timesteps' hidden states, where it answers once.
        readout: from there to the answer.
    """

    def __init__(self, config: RunConfig, task: Task) -> None:
        super().__init__()
        self.recurrent = recurrent_of(config, task.input_size)
        self.pool = pooling(config, config.hidden_size) if task.answers == "once" else nn.Identity()
        self.readout = nn.Linear(config.hidden_size, task.output_size, dtype=torch.float64)
        self.layer_names = tuple(f"l{index}" for index in range(config.num_layers))
        # Drawn in float64 whatever the dtype, so that one seed starts both at the same weights.
        self.to(device=config.device, dtype=getattr(torch, config.dtype))

    @property
    def watched(self) -> nn.Module:
        """What the instrument watches, so that its layers have `layer_names`."""
        return self.recurrent

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """(T, B, I) to (B, O), or to (T, B, O) when every timestep is answered."""
        hidden, _ = self.recurrent(inputs)
        answer: torch.Tensor = self.readout(self.pool(hidden))
        return answer
