"""The task: data, batches or a training set, and the loss."""

from __future__ import annotations

from gradviz.config import TASKS
from gradviz.script import inputs
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
        "training_size",
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
    return inputs.narrowed(draft, TEXTS[config.task])


def write(draft: Draft) -> None:
    """All of it; the model's answer is known."""
    text = task_text(draft)
    draft.data += text.data(draft)
    inputs.fit(draft, text)
    if draft.is_stateful:
        assert text.stream, "the config refuses a state for a task without a stream"
        draft.batch.append(f"inputs, targets, goes_on = {text.stream(draft)}")
        draft.batch += _changed(draft, text)
    elif draft.config.training_size:
        _training_set(draft, text)
    else:
        seed = draft.setting("seed")
        made = f"generator = torch.Generator().manual_seed({seed} + 2**31)"
        draft.started.append(f"{made}  # Not the weights' random numbers.")
        made = text.batch(draft, draft.setting("batch_size"), "generator")
        draft.batch += [f"{', '.join(_names(draft))} = {made}", *_changed(draft, text)]
    draft.forward.append(f"loss = {_loss(draft, text)}")


def _training_set(draft: Draft, text: TaskText) -> None:
    """Drawn once before the loop; of each name “all_…” a step reads some sequences."""
    size, seed = draft.setting("training_size"), draft.setting("seed")
    own = f"{draft.use('training.training_set', 'set_seed')}({seed}, 0, 11)"
    names = _names(draft)
    drawn = [each if each == "_" else f"all_{each}" for each in names]
    draft.data += [
        f"generator = torch.Generator().manual_seed({own})",
        f"{', '.join(drawn)} = {text.batch(draft, size, 'generator')}",
        *_changed(draft, text, "all_"),
    ]
    read = [each for each in names if each != "_"]
    if draft.config.training_size == draft.config.batch_size:
        draft.batch.append(f"{', '.join(read)} = {', '.join(f'all_{each}' for each in read)}")
        return
    sizes = f"{draft.setting('batch_size')}, {size}, {seed}"
    draft.batch.append(f"chosen = {draft.use('training.training_set', 'chosen_at')}(step, {sizes})")
    for each in read:
        is_once = each == "targets" and TASKS[draft.config.task].answers == "once"
        draft.batch.append(f"{each} = all_{each}[{'' if is_once else ':, '}chosen]")


def _names(draft: Draft) -> list[str]:
    """What a batch is made of, as its function gives it."""
    if not draft.config.is_pair:
        return ["inputs", "targets"]
    return ["inputs", "told", "targets", "chance" if _is_sampled(draft) else "_"]


def _changed(draft: Draft, text: TaskText, prefix: str = "") -> list[str]:
    """What is done to what was drawn: in float32, whatever the run's dtype."""
    config = draft.config
    lines = inputs.changed(draft, f"{prefix}inputs")
    if config.dtype == "float32":
        return lines
    is_real = {"inputs": not TASKS[config.task].tokens, "targets": text.loss != "cross_entropy"}
    names = [name for name, real in is_real.items() if real] + ["told"] * config.is_pair
    return lines + [f"{prefix}{name} = {prefix}{name}.double()" for name in names]


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
