"""Gates and the memory they make."""

from __future__ import annotations

from collections.abc import Mapping

from gradviz.glossary.term import Term

_LSTM = "Hochreiter, Schmidhuber 1997; Gers, Schmidhuber, Cummins 2000"
_GRU = "Cho et al. 2014 (arXiv 1406.1078)"
_SRU = "Lei, Zhang, Wang, Dai, Artzi 2018 (arXiv 1709.02755v5)"
_CHRONO = "Tallec, Ollivier 2018 (arXiv 1804.11188)"
_KARPATHY = "Karpathy, Johnson, Fei-Fei 2015 (arXiv 1506.02078)"

GATES: Mapping[str, Term] = {
    "gate": Term(
        name="gate",
        text="A number between 0 and 1, one for each unit and timestep, that says how much "
        "passes. It is learned from the input and the state.",
        equation=r"\sigma(W x_t + U h_{t-1} + b)",
        equation_text="σ(W x_t + U h_{t−1} + b)",
        source=_LSTM,
    ),
    "input_gate": Term(
        name="input gate",
        text="How much of the candidate an LSTM writes into its memory.",
        equation=r"c_t = f_t c_{t-1} + i_t g_t",
        equation_text="i_t in c_t = f_t c_{t−1} + i_t g_t",
        source=_LSTM,
    ),
    "forget_gate": Term(
        name="forget gate",
        text="How much of its memory an LSTM, a QRNN or an SRU keeps: 1 keeps all, 0 forgets all.",
        equation=r"c_t = f_t c_{t-1} + i_t g_t",
        equation_text="f_t in c_t = f_t c_{t−1} + i_t g_t",
        source=_LSTM,
    ),
    "output_gate": Term(
        name="output gate",
        text="How much of its memory an LSTM shows as hidden state.",
        equation=r"h_t = o_t \tanh c_t",
        equation_text="h_t = o_t tanh c_t",
        source=_LSTM,
    ),
    "candidate": Term(
        name="candidate",
        text="What could be written at this timestep, between −1 and 1: g of an LSTM, n of a GRU, "
        "z of a QRNN. It is no gate.",
        equation=r"g_t = \tanh(W x_t + U h_{t-1} + b)",
        equation_text="g_t = tanh(W x_t + U h_{t−1} + b)",
        source=_LSTM,
    ),
    "highway_gate": Term(
        name="highway gate",
        text="How much of its memory an SRU shows; the rest of the output is the input itself, "
        "passed on. The paper calls it reset gate.",
        equation=r"h_t = r_t c_t + (1 - r_t)\, \alpha x_t",
        equation_text="h_t = r_t c_t + (1 − r_t) α x_t",
        source=_SRU,
    ),
    "reset_gate": Term(
        name="reset gate",
        text="How much of the old state a GRU's candidate sees. Of a minimal gated unit it is 1 "
        "minus the update gate.",
        equation=r"n_t = \tanh(W x_t + b + r_t (U h_{t-1} + b'))",
        equation_text="n_t = tanh(W x_t + b + r_t (U h_{t−1} + b′))",
        source=_GRU,
    ),
    "update_gate": Term(
        name="update gate",
        text="How much of its state a GRU keeps: in PyTorch's form 1 keeps h, 0 takes the "
        "candidate.",
        equation=r"h_t = (1 - z_t)\, n_t + z_t\, h_{t-1}",
        equation_text="h_t = (1 − z_t) n_t + z_t h_{t−1}",
        source=_GRU,
    ),
    "coupled_gates": Term(
        name="coupled gates",
        text="One gate for two: an LSTM that forgets as much as it writes. The minimal gated unit "
        "couples reset and update in this way.",
        equation=r"c_t = (1 - i_t)\, c_{t-1} + i_t g_t",
        equation_text="f_t = 1 − i_t: c_t = (1 − i_t) c_{t−1} + i_t g_t",
        source="Greff et al. 2017 (arXiv 1503.04069); Zhou et al. 2016 (arXiv 1603.09420)",
    ),
    "layer_norm": Term(
        name="layer normalisation",
        text="A vector less the mean of its entries and divided by their spread, before a gain and "
        "a bias. A gradient that passes is divided by the same spread.",
        equation=r"\hat u = (u - \bar u) / \sqrt{\mathrm{var}\, u + \epsilon}",
        equation_text="û = (u − mean u) / √(var u + ε)",
        source="Ba, Kiros, Hinton 2016 (arXiv 1607.06450)",
    ),
    "saturation": Term(
        name="saturation",
        text="The share of timesteps at which a unit's gate is below 0.1 (left) or above 0.9 "
        "(right). There it hardly learns any more.",
        equation=r"\text{share of } t: \text{gate} < 0.1,\ \text{gate} > 0.9",
        equation_text="share of t with gate < 0.1 (left), > 0.9 (right)",
        source=_KARPATHY,
    ),
    "forget_bias": Term(
        name="forget bias",
        text="What is added inside the forget gate, so a large one opens it from the start. "
        "PyTorch has two, which add; here the sum is meant.",
        equation=r"f_t = \sigma(\cdots + b_f)",
        equation_text="f_t = σ(… + b_f)",
        source="Gers, Schmidhuber, Cummins 2000; Jozefowicz, Zaremba, Sutskever 2015",
    ),
    "forget_path": Term(
        name="forget path",
        text="The gradient of an LSTM's memory through the forget gates alone: their product. It "
        "is not the LSTM's gradient, which also flows through the gates' own inputs.",
        equation=r"\textstyle\prod_{k>t} \mathrm{diag}(f_k)",
        equation_text="∏_{k>t} diag(f_k)",
        source=f"{_LSTM}; {_CHRONO}",
    ),
    "half_life": Term(
        name="memory half-life",
        text="After how many timesteps half of a unit's memory is left, if its gate stays at its "
        "geometric mean.",
        equation=r"\ln 2 / (-\ln \bar f)",
        equation_text="ln 2 / (−ln f̄)",
    ),
}
