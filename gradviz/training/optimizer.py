"""The optimiser that a config names."""

from __future__ import annotations

from collections.abc import Callable

import torch

from gradviz.config import RunConfig


def optimizer_of(config: RunConfig, parameters: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """The config's, otherwise at PyTorch's defaults.

    Where the config has a weight decay, which `Update` does, AdamW is without its own.
    """
    rate = config.learning_rate
    if config.optimizer == "sgd":
        return torch.optim.SGD(parameters, lr=rate, momentum=config.momentum)
    if config.optimizer == "rmsprop":
        return torch.optim.RMSprop(parameters, lr=rate, momentum=config.momentum)
    if config.optimizer == "adamw" and config.weight_decay is not None:
        return torch.optim.AdamW(parameters, lr=rate, weight_decay=0.0)
    kinds: dict[str, Callable[..., torch.optim.Optimizer]] = {
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
        "nadam": torch.optim.NAdam,
        "adagrad": torch.optim.Adagrad,
    }
    return kinds[config.optimizer](parameters, lr=rate)
