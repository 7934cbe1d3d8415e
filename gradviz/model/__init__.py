"""Models: built from a RunConfig and its task."""

from __future__ import annotations

import torch

from gradviz.config import CELLS, TASKS, RunConfig
from gradviz.model.encoder_decoder import EncoderDecoder
from gradviz.model.parts import Parts, parts_of, recurrent_weights
from gradviz.model.sequence import SequenceModel
from gradviz.model.state import Carried, changed
from gradviz.model.window import WindowModel
from gradviz.tasks import Task

__all__ = [
    "Carried",
    "EncoderDecoder",
    "Model",
    "Parts",
    "SequenceModel",
    "WindowModel",
    "build_model",
    "changed",
    "parts_of",
    "recurrent_weights",
]

Model = SequenceModel | EncoderDecoder | WindowModel


def build_model(config: RunConfig, task: Task) -> Model:
    """The model of a run, its weights decided by `config.seed` alone.

    The global random generator is left as it was.
    """
    is_pair = TASKS[config.task].network == "encoder_decoder"
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(config.seed)
        if not CELLS[config.cell].is_recurrent:
            return WindowModel(config, task)
        return EncoderDecoder(config, task) if is_pair else SequenceModel(config, task)
