"""Group: settings of remedies that belong together, and what the rest must know of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from gradviz.config.run_config import RunConfig


def _always(config: RunConfig, name: str) -> bool:
    return True


def _fits(config: RunConfig) -> None:
    return None


def _stays(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """One file's settings."""

    title: str
    """Over them on a page."""
    fields: type[BaseModel]
    misfit: Callable[[RunConfig], tuple[str, str] | None] = _fits
    """The field that does not fit the other settings, and a sentence; None where all do."""
    is_used: Callable[[RunConfig, str], bool] = _always
    """Whether a setting changes anything, and so whether a page shows it."""
    giving_way: Callable[[Mapping[str, Any]], Mapping[str, Any]] = _stays
    """All settings, perhaps with a new cell or task, to those of the group that no longer fit and
    the page no longer shows, turned off. It may be given values that are out of range."""
    words: Mapping[str, str] = field(default_factory=dict)
    """A value to how a page shows it, where that differs."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the settings, in a page's order."""
        return tuple(self.fields.model_fields)
