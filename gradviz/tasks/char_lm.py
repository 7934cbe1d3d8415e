"""Character-level language model: at every timestep, name the next character.

Karpathy, Johnson & Fei-Fei 2015.
"""

from __future__ import annotations

from functools import lru_cache

from gradviz.config import RunConfig
from gradviz.tasks.corpus import check_there, corpus_of
from gradviz.tasks.language import Tokens, language_model
from gradviz.tasks.task import Task, TaskNotes
from gradviz.tasks.vocabulary import character_vocabulary

NOTES = TaskNotes(
    description="A text is read character by character; at every timestep the network must say "
    "which character comes next. The text is Python's own help, or one of yours.",
    paper="Karpathy, Johnson & Fei-Fei 2015 (arXiv 1506.02078)",
    floor_text="Learned nothing is the entropy of how common the characters are, so that e to the "
    "power of it is the unigram perplexity.",
)


def char_lm(config: RunConfig) -> Task:
    """Input: characters as tokens. Target at every timestep: the next character.

    Raises:
        MissingDataError: where data of one's own are not on this machine.
        UploadError: where they are no text.
    """
    check_there(config.data)
    return language_model(config, _tokens(config.data))


@lru_cache(maxsize=4)
def _tokens(data: str) -> Tokens:
    corpus = corpus_of(data)
    vocabulary = character_vocabulary(corpus.train)
    return Tokens(vocabulary, vocabulary.tokens(corpus.train), vocabulary.tokens(corpus.valid))
