"""History: a run so far, bounded in memory, scrubbed by step. The last place before pictures."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from gradviz.config import CELLS, RecordedConfig, RunConfig
from gradviz.history.records import SCALARS, Failure, Frame, StepRecord, scalars_of
from gradviz.history.thinning import spread_out

FRAME_BYTES = 48 * 2**20
"""Memory the frames of one run may take; with the scalars a run stays below 64 MB."""

MAX_SCALARS = 100_000
"""Steps whose scalars are all kept; a longer run keeps every second, fourth, … step."""


class History:
    """A run so far: scalars of every step, frames thinned evenly, bounded in memory.

    Attributes:
        config: what was run; a RecordedConfig for a user's own model.
        floor: loss of having learned nothing, where the task knows it.
        frames: the kept frames, oldest first; the newest measured step is always there.
        failure: why the run stopped, if a number was not finite.
    """

    def __init__(
        self,
        config: RunConfig | RecordedConfig,
        *,
        floor: float | None = None,
        frame_bytes: int = FRAME_BYTES,
    ) -> None:
        self.config = config
        self.floor = floor
        self.frames: list[Frame] = []
        self.failure: Failure | None = None
        self._frame_bytes = frame_bytes
        self._held_bytes = 0
        self._spacing = 0
        # Column by column in memory, because the pictures read whole columns.
        self._table = np.empty((256, len(SCALARS)), order="F")
        self._rows = 0
        self._stride = 1
        self._last: tuple[float, ...] | None = None

    def append(self, record: StepRecord) -> None:
        """Add one step; its arrays, if measured, become a frame."""
        self.append_scalars([scalars_of(record)])
        if record.is_measured:
            self.append_frame(Frame.from_record(record))
        if record.failure and not self.failure:
            self.failure = record.failure

    def append_scalars(self, rows: Iterable[tuple[float, ...]]) -> None:
        """Add steps' scalars, each in the order of SCALARS."""
        for row in rows:
            self._last = row
            if (int(row[0]) - 1) % self._stride:
                continue
            if self._rows == MAX_SCALARS:
                self._thin_scalars()
                if (int(row[0]) - 1) % self._stride:
                    continue
            if self._rows == len(self._table):
                rows_grown = min(2 * len(self._table), MAX_SCALARS)
                grown = np.empty((rows_grown, len(SCALARS)), order="F")
                grown[: self._rows] = self._table
                self._table = grown
            self._table[self._rows] = row
            self._rows += 1

    def append_frame(self, frame: Frame) -> None:
        """Add a frame; frames closer than the present spacing give way to newer ones.

        A frame of the newest frame's own step takes its place: the same step, looked at anew.
        """
        frames = self.frames
        is_anew = bool(frames) and frames[-1].step == frame.step
        if is_anew or (len(frames) >= 2 and frames[-1].step - frames[-2].step < self._spacing):
            self._held_bytes -= frames.pop().nbytes
        frames.append(frame)
        self._held_bytes += frame.nbytes
        if self._held_bytes > self._frame_bytes and len(frames) > 2:
            self._thin_frames()

    def _thin_scalars(self) -> None:
        self._stride *= 2
        kept = self._table[: self._rows]
        kept = kept[(kept[:, 0].astype(np.int64) - 1) % self._stride == 0]
        self._table[: len(kept)] = kept
        self._rows = len(kept)

    def _thin_frames(self) -> None:
        """Double the least distance between frames, so that what stays is spread evenly."""
        kept, self._spacing = spread_out([frame.step for frame in self.frames], self._spacing)
        stay = set(kept)
        self.frames = [frame for frame in self.frames if frame.step in stay]
        self._held_bytes = sum(frame.nbytes for frame in self.frames)

    @property
    def last_step(self) -> int:
        """The newest step; 0 before the first."""
        return int(self._last[0]) if self._last else 0

    @property
    def is_memoryless(self) -> bool:
        """Whether the network carries nothing from timestep to timestep.

        Then its gradients are those of the inputs, ∂L/∂x_t, and there is no Jacobian.
        """
        return isinstance(self.config, RunConfig) and not CELLS[self.config.cell].is_recurrent

    @property
    def symbol(self) -> str:
        """Of what the cell carries from timestep to timestep: h, or what it has in its place."""
        return CELLS[self.config.cell].symbol if isinstance(self.config, RunConfig) else "h"

    @property
    def layer_names(self) -> list[str]:
        """The measured layers, lowest first: l0, l1, …."""
        return list(self.frames[-1].layers) if self.frames else []

    @property
    def nbytes(self) -> int:
        """Memory of everything kept."""
        return self._held_bytes + self._table.nbytes

    def column(self, name: str, *, upto: int | None = None) -> NDArray[np.float64]:
        """One column of SCALARS, through step `upto`."""
        column = SCALARS.index(name)
        steps, values = self._table[: self._rows, 0], self._table[: self._rows, column]
        # Between two strides the newest step is not in the table, but a plot should end there.
        if self._last and (not self._rows or self._last[0] > steps[-1]):
            steps, values = np.append(steps, self._last[0]), np.append(values, self._last[column])
        if upto is not None:
            values = values[: int(np.searchsorted(steps, upto, side="right"))]
        return values.copy()

    def rows(self, *, after: int = 0) -> list[tuple[float, ...]]:
        """The kept steps' scalars after step `after`, each in the order of SCALARS."""
        first = int(np.searchsorted(self._table[: self._rows, 0], after, side="right"))
        rows = list(map(tuple, self._table[first : self._rows].tolist()))
        if self._last and self._last[0] > max(after, self._table[: self._rows, 0].max(initial=0)):
            rows.append(self._last)
        return rows

    def frame_at(self, step: int | None = None) -> Frame | None:
        """The newest frame, or the newest that is not after `step`; the first if all are after."""
        if not self.frames:
            return None
        if step is None:
            return self.frames[-1]
        steps = [frame.step for frame in self.frames]
        return self.frames[max(int(np.searchsorted(steps, step, side="right")) - 1, 0)]

    def text_at(self, step: int | None = None) -> tuple[int, str] | None:
        """The newest text that the network wrote through `step`, and its step; None without."""
        for frame in reversed(self.frames):
            if frame.text is not None and (step is None or frame.step <= step):
                return frame.step, frame.text
        return None

    def held_out(self, step: int | None = None) -> NDArray[np.float64]:
        """(N, 2) steps through `step` and their losses on data that are not trained on."""
        found = [
            (frame.step, frame.held_out)
            for frame in self.frames_upto(step)
            if frame.held_out is not None and np.isfinite(frame.held_out)
        ]
        return np.array(found, dtype=np.float64).reshape(-1, 2)

    def frames_upto(self, step: int | None = None, *, most: int | None = None) -> list[Frame]:
        """Frames through `step`, at most `most` of them, evenly chosen, the newest included."""
        frames = [frame for frame in self.frames if step is None or frame.step <= step]
        if most is None or len(frames) <= most:
            return frames
        # From the newest backwards, so that a single one is the newest.
        chosen = np.unique(np.linspace(len(frames) - 1, 0, most).round().astype(int))
        return [frames[index] for index in chosen]
