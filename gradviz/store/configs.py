"""What a run was set to, as JSON and back; and the versions of what trained it."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict
from functools import cache, lru_cache
from importlib import metadata

from gradviz import __version__
from gradviz.config import RecordedConfig, RunConfig
from gradviz.store.database import StoreError

VERSIONS_OF = ("torch", "numpy")
"""Packages whose versions are kept beside a run."""


def as_json(config: RunConfig | RecordedConfig) -> str:
    """Under the name of its kind.

    Raises:
        StoreError: for a user's own settings that are no plain values.
    """
    if isinstance(config, RunConfig):
        return json.dumps({"RunConfig": config.to_dict()})
    try:
        return json.dumps({"RecordedConfig": asdict(config)}, default=str)
    except (TypeError, ValueError) as error:
        raise StoreError(f"config must hold plain values by name, but {error}.") from error


@lru_cache(maxsize=4096)  # A list of a thousand runs has few kinds of settings; 1 ms each.
def from_json(text: str) -> RunConfig | RecordedConfig:
    """Of `as_json`.

    Raises:
        ValueError: for settings that this gradviz does not know; a ConfigError is one.
    """
    kinds = json.loads(text)
    try:
        if "RunConfig" in kinds:
            return RunConfig.from_dict(kinds["RunConfig"])
        found = RecordedConfig(**kinds["RecordedConfig"])
        words = isinstance(found.model, str) and isinstance(found.dtype, str)
        if not words or not isinstance(found.settings, dict):
            raise TypeError("RecordedConfig must have a model in words and settings by name")
        return found
    except (TypeError, KeyError) as error:
        raise ValueError(str(error)) from error


@cache
def versions() -> str:
    """Package to version, as JSON; packages that are not installed are left out."""
    found = {"gradviz": __version__, "python": platform.python_version()}
    for name in VERSIONS_OF:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return json.dumps(found)
