"""Where the app's own runs are kept."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def default_path() -> Path:
    """$GRADVIZ_RUNS, else runs.db in a folder of the user's data."""
    named = os.environ.get("GRADVIZ_RUNS")
    folder = platformdirs.user_data_path("gradviz", False)
    return (Path(named) if named else folder / "runs.db").absolute()
