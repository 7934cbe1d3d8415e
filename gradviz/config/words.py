"""Settings in words: a name as a page shows it, a value as a page shows it."""

from __future__ import annotations

from gradviz.config.cell_specs import CELLS
from gradviz.config.recorded import RecordedConfig
from gradviz.config.remedy_fields import GROUPS
from gradviz.config.run_config import RunConfig
from gradviz.config.task_specs import TASKS

_WORDS = {
    "leaky_relu": "leaky relu",
    "True": "yes",
    "False": "no",
    "sgd": "SGD",
    "adam": "Adam",
    "adamw": "AdamW",
    "nadam": "NAdam",
    "adagrad": "AdaGrad",
    "rmsprop": "RMSprop",
    "last": "last state",
    "mean": "mean of all states",
    "sum": "sum of all states",
    "attention": "attention over all states",
    "dot": "dot product hᵀe",
    "general": "general hᵀWe",
    "default": "the cell's own",
    "orthogonal": "orthogonal",
    "identity": "identity (IRNN)",
    "normal": "normal, N(0, 1/H)",
    "large": "too large, N(0, 9/H)",
    "norm": "by norm",
    "value": "by value",
    "agc": "adaptive (AGC)",
}
_WORDS |= {name: spec.label for name, spec in TASKS.items()}
_WORDS |= {name: spec.label for name, spec in CELLS.items()}
_WORDS |= {value: word for group in GROUPS for value, word in group.words.items()}


def gateless(config: RunConfig | RecordedConfig) -> str:
    """That its cell has no gates, as the beginning of a sentence."""
    is_other = isinstance(config, RunConfig) and config.cell != "rnn"
    return f"{'This cell' if is_other else 'A plain RNN'} has no gates"


def label_of(name: str) -> str:
    """A setting's name as the page shows it."""
    field = RunConfig.model_fields.get(name)
    return (field and field.title) or name


def word_of(value: object, name: str = "") -> str:
    """A setting's value as the page shows it; its name says whose own one is where it is None."""
    if value is None:
        return "the optimiser's own" if name == "weight_decay" else "the cell's own"
    return _WORDS.get(str(value), f"{value:g}" if isinstance(value, float) else str(value))
