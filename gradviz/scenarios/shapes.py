"""Live training's shelf “Shapes and readouts”: how sequences come in and answers go out."""

from __future__ import annotations

from gradviz.config import RunConfig
from gradviz.scenarios.scenario import Scenario, alone

_RECALL = RunConfig(task="recall", cell="rnn", seq_len=60)

_COPY = RunConfig(task="copy_sequence", seq_len=40, cell="gru")
"""An encoder–decoder that learns with attention, and not without it."""

COPY_SHORT = RunConfig(
    task="copy_sequence", seq_len=10, cell="lstm", hidden_size=64, batch_size=64, learning_rate=3e-3
)
"""One that learns without attention too."""

DEEP = RunConfig(task="digits_rows", cell="lstm", num_layers=8)
"""Eight layers and eight timesteps: the way down is as long as the way back."""

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
    Scenario(
        name="deep",
        shelf="shapes",
        title="Eight layers deep",
        text="An LSTM of eight layers reads a digit row by row. Hold the gradient of the bottom "
        "layer, l0, against that of the top one at the last timestep, and see when the loss falls.",
        variants=alone(DEEP),
        steps=200,
    ),
    Scenario(
        name="deep_residual",
        shelf="shapes",
        title="Skips between the layers",
        text="The same, but to what a layer gives is added what it has read. Compare l0 with the "
        "top layer again, and how soon the loss leaves its floor.",
        variants=alone(DEEP.replace(residual=True)),
        steps=200,
    ),
    Scenario(
        name="both_directions",
        shelf="shapes",
        title="Read from both ends",
        text="A plain RNN that reads in both directions names a token after 59 timesteps of "
        "silence. The reverse direction reads it last: whose gradient arrives at the token?",
        variants=alone(_RECALL.replace(bidirectional=True)),
        steps=200,
    ),
    Scenario(
        name="bottleneck_copy",
        shelf="shapes",
        title="Through the bottleneck",
        text="A GRU reads 40 symbols, another must write them down from the first one's last state "
        "alone. See what of the gradient arrives at the encoder's beginning.",
        variants=alone(_COPY),
        steps=300,
    ),
    Scenario(
        name="bottleneck_attention",
        shelf="shapes",
        title="Past the bottleneck",
        text="The same with attention to all states of the encoder. The dashed line is what comes "
        "by its last state alone; hold it against the whole.",
        variants=alone(_COPY.replace(attention="dot")),
        steps=400,
    ),
    Scenario(
        name="reversed_source",
        shelf="shapes",
        title="The source from its end",
        text="Ten symbols without attention, the source read from its end: the first symbol to be "
        "written was the last one read. Set it back and run it again.",
        variants=alone(COPY_SHORT.replace(reverse_source=True)),
        steps=600,
    ),
    Scenario(
        name="reversed_copy",
        shelf="shapes",
        title="Written backward",
        text="Ten symbols through the bottleneck, to be written in reverse: the last one read is "
        "the first one asked. See which timesteps of the encoder get the larger gradient.",
        variants=alone(COPY_SHORT.replace(task="reverse_sequence")),
        steps=600,
    ),
    Scenario(
        name="forecast_years",
        shelf="shapes",
        title="Eight years ahead",
        text="40 years of sunspot numbers are read, the eight years after them are forecast at "
        "once. Compare the loss with that of the best constants.",
        variants=alone(
            RunConfig(
                task="sunspots",
                cell="gru",
                seq_len=40,
                num_layers=2,
                forecast_steps=8,
                learning_rate=1e-2,
            )
        ),
        steps=300,
    ),
    Scenario(
        name="chaos",
        shelf="shapes",
        title="Ahead in chaos",
        text="Three columns of the Lorenz system are read, the first one's next 16 numbers "
        "forecast at once. See how far the loss leaves that of the best constants.",
        variants=alone(
            RunConfig(task="series", cell="gru", seq_len=20, forecast_steps=16, learning_rate=1e-2)
        ),
        steps=300,
    ),
    Scenario(
        name="wave",
        shelf="shapes",
        title="A wave from one vector",
        text="Frequency and phase are read once, then 40 timesteps of their sine are written. All "
        "losses lead back to the first timestep: see how large its gradient is.",
        variants=alone(
            RunConfig(
                task="wave_from_vector",
                cell="gru",
                seq_len=40,
                hidden_size=64,
                learning_rate=5e-3,
            )
        ),
        steps=500,
    ),
    Scenario(
        name="two_in_two_out",
        shelf="shapes",
        title="Two in, two out",
        text="Numbers and symbols side by side; a number and a symbol are asked for, and their "
        "losses are added. The accuracy is the symbol's alone.",
        variants=alone(
            RunConfig(task="two_in_two_out", cell="gru", seq_len=20, learning_rate=1e-2)
        ),
        steps=400,
    ),
)
