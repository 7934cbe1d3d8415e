"""Many values in one test: pytest takes 5 ms for a test of its own, with its report by xdist."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any


def every(
    names: str | tuple[str, ...], values: Iterable[Any], ids: Callable[[Any], str] = str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """As `pytest.mark.parametrize`, in one test; all values that fail are told.

    For bodies of microseconds, and of fixtures that one value leaves as it found them.
    """
    names = (names,) if isinstance(names, str) else names
    cases = [value if len(names) > 1 else (value,) for value in values]

    def decorate(body: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(body)
        def test(**fixtures: Any) -> None:
            failed = []
            for case in cases:
                try:
                    body(**dict(zip(names, case, strict=True)), **fixtures)
                except Exception as error:
                    error.add_note(f"of {', '.join(names)} = {', '.join(map(ids, case))}"[:500])
                    failed.append(error)
            assert cases
            if failed:
                raise ExceptionGroup(f"{len(failed)} of {len(cases)} fail", failed)

        kept = [each for each in parameters_of(body) if each.name not in names]
        test.__signature__ = inspect.Signature(kept)  # type: ignore[attr-defined]
        return test

    return decorate


def parameters_of(body: Callable[..., None]) -> list[inspect.Parameter]:
    return list(inspect.signature(body).parameters.values())
