"""The recurrent cells: one file each, and one line here.

A cell gives, for all timesteps at once, its gates and its *linearisation*: the step
Jacobian J_t = ∂s_t/∂s_{t−1} as products with vectors (vjp, jvp), never as a matrix. The
state s is a tuple: (h,), (h, c), or (c,) where the output h_t is only read out of it.

PyTorch's own cells are linearised in `rnn`, `lstm` and `gru`. Our own are layers
(`RecurrentLayer`) with forward pass, replay and linearisation in one file each; `Stack`
puts them upon each other. `peephole` is the model to follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gradviz.cells import gru, lstm, rnn
from gradviz.cells.coupled import CoupledLstm
from gradviz.cells.elman import ElmanRnn
from gradviz.cells.fused import FusedGru, FusedLstm, FusedRnn
from gradviz.cells.gru import GruLinearisation
from gradviz.cells.layer import RecurrentLayer
from gradviz.cells.layer_norm_gru import LayerNormGru, LayerNormGruLinearisation
from gradviz.cells.layer_norm_lstm import LayerNormLstm
from gradviz.cells.layer_norm_rnn import LayerNormRnn
from gradviz.cells.layer_pass import LayerPass, Weights
from gradviz.cells.linear import LinearRnn
from gradviz.cells.linearisation import (
    Coupling,
    Linearisation,
    MemoryLinearisation,
    Replay,
    State,
)
from gradviz.cells.lru import Lru
from gradviz.cells.masks import Masks, followed
from gradviz.cells.mgu import Mgu, MguLinearisation
from gradviz.cells.noise import Noise, Noted
from gradviz.cells.orthogonal import OrthogonalRnn
from gradviz.cells.peephole import PeepholeLstm
from gradviz.cells.qrnn import Qrnn
from gradviz.cells.sru import Sru
from gradviz.cells.stack import Stack, detached, of_another
from gradviz.cells.zoneout import Zoneout

__all__ = [
    "LAYERS",
    "REPLAYS",
    "CoupledLstm",
    "Coupling",
    "ElmanRnn",
    "FusedGru",
    "FusedLstm",
    "FusedRnn",
    "LayerNormGru",
    "LayerNormLstm",
    "LayerNormRnn",
    "LayerPass",
    "LinearRnn",
    "Linearisation",
    "Lru",
    "Masks",
    "MemoryLinearisation",
    "Mgu",
    "Noise",
    "Noted",
    "OrthogonalRnn",
    "PeepholeLstm",
    "Qrnn",
    "RecurrentLayer",
    "Replay",
    "Sru",
    "Stack",
    "State",
    "UpdateLinearisation",
    "Weights",
    "Zoneout",
    "detached",
    "followed",
    "of_another",
]

REPLAYS: Mapping[str, Callable[[LayerPass], Replay]] = {
    "RNN": rnn.replay,
    "LSTM": lstm.replay,
    "GRU": gru.replay,
}
"""By the name of PyTorch's module."""

LAYERS: Mapping[str, type[RecurrentLayer]] = {
    layer.cell_name: layer
    for layer in (
        PeepholeLstm,
        CoupledLstm,
        LayerNormRnn,
        LayerNormLstm,
        LayerNormGru,
        Mgu,
        Qrnn,
        Sru,
        OrthogonalRnn,
        LinearRnn,
        Lru,
    )
}
"""Our own cells by their name in `config.CELLS`; PyTorch's three are FusedLayers or its modules."""

UpdateLinearisation = GruLinearisation | LayerNormGruLinearisation | MguLinearisation
"""Of a cell with an update gate: J_t = diag(update) + the rest."""
