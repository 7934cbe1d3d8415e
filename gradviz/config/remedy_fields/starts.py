"""How weights and biases start, beside `recurrent_init` and `forget_bias`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field

from gradviz.config.cell_specs import CELLS
from gradviz.config.remedy_fields.group import Group

if TYPE_CHECKING:
    from gradviz.config.run_config import RunConfig


class StartFields(BaseModel):
    """Of `remedies.initialisation` and `remedies.gate_bias`."""

    input_init: Literal["default", "xavier", "he", "orthogonal", "small"] = Field(
        "default",
        title="Start of W_ih",
        description="How the input weights of every recurrent layer start, each gate's on their "
        "own: as the cell's own, uniform of variance 2/(I + H) (Xavier), normal of variance 2/I "
        "(He), orthogonal, or normal of deviation 0.01.",
    )
    gate_bias: Literal["default", "chrono"] = Field(
        "default",
        title="Start of the gates",
        description="Chrono: the bias of the gate that keeps the memory starts at ln U(1, T − 1), "
        "an input gate's at minus that, so that memories last 2 to T timesteps.",
    )


def _misfit(config: RunConfig) -> tuple[str, str] | None:
    spec = CELLS[config.cell]
    if config.input_init != "default" and not spec.is_recurrent:
        return "input_init", (
            f"input_init must be default for {config.cell}, which has no recurrent layer, got "
            f"{config.input_init}."
        )
    if config.gate_bias == "default":
        return None
    if not spec.has_keeping_gate:
        return "gate_bias", (
            f"gate_bias must be default for {config.cell}, which has no gate that keeps its "
            f"memory, got {config.gate_bias}."
        )
    if spec.has_forget_bias and config.forget_bias is not None:
        return "gate_bias", (
            f"gate_bias must be default where a forget bias is given, {config.forget_bias:g}, got "
            f"{config.gate_bias}; empty the one or the other."
        )
    return None


def _is_used(config: RunConfig, name: str) -> bool:
    spec = CELLS[config.cell]
    if name == "input_init":
        return spec.is_recurrent
    return spec.has_keeping_gate and not (spec.has_forget_bias and config.forget_bias is not None)


def _giving_way(settings: Mapping[str, Any]) -> dict[str, Any]:
    spec = CELLS.get(settings["cell"])
    return {
        **({"input_init": "default"} if spec and not spec.is_recurrent else {}),
        **({"gate_bias": "default"} if spec and not spec.has_keeping_gate else {}),
    }


GROUP = Group(
    title="Start",
    fields=StartFields,
    misfit=_misfit,
    is_used=_is_used,
    giving_way=_giving_way,
    words={"xavier": "Xavier", "he": "He", "small": "small, N(0, 0.01²)"},
)
