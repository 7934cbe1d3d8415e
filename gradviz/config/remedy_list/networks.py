"""Remedies of the network: its start, nonlinearity, cell, layers, readout."""

from __future__ import annotations

from typing import Any

from gradviz.config.remedy_list.remedy import Remedy
from gradviz.config.run_config import RunConfig
from gradviz.config.task_specs import TASKS


def _attention(config: RunConfig) -> dict[str, Any]:
    is_pair = TASKS[config.task].network == "encoder_decoder"
    return {"attention": "dot"} if is_pair else {"readout": "attention"}


NETWORKS = (
    Remedy(
        name="orthogonal",
        label="Orthogonal start",
        kind="Start",
        text="W_hh starts orthogonal: all its singular values are 1.",
        paper="Saxe, McClelland, Ganguli 2014 (arXiv 1312.6120)",
        settings={"recurrent_init": "orthogonal", "recurrent_gain": 1.0},
    ),
    Remedy(
        name="identity",
        label="Identity start",
        kind="Start",
        text="W_hh starts as the identity.",
        paper="Le, Jaitly, Hinton 2015 (arXiv 1504.00941)",
        settings={"recurrent_init": "identity", "recurrent_gain": 1.0},
    ),
    Remedy(
        name="forget_bias",
        label="Forget bias 2",
        kind="Start",
        text="The gate that keeps the memory starts open: its bias is 2.",
        paper="Gers, Schmidhuber, Cummins 2000; Jozefowicz, Zaremba, Sutskever 2015",
        settings={"forget_bias": 2.0},
    ),
    Remedy(
        name="relu",
        label="ReLU",
        kind="Nonlinearity",
        text="The nonlinearity is max(0, a), whose slope is 0 or 1.",
        paper="Glorot, Bordes, Bengio 2011",
        settings={"activation": "relu"},
    ),
    Remedy(
        name="leaky_relu",
        label="Leaky ReLU",
        kind="Nonlinearity",
        text="The nonlinearity's slope is 1, or 0.01 below 0.",
        paper="Maas, Hannun, Ng 2013",
        settings={"activation": "leaky_relu"},
    ),
    Remedy(
        name="lstm",
        label="LSTM",
        kind="Gating",
        text="A memory that gates write, keep and read.",
        paper="Hochreiter, Schmidhuber 1997",
        settings={"cell": "lstm"},
    ),
    Remedy(
        name="gru",
        label="GRU",
        kind="Gating",
        text="One gate decides between the state as it was and a new one.",
        paper="Cho et al. 2014 (arXiv 1406.1078)",
        settings={"cell": "gru"},
    ),
    Remedy(
        name="layer_norm_rnn",
        label="Layer-norm RNN",
        kind="Normalisation",
        text="The sums of W x and W h have mean 0 and variance 1 at every timestep.",
        paper="Ba, Kiros, Hinton 2016 (arXiv 1607.06450)",
        settings={"cell": "layer_norm_rnn"},
    ),
    Remedy(
        name="layer_norm_lstm",
        label="Layer-norm LSTM",
        kind="Normalisation",
        text="An LSTM whose gates' sums, and memory, have mean 0 and variance 1.",
        paper="Ba, Kiros, Hinton 2016 (arXiv 1607.06450)",
        settings={"cell": "layer_norm_lstm"},
    ),
    Remedy(
        name="layer_norm_gru",
        label="Layer-norm GRU",
        kind="Normalisation",
        text="A GRU whose gates' sums have mean 0 and variance 1.",
        paper="Ba, Kiros, Hinton 2016 (arXiv 1607.06450)",
        settings={"cell": "layer_norm_gru"},
    ),
    Remedy(
        name="lru",
        label="LRU",
        kind="Gating",
        text="A linear recurrence whose eigenvalues start close to the unit circle.",
        paper="Orvieto et al. 2023 (arXiv 2303.06349)",
        settings={"cell": "lru"},
    ),
    Remedy(
        name="orthogonal_rnn",
        label="Orthogonal RNN",
        kind="Weights",
        text="W_hh is orthogonal at every step, not only at the start.",
        paper="Helfrich, Willmott, Ye 2018 (arXiv 1707.09520)",
        settings={"cell": "orthogonal_rnn"},
    ),
    Remedy(
        name="residual",
        label="Skips between layers",
        kind="Layers",
        text="What a layer reads is added to what it gives.",
        paper="He et al. 2016 (arXiv 1512.03385)",
        settings=lambda config: {"residual": True} if config.num_layers > 1 else {},
    ),
    Remedy(
        name="one_layer",
        label="One layer",
        kind="Layers",
        text="All layers but one are left out.",
        paper="Pascanu, Gulcehre, Cho, Bengio 2014 (arXiv 1312.6026)",
        settings={"num_layers": 1, "residual": False},
    ),
    Remedy(
        name="mean_readout",
        label="Mean of all states",
        kind="Attention",
        text="The answer is read from the mean of all hidden states, so each is one timestep away.",
        paper="Graves 2012",
        settings={"readout": "mean"},
    ),
    Remedy(
        name="attention",
        label="Attention",
        kind="Attention",
        text="The answer is read from a weighted mean of all states, so each is one timestep away.",
        paper="Bahdanau, Cho, Bengio 2015 (arXiv 1409.0473)",
        settings=_attention,
    ),
)
