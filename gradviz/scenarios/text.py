"""Live training's shelf “Text”: language models, of words and of characters, and topics.

How well they do is held by tests/test_text_training.py.
"""

from __future__ import annotations

from gradviz.config import RunConfig
from gradviz.scenarios.scenario import Scenario, alone

_WORDS = RunConfig(task="word_lm", cell="lstm", seq_len=30, hidden_size=64)
_CHARACTERS = RunConfig(task="char_lm", cell="lstm", seq_len=60, hidden_size=64)

TEXT = (
    Scenario(
        name="word_lm",
        shelf="text",
        title="The next word",
        text="An LSTM reads Python's own help word by word and must say what comes next. Read what "
        "it writes by itself, and hold its perplexity against the unigrams'.",
        variants=alone(_WORDS),
        steps=800,
    ),
    Scenario(
        name="word_lm_dropout",
        shelf="text",
        title="Two layers and dropout",
        text="The same with two layers, between which and around which 30 % of the values are "
        "dropped. Compare how quickly the perplexity falls.",
        variants=alone(_WORDS.replace(num_layers=2, dropout=0.3)),
        steps=800,
    ),
    Scenario(
        name="char_lm",
        shelf="text",
        title="The next character",
        text="An LSTM reads the same help letter by letter. Watch words appear in what it writes, "
        "and how many letters back its gradient reaches.",
        variants=alone(_CHARACTERS),
        steps=1200,
    ),
    Scenario(
        name="text_classification",
        shelf="text",
        title="Which topic?",
        text="Twenty words of Python's help, then one answer: which of eight topics are they of? "
        "The loss acts at the last word alone; see how far back it reaches.",
        variants=alone(
            RunConfig(task="text_classification", cell="lstm", seq_len=20, batch_size=64)
        ),
        steps=400,
    ),
)
