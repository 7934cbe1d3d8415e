"""The tasks that read a text: vocabularies, floors, windows, and what is held out."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gradviz.config import MOST_CHARACTERS, ConfigError, RunConfig
from gradviz.tasks import Batch, Task, task_of
from gradviz.tasks.char_lm import _tokens as character_tokens
from gradviz.tasks.corpus import builtin, topics
from gradviz.tasks.language import Tokens, entropy, language_model
from gradviz.tasks.text_classification import TOPICS, longest_topics
from gradviz.tasks.vocabulary import (
    END,
    UNKNOWN,
    character_vocabulary,
    unigrams,
    word_vocabulary,
    words_of,
)
from gradviz.tasks.word_lm import _tokens as word_tokens

LANGUAGE = ["word_lm", "char_lm"]


def drawn(task: Task, batch_size: int = 16, seed: int = 0) -> Batch:
    return task.sample(batch_size, torch.Generator().manual_seed(seed))


def said(task: Task, tokens: torch.Tensor) -> list[str]:
    assert task.vocabulary
    return [task.vocabulary.units[token] for token in tokens.tolist()]


def test_the_builtin_text_is_prose_in_three_parts() -> None:
    corpus = builtin()
    assert len(corpus.train) > 150_000
    for part in (corpus.valid, corpus.test):
        assert 0.03 < len(part) / len(corpus.train) < 0.08
    for sign in ("::=", ">>>", "***", "  ", "*", '"', "`"):
        assert sign not in corpus.train
    letters = sum(each.isalpha() or each in " ,." for each in corpus.train)
    assert letters > 0.93 * len(corpus.train)


def test_nothing_that_is_trained_on_is_held_out() -> None:
    corpus = builtin()
    trained = set(corpus.train.split("\n\n"))
    assert len(trained) > 500
    assert not trained & {*corpus.valid.split("\n\n"), *corpus.test.split("\n\n")}
    every = [paragraph for each in topics().values() for paragraph in each]
    assert len(every) == len(set(every))


def test_words() -> None:
    text = "A built-in “for” loop doesn't end.\nNor object.__init__()!\n\nNext: <b>"
    assert words_of(text) == [
        *("a", "built-in", "“", "for", "”", "loop", "doesn't", "end", "."),
        *("nor", "object.__init__", "(", ")", "!", END),
        *("next", ":", "<", "b", ">", END),
    ]
    assert words_of("one line\nanother\n") == ["one", "line", END, "another", END]


def test_a_text_that_was_cut_before_is_cut_at_its_spaces() -> None:
    """As the Penn Treebank's: a line is a sentence."""
    text = " the u.s. 's <unk> N \n\n no way \n"
    assert words_of(text) == ["the", "u.s.", "'s", UNKNOWN, "N", END, "no", "way", END]


def test_the_vocabulary_holds_the_most_common_words_and_ties_are_the_alphabets() -> None:
    words = ["b", "a", "c", "b", END, "d", "a", UNKNOWN, UNKNOWN, UNKNOWN]
    assert word_vocabulary(words, 3).units == (UNKNOWN, END, "a", "b", "c")
    assert word_vocabulary(words, 9).units == (UNKNOWN, END, "a", "b", "c", "d")
    for seed in range(5):
        shuffled = [words[i] for i in np.random.default_rng(seed).permutation(len(words))]
        assert word_vocabulary(shuffled, 3).units == (UNKNOWN, END, "a", "b", "c")
    vocabulary = word_vocabulary(words, 3)
    assert vocabulary.tokens(["d", "b", END, "never", UNKNOWN]).tolist() == [0, 3, 1, 0, 0]
    assert vocabulary.start == 1


@pytest.mark.parametrize("size", [50, 500, 20_000])
def test_a_task_tells_so_many_words_apart(size: int) -> None:
    task = task_of(RunConfig(task="word_lm", vocabulary_size=size, seq_len=5))
    assert task.vocabulary
    counts = Counter(words_of(builtin().train))
    del counts[END]
    assert task.input_size == task.output_size == len(task.vocabulary) == 2 + min(size, len(counts))
    kept = task.vocabulary.units[2:]
    rare = set(counts) - set(kept)
    assert min(counts[each] for each in kept) >= max((counts[each] for each in rare), default=0)


def test_rare_characters_are_unknown() -> None:
    many = "".join(chr(0x4E00 + i) * (i + 1) for i in range(MOST_CHARACTERS + 20))
    vocabulary = character_vocabulary(many)
    assert len(vocabulary) == MOST_CHARACTERS + 1
    assert vocabulary.tokens([chr(0x4E00), many[-1]]).tolist() == [0, 1]
    assert character_vocabulary("a�\n\n").units == ("�", "\n", "a")


@given(st.text(max_size=400))
def test_any_text_has_characters_and_comes_back(text: str) -> None:
    vocabulary = character_vocabulary(text)
    tokens = vocabulary.tokens(list(text)).tolist()
    assert vocabulary.text(tokens) == text or "�" in vocabulary.text(tokens)
    assert vocabulary.start in range(len(vocabulary))


@given(st.text(max_size=400))
def test_any_text_has_words(text: str) -> None:
    words = words_of(text)
    vocabulary = word_vocabulary(words, 50)
    assert len(vocabulary) <= 52
    assert not any(each.isspace() or not each for each in words)
    assert int(vocabulary.tokens([*words, "x"]).max()) < len(vocabulary)


def test_a_text_is_written_with_its_lines() -> None:
    vocabulary = word_vocabulary(["a", "b"], 2)
    assert vocabulary.text([2, 3, 1, 2, 1, 1]) == "a b\na\n\n"
    letters = character_vocabulary("ab \n")
    assert letters.text(letters.tokens(list("ab\n b")).tolist()) == "ab\n b"


@pytest.mark.parametrize("name", LANGUAGE)
def test_each_answer_is_what_is_read_next(name: str) -> None:
    task = task_of(RunConfig(task=name, seq_len=12))
    inputs, targets, *_ = drawn(task)
    assert torch.equal(inputs[1:], targets[:-1])
    text = character_tokens("") if name == "char_lm" else word_tokens("", 2000)
    whole = text.train.unfold(0, 13, 12)
    for b in range(16):
        window = torch.cat([inputs[:, b], targets[-1:, b]])
        assert (whole == window).all(1).any()


def test_a_skip_decides_where_windows_begin() -> None:
    numbers = torch.arange(1000) % 50
    numbers[::7] = 51
    vocabulary = word_vocabulary([f"{i:02}" for i in range(50)], 50)
    for skip, starts in ((0, 9), (7, 7), (1, 1)):
        config = RunConfig(task="word_lm", seq_len=9, skip_step=skip, batch_size=200)
        task = language_model(config, Tokens(vocabulary, torch.arange(1000), numbers))
        first = drawn(task, 300).inputs[0]
        assert (first % starts == 0).all()
        # All of them: 1000 − 9 places, of which each starts-th.
        assert len(set(drawn(task, 20_000).inputs[0].tolist())) == (1000 - 1 - 9) // starts + 1


@pytest.mark.parametrize("name", LANGUAGE)
def test_the_stream_is_the_text_itself(name: str) -> None:
    config = RunConfig(task=name, seq_len=20)
    task = task_of(config)
    assert task.stream
    first, second = task.stream(4, 0), task.stream(4, 1)
    assert torch.equal(first.targets[-1], second.inputs[0])
    assert (first.continues, second.continues) == (False, True)
    text = character_tokens("") if name == "char_lm" else word_tokens("", 2000)
    assert torch.equal(torch.cat([first.inputs, second.inputs])[:, 0], text.train[:40])
    batches = (len(text.train) - 1) // 4 // 20
    again = task.stream(4, batches)
    assert not again.continues
    assert task.stream(4, batches - 1).continues
    assert torch.equal(again.inputs, first.inputs)
    overlapping = task_of(config.replace(skip_step=5)).stream
    assert overlapping
    assert torch.equal(overlapping(4, 1).inputs[:15], first.inputs[5:])


@pytest.mark.parametrize("name", LANGUAGE)
def test_the_floor_is_the_entropy_of_the_units(name: str) -> None:
    """Counted in plain Python; what knows only the frequencies sits on it, by its definition."""
    task = task_of(RunConfig(task=name, vocabulary_size=500))
    text = builtin().train
    units = list(text) if name == "char_lm" else words_of(text)
    assert task.vocabulary
    counts = Counter(each if each in task.vocabulary.units else UNKNOWN for each in units)
    shares = [count / len(units) for count in counts.values()]
    assert task.floor == pytest.approx(-sum(p * math.log(p) for p in shares), rel=1e-12)
    if name == "word_lm":
        assert counts[UNKNOWN] > 1000
    log_shares = torch.tensor([math.log(max(counts[unit], 1e-9)) for unit in task.vocabulary.units])
    _, targets, *_ = drawn(task, 400)
    outputs = log_shares.expand(*targets.shape, -1)
    assert float(task.loss(outputs, targets)) == pytest.approx(task.floor, rel=0.01)
    uniform = torch.zeros(*targets.shape, task.output_size)
    assert float(task.loss(uniform, targets)) == pytest.approx(math.log(task.output_size), rel=1e-6)
    assert task.floor < math.log(task.output_size)


def test_the_entropy_of_known_shares() -> None:
    assert entropy(torch.tensor([0, 1, 2, 3]), 4) == pytest.approx(math.log(4))
    assert entropy(torch.tensor([2, 2, 2]), 9) == 0
    assert entropy(torch.tensor([0, 0, 1]), 5) == pytest.approx(math.log(3) - 2 / 3 * math.log(2))


def test_a_text_that_is_shorter_than_a_window_is_refused() -> None:
    vocabulary = word_vocabulary(["a"], 50)
    short = Tokens(
        vocabulary, torch.zeros(31, dtype=torch.int64), torch.zeros(5, dtype=torch.int64)
    )
    fits = language_model(RunConfig(task="word_lm", seq_len=30), short)
    assert drawn(fits, 3).inputs.shape == (30, 3)
    assert fits.held_out
    assert list(fits.held_out(8)) == []
    with pytest.raises(ConfigError, match=r"seq_len must be at most 30 for a text of 31 tokens"):
        language_model(RunConfig(task="word_lm", seq_len=31), short)


def test_what_is_held_out_is_the_valid_text() -> None:
    task = task_of(RunConfig(task="word_lm", seq_len=10))
    assert task.held_out
    batches = task.held_out(4)
    assert len(batches) == 4
    valid = word_tokens("", 2000).valid
    assert torch.equal(torch.cat([each.inputs for each in batches])[:, 0], valid[:40])
    assert said(task, valid[:9]) == [
        each if each in task.vocabulary.units else UNKNOWN for each in words_of(builtin().valid)[:9]
    ]


def test_windows_of_a_topic_are_its_words() -> None:
    task = task_of(RunConfig(task="text_classification", seq_len=15, vocabulary_size=20_000))
    texts = list(longest_topics().values())
    assert len(texts) == TOPICS == task.output_size
    kept = [[each for place, each in enumerate(text) if place % 10 != 9] for text in texts]
    joined = [" ".join(["", *words_of("\n\n".join(each)), ""]) for each in kept]
    inputs, topic, *_ = drawn(task, 300)
    assert np.bincount(topic).min() > 15
    for b in range(100):
        words = said(task, inputs[:, b])
        assert UNKNOWN not in words
        assert f" {' '.join(words)} " in joined[topic[b]]


def test_every_tenth_paragraph_of_a_topic_is_held_out() -> None:
    task = task_of(RunConfig(task="text_classification", seq_len=15, vocabulary_size=20_000))
    assert task.held_out
    (batch,) = task.held_out(32)
    assert np.bincount(batch.targets).tolist() == [4] * TOPICS
    for b, topic in enumerate(batch.targets.tolist()):
        paragraphs = list(longest_topics().values())[topic][9::10]
        kept = task.vocabulary.tokens(words_of("\n\n".join(paragraphs)))
        assert (kept.unfold(0, 15, 1) == batch.inputs[:, b]).all(1).any()
    seen = {tuple(each.tolist()) for each in drawn(task, 2000).inputs.T}
    assert not seen & {tuple(each.tolist()) for each in batch.inputs.T}


@pytest.mark.parametrize("name", [*LANGUAGE, "text_classification"])
def test_tokens_stay_whole_numbers(name: str) -> None:
    batch = drawn(task_of(RunConfig(task=name))).to("cpu", torch.float64)
    assert batch.inputs.dtype == batch.targets.dtype == torch.int64


@pytest.mark.parametrize("most", [1, 50, 700, 20_000])
def test_unigrams_are_the_floor_of_the_language_model(most: int) -> None:
    counts = Counter(words_of(builtin().train))
    tokens = word_tokens("", most)
    perplexity, unknown = unigrams(counts, most)
    assert perplexity == pytest.approx(math.exp(entropy(tokens.train, most + 2)), rel=1e-9)
    assert unknown == pytest.approx(float((tokens.train == 0).double().mean()))


def test_unigrams_by_hand() -> None:
    # Of eight words: a 4, b 2, <unk> 1 and <eos> 1; 2 ln 2 · (1/4 + 1/4 + 3/8) = 1.75 ln 2.
    counts = {"a": 4, "b": 2, "c": 1, END: 1}
    assert unigrams(counts, 2) == (pytest.approx(2**1.75), 1 / 8)
    assert unigrams({**counts, UNKNOWN: 1, "c": 0}, 2) == (pytest.approx(2**1.75), 1 / 8)
    assert unigrams({"a": 7}, 50) == (1.0, 0.0)
