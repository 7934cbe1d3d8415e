"""Words on their way to Streamlit, which reads Markdown."""

from __future__ import annotations


def plain(sentence: str) -> str:
    """A sentence that may hold what a user typed, with nothing left for Markdown to read."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()<>#+-.!|$~:&^=" else c for c in sentence)
