"""The tasks: one file each, and one line here.

Importing this package does not import torch: pages read TASK_NOTES in the web server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from gradviz.config import RunConfig, TaskName
from gradviz.tasks import (
    adding,
    char_lm,
    copy_memory,
    copy_sequence,
    digits,
    recall,
    reverse_sequence,
    series,
    sunspots,
    temporal_order,
    text_classification,
    two_in_two_out,
    wave_from_vector,
    word_lm,
)
from gradviz.tasks.prepared import prepared
from gradviz.tasks.task import Batch, Task, TaskNotes

__all__ = ["TASK_NOTES", "Batch", "Task", "TaskNotes", "task_of"]


def _by_length(make: Callable[[int], Task]) -> Callable[[RunConfig], Task]:
    """A task of which the sequence length decides everything."""
    return lambda config: make(config.seq_len)


_TASKS: Mapping[TaskName, tuple[TaskNotes, Callable[[RunConfig], Task]]] = {
    "adding": (adding.NOTES, _by_length(adding.adding)),
    "copy_memory": (copy_memory.NOTES, _by_length(copy_memory.copy_memory)),
    "temporal_order": (temporal_order.NOTES, _by_length(temporal_order.temporal_order)),
    "recall": (recall.NOTES, _by_length(recall.recall)),
    "digits_pixels": (digits.PIXELS_NOTES, _by_length(digits.digits)),
    "digits_rows": (digits.ROWS_NOTES, _by_length(digits.digits)),
    "sunspots": (sunspots.NOTES, sunspots.sunspots),
    "series": (series.NOTES, series.series),
    "copy_sequence": (copy_sequence.NOTES, copy_sequence.copy_sequence),
    "reverse_sequence": (reverse_sequence.NOTES, reverse_sequence.reverse_sequence),
    "wave_from_vector": (wave_from_vector.NOTES, _by_length(wave_from_vector.wave_from_vector)),
    "two_in_two_out": (two_in_two_out.NOTES, _by_length(two_in_two_out.two_in_two_out)),
    "word_lm": (word_lm.NOTES, word_lm.word_lm),
    "char_lm": (char_lm.NOTES, char_lm.char_lm),
    "text_classification": (text_classification.NOTES, text_classification.text_classification),
}

TASK_NOTES: Mapping[TaskName, TaskNotes] = MappingProxyType(
    {name: notes for name, (notes, _) in _TASKS.items()}
)
"""What a page says of each task, readable without torch."""


def task_of(config: RunConfig) -> Task:
    """The task of a run, as its settings make it."""
    return prepared(_TASKS[config.task][1](config), config)
