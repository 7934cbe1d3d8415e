"""What cannot be written as a script."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class ScriptError(ValueError):
    """A run of which there is no script; one sentence says why and what to do."""


def cannot(name: str, allowed: Iterable[str], got: Any) -> ScriptError:
    """The error for a setting's value that no writer knows."""
    return ScriptError(f"{name} must be {' or '.join(allowed)} for a script, got {got}.")
