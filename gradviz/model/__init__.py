"""Models: built from a RunConfig and its task."""

from __future__ import annotations

import torch

from gradviz.config import RunConfig
from gradviz.model.sequence import SequenceModel
from gradviz.model.state import Carried, changed
from gradviz.tasks import Task

__all__ = ["Carried", "SequenceModel", "build_model", "changed"]


def build_model(config: RunConfig, task: Task) -> SequenceModel:
    """The model of a run, its weights decided by `config.seed` alone.

    The global random generator is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(config.seed)
        return SequenceModel(config, task)
