"""Results: outcomes in a file, so that a sweep that was interrupted goes on where it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gradviz.history import Outcome
from gradviz.sweep.job import Job


class ResultsError(ValueError):
    """A file that is none of ours, in one sentence."""


class Results:
    """Outcomes by job; with a file, one JSON object a line, written as each job ends.

    Args:
        path: of the file, which need not be there yet; None keeps them in memory only.
        made_by: what the runs depend on beside their settings, as versions; lines of another
            one are not used.

    Raises:
        ResultsError: for a file with a line that cannot be read. A last line that was cut short
            is done again instead.
    """

    def __init__(self, path: Path | None = None, made_by: str = "") -> None:
        self._path, self._made_by = path, made_by
        self._known: dict[str, Outcome] = {}
        if path and path.exists():
            self._read(path)

    def __len__(self) -> int:
        return len(self._known)

    def get(self, job: Job) -> Outcome | None:
        """None where it has not been done."""
        return self._known.get(job.key)

    def add(self, job: Job, outcome: Outcome) -> None:
        """Keep what came of a job."""
        self._known[job.key] = outcome
        if self._path:
            line = {"job": job.key, "made_by": self._made_by, **outcome.to_dict()}
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    def _read(self, path: Path) -> None:
        text = path.read_text("utf-8")
        whole, _, cut = text.rpartition("\n")
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                values: dict[str, Any] = json.loads(line)
                key, made_by = values.pop("job"), values.pop("made_by")
                outcome = Outcome.from_dict(values)
            except (ValueError, KeyError, TypeError, AttributeError):
                raise ResultsError(
                    f"{path}, line {number} must be one of a sweep's results; choose another file."
                ) from None
            if made_by == self._made_by:
                self._known[key] = outcome
        if cut:
            path.write_text(f"{whole}\n" if whole else "", "utf-8")
