"""Live training's scenarios, which are Home's gallery: one run each."""

from __future__ import annotations

from gradviz.config import RunConfig
from gradviz.scenarios.demonstrations import EXPLOSION, TEMPORAL_ORDER
from gradviz.scenarios.scenario import Scenario, alone

LIVE = (
    Scenario(
        name="vanishing",
        steps=800,
        title="A gradient that vanishes",
        text="A plain RNN must add two numbers seen long ago. Watch how far back its gradient "
        "reaches, and whether the loss ever leaves its floor.",
        variants=alone(RunConfig(task="adding", cell="rnn", seq_len=60)),
    ),
    Scenario(
        name="gating",
        steps=800,
        title="Gates open the path",
        text="The same sums with a GRU. Its horizon grows while it trains; when it reaches the "
        "numbers, the loss falls.",
        variants=alone(RunConfig(task="adding", cell="gru", seq_len=60)),
    ),
    Scenario(
        name="explosion",
        title="Explosion to NaN",
        text="Recurrent weights 1.6 × orthogonal and nothing clipped: watch the gradient norm "
        "climb until a number is no longer finite.",
        variants=alone(EXPLOSION.replace(clip="none")),
    ),
    Scenario(
        name="explosion_clipped",
        title="The same, clipped",
        text="One change from “Explosion to NaN”: the gradient's norm is clipped at 1. Compare "
        "the norms before and after the clip.",
        variants=alone(EXPLOSION),
    ),
    Scenario(
        name="clipping",
        steps=500,
        title="Clipping makes it learn",
        text="Temporal order with an orthogonal RNN and plain SGD, clipped at 1: it solves the "
        "task within a few hundred steps. Set the clip to none and run it again.",
        variants=alone(TEMPORAL_ORDER),
    ),
    Scenario(
        name="overclipped",
        title="Clipped too hard",
        text="The same with a threshold of 0.01: every step is clipped to a hundredth of the "
        "learning rate. See how far the loss comes.",
        variants=alone(TEMPORAL_ORDER.replace(clip_threshold=0.01)),
        steps=600,
    ),
    Scenario(
        name="forget_bias_low",
        steps=600,
        title="An LSTM that forgets",
        text="One token, then 49 timesteps of silence, then name it, with PyTorch's default forget "
        "bias. Look at the forget gate and at the transport.",
        variants=alone(RunConfig(task="recall", cell="lstm", seq_len=50, batch_size=64)),
    ),
    Scenario(
        name="forget_bias_high",
        steps=600,
        title="An LSTM that remembers",
        text="The same with a forget bias of ln 49 ≈ 3.89, matched to the length of the sequence "
        "(chrono initialisation).",
        variants=alone(
            RunConfig(task="recall", cell="lstm", seq_len=50, batch_size=64, forget_bias=3.8918)
        ),
    ),
    Scenario(
        name="irnn",
        title="Identity at the start",
        text="A ReLU network whose recurrent weights start as the identity (IRNN): every "
        "path back has the same length at first. See how long that lasts.",
        variants=alone(
            RunConfig(
                task="adding",
                cell="rnn",
                activation="relu",
                seq_len=100,
                recurrent_init="identity",
                learning_rate=1e-3,
            )
        ),
    ),
    Scenario(
        name="long",
        title="400 timesteps",
        text="An LSTM at PyTorch's defaults reads 400 timesteps. The dashed line is the least "
        "number that float32 holds: see at which timestep the gradient crosses it.",
        variants=alone(RunConfig(task="adding", cell="lstm", seq_len=400)),
        steps=4,
    ),
    Scenario(
        name="copy",
        title="Copy after a wait",
        text="Ten symbols, a wait, then write them down again. The loss acts at every timestep, "
        "so gradients start everywhere; see which reach back over the wait.",
        variants=alone(RunConfig(task="copy_memory", cell="gru", seq_len=30, hidden_size=64)),
    ),
    Scenario(
        name="digits_pixels",
        steps=400,
        title="Real digits, pixel by pixel",
        text="scikit-learn's handwritten digits read as 64 single pixels by an LSTM, which answers "
        "after the last one.",
        variants=alone(
            RunConfig(
                task="digits_pixels", cell="lstm", hidden_size=64, forget_bias=2.0, batch_size=64
            )
        ),
    ),
    Scenario(
        name="digits_rows",
        steps=300,
        title="Real digits, row by row",
        text="The same digits in eight rows. Eight timesteps are few: even a plain RNN's gradient "
        "covers them.",
        variants=alone(RunConfig(task="digits_rows", cell="rnn", hidden_size=64, batch_size=64)),
    ),
    Scenario(
        name="sunspots",
        steps=300,
        title="Real series: sunspots",
        text="Forecast next year's sunspot number from the last 40 years with a two-layer GRU. The "
        "cycle takes about 11 years: does the gradient reach that far?",
        variants=alone(RunConfig(task="sunspots", cell="gru", seq_len=40, num_layers=2)),
    ),
)
