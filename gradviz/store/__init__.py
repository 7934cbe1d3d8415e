"""Runs in a file: written as they train, read as a History. NumPy and SQLite, no torch."""

from __future__ import annotations

from gradviz.store.database import StoreError
from gradviz.store.place import default_path
from gradviz.store.run_info import RunInfo
from gradviz.store.store import Store

__all__ = ["RunInfo", "Store", "StoreError", "default_path"]
