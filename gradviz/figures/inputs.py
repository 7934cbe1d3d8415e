"""A sequence's input as its task reads it: tokens as letters, words, an image, or a signal.

Index legend: T timesteps, I input size, K kinds of tokens, S side of an image.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gradviz.config import RunConfig
from gradviz.figures.marks import Mark
from gradviz.figures.palette import BLUE, GREY, ORANGE, VIOLET
from gradviz.figures.traces import line
from gradviz.figures.wording import escaped
from gradviz.history import Floats, History

SILENCE = -1
"""The token of a timestep whose input is all zeros."""

ONE_LINE = 40
"""Letters that fit into one line of text on a phone; those that stand closer have rows by kind."""

MOST_LETTERS = 120
"""Of more letters the distractors are drawn as dots."""

SIDE = 8
"""Of the digits' images."""

MOST_ROWS = 6
"""Rows over which words that stand close are spread; words that need more are dots."""

SIGNS = {" ": "␣", "\n": "¶", "\t": "⇥"}
"""How characters are drawn that leave no mark."""

_GREYS = ((0.0, "#26282f"), (1.0, "#f4f4f6"))


@dataclass(frozen=True, kw_only=True, slots=True)
class InputView:
    """How a task's input is shown."""

    kind: Literal["tokens", "words", "image", "signal"] = "signal"
    """"words" are those of a text, or its characters."""
    label: str = "input"
    letters: str = ""
    """One a token; what is blank, "·", is left empty."""
    distractors: str = ""
    """The letters that the answer does not depend on."""
    marked: str = ""
    """The letters whose timesteps are marked in other pictures: they are few."""
    marks: int | None = None
    """The input that marks timesteps."""


VIEWS: Mapping[str, InputView] = MappingProxyType(
    {
        "adding": InputView(label="number", marks=1),
        "copy_memory": InputView(kind="tokens", label="token", letters="abcdefgh·?", marked="?"),
        "temporal_order": InputView(
            kind="tokens", label="token", letters="ABcdef", distractors="cdef", marked="AB"
        ),
        "recall": InputView(kind="tokens", label="token", letters="abcdefgh", marked="abcdefgh"),
        "digits_pixels": InputView(kind="image", label="row"),
        "digits_rows": InputView(kind="image", label="column"),
        "sunspots": InputView(label="spots/100"),
        "series": InputView(label="1st column"),
        "copy_sequence": InputView(kind="tokens", label="symbol", letters="abcdefgh>"),
        "reverse_sequence": InputView(kind="tokens", label="symbol", letters="abcdefgh>"),
        "wave_from_vector": InputView(label="frequency"),
        "two_in_two_out": InputView(label="number", marks=5),
        "word_lm": InputView(kind="words", label="word"),
        "char_lm": InputView(kind="words", label="character"),
        "text_classification": InputView(kind="words", label="word"),
    }
)
"""A task's line; a run of another kind shows its first input as a signal."""


def view_of(history: History) -> InputView:
    """How this run's input is shown."""
    config = history.config
    return VIEWS[config.task] if isinstance(config, RunConfig) else InputView()


def tokens_of(inputs_TI: Floats) -> NDArray[np.intp]:
    """(T,) tokens of one-hot inputs; SILENCE where all are zero."""
    return np.where(inputs_TI.any(axis=1), inputs_TI.argmax(axis=1), SILENCE)


def input_marks(view: InputView, inputs_TI: Floats) -> list[Mark]:
    """The timesteps that the answer depends on, where they are few: lines with a word each."""
    words: list[tuple[int, str]] = []
    if view.marks is not None:
        words = [(int(t), f"marked {inputs_TI[t, 0]:.2f}") for t in _marked(view, inputs_TI)]
    elif view.kind == "tokens":
        words = [each for each in _spoken(view, inputs_TI) if each[1] in view.marked]
    return [Mark(x=t + 1.0, text=text, colour=VIOLET) for t, text in words]


def input_traces(
    view: InputView, inputs_TI: Floats, words: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """The input by timestep as traces of one row; t = 1 is the first.

    Args:
        view: how it is shown.
        inputs_TI: what the lowest layer read.
        words: T, where a text was read; without them its embedding is a signal.
    """
    if view.kind == "words" and words:
        return [text_trace(words)]
    if view.kind == "tokens":
        return _letters(view, inputs_TI)
    if view.kind == "image":
        return [_pixels(inputs_TI) if inputs_TI.shape[1] == 1 else _rows(inputs_TI)]
    return _signal(view, inputs_TI)


def input_axis(view: InputView, inputs_TI: Floats, words: Sequence[str] = ()) -> dict[str, Any]:
    """The row's vertical axis; arguments as for `input_traces`."""
    if view.kind == "words" and words:
        return {"range": [-rows_of(words) + 0.4, 0.6], "showticklabels": False, "showgrid": False}
    if view.kind == "tokens":
        rows = 1 if _fit_one_line(_spoken(view, inputs_TI), len(inputs_TI)) else len(view.letters)
        return {"range": [-rows + 0.2, 0.8], "showticklabels": False, "showgrid": False}
    if view.kind == "image":
        return {"range": [SIDE + 0.5, 0.5], "tickvals": [1, SIDE], "showgrid": False}
    return {"nticks": 3}


def image_trace(inputs_TI: Floats) -> dict[str, Any]:
    """The whole image, its first row on top."""
    hover = "row %{y}, column %{x}: %{z:.2f}<extra></extra>"
    whole = inputs_TI.reshape(SIDE, SIDE)
    return {**_image(np.arange(1, SIDE + 1), whole, hover), "uid": "image"}


def _spoken(view: InputView, inputs_TI: Floats) -> list[tuple[int, str]]:
    """Timestep, from 0, and letter of each token that is neither silence nor blank."""
    tokens = tokens_of(inputs_TI)
    letters = [(t, view.letters[token]) for t, token in enumerate(tokens) if token != SILENCE]
    return [(t, letter) for t, letter in letters if letter != "·"]


def _fit_one_line(spoken: list[tuple[int, str]], timesteps: int) -> bool:
    """Whether no two letters stand closer than a line of text allows."""
    gaps = np.diff([t for t, _ in spoken])
    return bool((gaps * ONE_LINE >= timesteps).all())


def _marked(view: InputView, inputs_TI: Floats) -> NDArray[np.intp]:
    return np.flatnonzero(inputs_TI[:, view.marks or 0] > 0)


def _letters(view: InputView, inputs_TI: Floats) -> list[dict[str, Any]]:
    spoken = _spoken(view, inputs_TI)
    one_line = _fit_one_line(spoken, len(inputs_TI))
    quiet: dict[str, Any] = {"textfont": {"size": 10, "color": GREY}}
    loud = {"textfont": {"size": 13 if one_line else 11, "weight": 700}}
    if len(spoken) > MOST_LETTERS:
        quiet = {"mode": "markers", "marker": {"size": 3, "color": GREY}}
    found = [_silence(spoken, len(inputs_TI))] if one_line else []
    for uid, look in (("distractors", quiet), ("tokens", loud)):
        chosen = [e for e in spoken if (e[1] in view.distractors) == (uid == "distractors")]
        if chosen:
            rows = [0 if one_line else -view.letters.index(letter) for _, letter in chosen]
            found.append({**_text(chosen), "uid": uid, "y": rows, **look})
    return found


def _silence(spoken: list[tuple[int, str]], timesteps: int) -> dict[str, Any]:
    """A dot for each timestep at which nothing was said: so they can be counted."""
    quiet = np.setdiff1d(np.arange(timesteps), [t for t, _ in spoken]) + 1
    look = {"size": 3, "color": GREY}
    hover = "t = %{x}: nothing<extra></extra>"
    dots = {"type": "scatter", "mode": "markers", "uid": "silence", "marker": look}
    return {**dots, "x": quiet, "y": np.zeros(len(quiet)), "hovertemplate": hover}


def _text(spoken: list[tuple[int, str]]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "text",
        "x": [t + 1 for t, _ in spoken],
        "text": [letter for _, letter in spoken],
        "hovertemplate": "t = %{x}: %{text}<extra></extra>",
        "cliponaxis": False,
        "showlegend": False,
    }


def _rows(inputs_TI: Floats) -> dict[str, Any]:
    """An image read by rows: each timestep its row, standing."""
    hover = "t = %{x}, column %{y}: %{z:.2f}<extra></extra>"
    t = np.arange(1, len(inputs_TI) + 1)
    return _image(t, inputs_TI.T, hover)


def _pixels(inputs_T1: Floats) -> dict[str, Any]:
    """An image read by pixels: each timestep its pixel, at the height of its row."""
    T = len(inputs_T1)
    z = np.full((SIDE, T), np.nan, np.float32)
    at = np.arange(T)
    z[at // SIDE, at] = inputs_T1[:, 0]
    return _image(at + 1, z, "t = %{x}, row %{y}: %{z:.2f}<extra></extra>")


def _image(t: NDArray[Any], z: Floats, hover: str) -> dict[str, Any]:
    return {
        "type": "heatmap",
        "uid": "sequence",
        "x": t,
        "y": np.arange(1, len(z) + 1),
        "z": np.ascontiguousarray(z, dtype=np.float32),
        "zmin": 0,
        "zmax": 1,
        "colorscale": _GREYS,
        "showscale": False,
        "hoverongaps": False,
        "hovertemplate": hover,
    }


def _signal(view: InputView, inputs_TI: Floats) -> list[dict[str, Any]]:
    t = np.arange(1, len(inputs_TI) + 1)
    hover = "t = %{x}: %{y:.3g}<extra></extra>"
    look = {"hovertemplate": hover, "showlegend": False}
    values = np.where(np.isfinite(inputs_TI[:, 0]), inputs_TI[:, 0], np.nan)
    if view.marks is None:
        return [line(t, values, view.label, BLUE, uid="sequence", **look)]
    marked = _marked(view, inputs_TI)
    dots = {"type": "scatter", "mode": "markers", **look}
    quiet = {"uid": "sequence", "x": np.delete(t, marked), "y": np.delete(values, marked)}
    loud = {"uid": "marked", "x": t[marked], "y": values[marked]}
    return [
        {**dots, **quiet, "marker": {"color": GREY, "size": 4}},
        {**dots, **loud, "marker": {"color": ORANGE, "size": 10, "symbol": "diamond"}},
    ]


def rows_of(words: Sequence[str]) -> int:
    """Rows in which words stand in turn, so that each has the room that it takes."""
    letters = sum(map(len, words)) + (len(words) if max(map(len, words)) > 1 else 0)
    return min(math.ceil(letters / ONE_LINE), MOST_ROWS)


def text_trace(words: Sequence[str]) -> dict[str, Any]:
    """Words or characters where they were read, in rows from the top in turn."""
    rows = rows_of(words)
    shown = [escaped(SIGNS.get(each, each)) for each in words]
    t = np.arange(len(words))
    trace = {
        "type": "scatter",
        "uid": "sequence",
        "x": t + 1,
        "y": -(t % rows),
        "text": shown,
        "hovertemplate": "t = %{x}: %{text}<extra></extra>",
        "cliponaxis": False,
        "showlegend": False,
    }
    if sum(map(len, words)) > ONE_LINE * MOST_ROWS:
        return {**trace, "mode": "markers", "marker": {"size": 3, "color": GREY}}
    return {**trace, "mode": "text", "textfont": {"size": 12 if rows == 1 else 10}}
