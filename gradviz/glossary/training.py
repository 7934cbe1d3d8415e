"""Words of training."""

from __future__ import annotations

from collections.abc import Mapping

from gradviz.glossary.term import Term

TRAINING: Mapping[str, Term] = {
    "step": Term(
        name="step",
        text="One update of the weights by the optimiser. It is not a timestep.",
        equation=r"s = 1, 2, \dots, S",
        equation_text="s = 1, 2, …, S",
    ),
    "timestep": Term(
        name="timestep",
        text="A position in the sequence that the network reads, from t = 1 to T. It is not a "
        "step.",
        equation=r"t = 1, \dots, T",
        equation_text="t = 1, …, T",
    ),
    "stateful": Term(
        name="stateful training",
        text="The state at the end of each sequence of a batch starts the same sequence of the "
        "next batch, which goes on there in the data. No gradient goes back into the batch before.",
        equation=r"s_0^{(n+1)} = s_T^{(n)}",
        equation_text="s_0 of batch n + 1 = s_T of batch n",
    ),
    "lag": Term(
        name="lag",
        text="A distance back from the last timestep.",
        equation=r"k = T - t",
        equation_text="k = T − t",
    ),
    "loss": Term(
        name="loss",
        text="What training makes smaller: how wrong the network is, as a mean over the batch.",
        equation=r"L = \tfrac{1}{B} \sum_b L_b",
        equation_text="L = (1/B) Σ_b L_b",
    ),
    "accuracy": Term(
        name="accuracy",
        text="Share of right answers in a batch, where the task is to choose among classes.",
        equation=r"\text{right answers} / \text{answers}",
        equation_text="right answers / answers",
    ),
    "floor": Term(
        name="floor of having learned nothing",
        text="The loss of a network that answers the same to every sequence, as well as that can "
        "be done. A loss that stays there has learned nothing from its inputs.",
        equation=r"\text{adding } \tfrac16,\ \text{recall } \ln 8,\ \text{temporal order } \ln 4",
        equation_text="adding 1/6, recall ln 8, temporal order ln 4",
    ),
    "probe": Term(
        name="probe sequences",
        text="The first sequences of each batch, which are measured. Curves show their middle one "
        "or their range.",
        equation=r"b = 1, \dots, P \le B",
        equation_text="b = 1, …, P ≤ B",
    ),
    "learning_rate": Term(
        name="learning rate",
        text="How far a step goes along the negative gradient; for plain SGD the factor itself.",
        equation=r"w \leftarrow w - \eta\, g",
        equation_text="w ← w − η g",
    ),
    "float32_floor": Term(
        name="float32 floor",
        text="The least normal number of float32. A gradient below it is stored inexactly or as "
        "0; the curves are computed as logarithms and go on.",
        equation=r"2^{-126} \approx 1.2 \cdot 10^{-38}",
        equation_text="2⁻¹²⁶ ≈ 1.2e-38",
        source="IEEE 754",
    ),
}
