"""What a network is given: scaled numbers, principal components."""

from __future__ import annotations

from dataclasses import replace

from gradviz.config import TASKS
from gradviz.script.draft import Draft
from gradviz.script.errors import cannot
from gradviz.script.task_texts import TaskText

FIELDS = frozenset({"input_scaling", "pca"})

_SCALINGS = ("standard", "min_max")

_SEQUENCES, _MOST_NUMBERS, _SEED = 512, 8_000_000, 512
"""As of `gradviz.tasks.prepared`."""

_NOTE = "Sequences that the inputs' {} is fitted to."


def narrowed(draft: Draft, text: TaskText) -> TaskText:
    """The task whose inputs have as many features as components are kept."""
    return replace(text, input_size=draft.setting("pca")) if draft.config.pca else text


def fit(draft: Draft, text: TaskText) -> None:
    """Before the loop: what the inputs of all batches are changed by.

    Args:
        draft: whose data have been read.
        text: of its task.
    """
    config = draft.config
    kind = config.input_scaling
    if kind == "none" and not config.pca:
        return
    if kind not in ("none", *_SCALINGS):
        raise cannot("input_scaling", ("none", *_SCALINGS), kind)
    most = _MOST_NUMBERS // (config.timesteps * TASKS[config.task].features)
    name = "scaling" if kind != "none" else "projection"
    count = draft.constant("FITTED_TO", str(max(min(_SEQUENCES, most), 1)), _NOTE.format(name))
    generator = f"torch.Generator().manual_seed({_SEED})"
    draft.data.append(f"sample, *_ = {text.batch(draft, count, generator)}")
    if kind != "none":
        fitted = draft.use("tasks.scaling", f"fit_{kind}")
        draft.data.append(f"shift, spread = {fitted}(sample)")
    if config.pca:
        sample = "sample" if kind == "none" else _scaled(draft, "sample")
        fitted = draft.use("tasks.components", "fit_components")
        draft.data.append(f"mean, components = {fitted}({sample}, {draft.setting('pca')})")


def changed(draft: Draft, inputs: str) -> list[str]:
    """The lines that change inputs of this name."""
    config, lines = draft.config, []
    if config.input_scaling != "none":
        lines.append(f"{inputs} = {_scaled(draft, inputs)}")
    if config.pca:
        projected = draft.use("tasks.components", "projected")
        lines.append(f"{inputs} = {projected}({inputs}, mean, components)")
    return lines


def _scaled(draft: Draft, inputs: str) -> str:
    return f"{draft.use('tasks.scaling', 'scaled')}({inputs}, shift, spread)"
