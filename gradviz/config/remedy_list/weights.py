"""Remedies that hold the weights, normalise between layers, or train layer by layer."""

from __future__ import annotations

from typing import Any

from gradviz.config.remedy_list.remedy import Remedy
from gradviz.config.run_config import RunConfig


def _layer_by_layer(config: RunConfig) -> dict[str, Any]:
    return {"pretrain_steps": 15} if config.num_layers > 1 else {}


WEIGHTS = (
    Remedy(
        name="max_norm",
        label="Recurrent weights, norm ≤ 1",
        kind="Weights",
        text="After every step a unit whose recurrent weights have a norm above 1 is shrunk to 1.",
        paper="Srebro, Shraibman 2005; Srivastava et al. 2014",
        settings={"recurrent_constraint": "max_norm", "constraint_limit": 1.0},
    ),
    Remedy(
        name="unit_norm",
        label="Recurrent weights, norm 1",
        kind="Weights",
        text="After every step each unit's recurrent weights have the norm 1.",
        paper="Srebro, Shraibman 2005",
        settings={"recurrent_constraint": "unit_norm"},
    ),
    Remedy(
        name="non_negative",
        label="No negative recurrent weights",
        kind="Weights",
        text="After every step negative recurrent weights are set to 0.",
        paper="Chorowski, Zurada 2015",
        settings={"recurrent_constraint": "non_negative"},
    ),
    Remedy(
        name="spectral_cap",
        label="Spectral norm ≤ 1",
        kind="Weights",
        text="After every step no singular value of W_hh is above 1, so no RNN gradient can grow.",
        paper="Sedghi, Gupta, Long 2019 (arXiv 1805.10408)",
        settings={"recurrent_constraint": "spectral", "constraint_limit": 1.0},
    ),
    Remedy(
        name="max_norm_input",
        label="Input weights, norm ≤ 1",
        kind="Weights",
        text="After every step a unit whose input weights have a norm above 1 is shrunk to 1.",
        paper="Srivastava et al. 2014",
        settings={"input_constraint": "max_norm", "constraint_limit": 1.0},
    ),
    Remedy(
        name="l1",
        label="L1, 0.0001",
        kind="Weights",
        text="The sum of all weights' sizes is added to the loss, times 0.0001.",
        paper="Tibshirani 1996",
        settings={"l1": 1e-4},
    ),
    Remedy(
        name="l2",
        label="L2, 0.001",
        kind="Weights",
        text="The sum of all weights' squares is added to the loss, times 0.001.",
        paper="Krogh, Hertz 1992",
        settings={"l2": 1e-3},
    ),
    Remedy(
        name="weight_decay",
        label="Weight decay, 0.1",
        kind="Weights",
        text="Every step makes every weight smaller by a tenth of the learning rate.",
        paper="Loshchilov, Hutter 2019 (arXiv 1711.05101)",
        settings={"weight_decay": 0.1},
    ),
    Remedy(
        name="omega",
        label="Pascanu's Ω, 1",
        kind="Weights",
        text="A penalty asks each timestep to pass the gradient on at its size.",
        paper="Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063)",
        settings={"omega": 1.0},
    ),
    Remedy(
        name="layer_norm",
        label="Layer norm between layers",
        kind="Normalisation",
        text="What a layer gives to the next or to the readout has mean 0 and variance 1.",
        paper="Ba, Kiros, Hinton 2016 (arXiv 1607.06450)",
        settings={"norm": "layer"},
    ),
    Remedy(
        name="batch_norm",
        label="Batch norm between layers",
        kind="Normalisation",
        text="Each unit has mean 0 and variance 1 over the batch and all timesteps.",
        paper="Ioffe, Szegedy 2015 (arXiv 1502.03167); Laurent et al. 2016 (arXiv 1510.01378)",
        settings={"norm": "batch"},
    ),
    Remedy(
        name="pretraining",
        label="Layer by layer, 15 steps each",
        kind="Layers",
        text="Each layer is trained upon those below it, which are frozen; then all together.",
        paper="Hinton, Osindero, Teh 2006; Bengio et al. 2007",
        settings=_layer_by_layer,
    ),
)
