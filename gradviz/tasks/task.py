"""What every task gives: batches, a loss, and the loss of "learned nothing".

Index legend: T timesteps, B sequences, I input size, O output size. Everything is
time-major. torch is imported only where numbers are made, because the web server
reads the notes of a task and must not import it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import torch

    from gradviz.tasks.vocabulary import Vocabulary


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskNotes:
    """What a page says of a task."""

    description: str
    """One sentence: what comes in and what is asked."""
    paper: str
    floor_text: str
    """One sentence: the loss of a network that learned nothing, and what reaches it."""


class Batch(NamedTuple):
    """One batch, drawn in float32 whatever the run's dtype, so that both see the same numbers."""

    inputs: torch.Tensor
    """(T, B, I) float32, or (T, B) int64 of tokens."""
    targets: torch.Tensor
    """For a regression (B, O) float32; for classes (B,) int64; with T before where every timestep
    is answered. Of a number and a class together (B, 2) float32."""
    continues: bool = False
    """Whether each sequence goes on where the same one of the batch before ended; only a stream's
    batches do."""

    decoder_inputs: torch.Tensor | None = None
    """(T, B, D) float32: what an encoder–decoder's decoder is told while it is forced."""
    forced: torch.Tensor | None = None
    """(T, B) bool: where it is; None: everywhere."""

    def to(self, device: str, dtype: torch.dtype) -> Batch:
        """On a device, inputs in a dtype; tokens stay whole numbers."""
        told, forced = self.decoder_inputs, self.forced
        kind = dtype if self.inputs.is_floating_point() else None
        return self._replace(
            inputs=self.inputs.to(device, kind),
            targets=self.targets.to(device),
            decoder_inputs=None if told is None else told.to(device, dtype),
            forced=None if forced is None else forced.to(device),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A task at one sequence length."""

    input_size: int
    output_size: int
    sample: Callable[[int, torch.Generator], Batch]
    """(batch_size, generator) to a batch; the same generator state gives the same batch."""
    floor: float
    """Loss of "learned nothing": of the best answer that does not look at the sequence."""
    loss_kind: Literal["mse", "cross_entropy", "number_and_class"]
    """The last: the first output is a number, the others are the classes' logits."""
    number_weight: float = 1.0
    """Of the squared error, where it is added to a cross-entropy."""
    decoder_size: int = 0
    """Input size of a decoder."""
    answers: Literal["once", "every"] = "once"
    """Whether one answer is asked, after the last timestep, or one at every timestep."""
    answer_timesteps: int = 1
    """The accuracy is judged on so many last timesteps."""
    vocabulary: Vocabulary | None = None
    """What its tokens stand for, where it reads a text; input_size is their number then."""
    has_perplexity: bool = False
    """Whether it models a language: at every timestep the next token is asked."""
    held_out: Callable[[int], Sequence[Batch]] | None = None
    """batch_size to the batches of the data that are not trained on, always the same."""
    stream: Callable[[int, int], Batch] | None = None
    """(batch_size, index) to batch `index` of a walk through the data in their order; None where
    they have none. The same sequences of two batches follow each other, but where the walk begins
    anew, which `Batch.continues` says. A ConfigError where the data are too few for the batch."""

    def loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """The mean loss over the batch, and over the timesteps where every one is answered.

        Args:
            outputs: (B, O), or (T, B, O) where every timestep is answered.
            targets: as `sample` gave them.
        """
        from torch.nn import functional

        if self.loss_kind == "cross_entropy":
            return functional.cross_entropy(outputs.flatten(0, -2), targets.flatten())
        if self.loss_kind == "mse":
            return functional.mse_loss(outputs, targets.to(outputs.dtype))
        squared = functional.mse_loss(outputs[:, 0], targets[:, 0].to(outputs.dtype))
        of_class = functional.cross_entropy(outputs[:, 1:], targets[:, 1].long())
        return self.number_weight * squared + of_class

    def accuracy(self, outputs: torch.Tensor, targets: torch.Tensor) -> float | None:
        """Share of right answers in [0, 1]; None for a regression. Arguments as for `loss`."""
        if self.loss_kind == "mse":
            return None
        if self.loss_kind == "number_and_class":
            return float((outputs[:, 1:].argmax(-1) == targets[:, 1]).double().mean())
        if self.answers == "every":
            outputs, targets = outputs[-self.answer_timesteps :], targets[-self.answer_timesteps :]
        return float((outputs.argmax(-1) == targets).sum()) / targets.numel()
