"""A lecture's file → Lecture, or every problem in it with its file, line and field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from gradviz.lectures.lecture import Lecture
from gradviz.lectures.shown import shown
from gradviz.lectures.source import Place, Source, SourceError, read_source

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

MOST_BYTES = 200_000
"""A lecture of 20 slides with notes has 20,000."""

MOST_PROBLEMS = 50


class LectureError(ValueError):
    """A lecture that cannot be given; `problems` holds a sentence for each thing to mend."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


def load(path: Path | str) -> Lecture:
    """Read a lecture's file.

    Raises:
        LectureError: with all problems: "gradients.yaml, line 14, slides[2].scenario: must be …".
            Slides are counted from 1, as in the page's address.
    """
    path = Path(path)
    return parse(_text(path), path.name)


def parse(text: str, name: str = "lecture") -> Lecture:
    """The lecture that a text is.

    Raises:
        LectureError: as `load`, with `name` for the file's.
    """
    try:
        source = read_source(text)
    except SourceError as error:
        raise LectureError([_problem(name, error.line, (), error.sentence)]) from None
    if not isinstance(source.value, dict):
        words = f"must be a mapping with title and slides, got {_said(source.value)}."
        raise LectureError([_problem(name, 1, (), words)])
    try:
        return Lecture.model_validate(source.value)
    except ValidationError as error:
        raise LectureError(_problems(name, source, error)) from None


def _text(path: Path) -> str:
    """The file's text, whatever is there."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise LectureError([f"{path.name}: must be a file that can be read: {reason}."]) from None
    except ValueError:  # A null character in the name.
        raise LectureError([f"{path.name!r}: must be the name of a file."]) from None
    if len(data) > MOST_BYTES:
        raise LectureError([f"{path.name}: must have at most {MOST_BYTES:,} bytes, got more."])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        words = f"must be UTF-8, got the byte 0x{data[error.start]:02x}; save it as UTF-8."
        raise LectureError([_problem(path.name, line, (), words)]) from None


def _problems(name: str, source: Source, error: ValidationError) -> list[str]:
    """A sentence for each error, in the order of the file."""
    found = []
    for each in error.errors(include_url=False):
        place = each["loc"]
        got = _at(source.value, place)
        if each["type"] == "too_short" and len(got) >= each["ctx"]["min_length"]:
            continue  # pydantic counts the right entries only; the wrong ones have sentences.
        found.append((_line(source.lines, place), place, _says(each, got)))
    found.sort(key=lambda each: each[0])
    said = [_problem(name, line, place, words) for line, place, words in found[:MOST_PROBLEMS]]
    if len(found) > MOST_PROBLEMS:
        said.append(f"{name}: and {len(found) - MOST_PROBLEMS} problems more.")
    return said


def _problem(name: str, line: int | None, place: Place, words: str) -> str:
    parts = [name]
    if line is not None:
        parts.append(f"line {line}")
    if place:
        parts.append(_path(place))
    return f"{', '.join(parts)}: {words}"


def _path(place: Place) -> str:
    """slides[2].quiz.options[1], counted from 1."""
    path = ""
    for part in place:
        if isinstance(part, int):
            path += f"[{part + 1}]"
        else:
            path += ("." if path else "") + shown(part, 80)
    return path


def _line(lines: Mapping[Place, int], place: Place) -> int:
    """The value's line, or that of the nearest thing around it."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


_MISSING = object()


def _at(value: Any, place: Place) -> Any:
    for part in place:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return _MISSING
    return value


_KINDS = {
    "string_type": "a text (put a number between quotes)",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list (each entry after “- ”)",
    "dict_type": "a mapping (name: value)",
    "model_type": "a mapping (name: value)",
    "string_pattern_mismatch": "a language tag as en or pt-BR",
}


def _says(error: ErrorDetails, got: Any) -> str:
    """What pydantic found, in our voice."""
    kind, about = error["type"], error.get("ctx", {})
    if kind == "misfit":
        return error["msg"]
    if kind == "missing":
        return "must be given."
    if kind == "extra_forbidden":
        return "must be left out: there is no field of this name here."
    if kind == "literal_error":
        known = str(about["expected"]).replace("'", "").replace(" or ", ", ")
        return f"must be one of {known}, got {_said(got)}."
    if kind in _KINDS:
        return f"must be {_KINDS[kind]}, got {_said(got)}."
    if kind in ("string_too_short", "string_too_long", "too_short", "too_long"):
        return _length(kind, about, got)
    limits = {"ge": "at least", "le": "at most"}
    bounds = [f"{word} {about[key]:,}" for key, word in limits.items() if key in about]
    bound = bounds[0] if bounds else "another value"
    return f"must be {bound}, got {_said(got)}."


def _length(kind: str, about: Mapping[str, Any], got: Any) -> str:
    text = kind.startswith("string")
    what = "characters" if text else "entries"
    if kind.endswith("short"):
        least = about["min_length"]
        bound = f"{'one' if least == 1 else least} or more"
    else:
        bound = f"at most {about['max_length']}"
    count = len(got.strip()) if text else len(got)
    return f"must have {bound} {what}, got {count:,}."


def _said(value: Any, longest: int = 40) -> str:
    """A value as it came, shortened, without control characters."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, tuple):
        return "a list"
    if value is None or value is _MISSING:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    text = shown(str(value), longest) + ("…" if len(str(value)) > longest else "")
    return f"“{text}”" if isinstance(value, str) else text
