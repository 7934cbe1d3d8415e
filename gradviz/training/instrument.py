"""What a Trainer measures of its own steps: it looks on, and leaves no trace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial

from torch import Tensor

from gradviz.config import RunConfig
from gradviz.flow import (
    LayerFlow,
    LayerRecorder,
    Watch,
    WindowWatch,
    close_up,
    joined,
    watch,
    watch_window,
    window_record,
)
from gradviz.history import CloseUp, CloseUpRequest, LayerRecord
from gradviz.model import Model, WindowModel
from gradviz.tasks import Batch, Task
from gradviz.training.unrolled import covering


class Instrument:
    """Of one model's measured steps; the last one can be looked at again."""

    def __init__(self, config: RunConfig, model: Model, task: Task) -> None:
        self._probes, self._timesteps = config.probe_size, config.timesteps
        self._windows = config.windows
        self._model = model
        self._vocabulary = task.vocabulary
        self._recorder = LayerRecorder()
        self._close_up: Callable[[CloseUpRequest], CloseUp] | None = None
        self._read: Tensor | None = None
        """(T, B) tokens of the last measured step, where the task reads a text."""

    @property
    def dear_seconds(self) -> float:
        """What the last measurement's dear quantities took, in seconds of this thread's CPU."""
        return self._recorder.dear_seconds

    def watch(self) -> AbstractContextManager[Watch | WindowWatch]:
        """Watch the probes of a pass."""
        if isinstance(self._model, WindowModel):
            return watch_window(self._model.watched, self._timesteps, self._probes)
        return watch(self._model.watched, self._probes)

    def watch_all(self) -> AbstractContextManager[Watch]:
        """Watch every sequence of a pass, whatever is measured."""
        return watch(self._model.watched)

    def flows(self, watching: Watch) -> Mapping[str, LayerFlow]:
        """Of whole sequences, whose backward pass may have gone through several windows."""
        windows = self._windows
        return joined(watching.layers, covering(windows)) if windows else watching.layers

    def records(
        self,
        watching: Watch | WindowWatch,
        batch: Batch,
        *,
        dear_probes: int | None,
        keeps_flows: bool,
    ) -> dict[str, LayerRecord]:
        """Measure a watched pass.

        Args:
            watching: the pass, its backward pass over.
            batch: what it read.
            dear_probes: on which spectral norms and transport are measured; None: all.
            keeps_flows: whether `look` is to answer for it.
        """
        self._read = batch.inputs if self._vocabulary else None
        if isinstance(watching, WindowWatch):
            return {self._model.layer_names[0]: window_record(watching)}
        flows = self.flows(watching)
        wanted = self._probes if dear_probes is None else dear_probes
        self._close_up = partial(close_up, flows, probes=wanted) if keeps_flows else None
        return self._recorder.records(flows, dear_probes=wanted)

    def look(self, request: CloseUpRequest) -> CloseUp | None:
        """At the last measured step; None where its flows were not kept."""
        if self._close_up is None:
            return None
        closeup = self._close_up(request)
        return replace(closeup, words=self._words_of(closeup.sequence))

    def begin_anew(self) -> None:
        """Forget what was measured: the weights have jumped."""
        self._recorder.begin_anew()
        self._close_up = None

    def _words_of(self, sequence: int) -> tuple[str, ...]:
        """What a sequence of the last measured step said, at every timestep; 1 is the first."""
        if self._read is None or self._vocabulary is None:
            return ()
        units = self._vocabulary.units
        return tuple(units[token] for token in self._read[:, sequence - 1].tolist())
