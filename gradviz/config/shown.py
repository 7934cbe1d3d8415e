"""Values as the sentences about them show them."""

from __future__ import annotations

from typing import Any


def span(low: int, high: int) -> str:
    """“2…1000”, or the one number that there is."""
    return str(low) if low == high else f"{low}…{high}"


def number(value: float) -> str:
    """As short as it is exact."""
    return f"{value:.0f}" if value == int(value) and abs(value) < 1e10 else f"{value:g}"


def shown(value: Any, longest: int = 40) -> str:
    """A value as it came, shortened, without control characters."""
    text = repr(value) if not isinstance(value, str) else f"“{value}”"
    text = "".join(c if c.isprintable() else "�" for c in text[: 4 * longest])
    return text if len(text) <= longest else f"{text[:longest]}… ({len(str(value))} characters)"
