"""Training: one optimiser step at a time, each leaving a StepRecord."""

from gradviz.training.thread import prepare_training_thread
from gradviz.training.trainer import Measure, Trainer

__all__ = ["Measure", "Trainer", "prepare_training_thread"]
