"""What holds the weights: constraints, penalties, decay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field

from gradviz.config.cell_specs import CELLS
from gradviz.config.remedy_fields.group import Group
from gradviz.config.shown import number

if TYPE_CHECKING:
    from gradviz.config.cell_specs import CellSpec
    from gradviz.config.run_config import RunConfig

MatrixConstraint = Literal["none", "max_norm", "unit_norm", "non_negative", "spectral"]
BiasConstraint = Literal["none", "max_norm", "unit_norm", "non_negative"]

_CONSTRAINTS = ("input_constraint", "recurrent_constraint", "bias_constraint")
_LIMITED = {"max_norm", "spectral"}


class WeightFields(BaseModel):
    """Of `constraints`, `penalties`, `weight_decay` and `omega` in `remedies`."""

    input_constraint: MatrixConstraint = Field(
        "none",
        title="Input weights",
        description="What is held after every step, of each gate's W_ih: the norm of each unit's "
        "weights (at most the limit, or 1), no negative weights, or the spectral norm.",
    )
    recurrent_constraint: MatrixConstraint = Field(
        "none",
        title="Recurrent weights",
        description="The same of each gate's W_hh. With a spectral norm of at most 1 the gradient "
        "of a plain RNN cannot grow from timestep to timestep.",
    )
    bias_constraint: BiasConstraint = Field(
        "none",
        title="Biases",
        description="The same of each gate's bias vector; of PyTorch's two each by itself.",
    )
    constraint_limit: float = Field(
        1.0,
        ge=0.001,
        le=1000.0,
        title="Limit of weights",
        description="Largest norm that a max-norm or a spectral constraint allows.",
        json_schema_extra={"step": 0.1},
    )
    l1: float = Field(
        0.0,
        ge=0.0,
        le=1.0,
        title="L1",
        description="λ of the penalty λ Σ|w|, of all weight matrices but embeddings; not of "
        "biases. The loss that is shown is without it.",
        json_schema_extra={"step": 0.0001},
    )
    l2: float = Field(
        0.0,
        ge=0.0,
        le=1.0,
        title="L2",
        description="λ of the penalty λ Σw², of all weight matrices but embeddings; not of "
        "biases. The loss that is shown is without it.",
        json_schema_extra={"step": 0.0001},
    )
    weight_decay: float | None = Field(
        None,
        ge=0.0,
        le=10.0,
        title="Weight decay",
        description="Every step makes every parameter smaller by the learning rate times this, "
        "apart from the gradient; empty leaves the optimiser's own (0.01 of AdamW, else 0).",
        json_schema_extra={"step": 0.01},
    )
    omega: float = Field(
        0.0,
        ge=0.0,
        le=1000.0,
        title="Pascanu's Ω",
        description="Factor of the penalty that asks each timestep to pass a gradient on at its "
        "size; of plain RNNs. The loss that is shown is without it.",
        json_schema_extra={"step": 0.1},
    )


def _misfit(config: RunConfig) -> tuple[str, str] | None:
    spec = CELLS[config.cell]
    if config.recurrent_constraint != "none" and not spec.has_recurrent_weight:
        why = "makes its own W_hh" if spec.makes_recurrent_weight else "has no W_hh"
        return "recurrent_constraint", (
            f"recurrent_constraint must be none for {config.cell}, which {why}, "
            f"got {config.recurrent_constraint}."
        )
    if config.bias_constraint != "none" and not spec.has_bias:
        return "bias_constraint", (
            f"bias_constraint must be none for {config.cell}, which has no biases, "
            f"got {config.bias_constraint}."
        )
    if config.omega and not _has_omega(spec):
        return "omega", (
            f"omega must be 0 for {config.cell}, got {number(config.omega)}; it is of cells whose "
            f"J_t = diag(φ′) W_hh: {', '.join(n for n, each in CELLS.items() if _has_omega(each))}."
        )
    if (config.weight_decay or 0.0) * config.learning_rate > 1:
        return "weight_decay", (
            f"weight_decay must be at most 1 / learning_rate, {1 / config.learning_rate:g}, or "
            f"every step would turn the weights' signs, got {number(config.weight_decay or 0.0)}."
        )
    return None


def _has_omega(spec: CellSpec) -> bool:
    return spec.is_plain and spec.has_recurrent_weight


def _is_used(config: RunConfig, name: str) -> bool:
    spec = CELLS[config.cell]
    match name:
        case "recurrent_constraint":
            return spec.has_recurrent_weight
        case "bias_constraint":
            return spec.has_bias
        case "omega":
            return _has_omega(spec)
        case "constraint_limit":
            return any(getattr(config, each) in _LIMITED for each in _CONSTRAINTS)
    return True


def _giving_way(settings: Mapping[str, Any]) -> dict[str, Any]:
    spec = CELLS.get(settings["cell"])
    if spec is None:
        return {}
    return {
        **({} if spec.has_recurrent_weight else {"recurrent_constraint": "none"}),
        **({} if spec.has_bias else {"bias_constraint": "none"}),
        **({} if _has_omega(spec) else {"omega": 0.0}),
    }


GROUP = Group(
    title="Weights held",
    fields=WeightFields,
    misfit=_misfit,
    is_used=_is_used,
    giving_way=_giving_way,
    words={
        "max_norm": "max-norm",
        "unit_norm": "unit norm",
        "non_negative": "non-negative",
        "spectral": "spectral norm",
    },
)
