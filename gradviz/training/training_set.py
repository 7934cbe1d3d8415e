"""A training set: a few sequences, drawn once, that are read again and again.

Which of its N sequences a step reads follows from (seed, step) alone. Every round reads each
sequence once, in an order of its own; a batch that is not filled by what is left of a round goes
on in the next one, so that all batches are of one size B.

    B = N      batch gradient descent: the gradient of the whole training loss (Cauchy 1847)
    1 < B < N  mini-batches
    B = 1      stochastic gradient descent (Robbins & Monro 1951; Bottou 1998)

With B = N every batch is the whole set in one order. What chance decides of a sequence beside its
numbers (where a decoder is told the right symbol) is drawn once as well.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gradviz.config import ConfigError, RunConfig
from gradviz.config.remedy_fields.inputs import too_many
from gradviz.tasks import Batch, Task
from gradviz.training.chance import HELD_OUT, SHUFFLE, TRAINING_SET, seed_of

UNSEEN = 256
"""Sequences that are held out."""


class TrainingSet:
    """Of `config.training_size` sequences of a task.

    Raises:
        ConfigError: where they would hold more numbers than are kept in memory.

    Attributes:
        whole: all of them as one batch.
    """

    def __init__(self, config: RunConfig, task: Task) -> None:
        sentence = too_many(config.training_size, config.timesteps, task.input_size)
        if sentence and not task.vocabulary:
            raise ConfigError({"training_size": sentence})
        self._config, self._answers, self._sample = config, task.answers, task.sample
        generator = torch.Generator().manual_seed(seed_of(config, 0, TRAINING_SET))
        self.whole = task.sample(config.training_size, generator)

    def held_out(self, batch_size: int) -> list[Batch]:
        """UNSEEN sequences that are not trained on, always the same, in one batch.

        They are drawn as those of the set are; of data that are finite, some may be in it.

        Args:
            batch_size: of the training; the loss is the same for any.
        """
        generator = torch.Generator().manual_seed(seed_of(self._config, 0, HELD_OUT))
        return [self._sample(UNSEEN, generator)]

    def batch(self, step: int) -> Batch:
        """What the step after `step` steps reads."""
        size, count = self._config.batch_size, self._config.training_size
        if size == count:
            return self.whole
        first, end = step * size, (step + 1) * size
        rounds = range(first // count, -(-end // count))
        order = torch.cat([self._order(each) for each in rounds])
        start = first - rounds[0] * count
        return self._chosen(order[start : start + size])

    def _order(self, turn: int) -> Tensor:
        """(N,): in which round `turn` reads the sequences."""
        generator = torch.Generator().manual_seed(seed_of(self._config, turn, SHUFFLE))
        return torch.randperm(self._config.training_size, generator=generator)

    def _chosen(self, places: Tensor) -> Batch:
        whole = self.whole
        told, forced = whole.decoder_inputs, whole.forced
        return whole._replace(
            inputs=whole.inputs[:, places],
            targets=whole.targets[:, places] if self._answers == "every" else whole.targets[places],
            decoder_inputs=None if told is None else told[:, places],
            forced=None if forced is None else forced[:, places],
        )
