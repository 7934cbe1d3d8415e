"""The scenarios of “Vanishing & exploding”: what the weights do to a gradient before they learn.

Their point is made at the first step; a few more show how quickly training changes it.
"""

from __future__ import annotations

from gradviz.config import RunConfig
from gradviz.scenarios.scenario import Scenario, alone

STEPS = 16

_ORTHOGONAL = RunConfig(task="adding", seq_len=60, recurrent_init="orthogonal")

VANISHING = (
    Scenario(
        name="gain_small",
        title="Gain 0.5",
        text="Recurrent weights 0.5 × orthogonal: every eigenvalue lies at half of the unit "
        "circle's radius. See what a gradient has left after 10 timesteps.",
        variants=alone(_ORTHOGONAL.replace(recurrent_gain=0.5)),
        page="vanishing",
        steps=STEPS,
    ),
    Scenario(
        name="gain_ninety",
        title="Gain 0.9",
        text="Recurrent weights 0.9 × orthogonal, as close to 1 as one would dare. Compare the "
        "measured curve with the line of the linear network, 0.9 to the power of k.",
        variants=alone(_ORTHOGONAL.replace(recurrent_gain=0.9)),
        page="vanishing",
        steps=STEPS,
    ),
    Scenario(
        name="gain_one",
        title="Gain 1",
        text="Every eigenvalue on the unit circle: a linear network would pass the gradient on "
        "as it is. See what tanh takes from it.",
        variants=alone(_ORTHOGONAL),
        page="vanishing",
        steps=STEPS,
    ),
    Scenario(
        name="gain_large",
        title="Gain 1.6",
        text="Every eigenvalue outside the unit circle. Compare the measured transport with the "
        "line of the linear network and with Pascanu's bound.",
        variants=alone(_ORTHOGONAL.replace(recurrent_gain=1.6)),
        page="vanishing",
        steps=STEPS,
    ),
    Scenario(
        name="gain_critical",
        title="At the edge, as theory has it",
        text="128 units with normal weights, chosen near mean-field theory's critical line. "
        "Compare its prediction with the root mean square that was measured.",
        variants=alone(
            RunConfig(
                task="adding",
                seq_len=60,
                hidden_size=128,
                recurrent_init="normal",
                recurrent_gain=1.15,
                seed=1,
            )
        ),
        page="vanishing",
        steps=4,
    ),
    Scenario(
        name="gain_default",
        title="An RNN as PyTorch makes it",
        text="PyTorch's own start of W_hh. Its spectral norm is twice its spectral radius: see "
        "which of the two the measured transport follows.",
        variants=alone(RunConfig(task="adding", cell="rnn", seq_len=60)),
        page="vanishing",
        steps=STEPS,
    ),
    Scenario(
        name="gain_lstm",
        title="An LSTM as PyTorch makes it",
        text="The same sums with an LSTM at PyTorch's defaults. Compare how far its gradient "
        "reaches with the plain RNN's.",
        variants=alone(RunConfig(task="adding", cell="lstm", seq_len=60)),
        page="vanishing",
        steps=STEPS,
    ),
)
