"""Peak memory of a piece of work, as torch's own CPU allocator counts it.

The same every time, where the resident size of a process also moves with what malloc gives
back to the system. Only tensors count, touched or not: no objects of Python's. At (400, 64,
128) the resident size agreed to about 20 MB, but for oneDNN's LSTM, which does not touch a
third of what it asks for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch.profiler import ProfilerActivity, profile


def peak_megabytes(work: Callable[[], object]) -> float:
    """Largest sum of bytes held at once beyond what was held before, in 1e6 bytes."""
    with _silence(), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        work()
    assert seen.profiler is not None
    assert seen.profiler.kineto_results is not None
    events = seen.profiler.kineto_results.events()
    changes = [each for each in events if each.name() == "[memory]"]
    held = peak = 0
    for change in sorted(changes, key=lambda each: each.start_ns()):
        held += change.nbytes()
        peak = max(peak, held)
    return peak / 1e6


@contextmanager
def _silence() -> Iterator[None]:
    """The profiler notes its starts and ends on stderr, from C++."""
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
