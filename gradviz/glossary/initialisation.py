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
    "xavier_init": Term(
        name="Xavier initialisation",
        text="Uniform weights of variance 2 over inputs and outputs together, gate by gate. Of "
        "W_hh that is 1/H: a spectral radius of about 1.",
        equation=r"W_{hh} \sim U(\pm\sqrt{3/H}),\quad W_{ih} \sim U(\pm\sqrt{6/(I + H)})",
        equation_text="W_hh ~ U(±√(3/H)), W_ih ~ U(±√(6/(I + H)))",
        source="Glorot, Bengio 2010",
    ),
    "he_init": Term(
        name="He initialisation",
        text="Normal weights of variance 2 over inputs, made for ReLU layers. Of W_hh that is a "
        "spectral radius of about √2.",
        equation=r"W_{hh} \sim N(0, 2/H),\quad W_{ih} \sim N(0, 2/I)",
        equation_text="W_hh ~ N(0, 2/H), W_ih ~ N(0, 2/I)",
        source="He et al. 2015 (arXiv 1502.01852)",
    ),
    "chrono_init": Term(
        name="chrono initialisation",
        text="Forget biases matched to the memory that is needed, from 2 to T timesteps, each unit "
        "its own; an input gate's are minus that. Over T timesteps the longest leaves about 1/e.",
        equation=r"b_f = \ln u,\ u \sim U(1, T - 1),\ b_i = -b_f;\quad f = 1 - 1/(1 + u)",
        equation_text="b_f = ln u, u ~ U(1, T − 1), b_i = −b_f;  f = 1 − 1/(1 + u)",
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
