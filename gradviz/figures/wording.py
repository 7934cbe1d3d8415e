"""Words that pictures share: names without markup, counted nouns."""

from __future__ import annotations

import html

WAITING = "Nothing trained yet"
"""In place of a picture of which nothing is known yet."""


def escaped(text: str) -> str:
    """A name with nothing left for plotly.js to read as markup or mathematics."""
    return html.escape(text).replace("$", "&#36;")


def count_of(number: int, noun: str) -> str:
    """The number and the noun, in the plural unless it is 1: 1 sequence, 8 sequences."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
