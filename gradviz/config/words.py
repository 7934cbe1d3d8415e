"""Settings in words: a name as a page shows it, a value as a page shows it."""

from __future__ import annotations

from gradviz.config.cell_specs import CELLS
from gradviz.config.recorded import RecordedConfig
from gradviz.config.run_config import RunConfig
from gradviz.config.task_specs import TASKS

_LABELS = {
    "task": "Task",
    "seq_len": "Sequence length",
    "data": "Data",
    "vocabulary_size": "Vocabulary (words)",
    "forecast_steps": "Steps ahead",
    "normalise": "Normalised columns",
    "skip_step": "Skip between windows",
    "batch_size": "Batch size",
    "seed": "Seed",
    "cell": "Cell",
    "activation": "Nonlinearity",
    "num_layers": "Layers",
    "bidirectional": "Both directions",
    "residual": "Skips between layers",
    "hidden_size": "Hidden size",
    "embedding_size": "Embedding size",
    "dropout": "Dropout",
    "readout": "Readout",
    "attention": "Attention",
    "reverse_source": "Source reversed",
    "teacher_forcing": "Teacher forcing",
    "recurrent_init": "Start of W_hh",
    "recurrent_gain": "Gain of W_hh",
    "forget_bias": "Forget bias",
    "state": "State between batches",
    "bptt_window": "Backward window k2",
    "bptt_every": "Backward every k1",
    "optimizer": "Optimiser",
    "learning_rate": "Learning rate",
    "momentum": "Momentum",
    "clip": "Clip",
    "clip_threshold": "Clip threshold",
    "dtype": "Precision",
    "device": "Device",
    "probe_size": "Probe sequences",
}
_WORDS = {
    "leaky_relu": "leaky relu",
    "True": "yes",
    "False": "no",
    "sgd": "SGD",
    "adam": "Adam",
    "adamw": "AdamW",
    "rmsprop": "RMSprop",
    "last": "last state",
    "mean": "mean of all states",
    "sum": "sum of all states",
    "attention": "attention over all states",
    "dot": "dot product hᵀe",
    "general": "general hᵀWe",
    "default": "the cell's own",
    "orthogonal": "orthogonal × gain",
    "identity": "identity × gain (IRNN)",
    "normal": "normal × gain",
    "norm": "by norm",
    "value": "by value",
    "agc": "adaptive (AGC)",
}
_WORDS |= {name: spec.label for name, spec in TASKS.items()}
_WORDS |= {name: spec.label for name, spec in CELLS.items()}


def gateless(config: RunConfig | RecordedConfig) -> str:
    """That its cell has no gates, as the beginning of a sentence."""
    is_other = isinstance(config, RunConfig) and config.cell != "rnn"
    return f"{'This cell' if is_other else 'A plain RNN'} has no gates"


def label_of(name: str) -> str:
    """A setting's name as the page shows it."""
    return _LABELS.get(name, name)


def word_of(value: object) -> str:
    """A setting's value as the page shows it."""
    if value is None:
        return "the cell's own"
    return _WORDS.get(str(value), f"{value:g}" if isinstance(value, float) else str(value))
