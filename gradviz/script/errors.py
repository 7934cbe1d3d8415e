"""What cannot be written as a script."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gradviz.config import RunConfig


class ScriptError(ValueError):
    """A run of which there is no script; one sentence says why and what to do."""


def refuse_omega(config: RunConfig, beside: str) -> None:
    """Where Ω's gradient would need what only gradviz notes of a pass.

    Raises:
        ScriptError: where the run has both.
    """
    if config.omega:
        raise ScriptError(
            f"omega must be 0 for a script with {beside}, got {config.omega:g}; gradviz itself has "
            "both."
        )


def cannot(name: str, allowed: Iterable[str], got: Any) -> ScriptError:
    """The error for a setting's value that no writer knows."""
    return ScriptError(f"{name} must be {' or '.join(allowed)} for a script, got {got}.")
