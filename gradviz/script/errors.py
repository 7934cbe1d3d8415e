"""What cannot be written as a script."""

from __future__ import annotations


class ScriptError(ValueError):
    """A run of which there is no script; one sentence says why and what to do."""
