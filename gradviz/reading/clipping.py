"""Several clips in words: which run failed, what the others reached, what each clip did."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gradviz.history import Failure, Floats, History
from gradviz.reading.differences import Runs, SetupRow, difference_table
from gradviz.reading.phrases import Reading, number


def read_clipping(runs: Runs, step: int | None = None) -> Reading:
    """Say what is seen of several clips at a step; None is the newest.

    Args:
        runs: label of a set-up → its histories, one a seed.
        step: what came later is not looked at.
    """
    begun = {label: of for label, of in runs.items() if any(each.last_step for each in of)}
    if not begun:
        return Reading(sentences=["Nothing has been measured yet."], level="info")
    rows = difference_table(begun, step)
    ends = [_ended(row, begun[row.label], step) for row in rows]
    clips = [clause for label, of in begun.items() for clause in _clipped(label, of, step)]
    sentences = [f"{'; '.join(ends)}."]
    sentences += [f"{'; '.join(clips)}."] if clips else []
    sentences += _largest(begun, step)
    failed = any(row.failed_at for row in rows)
    return Reading(sentences=sentences, level="warning" if failed else "info")


def _ended(row: SetupRow, histories: Sequence[History], step: int | None) -> str:
    """How one set-up ended, and the loss of those that go on."""
    clauses = []
    if row.failed_at:
        failure = _first_failure(histories, step)
        became = {"nan": "NaN", "inf": "infinite", "norm overflow": "too large to square"}
        cause = f"the {failure.tensor} became {became[failure.kind]}"
        first = "" if len(row.failed_at) == 1 else "first "
        which = "" if row.seeds == 1 else f"in {len(row.failed_at)} of {row.seeds} seeds, "
        clauses.append(f"failed {which}{first}at step {failure.step:,}: {cause}")
    if row.loss:
        share = f" ({row.share_of_floor} its floor)" if row.share_of_floor else ""
        of = "median " if row.seeds - len(row.failed_at) > 1 else ""
        clauses.append(f"has a {of}loss of {number(row.loss.median)}{share}")
    # In quotes, for “no clip failed” without them would say the contrary.
    return f"“{row.label}” {', and '.join(clauses) or 'has begun'}"


def _first_failure(histories: Sequence[History], step: int | None) -> Failure:
    found = [each.failure for each in histories if each.failure]
    seen = [each for each in found if step is None or each.step <= step]
    return min(seen, key=lambda failure: failure.step)


def _clipped(label: str, histories: Sequence[History], step: int | None) -> list[str]:
    """How often one set-up clipped, from what norms, and how far it turned the gradient."""
    if all(history.config.clip == "none" for history in histories):
        return []
    flags = _of_all(histories, "clipped", step) > 0
    if not flags.any():
        return [f"“{label}” clipped nothing"]
    norms = _of_all(histories, "grad_norm_pre", step)[flags]
    norms = norms[np.isfinite(norms)]
    top = f", from norms of up to {number(float(norms.max()))}" if len(norms) else ""
    turned = _turned(_of_all(histories, "clip_angle", step)[flags])
    return [f"“{label}” clipped {_percent(flags)} of its steps{top}{turned}"]


def _percent(flags: NDArray[np.bool_]) -> str:
    """Never 0% of some nor 100% of not all."""
    share = float(flags.mean())
    if share < 0.01:
        return "under 1%"
    return "over 99%" if 0.99 < share < 1 else f"{share:.0%}"


def _turned(angles: Floats) -> str:
    """By how much, where it is known."""
    known = angles[np.isfinite(angles)]
    if not len(known):
        return ""
    if not known.max():
        return ", and kept their direction"
    middle, most = (number(float(f"{each:.2g}")) for each in (np.median(known), known.max()))
    return f", and turned them by {middle}° (median; at most {most}°)"


def _largest(runs: Runs, step: int | None) -> list[str]:
    """The largest norm of all, and whose it is."""
    largest, where, when = 0.0, "", 0
    for label, histories in runs.items():
        for history in histories:
            norms = history.column("grad_norm_pre", upto=step)
            norms = np.where(np.isfinite(norms), norms, 0.0)
            if len(norms) and norms.max() > largest:
                largest, where = float(norms.max()), label
                when = int(history.column("step", upto=step)[norms.argmax()])
    if not 0 < largest < math.inf:
        return []
    place = f"that of “{where}” at step {when:,}"
    return [f"The largest gradient norm before a clip was {number(largest)}, {place}."]


def _of_all(histories: Sequence[History], name: str, step: int | None) -> Floats:
    return np.concatenate([history.column(name, upto=step) for history in histories])
