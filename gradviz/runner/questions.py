"""What the server may ask a worker besides training: numbers that need torch.

An answer is plain values (numbers, words, lists, dicts by name), for the server cannot unpickle a
class of a room that imports torch. It is made between two slices, so it should take as
little time as one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from gradviz.remedies import clip_traps


def _clip_traps() -> list[dict[str, Any]]:
    """One dict a gradviz.remedies.ClipTrap, by its fields."""
    return [asdict(trap) for trap in clip_traps()]


QUESTIONS: Mapping[str, Callable[[], Any]] = MappingProxyType({"clip_traps": _clip_traps})


def answer(question: str) -> Any:
    """What a question's function says.

    Raises:
        ValueError: for a question that is not in QUESTIONS.
    """
    if question not in QUESTIONS:
        raise ValueError(f"question must be one of {', '.join(QUESTIONS)}, got “{question}”.")
    return QUESTIONS[question]()
