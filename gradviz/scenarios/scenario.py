"""Scenario: a run, or a few to be compared, worth looking at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from gradviz.config import RunConfig

Page = Literal["live_training", "vanishing", "gates", "clipping", "compare", "remedies"]
"""A page that shows runs, by its file's name."""

Shelf = Literal["gradients", "cells", "shapes", "state", "text", "remedies"]

SHELVES: Mapping[Shelf, str] = MappingProxyType(
    {
        "gradients": "Gradients",
        "cells": "Cells",
        "shapes": "Shapes and readouts",
        "state": "State and truncation",
        "text": "Text",
        "remedies": "Remedies",
    }
)
"""Where Home's gallery keeps the scenarios of Live training, in its order."""

CLOSE_UP_PAGES = frozenset({"vanishing", "gates"})
"""Pages that look at one sequence unit by unit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """Runs worth looking at, and the page that shows them."""

    name: str
    title: str
    text: str
    """What to do and what to look at, in one or two sentences."""
    variants: Mapping[str, RunConfig]
    """Label to settings, in the order of the pictures; one run alone has the label ""."""
    page: Page = "live_training"
    shelf: Shelf = "gradients"
    """Of Live training's."""
    steps: int = 200
    """Until it has shown its point."""

    @property
    def config(self) -> RunConfig:
        """The settings of the first variant, from which the others differ."""
        return next(iter(self.variants.values()))

    @property
    def closeup(self) -> bool:
        """Whether its page needs close-ups."""
        return self.page in CLOSE_UP_PAGES


def alone(config: RunConfig) -> Mapping[str, RunConfig]:
    """The variants of a scenario that is one run."""
    return MappingProxyType({"": config})


def varied(
    config: RunConfig, changes: Mapping[str, Mapping[str, object]]
) -> Mapping[str, RunConfig]:
    """The variants of one run: label to the settings that are changed in it."""
    return MappingProxyType({label: config.replace(**each) for label, each in changes.items()})
