"""The scenarios of “Clipping”: the same seed, trained with and without a clip at once."""

from __future__ import annotations

from gradviz.config import RunConfig
from gradviz.scenarios.demonstrations import EXPLOSION, TEMPORAL_ORDER
from gradviz.scenarios.scenario import Scenario, varied

_IDENTITY = RunConfig(
    task="adding",
    seq_len=15,
    activation="relu",
    hidden_size=50,
    recurrent_init="identity",
    optimizer="sgd",
    learning_rate=0.1,
    momentum=0.9,
)

CLIPPING = (
    Scenario(
        name="nan_or_learning",
        title="NaN or learning, from one seed",
        text="A ReLU network that starts as the identity, SGD with momentum. See how each run "
        "ends: first the losses, then the norms before and after the clip.",
        variants=varied(
            _IDENTITY,
            {
                "no clip": {"clip": "none"},
                "norm 0.1": {"clip": "norm", "clip_threshold": 0.1},
                "value 0.005": {"clip": "value", "clip_threshold": 0.005},
            },
        ),
        page="clipping",
        steps=800,
    ),
    Scenario(
        name="clipping_kinds",
        title="Which clip makes it learn?",
        text="Temporal order with an orthogonal RNN and plain SGD, from one seed. Compare the "
        "losses, and the angle by which each clip turns the gradient.",
        variants=varied(
            TEMPORAL_ORDER,
            {
                "no clip": {"clip": "none"},
                "norm 1": {"clip": "norm", "clip_threshold": 1.0},
                "value 0.1": {"clip": "value", "clip_threshold": 0.1},
                "AGC 0.1": {"clip": "agc", "clip_threshold": 0.1},
            },
        ),
        page="clipping",
        steps=600,
    ),
    Scenario(
        name="explosion_kinds",
        title="Which clip survives it?",
        text="Recurrent weights 1.6 × orthogonal: without a clip the gradient norm climbs until a "
        "number is no longer finite. Compare the norms before and after the clips.",
        variants=varied(
            EXPLOSION,
            {
                "no clip": {"clip": "none"},
                "norm 1": {"clip": "norm", "clip_threshold": 1.0},
                "value 0.1": {"clip": "value", "clip_threshold": 0.1},
                "AGC 0.01": {"clip": "agc", "clip_threshold": 0.01},
            },
        ),
        page="clipping",
        steps=200,
    ),
)
