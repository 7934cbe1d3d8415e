"""Words on their way to Streamlit, which reads Markdown."""

from __future__ import annotations

import re

_LINK = re.compile(r"(?i)(?<=www)(?=\.)|(?<=:)(?=//)|(?=@)")
"""Where Streamlit would make a link of an address, also behind backslashes."""

_JOINER = "\u2060"
"""Has no width and parts no words."""


def plain(sentence: str) -> str:
    """A sentence that may hold what a user typed, with nothing left for Markdown to read."""
    sentence = _LINK.sub(_JOINER, sentence)
    return "".join(f"\\{c}" if c in r"\`*_{}[]()<>#+-.!|$~:&^=" else c for c in sentence)
