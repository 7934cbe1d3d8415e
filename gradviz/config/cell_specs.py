"""What the settings must know of the cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Activation = Literal["tanh", "relu", "leaky_relu", "elu", "sigmoid"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CellSpec:
    """What the settings, words and pictures must know of a cell without importing it."""

    label: str
    paper: str
    gates: tuple[str, ...] = ()
    """As the instrument names them, in their order; empty for a cell without."""
    has_activation: bool = False
    """Whether its nonlinearity is chosen."""
    has_forget_bias: bool = False
    """Whether a bias of its own opens or shuts its memory."""
    has_recurrent_weight: bool = True
    """Whether it has a W_hh, which may start in several ways."""
    makes_recurrent_weight: bool = False
    """Whether it makes a W_hh of other parameters, which starts in its own way."""
    state_parts: int = 1
    """N / H: 2 where the state is (h, c), or complex."""
    symbol: str = "h"
    """Of what is carried from timestep to timestep and whose gradient is measured: c, or x, where
    the output h is only read out of it. Of the baseline, which carries nothing, the input x."""
    is_pytorchs: bool = False
    """Whether PyTorch has a fused operation for it."""
    has_bias: bool = True
    """Whether its layers have biases."""
    is_normalised: bool = False
    """Whether what drives its units is normalised within the recurrence, and J_t with it."""
    is_recurrent: bool = True
    """Whether something is carried from timestep to timestep: of the baseline nothing is."""

    @property
    def has_keeping_gate(self) -> bool:
        """Whether the bias of some gate decides how long its memory lasts."""
        return self.has_forget_bias or "update" in self.gates

    @property
    def is_plain(self) -> bool:
        """Whether J_t = diag(φ′) W_hh: of this theory says most."""
        has_weight = self.has_recurrent_weight or self.makes_recurrent_weight
        is_bare = not (self.gates or self.is_normalised)
        return is_bare and self.state_parts == 1 and has_weight


_LSTM = ("input", "forget", "candidate", "output")

CELLS: Mapping[str, CellSpec] = MappingProxyType(
    {
        "rnn": CellSpec(label="RNN", paper="Elman 1990", has_activation=True, is_pytorchs=True),
        "lstm": CellSpec(
            label="LSTM",
            paper="Hochreiter, Schmidhuber 1997; Gers, Schmidhuber, Cummins 2000",
            gates=_LSTM,
            has_forget_bias=True,
            state_parts=2,
            is_pytorchs=True,
        ),
        "gru": CellSpec(
            label="GRU",
            paper="Cho et al. 2014 (arXiv 1406.1078)",
            gates=("reset", "update", "candidate"),
            is_pytorchs=True,
        ),
        "peephole_lstm": CellSpec(
            label="Peephole LSTM",
            paper="Gers, Schmidhuber 2000; Gers, Schraudolph, Schmidhuber 2002",
            gates=_LSTM,
            has_forget_bias=True,
            state_parts=2,
        ),
        "coupled_lstm": CellSpec(
            label="Coupled LSTM",
            paper="Greff et al. 2017 (arXiv 1503.04069)",
            gates=_LSTM,
            has_forget_bias=True,
            state_parts=2,
        ),
        "layer_norm_rnn": CellSpec(
            label="Layer-norm RNN",
            paper="Ba, Kiros, Hinton 2016 (arXiv 1607.06450)",
            is_normalised=True,
        ),
        "layer_norm_lstm": CellSpec(
            label="Layer-norm LSTM",
            paper="Ba, Kiros, Hinton 2016 (arXiv 1607.06450)",
            gates=_LSTM,
            has_forget_bias=True,
            state_parts=2,
            is_normalised=True,
        ),
        "layer_norm_gru": CellSpec(
            label="Layer-norm GRU",
            paper="Ba, Kiros, Hinton 2016 (arXiv 1607.06450)",
            gates=("reset", "update", "candidate"),
            has_forget_bias=True,
            is_normalised=True,
        ),
        "mgu": CellSpec(
            label="MGU",
            paper="Zhou et al. 2016 (arXiv 1603.09420)",
            gates=("reset", "update", "candidate"),
            has_forget_bias=True,
        ),
        "irnn": CellSpec(
            label="IRNN", paper="Le, Jaitly, Hinton 2015 (arXiv 1504.00941)", is_pytorchs=True
        ),
        "orthogonal_rnn": CellSpec(
            label="Orthogonal RNN",
            paper="Helfrich, Willmott, Ye 2018 (arXiv 1707.09520); "
            "Arjovsky, Shah, Bengio 2016 (arXiv 1511.06464)",
            has_recurrent_weight=False,
            makes_recurrent_weight=True,
        ),
        "fully_connected": CellSpec(
            label="Fully connected",
            paper="Sejnowski, Rosenberg 1987",
            has_recurrent_weight=False,
            state_parts=0,
            symbol="x",
            is_recurrent=False,
        ),
        "qrnn": CellSpec(
            label="QRNN",
            paper="Bradbury, Merity, Xiong, Socher 2016 (arXiv 1611.01576)",
            gates=("candidate", "forget", "output"),
            has_forget_bias=True,
            has_recurrent_weight=False,
            symbol="c",
        ),
        "sru": CellSpec(
            label="SRU (2018, v ⊙ c)",
            paper="Lei, Zhang, Wang, Dai, Artzi 2018 (arXiv 1709.02755v5)",
            gates=("forget", "highway"),
            has_forget_bias=True,
            has_recurrent_weight=False,
            symbol="c",
        ),
        "lru": CellSpec(
            label="LRU",
            paper="Orvieto et al. 2023 (arXiv 2303.06349)",
            has_recurrent_weight=False,
            has_bias=False,
            state_parts=2,
            symbol="x",
        ),
        "linear_rnn": CellSpec(
            label="Linear RNN", paper="Saxe, McClelland, Ganguli 2014 (arXiv 1312.6120)"
        ),
    }
)

RECURRENT = tuple(name for name, spec in CELLS.items() if spec.is_recurrent)
"""Those that carry something from timestep to timestep."""

CellName = Literal[
    "rnn",
    "lstm",
    "gru",
    "peephole_lstm",
    "coupled_lstm",
    "layer_norm_rnn",
    "layer_norm_lstm",
    "layer_norm_gru",
    "mgu",
    "irnn",
    "orthogonal_rnn",
    "fully_connected",
    "qrnn",
    "sru",
    "lru",
    "linear_rnn",
]
