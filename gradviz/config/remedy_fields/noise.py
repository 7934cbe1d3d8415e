"""Noise within the recurrence."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from gradviz.config.cell_specs import CELLS
from gradviz.config.remedy_fields.group import Group
from gradviz.config.task_specs import TASKS

if TYPE_CHECKING:
    from gradviz.config.run_config import RunConfig


class NoiseFields(BaseModel):
    """Of `cells.noise`."""

    zoneout: float = Field(
        0.0,
        ge=0.0,
        le=0.9,
        title="Zoneout",
        description="Share of the units that keep their value from one timestep to the next "
        "while it trains, other units at each timestep.",
    )
    dropconnect: float = Field(
        0.0,
        ge=0.0,
        le=0.9,
        title="DropConnect",
        description="Share of the recurrent weights W_hh set to zero while it trains, the same at "
        "all timesteps of a step.",
    )
    variational_dropout: float = Field(
        0.0,
        ge=0.0,
        le=0.9,
        title="Variational dropout",
        description="Share of the values that a layer reads, of its inputs and of its own state "
        "before, set to zero while it trains, the same at all timesteps.",
    )
    recurrent_dropout: float = Field(
        0.0,
        ge=0.0,
        le=0.9,
        title="Recurrent dropout",
        description="Share of the candidate set to zero while it trains, so that the memory "
        "keeps what it has; of an LSTM or GRU.",
    )


CELLS_OF: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # What is kept must be what the layer gives.
        "zoneout": tuple(
            name for name, spec in CELLS.items() if spec.is_recurrent and spec.symbol == "h"
        ),
        "dropconnect": tuple(name for name, spec in CELLS.items() if spec.has_recurrent_weight),
        "variational_dropout": (
            "rnn",
            "lstm",
            "gru",
            "peephole_lstm",
            "coupled_lstm",
            "irnn",
            "orthogonal_rnn",
            "linear_rnn",
        ),
        "recurrent_dropout": ("lstm", "gru"),
    }
)
"""Cells that may have each."""

_PER_TIMESTEP = {"zoneout", "recurrent_dropout"}


def is_noisy(config: RunConfig) -> bool:
    """Whether there is noise within the recurrence."""
    return any(getattr(config, name) for name in CELLS_OF)


def _misfit(config: RunConfig) -> tuple[str, str] | None:
    for name, cells in CELLS_OF.items():
        rate = getattr(config, name)
        if not rate:
            continue
        if config.cell not in cells:
            return name, (
                f"{name} must be 0 for the cell {config.cell}, got {rate:g}; "
                f"it is for {', '.join(cells)}."
            )
        if config.is_pair:
            return name, (
                f"{name} must be 0 for {config.task}, got {rate:g}; it is not there for an encoder "
                "with its decoder."
            )
        if config.overlap > 1 and name in _PER_TIMESTEP:
            return name, (
                f"{name} must be 0 where windows overlap, or each would draw other masks for the "
                f"same timesteps, got {rate:g}; set bptt_every to 0."
            )
    return None


def _is_used(config: RunConfig, name: str) -> bool:
    return config.cell in CELLS_OF[name] and not config.is_pair


def _giving_way(settings: Mapping[str, Any]) -> dict[str, Any]:
    task = TASKS.get(settings["task"])
    is_pair = task is not None and task.network == "encoder_decoder"
    return {
        name: 0.0
        for name, cells in CELLS_OF.items()
        if is_pair or (settings["cell"] in CELLS and settings["cell"] not in cells)
    }


GROUP = Group(
    title="Noise in the recurrence",
    fields=NoiseFields,
    misfit=_misfit,
    is_used=_is_used,
    giving_way=_giving_way,
)
