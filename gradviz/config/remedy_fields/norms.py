"""What is normalised between the layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field

from gradviz.config.cell_specs import CELLS
from gradviz.config.remedy_fields.group import Group
from gradviz.config.task_specs import TASKS

if TYPE_CHECKING:
    from gradviz.config.run_config import RunConfig


class NormFields(BaseModel):
    """Of `remedies.normalisation`."""

    norm: Literal["none", "layer", "batch"] = Field(
        "none",
        title="Normalisation",
        description="Of what goes from one layer to the next and to the readout: over the units "
        "of a timestep, or of each unit over the batch and all timesteps.",
    )


def _misfit(config: RunConfig) -> tuple[str, str] | None:
    if config.norm != "batch":
        return None
    if config.is_pair:
        return "norm", (
            f"norm must be none or layer for {config.task}, whose decoder writes timestep by "
            "timestep, of which each would have a mean of its own, got batch."
        )
    if config.windows:
        return "norm", (
            "norm must be none or layer where the gradient is truncated: a window would have "
            "another mean than the whole sequence, got batch."
        )
    if not CELLS[config.cell].is_recurrent and config.batch_size == 1:
        return "norm", (
            f"norm must be none or layer for {config.cell} with a batch_size of 1, whose variance "
            "is 0, got batch."
        )
    return None


def _giving_way(settings: Mapping[str, Any]) -> dict[str, Any]:
    task = TASKS.get(settings["task"])
    is_pair = task and task.network == "encoder_decoder"
    return {"norm": "none"} if is_pair and settings["norm"] == "batch" else {}


GROUP = Group(
    title="Normalisation",
    fields=NormFields,
    misfit=_misfit,
    giving_way=_giving_way,
    words={"layer": "layer norm", "batch": "batch norm"},
)
