"""The settings of remedies, in groups: one file each.

How to add one: a file with a pydantic model of the settings (title, description, bounds, a default
that is *off*) and a `Group`; its model among RemedyFields' bases and its group in GROUPS. The
sidebar, the URL, validation and the words of comparisons follow from these.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gradviz.config.remedy_fields import (
    inputs,
    noise,
    norms,
    pretraining,
    rates,
    starts,
    weights,
)
from gradviz.config.remedy_fields.group import Group

if TYPE_CHECKING:
    from gradviz.config.run_config import RunConfig

GROUPS: tuple[Group, ...] = (
    rates.GROUP,
    inputs.GROUP,
    starts.GROUP,
    weights.GROUP,
    norms.GROUP,
    noise.GROUP,
    pretraining.GROUP,
)
"""In a page's order."""

GROUP_OF: Mapping[str, Group] = MappingProxyType(
    {name: group for group in GROUPS for name in group.names}
)
"""By a setting's name."""


class RemedyFields(
    pretraining.PretrainingFields,
    noise.NoiseFields,
    norms.NormFields,
    weights.WeightFields,
    starts.StartFields,
    inputs.InputFields,
    rates.RateFields,
):
    """All of them."""


def misfit(config: RunConfig) -> tuple[str, str] | None:
    """The field that does not fit the others, and a sentence; None where all do."""
    return next((found for group in GROUPS if (found := group.misfit(config))), None)


def giving_way(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What a new cell or task turns off."""
    return {name: off for group in GROUPS for name, off in group.giving_way(settings).items()}
