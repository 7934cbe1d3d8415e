"""The recurrent layers that a config names."""

from __future__ import annotations

import torch
from torch import nn

from gradviz.config import RunConfig
from gradviz.remedies import initialise_recurrent, set_forget_bias


def recurrent_of(config: RunConfig, input_size: int) -> nn.RNNBase:
    """In float64, drawn from the global generator."""
    sizes = (input_size, config.hidden_size, config.num_layers)
    # PyTorch warns of a dropout where there is nothing to drop between.
    dropout = config.dropout if config.num_layers > 1 else 0.0
    module: nn.RNNBase
    if config.cell == "rnn":
        module = nn.RNN(
            *sizes, nonlinearity=config.activation, dropout=dropout, dtype=torch.float64
        )
    elif config.cell == "gru":
        module = nn.GRU(*sizes, dropout=dropout, dtype=torch.float64)
    else:
        module = nn.LSTM(*sizes, dropout=dropout, dtype=torch.float64)
    initialise_recurrent(module, config.recurrent_init, config.recurrent_gain)
    if isinstance(module, nn.LSTM) and config.forget_bias is not None:
        set_forget_bias(module, config.forget_bias)
    return module
