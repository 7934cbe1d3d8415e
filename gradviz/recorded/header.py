"""What a file of recorded runs says of itself, checked by pydantic."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gradviz.history import FailureKind


class RecordedError(ValueError):
    """A file that is no recording of this gradviz's, in one sentence."""


class _Strict(BaseModel):
    # What a newer gradviz says besides is left out.
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, allow_inf_nan=False)


class FailureHeader(_Strict):
    """The fields of a Failure."""

    step: int = Field(ge=1)
    tensor: str = Field(max_length=200)
    kind: FailureKind


class PlaceHeader(_Strict):
    """Where the close-ups of a run look: the fields of CloseUp that are no arrays."""

    layer: str = Field(max_length=40)
    sequence: int = Field(ge=1)
    timestep: int = Field(ge=1)
    unit: int = Field(ge=1)


class ArrayHeader(_Strict):
    """An array, whose numbers are a member of the file."""

    kind: Literal["<i2", "<i4", "<f4", "<f8"]
    """NumPy's."""
    shape: list[Annotated[int, Field(ge=0)]] = Field(max_length=4)


class RunHeader(_Strict):
    """One run."""

    label: str = Field(max_length=80)
    config: dict[str, Any]
    floor: float | None
    failure: FailureHeader | None
    frames: list[Annotated[int, Field(ge=1)]] = Field(max_length=200)
    """The step of each."""
    closeup: PlaceHeader | None
    words: list[list[Annotated[str, Field(max_length=100)]]] = Field(default=[], max_length=200)
    """Of each frame's close-up, of a network that reads a text."""
    texts: list[Annotated[str, Field(max_length=5000)] | None] = Field(default=[], max_length=200)
    """What the network wrote, of each frame; empty where it never did."""
    held_out: list[float | None] = Field(default=[], max_length=200)
    """Loss on data that are not trained on, likewise."""
    arrays: dict[str, ArrayHeader] = Field(max_length=200)
    """By name; the names of its layers and fields, as "l0/gates.forget"."""


class Header(_Strict):
    """The file."""

    format: Literal[1]
    name: str = Field(max_length=80)
    made: str = Field(max_length=40)
    versions: dict[str, str]
    columns: list[str]
    """Of the scalars."""
    runs: list[RunHeader] = Field(min_length=1, max_length=12)
