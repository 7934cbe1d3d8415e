"""The scenarios of “Gates”: what opens and closes, unit by unit, while a network learns."""

from __future__ import annotations

from gradviz.config import RunConfig
from gradviz.scenarios.scenario import Scenario, alone

_RECALL = RunConfig(task="recall", cell="lstm", seq_len=50, batch_size=64)

GATES = (
    Scenario(
        name="gates_bias_0",
        title="Forget bias 0",
        text="One token, then 49 timesteps of silence, then name it. The forget gates start half "
        "open: see what the path through them alone lets through.",
        variants=alone(_RECALL.replace(forget_bias=0.0)),
        page="gates",
        steps=200,
    ),
    Scenario(
        name="gates_bias_1",
        title="Forget bias 1",
        text="The same with a forget bias of 1, which many libraries take. Compare the memory's "
        "half-life with the 50 timesteps.",
        variants=alone(_RECALL.replace(forget_bias=1.0)),
        page="gates",
        steps=200,
    ),
    Scenario(
        name="gates_bias_2",
        title="Forget bias 2",
        text="One token, then 49 timesteps of silence, then name it, with a forget bias of 2. See "
        "which units come to hold the token, and when the loss falls.",
        variants=alone(_RECALL.replace(forget_bias=2.0)),
        page="gates",
        steps=400,
    ),
    Scenario(
        name="gates_bias_chrono",
        title="Forget bias ln 49",
        text="A forget bias of ln 49 ≈ 3.89 makes f = 1 − 1/50: the gates are matched to the "
        "length of the sequence (chrono initialisation).",
        variants=alone(_RECALL.replace(forget_bias=3.8918)),
        page="gates",
        steps=400,
    ),
    Scenario(
        name="gates_adding",
        title="A GRU that adds",
        text="Two numbers of the sequence are marked, and their sum is asked for at the end. Look "
        "at the update gate where the marks are.",
        variants=alone(RunConfig(task="adding", cell="gru", seq_len=60)),
        page="gates",
        steps=800,
    ),
    Scenario(
        name="gates_text",
        title="A text, letter by letter",
        text="An LSTM reads Python's own help. Hold its gates against the letters: look for units "
        "that count spaces, and for units that follow a bracket.",
        variants=alone(RunConfig(task="char_lm", cell="lstm", seq_len=40, forget_bias=1.0)),
        page="gates",
        steps=800,
    ),
    Scenario(
        name="gates_digits_rows",
        title="A digit row by row",
        text="An LSTM reads a handwritten digit in eight rows. Hold its gates against the rows "
        "that it reads.",
        variants=alone(RunConfig(task="digits_rows", cell="lstm", batch_size=64)),
        page="gates",
        steps=300,
    ),
    Scenario(
        name="gates_digits_pixels",
        title="A digit pixel by pixel",
        text="The same digits as 64 single pixels, with a forget bias of 2. Look for units that "
        "follow the ink, and for units that follow the place.",
        variants=alone(
            RunConfig(task="digits_pixels", cell="lstm", batch_size=64, forget_bias=2.0)
        ),
        page="gates",
        steps=400,
    ),
)
