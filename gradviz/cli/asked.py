"""What `python -m gradviz run` was asked to run: label → RunConfig, or a usage error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import click

from gradviz.cli.terminal import leave
from gradviz.config import ConfigError, RunConfig
from gradviz.scenarios import SCENARIOS

NO_FILE = 3
"""Exit status where a file is in the way."""


def configs_asked(scenario: str | None, text: str | None) -> Mapping[str, RunConfig]:
    """The runs by their label, which is "" of one alone.

    Args:
        scenario: its name.
        text: a query, a page's address or a JSON file instead.

    Raises:
        click.UsageError: for neither or both, and for settings that cannot be.
    """
    if scenario is None and text is not None:
        return {"": _from_file(Path(text)) if _is_file(text) else _from_query(text)}
    if scenario is None or text is not None:
        raise click.UsageError("Name a SCENARIO or give --config, one of them; --list has names.")
    if scenario not in SCENARIOS:
        raise click.UsageError(f"SCENARIO must be one of {', '.join(SCENARIOS)}, got {scenario}.")
    return SCENARIOS[scenario].variants


def with_seed(config: RunConfig, seed: int | None) -> RunConfig:
    """The same settings with another seed.

    Raises:
        click.UsageError: for one that cannot be.
    """
    try:
        return config if seed is None else config.replace(seed=seed)
    except ConfigError as error:
        raise click.UsageError(str(error)) from None


def _is_file(text: str) -> bool:
    return text.endswith(".json") or ("=" not in text and text != "")


def _from_query(text: str) -> RunConfig:
    config, problems = RunConfig.from_query(text.partition("?")[2] if "?" in text else text)
    if problems:
        # On a page the default is used; a command that ran something else would mislead.
        told = " ".join(problems).replace(" The default is used.", "")
        raise click.UsageError(told)
    return config


def _from_file(path: Path) -> RunConfig:
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        leave(NO_FILE, f"{path} must be a JSON file that can be read: {error.strerror}.")
    except ValueError as error:
        raise click.UsageError(f"{path} must be a JSON file, got {error}.") from None
    if not isinstance(found, dict):
        raise click.UsageError(f"{path} must hold settings by name, got {type(found).__name__}.")
    try:
        return RunConfig.from_dict(found)
    except ConfigError as error:
        raise click.UsageError(f"{path}: {error}") from None
