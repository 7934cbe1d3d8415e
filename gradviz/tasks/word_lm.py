"""Word-level language model: at every timestep, name the next word.

Zaremba, Sutskever & Vinyals 2014: embedding, dropout, stacked LSTM, softmax at every timestep.
"""

from __future__ import annotations

from functools import lru_cache

from gradviz.config import ConfigError, RunConfig
from gradviz.tasks.corpus import check_there, corpus_of
from gradviz.tasks.language import Tokens, language_model
from gradviz.tasks.task import Task, TaskNotes
from gradviz.tasks.vocabulary import word_vocabulary, words_of

NOTES = TaskNotes(
    description="A text is read word by word; at every timestep the network must say which word "
    "comes next. The text is Python's own help, or one of yours.",
    paper="Mikolov et al. 2010; Zaremba, Sutskever & Vinyals 2014 (arXiv 1409.2329)",
    floor_text="Learned nothing is the entropy of how common the words are, so that e to the power "
    "of it is the unigram perplexity: to know the words, and nothing of their order.",
)


def word_lm(config: RunConfig) -> Task:
    """Input: words as tokens. Target at every timestep: the next word."""
    check_there(config.data)
    return language_model(config, _tokens(config.data, config.vocabulary_size))


@lru_cache(maxsize=4)
def _tokens(data: str, vocabulary_size: int) -> Tokens:
    corpus = corpus_of(data)
    if corpus.words_trouble:
        raise ConfigError({"data": corpus.words_trouble})
    words = words_of(corpus.train)
    vocabulary = word_vocabulary(words, vocabulary_size)
    valid = vocabulary.tokens(words_of(corpus.valid))
    return Tokens(vocabulary, vocabulary.tokens(words), valid)
