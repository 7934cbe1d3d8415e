"""The remedies by name, and a set-up with some of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from gradviz.config.remedy_list.inputs import INPUTS
from gradviz.config.remedy_list.networks import NETWORKS
from gradviz.config.remedy_list.noise import NOISE
from gradviz.config.remedy_list.remedy import Remedy
from gradviz.config.remedy_list.steps import STEPS
from gradviz.config.remedy_list.weights import WEIGHTS
from gradviz.config.run_config import ConfigError, RunConfig
from gradviz.config.setups import is_used

REMEDIES: Mapping[str, Remedy] = MappingProxyType(
    {each.name: each for each in STEPS + WEIGHTS + NETWORKS + INPUTS + NOISE}
)
"""By name, in a page's order within their kind."""


def treated(config: RunConfig, names: Sequence[str]) -> RunConfig:
    """A set-up with remedies, one or several together.

    Args:
        config: without them.
        names: of REMEDIES.

    Raises:
        ConfigError: with a sentence by remedy, or by setting, where one cannot be, changes
            nothing here, or sets what another sets otherwise.
        ValueError: for a name that there is not.
    """
    settings: dict[str, Any] = {}
    owner: dict[str, str] = {}
    for name in names:
        remedy = REMEDIES.get(name)
        if remedy is None:
            raise ValueError(f"remedy must be one of {', '.join(REMEDIES)}, got {name}.")
        for field, value in remedy.settings_for(config).items():
            if field in settings and settings[field] != value:
                other = REMEDIES[owner[field]].label
                raise ConfigError(
                    {name: f"“{remedy.label}” and “{other}” cannot be together: both set {field}."}
                )
            settings[field], owner[field] = value, name
    changed = config.replace(**settings)
    for name in names:
        remedy = REMEDIES[name]
        given = remedy.settings_for(config)
        if all(_is_idle(config, changed, field) for field in given):
            raise ConfigError({name: f"“{remedy.label}” changes nothing of this set-up."})
    return changed


def _is_idle(config: RunConfig, changed: RunConfig, field: str) -> bool:
    """Whether a setting is as it was, or does nothing where it is."""
    return getattr(changed, field) == getattr(config, field) or not is_used(changed, field)
