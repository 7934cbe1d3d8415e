"""Recorder: the training of anyone's model, step by step, in a file of runs.

The training loop is the user's own. For a step that is due the recorder enters a fresh
`watch`; on the steps between it only takes the gradient's norm. What goes wrong with the file
or with measuring while training goes on is a warning, never an exception.
"""

from __future__ import annotations

import math
import os
import warnings
import weakref
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch
from torch import nn

from gradviz.config import RecordedConfig, RunConfig
from gradviz.flow import GradNorm, GradNorms, LayerRecorder, Watch, WatchError, watch
from gradviz.history import Failure, FailureKind, LayerRecord, StepRecord
from gradviz.store import Store, StoreError


class RecorderError(ValueError):
    """A call that a recorder cannot make sense of, in one sentence."""


class RecorderWarning(UserWarning):
    """Something of a run is not recorded, while its training goes on."""


class Recorder:
    """Records a training: `step` after each step of the optimiser, `close` at the end.

    The losses, weights and random numbers are the same with and without it.

    Attributes:
        path: of the file.
        run_id: of this run in the file, for `Store.load`.
        steps: recorded so far.
        problem: why recording has stopped by itself; None while it goes on.
    """

    def __init__(
        self,
        path: str | Path,
        model: nn.Module,
        *,
        name: str = "",
        every: int = 10,
        probe_size: int = 8,
        dear_probes: int = 2,
        config: RunConfig | Mapping[str, Any] | None = None,
        floor: float | None = None,
    ) -> None:
        """Begin a run in a file, which is made where it is missing.

        Args:
            path: of the file; several recorders may write to one, also at once.
            model: as for `gradviz.watch`.
            name: how the run is called; empty for its date and time.
            every: measure the first step and then every so many; the scalars (loss, gradient
                norm before and after the clip, …) are of every step.
            probe_size: sequences that are measured: the first ones of each batch.
            dear_probes: of these, how many have spectral norms, transport and horizon measured.
            config: what to remember of the run: your own settings by name, or a RunConfig.
            floor: loss of having learned nothing, drawn beside the loss.

        Raises:
            RecorderError: for a number out of range.
            WatchError: for a model that cannot be measured.
            StoreError: where the file cannot be opened.
        """
        _check("every", every, 1)
        _check("probe_size", probe_size, 1)
        _check("dear_probes", dear_probes, 0)
        self.path = Path(path)
        self.steps = 0
        self.problem: str | None = None
        self._model = model
        self._every, self._probe_size, self._dear_probes = every, probe_size, dear_probes
        self._layers = LayerRecorder()
        self._is_warned = False
        self._watched = ExitStack()
        with ExitStack() as opened:
            opened.push(self._watched)
            # First, so that a model that cannot be measured leaves no run in the file.
            self._watching: Watch | None = self._watched.enter_context(watch(model, probe_size))
            self._norms = GradNorm(model)
            opened.callback(self._norms.close)
            self._store = opened.enter_context(Store(path))
            self.run_id = self._store.begin(_known(model, config), name=name, floor=floor)
            # Who forgets to close loses nothing: this is called when Python ends as well.
            self._finish = weakref.finalize(
                self, _finish, opened.pop_all(), self._store, self.run_id, os.getpid()
            )

    def step(
        self,
        loss: torch.Tensor | float,
        *,
        accuracy: float | None = None,
        learning_rate: float = math.nan,
    ) -> None:
        """Record the step that the optimiser has just taken.

        Call it before `zero_grad`, for it looks at what the clip has left of the gradients.

        Args:
            loss: of the step's batch, one number.
            accuracy: share of right answers, where there is one.
            learning_rate: that of the step; live changes are marked in the pictures.

        Raises:
            RecorderError: for a loss that is not one number, without a backward pass since the
                last step, when the gradients are gone, and after `close`.
        """
        if not self._finish.alive:
            raise RecorderError("The recorder is closed; make a new one, which begins a new run.")
        value = _number(loss)
        if self.problem is not None:
            return
        norms = self._norms_of_step()
        self.steps += 1
        angle = self._clip_angle(norms)  # Before the layers: what they measure ends the watch.
        record = StepRecord(
            step=self.steps,
            loss=value,
            accuracy=None if accuracy is None else float(accuracy),
            grad_norm_pre=norms.pre,
            grad_norm_post=math.nan if norms.post is None else norms.post,
            clipped=norms.clipped,
            learning_rate=float(learning_rate),
            clip_threshold=math.nan,
            layers=self._measured(),
            clip_angle=angle,
            failure=_failure(self.steps, value, norms),
        )
        try:
            self._store.append(self.run_id, record)
        except StoreError as error:
            self._stop(error)
        else:
            self._prepare()

    def close(self) -> None:
        """Write what is left and end the run; a second time it does nothing.

        Where that cannot be written there is a warning.
        """
        problem = self._finish()
        self.problem = self.problem or problem

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _norms_of_step(self) -> GradNorms:
        if not self._norms.is_noted:
            raise RecorderError(
                "No gradient has come since the last step; call loss.backward() before "
                "recorder.step(loss)."
            )
        norms = self._norms.take()
        if norms.is_gone:
            raise RecorderError(
                "The gradients are gone; call recorder.step(loss) before optimizer.zero_grad()."
            )
        return norms

    def _clip_angle(self, norms: GradNorms) -> float:
        """0 for gradients as backward left them; else known of a measured step only."""
        if norms.post is not None and not norms.clipped and math.isfinite(norms.pre):
            return 0.0
        try:
            return self._watching.parameters.clip_angle if self._watching else math.nan
        except Exception:  # Training is worth more than an angle.
            return math.nan

    def _measured(self) -> dict[str, LayerRecord]:
        """The layers of a step that was due; nothing of another."""
        if self._watching is None:
            return {}
        try:
            return self._layers.records(self._watching.layers, dear_probes=self._dear_probes)
        # WatchError, memory that ran out, a mistake of ours: training is worth more than a frame.
        except Exception as error:
            self._say_once(error, self.steps)
            return {}
        finally:
            self._watching = None
            self._watched.close()

    def _prepare(self) -> None:
        """Watch the next step if it is due."""
        if self.steps % self._every:
            return
        self._norms.follow(self._model)
        try:
            self._watching = self._watched.enter_context(watch(self._model, self._probe_size))
        except Exception as error:
            self._say_once(error, self.steps + 1)

    def _say_once(self, error: Exception, step: int) -> None:
        if self._is_warned:
            return
        self._is_warned = True
        cause = str(error) if isinstance(error, WatchError) else f"{type(error).__name__}: {error}."
        sentence = (
            f"Step {step} was recorded without its layers. {cause} "
            "Of further such steps nothing is said."
        )
        warnings.warn(sentence, RecorderWarning, stacklevel=4)

    def _stop(self, error: StoreError) -> None:
        """Let go of the model and the file; training goes on."""
        self.problem = str(error)
        self._norms.close()
        self._watched.close()
        with suppress(StoreError):
            self._store.close()
        sentence = f"Recording stopped at step {self.steps}, training goes on: {error}"
        warnings.warn(sentence, RecorderWarning, stacklevel=3)


def _finish(opened: ExitStack, store: Store, run_id: int, process: int) -> str | None:
    """End the run and close all that was opened; a sentence where that could not be written."""
    if os.getpid() != process:
        return None  # A forked child's copy.
    try:
        with opened:
            if store.is_open:
                store.end(run_id)
    except StoreError as error:
        sentence = f"The end of the run was not recorded: {error}"
        warnings.warn(sentence, RecorderWarning, stacklevel=3)
        return str(error)
    return None


def _check(name: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise RecorderError(f"{name} must be a whole number, {least} or more, got {value!r}.")


def _number(loss: torch.Tensor | float) -> float:
    if isinstance(loss, torch.Tensor) and loss.numel() != 1:
        shape = tuple(loss.shape)
        raise RecorderError(f"loss must be one number, got a tensor of shape {shape}; take a mean.")
    try:
        return float(loss.detach() if isinstance(loss, torch.Tensor) else loss)
    except (TypeError, ValueError):
        raise RecorderError(
            f"loss must be one number, got {type(loss).__name__}; pass what backward was called on."
        ) from None


def _failure(step: int, loss: float, norms: GradNorms) -> Failure | None:
    """The first number of the step that is not finite."""
    if not math.isfinite(loss):
        return Failure(step=step, tensor="loss", kind=_kind(loss))
    for name, norm in norms.by_name.items():
        if not math.isfinite(norm):
            return Failure(step=step, tensor=f"gradient of {name}", kind=_kind(norm))
    if norms.is_overflow:
        name = max(norms.by_name, key=norms.by_name.__getitem__)
        return Failure(step=step, tensor=f"gradient of {name}", kind="norm overflow")
    return None


def _kind(value: float) -> FailureKind:
    return "nan" if math.isnan(value) else "inf"


def _known(
    model: nn.Module, config: RunConfig | Mapping[str, Any] | None
) -> RunConfig | RecordedConfig:
    if isinstance(config, RunConfig):
        return config
    modules = model.named_modules()
    found = [each for each in modules if isinstance(each[1], nn.RNNBase | nn.RNNCellBase)]
    return RecordedConfig(
        model=", ".join(f"{name}: {each}" if name else str(each) for name, each in found),
        dtype=str(next(found[0][1].parameters()).dtype).removeprefix("torch."),
        settings={str(name): value for name, value in (config or {}).items()},
    )
