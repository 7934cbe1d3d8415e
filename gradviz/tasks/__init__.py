"""The tasks: one file each, and one line here.

Importing this package does not import torch: pages read TASK_NOTES in the web server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from gradviz.config import RunConfig, TaskName
from gradviz.tasks import adding, copy_memory, digits, recall, sunspots, temporal_order
from gradviz.tasks.task import Batch, Task, TaskNotes

__all__ = ["TASK_NOTES", "Batch", "Task", "TaskNotes", "task_of"]

_TASKS: Mapping[TaskName, tuple[TaskNotes, Callable[[int], Task]]] = {
    "adding": (adding.NOTES, adding.adding),
    "copy_memory": (copy_memory.NOTES, copy_memory.copy_memory),
    "temporal_order": (temporal_order.NOTES, temporal_order.temporal_order),
    "recall": (recall.NOTES, recall.recall),
    "digits_pixels": (digits.PIXELS_NOTES, digits.digits),
    "digits_rows": (digits.ROWS_NOTES, digits.digits),
    "sunspots": (sunspots.NOTES, sunspots.sunspots),
}

TASK_NOTES: Mapping[TaskName, TaskNotes] = MappingProxyType(
    {name: notes for name, (notes, _) in _TASKS.items()}
)
"""What a page says of each task, readable without torch."""


def task_of(config: RunConfig) -> Task:
    """The task of a run, at the run's sequence length."""
    return _TASKS[config.task][1](config.seq_len)
