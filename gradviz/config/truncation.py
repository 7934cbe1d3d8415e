"""Truncated backpropagation through time: which losses go back through which timesteps.

BPTT(h; h′) of Williams & Peng 1990, "An Efficient Gradient-Based Algorithm for On-Line Training of
Recurrent Network Trajectories"; with k1 and k2 as in Sutskever 2013, "Training Recurrent Neural
Networks" (thesis, §2.8.6).

Index legend: T timesteps.
"""

from __future__ import annotations

from typing import NamedTuple


class Window(NamedTuple):
    """One backward pass; rows of a time axis, so that row 0 is t = 1."""

    first: int
    """The gradient goes back through the timesteps from here on; the state before is given."""
    since: int
    """The losses of the timesteps from here on are this window's."""
    end: int
    """One behind the last timestep."""


def windows(timesteps: int, every: int, length: int) -> tuple[Window, ...]:
    """Every k1 timesteps the losses since the last time go back through k2 timesteps.

    They are counted from the end, so that the last window is a whole one and, where T is no
    multiple of k1, the first is shorter. Losses before the first timestep of the first window
    belong to none: one window alone is for a task that has none there.

    Args:
        timesteps: T.
        every: k1; T for one window, at the end.
        length: k2 < T; not less than k1, but where there is one window only.
    """
    ends = [*range(timesteps, 0, -every)][::-1]
    starts = [0, *ends[:-1]]
    firsts = [max(end - length, 0) for end in ends]
    return tuple(
        Window(first, max(first, since), end)
        for first, since, end in zip(firsts, starts, ends, strict=True)
    )
