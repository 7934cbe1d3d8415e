"""RunConfig, the only description of a run of ours, and what its settings may be. No torch."""

from __future__ import annotations

from gradviz.config.cell_notes import CELL_NOTES, CellNote
from gradviz.config.cell_specs import CELLS, RECURRENT, CellName, CellSpec
from gradviz.config.fields import allowed, bounds, choices
from gradviz.config.limits import LIMITS
from gradviz.config.recorded import RecordedConfig
from gradviz.config.remedy_fields.noise import is_noisy
from gradviz.config.run_config import ConfigError, RunConfig
from gradviz.config.task_specs import TASKS, TaskName, TaskSpec
from gradviz.config.truncation import Window
from gradviz.config.words import gateless, label_of, word_of
from gradviz.config.work import MOST_CHARACTERS, WORD_BUDGET, WORK_BUDGET

__all__ = [
    "CELLS",
    "CELL_NOTES",
    "LIMITS",
    "MOST_CHARACTERS",
    "RECURRENT",
    "TASKS",
    "WORD_BUDGET",
    "WORK_BUDGET",
    "CellName",
    "CellNote",
    "CellSpec",
    "ConfigError",
    "RecordedConfig",
    "RunConfig",
    "TaskName",
    "TaskSpec",
    "Window",
    "allowed",
    "bounds",
    "choices",
    "gateless",
    "is_noisy",
    "label_of",
    "word_of",
]
