"""Grids of runs on any concurrent.futures.Executor, and what came of each."""

from __future__ import annotations

from gradviz.sweep.job import Job, trained
from gradviz.sweep.results import Results, ResultsError
from gradviz.sweep.sweep import swept

__all__ = ["Job", "Results", "ResultsError", "swept", "trained"]
