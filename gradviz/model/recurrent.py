"""The recurrent layers that a config names.

PyTorch's own module where it has one: it is the fastest. A Stack of layers for the other cells and
nonlinearities, for skips and normalisations between layers, for noise within them, and where they
are trained one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from gradviz.cells import (
    LAYERS,
    ElmanRnn,
    FusedGru,
    FusedLstm,
    FusedRnn,
    Noise,
    RecurrentLayer,
    Stack,
)
from gradviz.config import CELLS, RunConfig, is_noisy
from gradviz.remedies import (
    initialise_input,
    initialise_irnn,
    initialise_recurrent,
    norm_of,
    set_chrono_bias,
    set_forget_bias,
)


def recurrent_of(config: RunConfig, input_size: int) -> nn.RNNBase | Stack:
    """In float64, drawn from the global generator."""
    module = _fused(config, input_size) if _is_fused(config) else _stack(config, input_size)
    spec = CELLS[config.cell]
    if config.cell == "irnn":
        initialise_irnn(module)
    if spec.has_recurrent_weight:
        initialise_recurrent(module, config.recurrent_init, config.recurrent_gain)
    initialise_input(module, config.input_init)
    if config.gate_bias == "chrono":
        set_chrono_bias(module, config.timesteps)
    if spec.has_forget_bias and config.forget_bias is not None:
        set_forget_bias(module, config.forget_bias)
    return module


def _is_fused(config: RunConfig) -> bool:
    has_norms = config.norm != "none" and config.num_layers > 1
    is_plain = not (config.residual or has_norms or config.pretrain_steps or is_noisy(config))
    return _has_operation(config) and is_plain


def _has_operation(config: RunConfig) -> bool:
    """Whether PyTorch has a fused operation for the cell and nonlinearity."""
    spec = CELLS[config.cell]
    return spec.is_pytorchs and (not spec.has_activation or config.activation in ("tanh", "relu"))


def _fused(config: RunConfig, input_size: int) -> nn.RNNBase:
    kinds: dict[str, Callable[..., nn.RNNBase]] = {
        "rnn": partial(nn.RNN, nonlinearity=config.activation),
        "lstm": nn.LSTM,
        "gru": nn.GRU,
        "irnn": partial(nn.RNN, nonlinearity="relu"),
    }
    return kinds[config.cell](
        input_size,
        config.hidden_size,
        config.num_layers,
        # PyTorch warns of a dropout where there is nothing to drop between.
        dropout=config.dropout if config.num_layers > 1 else 0.0,
        bidirectional=config.bidirectional,
        dtype=torch.float64,
    )


def _stack(config: RunConfig, input_size: int) -> Stack:
    return Stack(
        lambda size: _with_noise(config, _layer(config, size)),
        input_size,
        config.num_layers,
        bidirectional=config.bidirectional,
        residual=config.residual,
        dropout=config.dropout,
        norm=None if config.norm == "none" else partial(norm_of, config.norm),
    )


def _with_noise(config: RunConfig, layer: RecurrentLayer) -> RecurrentLayer:
    if is_noisy(config):
        layer.add_noise(
            Noise(
                zoneout=config.zoneout,
                dropconnect=config.dropconnect,
                variational=config.variational_dropout,
                recurrent=config.recurrent_dropout,
            )
        )
    return layer


def _layer(config: RunConfig, input_size: int) -> RecurrentLayer:
    """Of `config.cell`, reading so many numbers."""
    sizes = (input_size, config.hidden_size)
    if config.cell == "rnn":
        plain = FusedRnn if _has_operation(config) else ElmanRnn
        return plain(*sizes, config.activation, dtype=torch.float64)
    kinds: dict[str, Callable[..., RecurrentLayer]]
    irnn = partial(FusedRnn, nonlinearity="relu")
    kinds = {"lstm": FusedLstm, "gru": FusedGru, "irnn": irnn, **LAYERS}
    return kinds[config.cell](*sizes, dtype=torch.float64)
