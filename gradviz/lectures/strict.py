"""What the lectures' models share: strict, frozen, texts that a page can show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError


class Strict(BaseModel):
    """No unknown fields, no conversions: a number between quotes is a text."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True
    )


class MisfitError(PydanticCustomError):
    """A value that cannot be, in words: "must be …, got …."."""

    def __new__(cls, words: str) -> MisfitError:
        return super().__new__(cls, "misfit", "{words}", {"words": words})


def misfits(problems: Mapping[tuple[str | int, ...], str]) -> ValidationError:
    """Several of them, each at its own place below the field that is validated."""
    return ValidationError.from_exception_data(
        "lecture",
        [
            InitErrorDetails(type=MisfitError(words), loc=place, input=None)
            for place, words in problems.items()
        ],
    )


def _one_line(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) else value


def _trimmed(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _readable(text: str) -> str:
    """Control characters, and those that turn the direction of writing, are for no page."""
    for character in text:
        if not character.isprintable() and character != "\n":
            raise MisfitError(f"must be text, got the character U+{ord(character):04X}.")
    return text


Line = Annotated[str, BeforeValidator(_one_line), AfterValidator(_readable)]
"""One line: breaks and runs of spaces become a space."""

Paragraphs = Annotated[str, BeforeValidator(_trimmed), AfterValidator(_readable)]
