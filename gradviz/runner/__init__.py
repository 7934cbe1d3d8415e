"""Live runs: training happens in worker processes, never in the server's.

This side never imports torch; `gradviz.runner.worker` is a program of its own.
"""

from __future__ import annotations

from gradviz.runner.asking import QuestionError
from gradviz.runner.budget import RUNS_AN_OWNER
from gradviz.runner.check_process import CheckProcess, CheckProgress
from gradviz.runner.registry import Runner
from gradviz.runner.run_view import RunView, Status
from gradviz.runner.saving import Saver, Saving

__all__ = [
    "RUNS_AN_OWNER",
    "CheckProcess",
    "CheckProgress",
    "QuestionError",
    "RunView",
    "Runner",
    "Saver",
    "Saving",
    "Status",
]
