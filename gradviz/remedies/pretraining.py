"""Greedy layer-wise pre-training: each layer upon those that are there, then all together.

With L layers and N steps a stage, step k (the first is 0) belongs to stage s = ⌊k/N⌋:

    s < L   only layers 0 … s run, and the readout answers from layer s. Layer s, the norm that it
            reads through and the readout are trained; what lies below, an embedding included, is
            frozen: its weights do not move, and no gradient is computed for them
    s ≥ L   all layers run and are trained (fine-tuning)

Hinton, Osindero & Teh 2006, "A fast learning algorithm for deep belief nets", train every layer
without labels; here each is trained by the task's own loss, the greedy supervised version of
Bengio, Lamblin, Popovici & Larochelle 2007, "Greedy Layer-Wise Training of Deep Networks", but for
their drawing a new readout for each layer: here it goes on. The optimiser begins afresh with every
stage, and so does a state that is carried from batch to batch.
"""

from __future__ import annotations

from gradviz.cells import Stack
from gradviz.config import RunConfig


def stage_of(config: RunConfig, step: int) -> int:
    """The s of the step that follows `step` steps; `config.num_layers` where all are trained."""
    if not config.pretrain_steps:
        return config.num_layers
    return min(step // config.pretrain_steps, config.num_layers)


def train_stage(stack: Stack, stage: int) -> None:
    """Have the layers run that a stage has, and autograd follow those that it trains."""
    is_last = stage >= stack.num_layers
    stack.depth = stack.num_layers if is_last else stage + 1
    for place, layer in enumerate(stack.layers):
        layer.requires_grad_(is_last or place // stack.directions == stage)
    for below, norm in enumerate(stack.norms):
        norm.requires_grad_(is_last or below == stage - 1)
