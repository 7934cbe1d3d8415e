"""What must fit together where a state goes on from batch to batch, or a gradient stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradviz.config.task_specs import TASKS

if TYPE_CHECKING:
    from gradviz.config.run_config import RunConfig


def misfit(config: RunConfig) -> tuple[str, str] | None:
    """The field that does not fit the others, and a sentence; None where all do."""
    stateful = config.state == "stateful"
    if stateful and not TASKS[config.task].has_stream:
        return "state", _no_stream(config.task)
    if config.bptt_window and TASKS[config.task].network == "encoder_decoder":
        return "bptt_window", (
            f"bptt_window must be 0 for {config.task}: its encoder has no loss of its own, and its "
            f"gradient comes from the decoder's first timestep, got {config.bptt_window}."
        )
    if config.bidirectional and (stateful or config.windows):
        what = "the state goes on to the next batch" if stateful else "the gradient is truncated"
        return "bidirectional", (
            f"bidirectional must be off where {what}: a direction that begins at the end cannot "
            "follow, got on."
        )
    if stateful and config.skip_step not in {0, config.seq_len}:
        return "skip_step", (
            f"skip_step must be 0 or the sequence length, {config.seq_len}, where the state goes "
            f"on in the window that follows, got {config.skip_step}."
        )
    if 0 < config.bptt_window < config.bptt_every:
        return "bptt_every", (
            f"bptt_every must be at most bptt_window, {config.bptt_window}, or some losses would "
            f"reach no weight, got {config.bptt_every}."
        )
    if config.overlap > 1 and config.dropout and config.num_layers > 1:
        return "bptt_every", (
            f"bptt_every must be 0 or bptt_window, {config.bptt_window}, with dropout between "
            "layers, or each window would drop out other numbers of the same timesteps, got "
            f"{config.bptt_every}."
        )
    return None


def _no_stream(task: str) -> str:
    streams = ", ".join(name for name, spec in TASKS.items() if spec.has_stream)
    return (
        f"state must be stateless for {task}, whose sequences do not go on in the next batch, "
        f"got stateful; those of {streams} do."
    )
