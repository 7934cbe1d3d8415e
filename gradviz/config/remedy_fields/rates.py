"""How the learning rate changes from step to step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, Field

from gradviz.config.remedy_fields.group import Group

if TYPE_CHECKING:
    from gradviz.config.run_config import RunConfig


class RateFields(BaseModel):
    """Of `remedies.schedule`."""

    warmup_steps: int = Field(
        0,
        ge=0,
        le=10_000,
        title="Warm-up steps",
        description="The learning rate rises in a straight line through so many first steps.",
    )
    schedule: Literal["constant", "step", "exponential", "cosine"] = Field(
        "constant",
        title="Schedule",
        description="How the learning rate falls after the warm-up: in steps, by a factor, or "
        "along half a cosine.",
    )
    schedule_steps: int = Field(
        200,
        ge=1,
        le=100_000,
        title="Schedule length",
        description="Optimiser steps from one step of the schedule to the next, or until the "
        "cosine is at its end.",
    )
    schedule_factor: float = Field(
        0.1,
        ge=0.0,
        le=1.0,
        title="Schedule factor",
        description="What is left of the learning rate after one schedule length.",
        json_schema_extra={"step": 0.1},
    )


def _is_used(config: RunConfig, name: str) -> bool:
    if name in {"schedule_steps", "schedule_factor"}:
        return config.schedule != "constant"
    return True


GROUP = Group(
    title="Learning rate over time", fields=RateFields, is_used=_is_used, words={"step": "in steps"}
)
