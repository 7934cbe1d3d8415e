"""Ctrl-C as a wish, so that a run ends between two steps and its file is whole."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from typing import Any


@contextlib.contextmanager
def stop_wished() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C or SIGTERM has come; the second one ends the program as ever."""
    wished = False

    def wish(number: int, frame: Any) -> None:
        nonlocal wished
        wished = True
        put_back()

    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}

    def put_back() -> None:
        for each, handler in before.items():
            signal.signal(each, handler)

    for each in before:
        signal.signal(each, wish)
    try:
        yield lambda: wished
    finally:
        put_back()
