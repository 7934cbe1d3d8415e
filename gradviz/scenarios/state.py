"""Live training's shelf “State and truncation”, and two comparisons of them.

What learns and what does not is held by tests/test_truncation_training.py.
"""

from __future__ import annotations

from gradviz.config import RunConfig
from gradviz.scenarios.scenario import Scenario, alone, varied

_RECALL = RunConfig(task="recall", cell="gru", seq_len=20, batch_size=64, learning_rate=0.01)
_LETTERS = RunConfig(task="char_lm", cell="gru", seq_len=5, batch_size=16, hidden_size=64)

STATE = (
    Scenario(
        name="truncation_too_short",
        shelf="state",
        title="The gradient stops too soon",
        text="A GRU must name the first of 20 inputs, but its gradient goes back through 5 alone. "
        "Look at the loss, set the window to 0, and train again.",
        variants=alone(_RECALL.replace(bptt_window=5)),
        steps=300,
    ),
    Scenario(
        name="truncation_not_vanishing",
        shelf="state",
        title="Stopped, not vanished",
        text="A ReLU network starts as the identity and reads 100 timesteps; training lets its "
        "gradient go back through 30. Compare the gradient flow with the transport.",
        variants=alone(
            RunConfig(
                task="adding",
                cell="rnn",
                activation="relu",
                seq_len=100,
                recurrent_init="identity",
                learning_rate=1e-3,
                bptt_window=30,
            )
        ),
        steps=60,
    ),
    Scenario(
        name="truncation_windows",
        shelf="state",
        title="Windows that overlap",
        text="Copy ten symbols after a wait. Every 5 timesteps the losses go back through the last "
        "20; see where each backward pass begins and where it stops.",
        variants=alone(
            RunConfig(task="copy_memory", cell="gru", seq_len=10, bptt_window=20, bptt_every=5)
        ),
        steps=300,
    ),
    Scenario(
        name="stateful",
        shelf="state",
        title="A state that goes on",
        text="A GRU reads Python's help in pieces of 5 characters, each begun with the state that "
        "the last left. The gradient goes back 5 characters; see how large that state is.",
        variants=alone(_LETTERS.replace(state="stateful")),
        steps=600,
    ),
)

STATE_COMPARED = (
    Scenario(
        name="truncations",
        title="Four windows, one task",
        text="Name the first of 20 inputs. Only how many timesteps the gradient goes back through "
        "differs: 5, 10, 15 or all. Compare where it stops, and the losses.",
        variants=varied(
            _RECALL,
            {
                "window 5": {"bptt_window": 5},
                "window 10": {"bptt_window": 10},
                "window 15": {"bptt_window": 15},
                "whole sequence": {},
            },
        ),
        page="compare",
        steps=300,
    ),
    Scenario(
        name="states",
        title="With and without a state",
        text="The same letters in pieces of 5 characters. Stateless, each piece begins with zeros; "
        "stateful, with what the one before has left. Compare the losses.",
        variants=varied(
            _LETTERS, {"stateless": {"state": "stateless"}, "stateful": {"state": "stateful"}}
        ),
        page="compare",
        steps=600,
    ),
)
