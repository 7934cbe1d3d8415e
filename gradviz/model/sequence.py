"""SequenceModel: recurrent layers and a linear readout; an embedding for tokens.

Index legend: T timesteps, B sequences, I input size, H hidden size, O output size.
"""

from __future__ import annotations

import torch
from torch import nn

from gradviz.cells import Stack
from gradviz.config import RunConfig
from gradviz.model.readouts import pooling
from gradviz.model.recurrent import recurrent_of
from gradviz.model.state import Carried
from gradviz.remedies import norm_of, train_stage
from gradviz.tasks import Batch, Task


class SequenceModel(nn.Module):
    """Reads a sequence and answers once, at its end, or at every timestep.

    It drops out where Zaremba, Sutskever & Vinyals 2014 (arXiv 1409.2329) do: in front of the
    first layer where that reads an embedding, between layers, and in front of the readout.

    Attributes:
        embedding: from a token to the numbers that stand for it; None where the task reads numbers.
        recurrent: the recurrent layers.
        norm: of the top layer's output, before it is read out.
        pool: makes one vector of all timesteps' hidden states, where it answers once.
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
        self.recurrent = recurrent_of(config, width)
        width = config.hidden_size * (2 if config.bidirectional else 1)
        self.norm = norm_of(config.norm, width)
        self.pool = pooling(config, width) if task.answers == "once" else nn.Identity()
        self.dropout = nn.Dropout(config.dropout)
        self.readout = nn.Linear(width, task.output_size, dtype=torch.float64)
        self.layer_names = config.layer_names
        # Drawn in float64 whatever the dtype, so that one seed starts both at the same weights.
        self.to(device=config.device, dtype=getattr(torch, config.dtype))

    def begin_stage(self, stage: int) -> None:
        """Of `remedies.pretraining`: what runs and is trained from now on."""
        assert isinstance(self.recurrent, Stack), "the config's, where it is pre-trained"
        train_stage(self.recurrent, stage)
        if self.embedding:
            self.embedding.requires_grad_(stage in {0, self.recurrent.num_layers})

    @property
    def watched(self) -> nn.Module:
        """What the instrument watches, so that its layers have `layer_names`."""
        return self.recurrent

    def answer(self, batch: Batch) -> torch.Tensor:
        """(B, O) or (T, B, O) for a batch."""
        answer: torch.Tensor = self(batch.inputs)
        return answer

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """(T, B, I), or (T, B) tokens, to (B, O); to (T, B, O) when every timestep is answered."""
        return self.read_on(inputs, None)[0]

    def read_on(self, inputs: torch.Tensor, state: Carried | None) -> tuple[torch.Tensor, Carried]:
        """The answer, as `forward` gives it, from a state on, and the state behind it.

        Args:
            inputs: as for `forward`.
            state: that another call gave; None: zeros.
        """
        hidden, last = self.recurrent(self.embed(inputs), state)
        return self.read_out(hidden), last

    def embed(self, inputs: torch.Tensor) -> torch.Tensor:
        """What the first layer reads, (T, B, ·): the numbers that stand for tokens, or inputs."""
        return self.dropout(self.embedding(inputs)) if self.embedding else inputs

    def read_out(self, hidden: torch.Tensor) -> torch.Tensor:
        """From the top layer's (T, B, H), as `forward` gives it."""
        answer: torch.Tensor = self.readout(self.dropout(self.pool(self.norm(hidden))))
        return answer
