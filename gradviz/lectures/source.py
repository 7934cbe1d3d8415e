"""YAML → plain Python values, each with the line it stands on.

What a lecture needs and no more: mappings, sequences, texts, numbers, true, false, null. A file
from a stranger can neither make objects (tags are refused) nor grow when it is read (anchors
and aliases are refused), and what is wrong with it is a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML, events
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from gradviz.lectures.shown import shown

MOST_DEPTH = 8
"""A lecture's deepest value, slides[n].quiz.options[n].text, is at 6."""

Place = tuple[str | int, ...]
"""Where a value is: ("slides", 0, "quiz"), indices from 0."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """What a file says."""

    value: Any
    """dicts, tuples, str, int, float, bool, None."""
    lines: dict[Place, int]
    """The line of every value, of a mapping's entry that of its key; () is the whole file's."""


class SourceError(ValueError):
    """A text that cannot be read at all, and the line where that shows, if any."""

    def __init__(self, sentence: str, line: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.line = line


def read_source(text: str) -> Source:
    """Read one YAML document.

    Raises:
        SourceError: with one sentence; a YAML error leaves nothing behind it to judge.
    """
    reading = _Reading(_events(text))
    value = reading.document()
    return Source(value=value, lines=reading.lines)


def _events(text: str) -> Iterator[events.Event]:
    """The parser's events, lazily: one that is refused ends the parsing."""
    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        raise SourceError(_syntax(str(error.problem or error.context or "")), line) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise SourceError("must be text, got a character that YAML does not allow.", line) from None
    # ruamel.yaml lets a ValueError of chr() out for "\U00FFFFFF", and other kinds elsewhere.
    except Exception:
        raise SourceError("must be YAML, got a character that YAML does not allow.") from None


def _syntax(problem: str) -> str:
    """What the parser says, and what to do about the usual causes."""
    if "'\\t'" in problem:
        return "must be indented with spaces, got a tab."
    advice = ""
    if "mapping values" in problem:
        advice = "; put a text that has “: ” in it between quotes"
    elif "<block" in problem or "<scalar>" in problem:
        advice = "; check that fields of one mapping are indented alike"
    return f"must be YAML, but the parser says: {shown(problem, 120) or 'error'}{advice}."


@dataclass(slots=True)
class _Reading:
    """One pass over the events."""

    coming: Iterator[events.Event]
    lines: dict[Place, int] = field(default_factory=dict)

    def document(self) -> Any:
        value = None
        documents = 0
        for event in self.coming:
            if isinstance(event, events.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise SourceError("must be one document, got a second “---”.", _line(event))
            elif isinstance(event, events.NodeEvent):
                value = self._value(event, ())
        if not documents:
            raise SourceError("must be a lecture, got an empty file.")
        return value

    def _value(self, event: events.NodeEvent, place: Place) -> Any:
        self.lines.setdefault(place, _line(event))
        if isinstance(event, events.AliasEvent) or event.anchor is not None:
            raise SourceError(
                "must be written out, got an anchor (&) or alias (*); put a text that begins with "
                "one between quotes.",
                _line(event),
            )
        if getattr(event, "tag", None) is not None:
            raise SourceError("must be plain YAML, got a tag (!).", _line(event))
        if len(place) > MOST_DEPTH:
            raise SourceError(f"must be at most {MOST_DEPTH} levels deep.", _line(event))
        if isinstance(event, events.MappingStartEvent):
            return self._mapping(place)
        if isinstance(event, events.SequenceStartEvent):
            return self._sequence(place)
        assert isinstance(event, events.ScalarEvent)
        return _scalar(event)

    def _mapping(self, place: Place) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for event in self.coming:
            if isinstance(event, events.MappingEndEvent):
                break
            if not isinstance(event, events.ScalarEvent):
                raise SourceError("must be a field's name, got a list or mapping.", _line(event))
            name = _text(event)
            if name in values:
                raise SourceError(f"must give “{shown(name)}” once, got it again.", _line(event))
            inner = (*place, name)
            self.lines[inner] = _line(event)
            values[name] = self._value(_node(next(self.coming)), inner)
        return values

    def _sequence(self, place: Place) -> tuple[Any, ...]:
        values: list[Any] = []
        for event in self.coming:
            if isinstance(event, events.SequenceEndEvent):
                break
            values.append(self._value(_node(event), (*place, len(values))))
        return tuple(values)


def _node(event: events.Event) -> events.NodeEvent:
    assert isinstance(event, events.NodeEvent)
    return event


def _line(event: events.Event) -> int:
    return int(event.start_mark.line) + 1


_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_INTEGER = re.compile(r"[-+]?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"[-+]?(\d{1,30}\.?\d{0,30}|\.\d{1,30})([eE][-+]?\d{1,3})?", re.ASCII)


def _scalar(event: events.ScalarEvent) -> str | int | float | bool | None:
    """YAML 1.2's core schema in decimal; `yes`, dates and .inf are texts."""
    text = _text(event)
    plain = event.implicit[0]
    if not plain:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def _text(event: events.ScalarEvent) -> str:
    text = str(event.value)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise SourceError("must be text, got half a character (\\ud800…\\udfff).", _line(event))
    return text
