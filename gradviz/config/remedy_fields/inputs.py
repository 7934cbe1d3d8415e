"""What a network is given: scaled numbers, fewer features, fresh sequences or a fixed set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field

from gradviz.config.remedy_fields.group import Group
from gradviz.config.task_specs import TASKS

if TYPE_CHECKING:
    from gradviz.config.run_config import RunConfig

MOST_NUMBERS = 4_000_000
"""Inputs of a training set, which is kept in memory: 16 MB in float32."""


class InputFields(BaseModel):
    """Of `tasks.input_scaling`, `tasks.components` and `training.training_set`."""

    input_scaling: Literal["none", "standard", "min_max"] = Field(
        "none",
        title="Inputs scaled",
        description="Each feature of the inputs to mean 0 and variance 1, or to 0…1, by what it is "
        "in 512 sequences.",
    )
    pca: int = Field(
        0,
        ge=0,
        le=64,
        title="Principal components",
        description="Keep so many leading principal components of a timestep's features; 0 keeps "
        "the features as they are.",
    )
    training_size: int = Field(
        0,
        ge=0,
        le=10_000,
        title="Training sequences",
        description="So many sequences are drawn once and read in shuffled rounds; a batch of all "
        "is batch gradient descent, of 1 stochastic. 0 draws fresh ones at every step.",
    )


def too_many(size: int, timesteps: int, features: int) -> str:
    """The sentence for a training set that would not fit; empty where it does.

    Args:
        size: sequences.
        timesteps: of each.
        features: numbers of a timestep.
    """
    most = MOST_NUMBERS // (timesteps * max(features, 1))
    if size <= most:
        return ""
    return (
        f"training_size must be at most {most:,} sequences of {timesteps} timesteps of "
        f"{max(features, 1)} numbers, {MOST_NUMBERS:,} numbers in all, got {size:,}."
    )


def _misfit(config: RunConfig) -> tuple[str, str] | None:
    features = _features(config.task, config.data)
    for name, off in (("input_scaling", "none"), ("pca", 0)):
        value = getattr(config, name)
        if TASKS[config.task].tokens and value != off:
            return name, (
                f"{name} must be {off} for {config.task}, which reads tokens: an embedding is "
                f"looked up for each, got {value}."
            )
    if features and config.pca > features:
        return "pca", (
            f"pca must be at most {features} for {config.task}, which reads so many numbers at a "
            f"timestep, got {config.pca}."
        )
    return _training_misfit(config, features)


def _training_misfit(config: RunConfig, features: int) -> tuple[str, str] | None:
    size = config.training_size
    if size and config.state == "stateful":
        return "training_size", (
            "training_size must be 0 where the state goes on in the next batch, which reads the "
            f"data in their order, got {size:,}."
        )
    if 0 < size < config.batch_size:
        return "training_size", (
            f"training_size must be 0 or at least the batch size, {config.batch_size}, got {size}."
        )
    sentence = too_many(size, config.timesteps, config.pca or features)
    return ("training_size", sentence) if sentence else None


def _is_used(config: RunConfig, name: str) -> bool:
    return name == "training_size" or not TASKS[config.task].tokens


def _giving_way(settings: Mapping[str, Any]) -> dict[str, Any]:
    spec = TASKS.get(settings["task"])
    if spec and spec.tokens:
        return {"input_scaling": "none", "pca": 0}
    # A value that is no number is named by validation.
    features, pca = _features(settings["task"], settings["data"]), settings["pca"]
    return {"pca": 0} if features and isinstance(pca, int) and pca > features else {}


def _features(task: str, data: str) -> int:
    """Numbers of a timestep; 0 where only the data tell, or there are none."""
    return TASKS[task].features if task in TASKS and not data else 0


GROUP = Group(
    title="Inputs and training data",
    fields=InputFields,
    misfit=_misfit,
    is_used=_is_used,
    giving_way=_giving_way,
    words={"standard": "mean 0, variance 1", "min_max": "0 to 1"},
)
