"""Reverse a sequence: the decoder writes the source from its end to its beginning.

What was read last is asked for first, so the shortest paths are short, as when the source is read
reversed in a task that keeps the order (Sutskever, Vinyals & Le 2014, §3.3).
"""

from __future__ import annotations

from gradviz.config import RunConfig
from gradviz.tasks.copy_sequence import FLOOR_TEXT, PAPER, copy_sequence
from gradviz.tasks.task import Task, TaskNotes

NOTES = TaskNotes(
    description="An encoder reads symbols of eight kinds; then a decoder, which begins with the "
    "encoder's last state, must write them down from the last to the first.",
    paper=PAPER,
    floor_text=FLOOR_TEXT,
)


def reverse_sequence(config: RunConfig) -> Task:
    """Source: one-hot of 8 symbols. Target: the same symbols, the last first."""
    return copy_sequence(config, turned=True)
