"""SequenceModel: PyTorch's fused recurrent layers and a linear readout.

Index legend: T timesteps, B sequences, I input size, H hidden size, O output size.
"""

from __future__ import annotations

import torch
from torch import nn

from gradviz.config import RunConfig
from gradviz.remedies import initialise_recurrent, set_forget_bias
from gradviz.tasks import Task


class SequenceModel(nn.Module):
    """Reads a sequence and answers at the last timestep or at every one.

    Attributes:
        recurrent: the `nn.RNN`, `nn.LSTM` or `nn.GRU`; the instrument watches this.
        readout: from the top layer's hidden state to the answer.
    """

    def __init__(self, config: RunConfig, task: Task) -> None:
        super().__init__()
        self.recurrent = _recurrent(config, task.input_size)
        self.readout = nn.Linear(config.hidden_size, task.output_size, dtype=torch.float64)
        self._reads_last = task.readout == "last"
        # Drawn in float64 whatever the dtype, so that one seed starts both at the same weights.
        self.to(device=config.device, dtype=getattr(torch, config.dtype))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """(T, B, I) to (B, O), or to (T, B, O) when every timestep is answered."""
        hidden, _ = self.recurrent(inputs)
        answer: torch.Tensor = self.readout(hidden[-1] if self._reads_last else hidden)
        return answer


def build_model(config: RunConfig, task: Task) -> SequenceModel:
    """The model of a run, its weights decided by `config.seed` alone.

    The global random generator is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(config.seed)
        return SequenceModel(config, task)


def _recurrent(config: RunConfig, input_size: int) -> nn.RNNBase:
    sizes = (input_size, config.hidden_size, config.num_layers)
    module: nn.RNNBase
    if config.cell == "rnn":
        module = nn.RNN(*sizes, nonlinearity=config.activation, dtype=torch.float64)
    elif config.cell == "gru":
        module = nn.GRU(*sizes, dtype=torch.float64)
    else:
        module = nn.LSTM(*sizes, dtype=torch.float64)
    initialise_recurrent(module, config.recurrent_init, config.recurrent_gain)
    if isinstance(module, nn.LSTM) and config.forget_bias is not None:
        set_forget_bias(module, config.forget_bias)
    return module
