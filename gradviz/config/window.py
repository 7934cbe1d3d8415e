"""What must fit together for a network that reads the whole window at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradviz.config.cell_specs import CELLS
from gradviz.config.task_specs import TASKS

if TYPE_CHECKING:
    from gradviz.config.run_config import RunConfig

MOST_WEIGHTS = 10_000_000
"""Of the first layer, which reads an embedding of every timestep: 40 MB in float32, and with the
gradient and what an optimiser keeps four times as much."""


def misfit(config: RunConfig) -> tuple[str, str] | None:
    """The field that does not fit the others, and a sentence; None where all do."""
    if CELLS[config.cell].is_recurrent:
        return None
    if TASKS[config.task].answers == "every":
        return "cell", (
            f"cell must be a recurrent one for {config.task}, which is answered at every timestep, "
            f"got {config.cell}; it reads all timesteps at once and answers once."
        )
    if config.bidirectional:
        return "bidirectional", (
            f"bidirectional must be off for {config.cell}, which reads all timesteps at once, "
            "got on."
        )
    if config.state == "stateful":
        return "state", (
            f"state must be stateless for {config.cell}, which has none to carry to the next "
            "batch, got stateful."
        )
    if config.windows:
        return "bptt_window", (
            f"bptt_window must be 0 for {config.cell}, whose gradient does not go back through "
            f"timesteps, got {config.bptt_window}."
        )
    weights = config.timesteps * config.embedding_size * config.hidden_size
    if TASKS[config.task].tokens and weights > MOST_WEIGHTS:
        return "work", (
            f"timesteps · embedding_size · hidden_size, the weights of the first layer, must be at "
            f"most {MOST_WEIGHTS:,} for {config.cell}, got {config.timesteps} · "
            f"{config.embedding_size} · {config.hidden_size} = {weights:.2g}."
        )
    return None
