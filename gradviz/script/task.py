"""The task: data, batches and the loss."""

from __future__ import annotations

from gradviz.config import TASKS
from gradviz.script.draft import Draft
from gradviz.script.errors import ScriptError, cannot
from gradviz.script.task_texts import TEXTS, TaskText

FIELDS = frozenset(
    {
        "task",
        "seq_len",
        "data",
        "vocabulary_size",
        "skip_step",
        "batch_size",
        "forecast_steps",
        "normalise",
        "dtype",
        "device",
    }
)


def task_text(draft: Draft) -> TaskText:
    """The config's.

    Raises:
        ScriptError: where a script cannot have its data or device.
    """
    config = draft.config
    if config.device != "cpu":
        raise ScriptError(
            f"device must be cpu for a script, got {config.device}; its losses are checked on a "
            "CPU."
        )
    if config.data:
        raise ScriptError(
            f"data must be empty for a script, got {config.data}: it has no way to a file of your "
            "own; choose the data that come with gradviz."
        )
    if config.task not in TEXTS:
        raise cannot("task", TEXTS, config.task)
    return TEXTS[config.task]


def write(draft: Draft) -> None:
    """All of it; the model's answer is known."""
    text = task_text(draft)
    draft.data += text.data(draft)
    if draft.is_stateful:
        assert text.stream, "the config refuses a state for a task without a stream"
        draft.batch.append(f"inputs, targets, goes_on = {text.stream(draft)}")
    else:
        seed = draft.setting("seed")
        made = f"generator = torch.Generator().manual_seed({seed} + 2**31)"
        draft.started.append(f"{made}  # Not the weights' random numbers.")
        names = "inputs, targets"
        if draft.config.is_pair:
            names = f"inputs, told, targets, {'chance' if _is_sampled(draft) else '_'}"
        draft.batch.append(f"{names} = {text.batch(draft)}")
    draft.batch += _cast(draft, text)
    draft.forward.append(f"loss = {_loss(draft, text)}")


def _cast(draft: Draft, text: TaskText) -> list[str]:
    """Batches are drawn in float32, whatever the run's dtype."""
    config = draft.config
    if config.dtype == "float32":
        return []
    is_real = {"inputs": not TASKS[config.task].tokens, "targets": text.loss != "cross_entropy"}
    names = [name for name, real in is_real.items() if real] + ["told"] * config.is_pair
    return [f"{name} = {name}.double()" for name in names]


def _is_sampled(draft: Draft) -> bool:
    """Whether a decoder is told the right symbol before at some timesteps only."""
    return draft.config.is_pair and draft.config.teacher_forcing < 1


def _loss(draft: Draft, text: TaskText) -> str:
    outputs = draft.outputs
    if text.loss == "mse":
        return f"functional.mse_loss({outputs}, targets)"
    if text.loss == "number_and_class":
        return f"{draft.use('tasks.two_in_two_out', 'number_and_class')}({outputs}, targets)"
    if TASKS[draft.config.task].answers == "every":
        return f"functional.cross_entropy({outputs}.flatten(0, 1), targets.flatten())"
    return f"functional.cross_entropy({outputs}, targets)"
