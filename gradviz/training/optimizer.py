"""The optimiser that a config names."""

from __future__ import annotations

import torch

from gradviz.config import RunConfig


def optimizer_of(config: RunConfig, parameters: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """The config's, otherwise at PyTorch's defaults."""
    rate = config.learning_rate
    if config.optimizer == "sgd":
        return torch.optim.SGD(parameters, lr=rate, momentum=config.momentum)
    if config.optimizer == "rmsprop":
        return torch.optim.RMSprop(parameters, lr=rate, momentum=config.momentum)
    if config.optimizer == "adamw":
        return torch.optim.AdamW(parameters, lr=rate)
    return torch.optim.Adam(parameters, lr=rate)
