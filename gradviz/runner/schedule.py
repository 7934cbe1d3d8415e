"""When a run's next step is measured, and on how many probes."""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass, field

FRAME_S = 0.18
"""Least time between two measured steps: a little over five frames a second."""

MEASURE_SHARE = 0.155
"""Share of a run's time that measuring may take: a live run costs at most 1/(1 − 0.155) of a
bare one, whatever the network's size."""

DEAR_BUDGET_S = 0.04
"""Most time for the spectral norms and the transport of one frame."""

PAIR_BUDGET_S = 0.03
"""The same for two probes, which fit at T = 100, H = 64 on a busy machine too."""

RECENT_BARE = 101
"""Unmeasured steps whose median is what a step takes: one of them may have waited for the disk."""

EARLY = 64
"""Up to this step every power of two is measured, whatever it costs."""


@dataclass
class FrameSchedule:
    """Keeps measuring within its share of the time.

    Attributes:
        next_at: no step is measured before this time.
        probes: how many probes the dear quantities are measured on.
    """

    next_at: float = 0.0
    probes: int = 2
    _bare_s: float | None = None
    _recent_s: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT_BARE))

    @property
    def step_ms(self) -> float | None:
        """What a step takes that is not measured, in milliseconds; None before the first."""
        return 1e3 * statistics.median(self._recent_s) if self._recent_s else None

    def due(self, step: int, now: float) -> bool:
        """Whether a step (1 is the first) that begins now is to be measured.

        The 1st, 2nd, 4th, … 64th always is: an explosion is over within 30 steps, which take
        less time than lies between two frames.
        """
        early = step <= EARLY and step & (step - 1) == 0
        return early or now >= self.next_at

    def bare_step(self, spent_s: float) -> None:
        """A step was not measured and took so long."""
        self._bare_s = spent_s if self._bare_s is None else 0.8 * self._bare_s + 0.2 * spent_s
        self._recent_s.append(spent_s)

    def measured_step(
        self, *, began: float, spent_s: float, dear_s: float, most_probes: int, sharing: int
    ) -> None:
        """A step was measured.

        Args:
            began: when, on the clock of `next_at`.
            spent_s: what the step took, measuring and all.
            dear_s: what its dear quantities took.
            most_probes: no more than these can be measured.
            sharing: of so many runs that share the worker alike this is one; the more, the
                less often each is shown.
        """
        interval = FRAME_S * max(1.0, sharing / 4)
        extra = spent_s / 2 if self._bare_s is None else spent_s - self._bare_s
        extra = max(extra, dear_s)
        self.next_at = began + max(interval, extra / MEASURE_SHARE)
        budget = min(DEAR_BUDGET_S, MEASURE_SHARE * interval - (extra - dear_s))
        # One sequence alone says nothing of their range: rather somewhat fewer frames than that.
        if self.probes <= 2:
            budget = max(budget, PAIR_BUDGET_S)
        # One probe more costs about a third of one alone: the rest is the same for any number.
        if dear_s > 1.2 * budget and self.probes > 1:
            self.probes -= 1
        elif dear_s < 0.85 * budget:
            self.probes = min(self.probes + 1, most_probes)
