"""A stranger's text inside our own sentence."""

from __future__ import annotations


def shown(text: str, longest: int = 40) -> str:
    """Shortened, and without control characters."""
    return "".join(c if c.isprintable() else "�" for c in text[:longest])
