"""How a script says each task: what is read once, what a batch is made by, the loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from gradviz.script.draft import Draft

Loss = Literal["mse", "cross_entropy", "number_and_class"]

Batch = Callable[[Draft, str, str], str]
"""Of so many sequences, by a generator; both are expressions."""


def _nothing(_: Draft) -> Sequence[str]:
    return ()


@dataclass(frozen=True, kw_only=True)
class TaskText:
    """One task. The functions ask the draft for the parts and settings that they name."""

    input_size: str
    """Of one timestep, or how many kinds of tokens: a number, or what `data` calls it."""
    output_size: str
    loss: Loss
    data: Callable[[Draft], Sequence[str]] = _nothing
    """Lines that read what all batches are made of."""
    batch: Batch
    """The expression that makes inputs and targets, at random."""
    stream: Callable[[Draft], str] | None = None
    """The one that makes inputs, targets and whether they go on where those before ended."""


def _drawn(name: str, *sources: str, part: str = "") -> Batch:
    """By the function of this name: of sources, length, batch size and generator."""

    def batch(draft: Draft, size: str, generator: str) -> str:
        draft.use(f"tasks.{part or name}", name)
        return f"{name}({', '.join((*sources, draft.setting('seq_len'), size, generator))})"

    return batch


def _images(draft: Draft) -> Sequence[str]:
    return (f"images, names = {draft.use('tasks.digits', 'images_and_digits')}()",)


def _sunspots(draft: Draft) -> Sequence[str]:
    return (f"values = {draft.use('tasks.sunspots', 'sunspots')}()",)


def _lorenz(draft: Draft) -> Sequence[str]:
    rows = f"{draft.use('tasks.lorenz', 'lorenz')}()"
    if draft.config.normalise:
        rows = f"{draft.use('tasks.lorenz', 'normalised')}({rows})"
    return (f"values = {draft.use('tasks.lorenz', 'series_of')}({rows})",)


def _forecast(draft: Draft, size: str, generator: str) -> str:
    draft.use("tasks.forecast", "forecast")
    lengths = (draft.setting(each) for each in ("seq_len", "forecast_steps"))
    return f"forecast(values, {', '.join(lengths)}, {size}, {generator})"


def _forecast_on(draft: Draft) -> str:
    draft.use("tasks.forecast", "forecast_on")
    sizes = (draft.setting(each) for each in ("seq_len", "forecast_steps", "batch_size"))
    return f"forecast_on(values, {', '.join(sizes)}, step)"


def _text(draft: Draft) -> None:
    draft.notes.append("Its text is Python's own help, which other versions of Python word anew.")


def _words(draft: Draft) -> Sequence[str]:
    _text(draft)
    read = draft.use("tasks.word_lm", "word_tokens")
    return (f"tokens, kinds = {read}({draft.setting('vocabulary_size')})",)


def _characters(draft: Draft) -> Sequence[str]:
    _text(draft)
    return (f"tokens, kinds = {draft.use('tasks.char_lm', 'character_tokens')}()",)


def _topics(draft: Draft) -> Sequence[str]:
    _text(draft)
    read = draft.use("tasks.text_classification", "topic_tokens")
    return (f"texts, kinds = {read}({draft.setting('vocabulary_size')})",)


def _next_tokens(draft: Draft, size: str, generator: str) -> str:
    draft.use("tasks.language", "next_tokens")
    length, skip = draft.setting("seq_len"), "SEQ_LEN"
    if draft.config.skip_step:
        skip = draft.setting("skip_step")
    return f"next_tokens(tokens, {length}, {skip}, {size}, {generator})"


def _next_tokens_on(draft: Draft) -> str:
    draft.use("tasks.language", "next_tokens_on")
    return (
        f"next_tokens_on(tokens, {draft.setting('seq_len')}, {draft.setting('batch_size')}, step)"
    )


def _digits(rows: int) -> TaskText:
    return TaskText(
        input_size=str(64 // rows),
        output_size="10",
        loss="cross_entropy",
        data=_images,
        batch=_drawn("digits", "images", "names"),
    )


def _language(data: Callable[[Draft], Sequence[str]]) -> TaskText:
    return TaskText(
        input_size="kinds",
        output_size="kinds",
        loss="cross_entropy",
        data=data,
        batch=_next_tokens,
        stream=_next_tokens_on,
    )


def _series(data: Callable[[Draft], Sequence[str]], columns: int) -> TaskText:
    return TaskText(
        input_size=str(columns),
        output_size="FORECAST_STEPS",
        loss="mse",
        data=data,
        batch=_forecast,
        stream=_forecast_on,
    )


def _plain(name: str, input_size: int, output_size: int, loss: Loss) -> TaskText:
    return TaskText(
        input_size=str(input_size), output_size=str(output_size), loss=loss, batch=_drawn(name)
    )


def _pair(name: str) -> TaskText:
    return TaskText(
        input_size="8",
        output_size="8",
        loss="cross_entropy",
        batch=_drawn(name, part="sequence_pair"),
    )


TEXTS: Mapping[str, TaskText] = MappingProxyType(
    {
        "adding": _plain("adding", 2, 1, "mse"),
        "copy_memory": _plain("copy_memory", 10, 9, "cross_entropy"),
        "temporal_order": _plain("temporal_order", 6, 4, "cross_entropy"),
        "recall": _plain("recall", 8, 8, "cross_entropy"),
        "digits_pixels": _digits(64),
        "digits_rows": _digits(8),
        "sunspots": _series(_sunspots, 1),
        "series": _series(_lorenz, 3),
        "copy_sequence": _pair("copy_sequence"),
        "reverse_sequence": _pair("reverse_sequence"),
        "wave_from_vector": _plain("wave_from_vector", 2, 1, "mse"),
        "two_in_two_out": _plain("two_in_two_out", 6, 5, "number_and_class"),
        "word_lm": _language(_words),
        "char_lm": _language(_characters),
        "text_classification": TaskText(
            input_size="kinds",
            output_size="8",
            loss="cross_entropy",
            data=_topics,
            batch=_drawn("text_classification", "texts"),
        ),
    }
)
