"""What can be wrong with a user's own data: one sentence each, made for a page."""

from __future__ import annotations


class UploadError(ValueError):
    """A file, or a choice among its columns, that cannot be used."""


class MissingDataError(LookupError):
    """Data that are not, or no longer, on the shelf."""


class ShelfError(RuntimeError):
    """A shelf that cannot be written."""
