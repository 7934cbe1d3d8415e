"""The terms of the pages: what each means, and its equation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """One term."""

    name: str
    text: str
    equation: str
    """LaTeX."""
    equation_text: str
    """The same in plain characters, for a tooltip."""
    source: str


TERMS: Mapping[str, Term] = MappingProxyType(
    {
        "gradient_horizon": Term(
            name="gradient horizon",
            text="The least lag at which the transport has fallen to 1/e.",
            equation=r"\min\{k : \|\partial s_T/\partial s_{T-k}\|_2 \le 1/e\}",
            equation_text="min{k : ‖∂s_T/∂s_{T−k}‖₂ ≤ 1/e}",
            source="",
        )
    }
)

PICTURE_TERMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"transport": ("gradient_horizon",)}
)
"""The terms of each picture."""
