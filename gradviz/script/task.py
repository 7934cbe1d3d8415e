"""The task: what a batch is made by, and the loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from gradviz.config import TASKS
from gradviz.script.draft import Draft
from gradviz.script.errors import ScriptError

FIELDS = frozenset({"task", "seq_len", "data", "batch_size", "device", "dtype"})

Loss = Literal["mse", "cross_entropy", "number_and_class"]


@dataclass(frozen=True, kw_only=True)
class TaskText:
    """How a script says a task."""

    input_size: str
    """An expression: a number, or what only the data know."""
    output_size: str
    loss: Loss
    batch: Callable[[Draft], str]
    """The expression that makes inputs and targets; it asks for parts and settings."""


def _drawn(name: str) -> Callable[[Draft], str]:
    """By a part's function of the task's name, of length, batch size and generator."""

    def batch(draft: Draft) -> str:
        draft.use(f"tasks.{name}", name)
        return f"{name}({draft.setting('seq_len')}, {draft.setting('batch_size')}, generator)"

    return batch


TEXTS: Mapping[str, TaskText] = {
    "adding": TaskText(input_size="2", output_size="1", loss="mse", batch=_drawn("adding")),
}


def text_of_task(draft: Draft) -> TaskText:
    """The config's.

    Raises:
        ScriptError: where a script cannot have its data.
    """
    config = draft.config
    if config.data:
        raise ScriptError(
            f"data must be empty for a script, got {config.data}: it has no way to your own file; "
            "choose the data that come with gradviz."
        )
    if config.task not in TEXTS:
        raise ScriptError(
            f"task must be one of {', '.join(TEXTS)} for a script, got {config.task}."
        )
    return TEXTS[config.task]


def write(draft: Draft) -> None:
    """Batch and loss."""
    text = text_of_task(draft)
    names = "inputs, targets, goes_on" if draft.is_stateful else "inputs, targets"
    draft.batch.append(f"{names} = {text.batch(draft)}")
    if not draft.is_stateful:
        seed = draft.setting("seed")
        draft.started.append(f"generator = torch.Generator().manual_seed({seed} + 2**31)")
    _moved(draft, text)
    draft.forward.append(f"loss = {_loss(draft, text.loss)}")
    draft.backward.append("loss.backward()")


def _moved(draft: Draft, text: TaskText) -> None:
    """Batches are drawn in float32, on the CPU."""
    config = draft.config
    device = [draft.setting("device")] if config.device != "cpu" else []
    double = ["torch.float64"] if config.dtype == "float64" else []
    is_number = {
        "inputs": not TASKS[config.task].tokens,
        "targets": text.loss != "cross_entropy",
    }
    for name, casts in is_number.items():
        if to := [*device, *(double if casts else [])]:
            draft.batch.append(f"{name} = {name}.to({', '.join(to)})")


def _loss(draft: Draft, kind: Loss) -> str:
    """An expression of the model's outputs and the targets."""
    outputs = draft.outputs
    if kind == "mse":
        return f"functional.mse_loss({outputs}, targets)"
    if kind == "number_and_class":
        return f"{draft.use('tasks.two_in_two_out', 'number_and_class')}({outputs}, targets)"
    if TASKS[draft.config.task].answers == "every":
        return f"functional.cross_entropy({outputs}.flatten(0, 1), targets.flatten())"
    return f"functional.cross_entropy({outputs}, targets)"
