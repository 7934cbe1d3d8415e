"""The optimiser."""

from __future__ import annotations

from gradviz.script.draft import Draft
from gradviz.script.errors import cannot

FIELDS = frozenset({"optimizer", "learning_rate", "momentum"})

_NAMES = {
    "sgd": "SGD",
    "adam": "Adam",
    "adamw": "AdamW",
    "nadam": "NAdam",
    "adagrad": "Adagrad",
    "rmsprop": "RMSprop",
}


def write(draft: Draft) -> None:
    """PyTorch's own, at its defaults but for what the config sets."""
    config = draft.config
    if config.optimizer not in _NAMES:
        raise cannot("optimizer", _NAMES, config.optimizer)
    arguments = f"model.parameters(), lr={draft.setting('learning_rate')}"
    if config.momentum and config.optimizer in {"sgd", "rmsprop"}:
        arguments += f", momentum={draft.setting('momentum')}"
    if config.weight_decay is not None and config.optimizer == "adamw":
        arguments += f", weight_decay={draft.setting('weight_decay')}"
    draft.optimizer = f"torch.optim.{_NAMES[config.optimizer]}({arguments})"
