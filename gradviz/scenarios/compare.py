"""The scenarios of “Compare”: the same data and the same seed, one thing changed."""

from __future__ import annotations

from gradviz.config import RunConfig
from gradviz.scenarios.scenario import Scenario, varied
from gradviz.scenarios.shapes import COPY_SHORT, DEEP

COMPARE = (
    Scenario(
        name="cells",
        title="Four cells, one task",
        text="The same sums of numbers seen long ago. See whose gradient horizon grows, and whose "
        "loss leaves the floor first.",
        variants=varied(
            RunConfig(task="adding", seq_len=60, hidden_size=32),
            {
                "RNN": {"cell": "rnn"},
                "LSTM": {"cell": "lstm"},
                "LSTM, forget bias 2": {"cell": "lstm", "forget_bias": 2.0},
                "GRU": {"cell": "gru"},
            },
        ),
        page="compare",
        steps=800,
    ),
    Scenario(
        name="activations",
        title="Four nonlinearities",
        text="The same plain RNN, W_hh orthogonal at first, must name the first of 20 inputs. Only "
        "the nonlinearity differs: compare the transport at the first step, then the losses.",
        variants=varied(
            RunConfig(task="recall", cell="rnn", seq_len=20, recurrent_init="orthogonal"),
            {
                "tanh": {"activation": "tanh"},
                "elu": {"activation": "elu"},
                "leaky relu": {"activation": "leaky_relu"},
                "sigmoid": {"activation": "sigmoid"},
            },
        ),
        page="compare",
        steps=200,
    ),
    Scenario(
        name="forget_biases",
        title="Four forget biases",
        text="One token, 49 timesteps of silence, then name it. Only the LSTM's forget bias "
        "differs: compare the horizons at the first step, and then the losses.",
        variants=varied(
            RunConfig(task="recall", cell="lstm", seq_len=50, batch_size=64),
            {
                "default": {},
                "bias 1": {"forget_bias": 1.0},
                "bias 2": {"forget_bias": 2.0},
                "bias ln 49": {"forget_bias": 3.8918},
            },
        ),
        page="compare",
        steps=400,
    ),
    Scenario(
        name="gains",
        title="Four gains",
        text="The same plain RNN with orthogonal recurrent weights times 0.5, 0.9, 1 and 1.6. "
        "Compare the transport at the first step with that of later ones.",
        variants=varied(
            RunConfig(task="adding", seq_len=60, recurrent_init="orthogonal"),
            {
                "gain 0.5": {"recurrent_gain": 0.5},
                "gain 0.9": {"recurrent_gain": 0.9},
                "gain 1": {"recurrent_gain": 1.0},
                "gain 1.6": {"recurrent_gain": 1.6},
            },
        ),
        page="compare",
        steps=300,
    ),
    Scenario(
        name="readouts",
        title="Four readouts",
        text="The same plain RNN must name a token 59 timesteps back. Only what the answer is made "
        "of differs: compare the gradient over time, then the losses.",
        variants=varied(
            RunConfig(task="recall", cell="rnn", seq_len=60),
            {
                "last state": {"readout": "last"},
                "mean": {"readout": "mean"},
                "sum": {"readout": "sum"},
                "attention": {"readout": "attention"},
            },
        ),
        page="compare",
        steps=400,
    ),
    Scenario(
        name="skips",
        title="Eight layers, with skips",
        text="An LSTM of eight layers reads a digit row by row, without and with skips between "
        "them. The top layer's gradient begins alike: see whose loss leaves its floor first.",
        variants=varied(DEEP, {"no skips": {"residual": False}, "skips": {"residual": True}}),
        page="compare",
        steps=200,
    ),
    Scenario(
        name="bottleneck",
        title="Attention past the bottleneck",
        text="An encoder reads 20 symbols, a decoder must write them down: without attention, and "
        "with two kinds of it. Compare what arrives at the encoder's first timestep.",
        variants=varied(
            RunConfig(task="copy_sequence", cell="gru", seq_len=20),
            {
                "no attention": {"attention": "none"},
                "dot": {"attention": "dot"},
                "general": {"attention": "general"},
            },
        ),
        page="compare",
        steps=300,
    ),
    Scenario(
        name="source_order",
        title="The source in order, reversed",
        text="Ten symbols through the bottleneck alone. Reading the source from its end brings the "
        "first symbols of source and target close; see whose loss falls sooner.",
        variants=varied(
            COPY_SHORT,
            {"in order": {"reverse_source": False}, "reversed": {"reverse_source": True}},
        ),
        page="compare",
        steps=500,
    ),
)
