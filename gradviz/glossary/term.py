"""Term: one entry of the glossary."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """One entry."""

    name: str
    text: str
    """One or two sentences."""
    equation: str
    """LaTeX, without delimiters; of a plain word its symbol or what is counted."""
    equation_text: str
    """The same in Unicode, for a tooltip."""
    source: str = ""
    """The paper or book; empty for words of everyday use here."""
