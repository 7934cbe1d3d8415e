"""A text of one's own on the Your data page: the uploader, what was read, what can be trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from gradviz.config import LIMITS, RunConfig, bounds, label_of
from gradviz.ui.own_data import (
    PARTS,
    OwnData,
    OwnText,
    config_of_characters,
    config_of_words,
)
from gradviz.ui.session import session
from gradviz.ui.widgets import bound
from gradviz.ui.words import plain
from gradviz.uploads import ShelfError

_FILES = "own_text_files"

PREVIEW_LINES, PREVIEW_CHARACTERS = 10, 500
"""Of the text's beginning."""


def parts(own: OwnData) -> RunConfig | None:
    """All of it; the run that a button asked for."""
    files = st.file_uploader(
        "A plain text, or two or three: train, valid and test",
        accept_multiple_files=True,
        key=f"{_FILES}_{own.emptied}",
        on_change=_take_files,
        max_upload_size=LIMITS.upload_mb,
        help="Files named as those of the Penn Treebank (ptb.train.txt, ptb.valid.txt, "
        "ptb.test.txt) are kept apart; of one file alone the last tenth is held out.",
    )
    if not files:
        own.problems.pop("text", None)
    problem(own.problems.get("text"), kept=own.text.corpus.name if own.text else None)
    return _read(own, own.text) if own.text else None


def problem(sentence: str | None, kept: str | None) -> None:
    """What is wrong with the last upload, and which one is shown instead."""
    if sentence:
        st.error(plain(sentence))
        if kept:
            st.caption(plain(f"Below is still {kept}."))


def title(name: str) -> None:
    """What is looked at, and a button that ends that."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(plain(name), anchor=False, width="content")
        st.button(
            "Put away",
            key="own_put_away",
            type="tertiary",
            icon=":material/close:",
            on_click=_put_away,
            help="Forget this upload. What you trained on is listed below, and deleted there.",
        )


def _put_away() -> None:
    session().own.put_away()


def notes(sentences: Sequence[str]) -> None:
    """What was guessed or changed."""
    if sentences:
        st.markdown("\n".join(f"- {plain(each)}" for each in sentences))


def _take_files() -> None:
    own = session().own
    files = st.session_state[f"{_FILES}_{own.emptied}"]
    if files:
        own.take_text([(each.name, each.getvalue()) for each in files])


def _read(own: OwnData, text: OwnText) -> RunConfig | None:
    title(text.corpus.name)
    notes(text.corpus.notes)
    left, right = st.columns(2, gap="large")
    with left:
        _sizes(text)
        _vocabulary(own, text)
    with right:
        _beginning(text.corpus.train)
    return _buttons(own, text)


def _sizes(text: OwnText) -> None:
    corpus = text.corpus
    st.table(
        {
            "Part": list(PARTS),
            "Characters": [f"{len(getattr(corpus, part)):,}" for part in PARTS],
            "Words and signs": [f"{text.words[part].total():,}" for part in PARTS],
        },
        border="horizontal",
        hide_index=True,
    )
    st.caption(
        f"To train on: {len(text.words['train']):,} different words and signs (line ends among "
        f"them), {text.characters:,} different characters."
    )


def _vocabulary(own: OwnData, text: OwnText) -> None:
    least, most, _ = bounds("vocabulary_size")
    st.number_input(
        label_of("vocabulary_size"),
        int(least),
        int(most),
        step=500,
        help=RunConfig.model_fields["vocabulary_size"].description,
        **bound("own_vocabulary_size", own.vocabulary_size, _take_vocabulary_size),
    )
    perplexity, unknown = text.unigrams(own.vocabulary_size)
    st.markdown(
        f"To know how common each word is, and nothing of their order, gives a perplexity of "
        f"**{perplexity:,.1f}**. {unknown:.1%} of the words are `<unk>`: beyond this "
        "vocabulary, or written so in the text."
    )


def _take_vocabulary_size(size: Any) -> None:
    session().own.vocabulary_size = size


def _beginning(text: str) -> None:
    """The first lines as they are: no markup is read."""
    shown = "\n".join(text[:PREVIEW_CHARACTERS].split("\n")[:PREVIEW_LINES])
    st.caption("The beginning, as it was read")
    st.code(shown if shown == text else f"{shown} …", language=None, wrap_lines=True)


def _buttons(own: OwnData, text: OwnText) -> RunConfig | None:
    trouble = text.corpus.words_trouble
    with st.container(horizontal=True):
        words = st.button(
            "Train on words",
            key="train_words",
            icon=":material/play_circle:",
            type="primary",
            disabled=trouble is not None,
        )
        characters = st.button(
            "Train on characters", key="train_characters", icon=":material/play_circle:"
        )
    if not words and not characters:
        return None
    try:
        data_id = own.shelve(text.corpus)
    except ShelfError as error:
        st.error(plain(str(error)))
        return None
    if characters:
        return config_of_characters(data_id)
    return config_of_words(data_id, text, own.vocabulary_size)
