"""Live training's shelf “Shapes and readouts”: how sequences come in and answers go out."""

from __future__ import annotations

from gradviz.config import RunConfig
from gradviz.scenarios.scenario import Scenario, alone

_RECALL = RunConfig(task="recall", cell="rnn", seq_len=60)

SHAPES = (
    Scenario(
        name="readout_mean",
        shelf="shapes",
        title="The mean of all states",
        text="A plain RNN names a token after 59 timesteps of silence. Its answer is made of the "
        "mean of all hidden states, so the loss acts at each of them.",
        variants=alone(_RECALL.replace(readout="mean")),
        steps=400,
    ),
    Scenario(
        name="readout_sum",
        shelf="shapes",
        title="The sum of all states",
        text="The same with the sum: each timestep gets the whole direct gradient, where the mean "
        "gives it a sixtieth.",
        variants=alone(_RECALL.replace(readout="sum")),
        steps=300,
    ),
    Scenario(
        name="readout_attention",
        shelf="shapes",
        title="Attention over all states",
        text="The same with a mean that the network weights itself. See how large the gradient of "
        "the first timestep is beside that of the last.",
        variants=alone(_RECALL.replace(readout="attention")),
        steps=300,
    ),
)
