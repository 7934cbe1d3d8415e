"""Trainer: one optimiser step at a time, each leaving a StepRecord.

The trainer does not know who watches it. A step is bare PyTorch (forward, backward,
clip, optimiser) unless it is measured; then the instrument looks on during forward and
backward and measures between backward and the optimiser, without a trace: the same seed
gives the same losses whatever is measured.
"""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import replace
from typing import Literal

import torch

from gradviz.config import ConfigError, RunConfig
from gradviz.history import CloseUp, CloseUpRequest, LayerRecord, StepRecord
from gradviz.model import Carried, SequenceModel, build_model, changed
from gradviz.remedies import find_non_finite, learning_rate, stage_of
from gradviz.tasks import Batch, task_of
from gradviz.training.chance import TEXT, begin_noise, dropout_of, seed_of
from gradviz.training.checkpoint import Checkpoint
from gradviz.training.failure import HUGE_GRADIENT, failure_of
from gradviz.training.instrument import Instrument
from gradviz.training.passing_on import add_omega
from gradviz.training.training_set import TrainingSet
from gradviz.training.unrolled import propagated
from gradviz.training.update import Update
from gradviz.training.writing import answering, write

Measure = Literal["none", "light", "full"]

_DATA_STREAM = 2**31
"""Added to the seed for the batches, or they would be made of the weights' own random numbers.

PyTorch's CPU generator takes 32 bits of the seed, and a config's seed fills the lower 31."""


class Trainer:
    """A training: deterministic in (config, torch version, machine).

    It neither uses nor disturbs the global random generator, so that many may take
    turns in one thread.

    Raises:
        ConfigError: when the config asks for a GPU that is not there, or for streams of data that
            are too few, components that are too many, or a training set that is too large.

    Attributes:
        config: the settings in force; those changed live included.
        model: the model being trained.
        step: steps taken so far.
        dear_probes: probes on which spectral norms and transport are measured; None: all.
            Fewer, or none, are measured where these would be too dear (`flow.DEAR_LIMIT`).
        closeup: what "full" measured steps look at unit by unit; None: nothing, which is cheaper
            and keeps no measured pass in memory.
    """

    def __init__(self, config: RunConfig) -> None:
        if config.device == "cuda" and not torch.cuda.is_available():
            raise ConfigError(
                {"device": "device must be cpu here, got cuda; this PyTorch finds no CUDA GPU."}
            )
        self.config = config
        self.task = task_of(config)
        self.model = build_model(config, self.task)
        self.step = 0
        self.dear_probes: int | None = None
        self.closeup: CloseUpRequest | None = None
        self._generator = torch.Generator().manual_seed(config.seed + _DATA_STREAM)
        self._training_set = TrainingSet(config, self.task) if config.training_size else None
        if self._training_set and self.task.held_out is None:
            self.task = replace(self.task, held_out=self._training_set.held_out)
        self._state: Carried | None = None
        """Carried to the next batch, where the run is stateful."""
        self._begin_stage()
        if config.state == "stateful":
            self._batch()  # It refuses a batch that the data are too few for.
        self._may_overflow = False
        self._instrument = Instrument(config, self.model, self.task)

    @property
    def floor(self) -> float:
        """The loss of "learned nothing"."""
        return self.task.floor

    @property
    def dear_seconds(self) -> float:
        """What the last measurement's dear quantities took, in seconds of this thread's CPU."""
        return self._instrument.dear_seconds

    def train_step(self, measure: Measure | None = None) -> StepRecord:
        """Take one step.

        After a failure it goes on as PyTorch would; to stop is the caller's part.

        Args:
            measure: "none"; "light": gates and total gradients; "full": spectral norms,
                transport and horizon too. None: "full" every `config.record_every` steps.
        """
        if measure is None:
            measure = "none" if self.step % self.config.record_every else "full"
        config = self.config
        batch = self._batch()
        layers = {name: LayerRecord() for name in self.model.layer_names}
        closeup = None
        with ExitStack() as watches:
            watch, watch_all = self._instrument.watch, self._instrument.watch_all
            everyone = watches.enter_context(watch_all()) if config.omega else None
            watching = None if measure == "none" else watches.enter_context(watch())
            loss, accuracy = self._propagate(batch)
        # With weights that are no numbers there is nothing to measure, but a failure to tell.
        if watching and (
            math.isfinite(loss) or find_non_finite(list(self.model.parameters())) is None
        ):
            full = measure == "full"
            layers |= self._instrument.records(
                watching,
                batch,
                dear_probes=self.dear_probes if full else 0,
                keeps_flows=full and self.closeup is not None,
            )
            closeup = self.look(self.closeup) if self.closeup else None
        if everyone and math.isfinite(loss):
            add_omega(self.model, self._instrument.flows(everyone), config.omega)
        clipping = self._update.step(config, self.step)
        self.step += 1
        # Looking at every weight costs up to 2 % of a step, so not before one could overflow.
        self._may_overflow |= not clipping.norm_post < HUGE_GRADIENT
        record = StepRecord(
            step=self.step,
            loss=loss,
            accuracy=accuracy,
            grad_norm_pre=clipping.norm_pre,
            grad_norm_post=clipping.norm_post,
            clipped=clipping.clipped,
            learning_rate=learning_rate(config, self.step - 1),
            clip_threshold=math.nan if config.clip == "none" else config.clip_threshold,
            clip_angle=clipping.angle,
            layers=layers,
            failure=failure_of(
                self.step, loss, clipping.culprit, self._update, weights_too=self._may_overflow
            ),
            closeup=closeup,
        )
        if stage_of(config, self.step) != self._stage:
            self._begin_stage()
        return record

    def look(self, request: CloseUpRequest) -> CloseUp | None:
        """Look at the last measured step at another place; nothing is trained or drawn at random.

        Returns:
            None where no step was measured in full while `closeup` was set.
        """
        return self._instrument.look(request)

    def sample_text(self, length: int | None = None, temperature: float = 1.0) -> str | None:
        """A text as the network would go on writing it; it leaves no trace in the training.

        The same step of the same run writes the same text.

        Args:
            length: words or characters; None: about two lines.
            temperature: by which the logits are divided; below 1 likely words become likelier.

        Returns:
            None where the task models no language, and where the network has no finite answer.

        Raises:
            ValueError: for another length or temperature.
        """
        if self.task.vocabulary is None or not self.task.has_perplexity:
            return None
        assert isinstance(self.model, SequenceModel)
        generator = torch.Generator().manual_seed(seed_of(self.config, self.step, TEXT))
        return write(self.model, self.task.vocabulary, generator, length, temperature)

    def held_out_loss(self) -> float | None:
        """The mean loss over data that are not trained on, nothing dropped out; no trace is left.

        Returns:
            None where the task holds nothing out.
        """
        if self.task.held_out is None:
            return None
        batches = self.task.held_out(self.config.batch_size)
        with answering(self.model):
            losses = []
            for batch in batches:
                on_device = batch.to(self.config.device, getattr(torch, self.config.dtype))
                outputs = self.model.answer(on_device)
                losses.append(self.task.loss(outputs, on_device.targets).item())
        return sum(losses) / len(losses) if losses else None

    def set_learning_rate(self, value: float) -> None:
        """Change the learning rate from the next step on.

        Raises:
            ConfigError: when the value is not in RunConfig's range.
        """
        self.config = self.config.replace(learning_rate=value)

    def set_clip_threshold(self, value: float) -> None:
        """Change the clip threshold from the next step on.

        Raises:
            ConfigError: when the value is not in RunConfig's range.
        """
        self.config = self.config.replace(clip_threshold=value)

    def checkpoint(self) -> bytes:
        """All that decides the steps to come, for `restore`."""
        return Checkpoint(
            config=self.config,
            step=self.step,
            model=self.model.state_dict(),
            update=self._update.state_dict(),
            generator=self._generator.get_state(),
            state=self._state,
        ).to_bytes()

    def restore(self, data: bytes) -> None:
        """Go back to a checkpoint of the same run; the losses to come are equal bit for bit.

        Raises:
            ValueError: when the checkpoint is of a run with other settings.
        """
        saved = Checkpoint.from_bytes(data)
        saved.check_run(self.config)
        self.config, self.step = saved.config, saved.step
        self._begin_stage()
        self.model.load_state_dict(saved.model)
        self._update.load_state_dict(saved.update)
        self._generator.set_state(saved.generator)
        if saved.state is not None:
            self._state = changed(saved.state, lambda each: each.to(self.config.device))
        self._may_overflow = True
        self._instrument.begin_anew()

    def _begin_stage(self) -> None:
        """What is trained from this step on, and its optimiser, without a past."""
        self._stage = stage_of(self.config, self.step)
        if self.config.pretrain_steps:
            assert isinstance(self.model, SequenceModel)
            self.model.begin_stage(self._stage)
            self.model.zero_grad()  # What is frozen now has gradients of its last step.
        self._update = Update(self.config, self.model)
        self._state = None

    def _batch(self) -> Batch:
        if self.config.state == "stateful":
            assert self.task.stream is not None
            batch = self.task.stream(self.config.batch_size, self.step)
        elif self._training_set:
            batch = self._training_set.batch(self.step)
        else:
            batch = self.task.sample(self.config.batch_size, self._generator)
        return batch.to(self.config.device, getattr(torch, self.config.dtype))

    def _propagate(self, batch: Batch) -> tuple[float, float | None]:
        """Forward and backward: the loss and the accuracy."""
        self._update.begin()
        state = self._state if batch.continues else None
        begin_noise(self.config, self.model, self.step)
        with dropout_of(self.config, self.step):
            passed = propagated(self.model, batch, state, self.config.windows)
        loss = self.task.loss(passed.outputs, batch.targets)
        passed.backward(loss)
        self._state = passed.state if self.config.state == "stateful" else None
        return loss.item(), self.task.accuracy(passed.outputs.detach(), batch.targets)
