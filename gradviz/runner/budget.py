"""How many runs one session may have open, and how much memory their frames may take."""

from __future__ import annotations

from collections.abc import Mapping

from gradviz.config import LIMITS

RUNS_AN_OWNER = LIMITS.runs_a_session
"""Open runs one session may have, as four set-ups with ten seeds each; the oldest gives way."""
BYTES_AN_OWNER = LIMITS.frames_mb_a_session * 2**20
"""Memory that the frames of all of them may take; the oldest gives way."""


def giving_way(held: Mapping[str, int], frame_bytes: int) -> list[str]:
    """An owner's runs that must be closed before one more may be opened, the oldest first.

    Args:
        held: bytes that the frames of each open run may take, the oldest first.
        frame_bytes: that those of the new one may take.
    """
    closed: list[str] = []
    left, total = len(held), sum(held.values())
    for name, own_bytes in held.items():
        if left < RUNS_AN_OWNER and total + frame_bytes <= BYTES_AN_OWNER:
            break
        closed.append(name)
        left, total = left - 1, total - own_bytes
    return closed
