"""Whether the layers are trained one after the other before they are trained together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from gradviz.config.cell_specs import CELLS
from gradviz.config.remedy_fields.group import Group
from gradviz.config.task_specs import TASKS

if TYPE_CHECKING:
    from gradviz.config.run_config import RunConfig


class PretrainingFields(BaseModel):
    """Of `remedies.pretraining`."""

    pretrain_steps: int = Field(
        0,
        ge=0,
        le=100_000,
        title="Pre-training steps a layer",
        description="So many steps train the first layer alone, as many the second upon it, …; "
        "then all are trained together.",
        json_schema_extra={"step": 50},
    )


def _misfit(config: RunConfig) -> tuple[str, str] | None:
    if not config.pretrain_steps:
        return None
    got = f"got {config.pretrain_steps}."
    if not CELLS[config.cell].is_recurrent:
        return "pretrain_steps", (
            f"pretrain_steps must be 0 for {config.cell}, which has no recurrent layers, {got}"
        )
    if config.is_pair:
        return "pretrain_steps", (
            f"pretrain_steps must be 0 for {config.task}: the layers of its encoder have nothing "
            f"to answer by themselves, {got}"
        )
    if config.num_layers == 1:
        return "pretrain_steps", (
            f"pretrain_steps must be 0 with one layer, upon which there is no other, {got}"
        )
    if config.norm == "batch":
        return "pretrain_steps", (
            "pretrain_steps must be 0 with batch norm, whose means would go on moving in layers "
            f"that are frozen, {got[:-1]}; layer norm has none."
        )
    return None


def _is_used(config: RunConfig, name: str) -> bool:
    return config.num_layers > 1 and CELLS[config.cell].is_recurrent and not config.is_pair


def _giving_way(settings: Mapping[str, Any]) -> dict[str, Any]:
    task, cell = TASKS.get(settings["task"]), CELLS.get(settings["cell"])
    is_pair = task and task.network == "encoder_decoder"
    return {"pretrain_steps": 0} if is_pair or (cell and not cell.is_recurrent) else {}


GROUP = Group(
    title="Pre-training",
    fields=PretrainingFields,
    misfit=_misfit,
    is_used=_is_used,
    giving_way=_giving_way,
)
