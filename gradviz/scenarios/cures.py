"""Live training's shelf “Remedies”, and two comparisons of them.

Most treat a training that fails in `scenarios.remedies`, where all remedies can be tried. What came
of these with seeds 0, 1 and 2 is held by tests/test_cures.py.
"""

from __future__ import annotations

from gradviz.config import RunConfig
from gradviz.scenarios.demonstrations import EXPLOSION, TEMPORAL_ORDER
from gradviz.scenarios.scenario import Scenario, alone, varied
from gradviz.scenarios.shapes import DEEP

_RECALL = RunConfig(task="recall", seq_len=40, cell="lstm")
_ADDING = RunConfig(seq_len=30)

CURES = (
    Scenario(
        name="cure_chrono",
        shelf="remedies",
        title="Gates as long as the wait",
        text="An LSTM is to recall the first of 40 tokens. Its gates start by chrono, unit by unit "
        "for memories of 2 to 40 timesteps: compare the horizon with the length.",
        variants=alone(_RECALL.replace(gate_bias="chrono")),
        steps=300,
    ),
    Scenario(
        name="cure_zoneout",
        shelf="remedies",
        title="Half of the units wait",
        text="The same LSTM from PyTorch's own start, with zoneout of 0.5: at each timestep half "
        "of the units keep their value. See how far back that brings a gradient, and the loss.",
        variants=alone(_RECALL.replace(zoneout=0.5)),
        steps=200,
    ),
    Scenario(
        name="cure_standardised",
        shelf="remedies",
        title="Inputs of mean 0, variance 1",
        text="A plain RNN adds two of 30 numbers, its inputs standardised, which makes the marks "
        "of the two larger. Set the scaling to none, and train again.",
        variants=alone(_ADDING.replace(input_scaling="standard")),
        steps=500,
    ),
    Scenario(
        name="cure_omega",
        shelf="remedies",
        title="Asked to pass gradients on",
        text="The same sums, inputs as they are, with Pascanu's Ω: a penalty asks each timestep to "
        "hand a gradient on at its size. Look at the horizon, then at the loss.",
        variants=alone(_ADDING.replace(omega=1.0)),
        steps=400,
    ),
    Scenario(
        name="cure_spectral",
        shelf="remedies",
        title="A cap on W_hh, no clip",
        text="Recurrent weights begin as 1.6 × orthogonal; after each step their spectral norm is "
        "cut to 1. Nothing is clipped: look at the gradient norm and at the transport.",
        variants=alone(EXPLOSION.replace(seq_len=60, clip="none", recurrent_constraint="spectral")),
        steps=120,
    ),
    Scenario(
        name="cure_batch_norm",
        shelf="remedies",
        title="Batch norm between 8 layers",
        text="Eight LSTM layers read a digit row by row, each layer's output normalised over batch "
        "and timesteps. Hold the loss against that of “Eight layers deep”.",
        variants=alone(DEEP.replace(norm="batch")),
        steps=120,
    ),
    Scenario(
        name="cure_by_heart",
        shelf="remedies",
        title="Known by heart, and no more",
        text="A GRU reads the same 64 digits again and again. Compare its loss on these with the "
        "dotted one, on digits that it was not trained on.",
        variants=alone(RunConfig(task="digits_rows", cell="gru", hidden_size=64, training_size=64)),
        steps=200,
    ),
    Scenario(
        name="cure_weight_decay",
        shelf="remedies",
        title="A remedy for another disease",
        text="“Clipping makes it learn”, with one thing more: a weight decay of 0.1. See what it "
        "leaves of W_hh and of the horizon, and whether the task is learned still.",
        variants=alone(TEMPORAL_ORDER.replace(weight_decay=0.1)),
        steps=400,
    ),
)

CURES_COMPARED = (
    Scenario(
        name="cures_recall",
        title="Four treatments of an LSTM",
        text="The first of 40 tokens is to be recalled: untreated, with zoneout, with gates that "
        "start by chrono, with attention to all states. Compare the horizons, then the losses.",
        variants=varied(
            _RECALL,
            {
                "untreated": {},
                "zoneout 0.5": {"zoneout": 0.5},
                "chrono": {"gate_bias": "chrono"},
                "attention": {"readout": "attention"},
            },
        ),
        page="compare",
        steps=300,
    ),
    Scenario(
        name="cures_exploding",
        title="Four ways to hold a gradient",
        text="Temporal order with SGD and long steps: as it is, with a clip, with the spectral "
        "norm of W_hh held at 1, with a learning rate that falls. Compare norms and losses.",
        variants=varied(
            TEMPORAL_ORDER.replace(clip="none"),
            {
                "untreated": {},
                "clip by norm 1": {"clip": "norm"},
                "spectral cap 1": {"recurrent_constraint": "spectral"},
                "cosine": {"schedule": "cosine", "schedule_steps": 300, "schedule_factor": 0.01},
            },
        ),
        page="compare",
        steps=400,
    ),
)
