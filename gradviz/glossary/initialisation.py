"""How weights start."""

from __future__ import annotations

from collections.abc import Mapping

from gradviz.glossary.term import Term

_CHRONO = "Tallec, Ollivier 2018 (arXiv 1804.11188)"

STARTS: Mapping[str, Term] = {
    "orthogonal_init": Term(
        name="orthogonal initialisation",
        text="W_hh starts as a random rotation or reflection times the gain: every singular value "
        "is the gain.",
        equation=r"W_{hh} = g\, Q,\quad Q^\top Q = I",
        equation_text="W_hh = gain · Q, QᵀQ = I",
        source="Saxe, McClelland, Ganguli 2014 (arXiv 1312.6120)",
    ),
    "irnn": Term(
        name="IRNN",
        text="A ReLU network whose W_hh starts as the identity: while a unit is active, it hands "
        "on state and gradient unchanged.",
        equation=r"W_{hh} = I",
        equation_text="W_hh = I",
        source="Le, Jaitly, Hinton 2015 (arXiv 1504.00941)",
    ),
    "chrono_init": Term(
        name="chrono initialisation",
        text="A forget bias matched to the length of the memory that is needed. Over T timesteps "
        "the forget gates then leave about 1/e.",
        equation=r"b_f = \ln(T - 1) \Rightarrow f = 1 - 1/T",
        equation_text="b_f = ln(T − 1), so f = 1 − 1/T",
        source=_CHRONO,
    ),
    "gain": Term(
        name="gain",
        text="The factor on W_hh at the start. It sets the spectral radius of an orthogonal or "
        "identity start, and about that of a normal one.",
        equation=r"W_{hh} = \text{gain} \cdot Q,\ \text{gain} \cdot I",
        equation_text="W_hh = gain · Q, gain · I, or N(0, gain²/H)",
    ),
}
