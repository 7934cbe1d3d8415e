"""What each cell is, in short: its equation, its Jacobian, and what its paper leaves open.

In the cells' files (`gradviz/cells/`) it is told in full. Letters: x_t inputs, h_t hidden state,
c_t memory, s_t = (h_t, c_t) or whatever is carried, J_t = ∂s_t/∂s_{t−1}, ⊙ unit by unit, diag(v)
a diagonal matrix, φ′ the slope where it is taken, T timesteps, H hidden and I input size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, kw_only=True, slots=True)
class CellNote:
    """Three lines; the paper is the CellSpec's."""

    equation: str
    parameters: str
    """How many, of one layer in one direction."""
    jacobian: str
    version: str = ""
    """Which of several, and where it is not the paper's word for word."""


CELL_NOTES: Mapping[str, CellNote] = MappingProxyType(
    {
        "rnn": CellNote(
            equation="h_t = φ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh)",
            parameters="H(I + H + 2)",
            jacobian="diag(φ′) W_hh, never longer than max φ′ ‖W_hh‖₂",
        ),
        "lstm": CellNote(
            equation="i, f, o = σ(…), g = tanh(…) of W_ih x_t + b_ih + W_hh h_{t−1} + b_hh; "
            "c_t = f ⊙ c_{t−1} + i ⊙ g; h_t = o ⊙ tanh(c_t)",
            parameters="4H(I + H + 2)",
            jacobian="of (h, c): ∂c_t/∂c_{t−1} is diag(f) where h_{t−1} is held fixed; h_{t−1} "
            "drives every gate",
            version="with PyTorch's two biases; the forget gate is of 2000",
        ),
        "gru": CellNote(
            equation="r, z = σ(…); n = tanh(W_in x_t + b_in + r ⊙ (W_hn h_{t−1} + b_hn)); "
            "h_t = (1 − z) ⊙ n + z ⊙ h_{t−1}",
            parameters="3H(I + H + 2)",
            jacobian="diag(z) + the ways through n, r and z",
            version="PyTorch's, whose reset gate acts behind the product W_hn h_{t−1}",
        ),
        "peephole_lstm": CellNote(
            equation="as the LSTM; i and f also see p_i ⊙ c_{t−1}, p_f ⊙ c_{t−1}, and o sees "
            "p_o ⊙ c_t",
            parameters="4H(I + H + 2) + 3H",
            jacobian="the LSTM's with diag(f + p_i ⊙ g i′ + p_f ⊙ c_{t−1} f′) for diag(f)",
            version="with p = 0 it is the LSTM",
        ),
        "coupled_lstm": CellNote(
            equation="as the LSTM with f = 1 − i",
            parameters="3H(I + H + 2)",
            jacobian="the LSTM's with f = 1 − i and ∂c_t/∂a_i = (g − c_{t−1}) i′",
            version="without the paper's peepholes",
        ),
        "layer_norm_rnn": CellNote(
            equation="h_t = tanh(LN(W_ih x_t + W_hh h_{t−1})); LN has a gain α and a bias for each "
            "unit",
            parameters="H(I + H) + 2H",
            jacobian="diag(φ′ α) N W_hh with N the norm's own: 0 along 1, nearly 0 along â, else "
            "1 over the spread of what drives the units",
            version="equation 4, with tanh",
        ),
        "layer_norm_lstm": CellNote(
            equation="gates of LN(W_hh h_{t−1}) + LN(W_ih x_t); h_t = o ⊙ tanh(LN(c_t)); LN has a "
            "gain and a bias for each row",
            parameters="4H(I + H) + 18H",
            jacobian="the LSTM's through three normalisations, so that the size of W_hh does not "
            "count",
            version="equations 20–22 of the supplement, the mean over the rows of all gates",
        ),
        "layer_norm_gru": CellNote(
            equation="r, z = σ of LN(W_hh h_{t−1}) + LN(W_ih x_t); "
            "n = tanh(LN(W_in x_t) + r ⊙ LN(W_hn h_{t−1})); h_t = (1 − z) ⊙ n + z ⊙ h_{t−1}; LN "
            "has a gain and a bias for each row",
            parameters="3H(I + H) + 12H",
            jacobian="diag(z) + the ways through n, r and z, each through a normalisation",
            version="of the supplement, whose z is 1 − z here; the mean over the rows of r and z",
        ),
        "mgu": CellNote(
            equation="f = σ(W_if x_t + W_hf h_{t−1} + b_f); "
            "n = tanh(W_in x_t + W_hn (f ⊙ h_{t−1}) + b_n); h_t = (1 − f) ⊙ h_{t−1} + f ⊙ n",
            parameters="2H(I + H + 1)",
            jacobian="diag(1 − f) + the ways through n and f",
            version="a GRU with r = f and z = 1 − f, by which its gate goes here",
        ),
        "qrnn": CellNote(
            equation="z, f, o = tanh, σ, σ of W x_t + V x_{t−1} + b; "
            "c_t = f ⊙ c_{t−1} + (1 − f) ⊙ z; h_t = o ⊙ c_t",
            parameters="3H(2I + 1)",
            jacobian="∂c_t/∂c_{t−1} = diag(f) exactly: no W_hh",
            version="fo-pooling, a convolution of width 2",
        ),
        "sru": CellNote(
            equation="f = σ(W_f x_t + v_f ⊙ c_{t−1} + b_f); c_t = f ⊙ c_{t−1} + (1 − f) ⊙ W x_t; "
            "r = σ(W_r x_t + v_r ⊙ c_{t−1} + b_r); h_t = r ⊙ c_t + (1 − r) ⊙ α x_t",
            parameters="3HI + 4H, and HI where I ≠ H",
            jacobian="∂c_t/∂c_{t−1} = diag(f + v_f ⊙ (c_{t−1} − W x_t) ⊙ f(1 − f)): diagonal, but "
            "not diag(f) alone",
            version="version 5 of the paper (EMNLP 2018), whose gates see v ⊙ c_{t−1}; those of "
            "versions 1–3 (2017) did not, and with v = 0 it is these",
        ),
        "lru": CellNote(
            equation="λ = exp(−exp(ν) + i exp(θ)); x_t = λ ⊙ x_{t−1} + exp(γ) ⊙ B u_t, complex; "
            "y_t = Re(C x_t) + D u_t",
            parameters="3H + 2HI + 2H² + HI",
            jacobian="∂x_t/∂x_{t−1} = diag(λ) at every timestep, carried as 2H real numbers; its "
            "norm is max |λ| < 1",
            version="the recurrence alone; between two layers the paper puts an MLP",
        ),
        "linear_rnn": CellNote(
            equation="h_t = W h_{t−1} + U x_t + b",
            parameters="H(I + H + 1)",
            jacobian="W at every timestep: ∂h_T/∂h_0 = W^T",
        ),
        "irnn": CellNote(
            equation="h_t = relu(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh), at first W_hh = I, "
            "b = 0, W_ih of N(0, 0.001²)",
            parameters="H(I + H + 2)",
            jacobian="diag(h_t > 0) W_hh; at first the identity in every unit that is on",
            version="only the start is the paper's; the step is the ReLU RNN's",
        ),
        "orthogonal_rnn": CellNote(
            equation="h_t = modReLU(W_ih x_t + W h_{t−1}), modReLU(z) = sign(z) max(|z| + b, 0), "
            "W = (I + A)⁻¹(I − A), A = −Aᵀ",
            parameters="HI + H(H − 1)/2 + H",
            jacobian="diag(h_t ≠ 0) W: of norm 1 while a unit is on, orthogonal while all are",
            version="scoRNN's map without its diagonal of signs",
        ),
        "fully_connected": CellNote(
            equation="y = tanh(W [x_1; …; x_T] + b), and further layers tanh(W_l z + b_l)",
            parameters="H(TI + 1), growing with T",
            jacobian="none: nothing is carried. Shown is ∂L/∂x_t = W_tᵀ ∂L/∂a, W_t the columns of "
            "timestep t",
            version="the baseline without memory; at T = 100 here",
        ),
    }
)
"""By a cell's name in CELLS."""
