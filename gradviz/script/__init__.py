"""Show me the code: any run as a PyTorch script that stands alone.

A script is made of *parts*, plain Python files in `parts/`, and of lines that the *writers* below
put into the slots of a `Draft`. To add a remedy: a module here with FIELDS, the settings that it
knows, and `write(draft)`, and one line in WRITERS; what is more than a line or two long is a part.
A setting that no writer knows is refused, never left out silently.
"""

from __future__ import annotations

from collections.abc import Callable

from gradviz.config import CELLS, RunConfig
from gradviz.script import (
    clip,
    encoder_decoder,
    inputs,
    noise,
    norms,
    omega,
    optimiser,
    pretraining,
    rates,
    recurrent,
    sequence_model,
    task,
    weights,
    window_model,
)
from gradviz.script.draft import Draft
from gradviz.script.errors import ScriptError
from gradviz.script.text import text_of

__all__ = ["KNOWN", "ScriptError", "script"]

WRITERS = (
    task.write,
    optimiser.write,
    clip.write,
    rates.write,
    omega.write,
    weights.write,
    noise.write,
    pretraining.write,
)
"""Behind that of the model."""

_WITH_FIELDS = (
    sequence_model,
    encoder_decoder,
    recurrent,
    norms,
    noise,
    pretraining,
    task,
    inputs,
    omega,
    optimiser,
    clip,
    rates,
    weights,
)

KNOWN = frozenset({"seed", "probe_size", "record_every"}).union(
    *(each.FIELDS for each in _WITH_FIELDS)
)
"""The settings that a script follows, or that change nothing of the training."""


def script(config: RunConfig) -> str:
    """The text of a Python file that trains the same model on the same data with the same seed.

    It needs PyTorch, but not gradviz; it prints each step and its loss.

    Raises:
        ScriptError: one sentence, where the run cannot be written so.
    """
    unknown = [name for name in config.differences() if name not in KNOWN]
    if unknown:
        raise ScriptError(
            f"{unknown[0]} must be left at its default for a script, which cannot yet say it, got "
            f"{getattr(config, unknown[0])}."
        )
    draft = Draft(config)
    for write in (_model(config), *WRITERS):
        write(draft)
    return text_of(draft)


def _model(config: RunConfig) -> Callable[[Draft], None]:
    """The writer of the model."""
    if not CELLS[config.cell].is_recurrent:
        return window_model.write
    return encoder_decoder.write if config.is_pair else sequence_model.write
