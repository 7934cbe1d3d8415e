"""A user's own text or CSV: from the bytes of a file to what a task can train on.

NumPy and the standard library; neither torch nor streamlit. All that can be wrong is an
UploadError, and all that was guessed or changed is a note: one sentence each.
"""

from __future__ import annotations

from gradviz.uploads.column import Column
from gradviz.uploads.corpus import Corpus, read_text
from gradviz.uploads.decode import MOST_BYTES
from gradviz.uploads.errors import MissingDataError, ShelfError, UploadError
from gradviz.uploads.series import Missing, Series
from gradviz.uploads.shelf import Shelf, Shelved
from gradviz.uploads.table import Table, read_series

__all__ = [
    "MOST_BYTES",
    "Column",
    "Corpus",
    "Missing",
    "MissingDataError",
    "Series",
    "Shelf",
    "ShelfError",
    "Shelved",
    "Table",
    "UploadError",
    "read_series",
    "read_text",
]
