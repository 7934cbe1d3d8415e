"""Remedies of what a network is given, and of how its weights and gates start."""

from __future__ import annotations

from gradviz.config.remedy_list.remedy import Remedy
from gradviz.config.run_config import RunConfig
from gradviz.config.task_specs import TASKS

_LECUN = "LeCun, Bottou, Orr, Müller 1998"
_GLOROT = "Glorot, Bengio 2010"
_HE = "He et al. 2015 (arXiv 1502.01852)"


def _half(config: RunConfig) -> dict[str, int]:
    return {"pca": max(1, TASKS[config.task].features // 2)}


INPUTS = (
    Remedy(
        name="standardised",
        label="Inputs standardised",
        kind="Inputs",
        text="Each feature of the inputs has mean 0 and variance 1.",
        paper=_LECUN,
        settings={"input_scaling": "standard"},
    ),
    Remedy(
        name="min_max",
        label="Inputs from 0 to 1",
        kind="Inputs",
        text="Each feature of the inputs goes from 0 to 1.",
        paper=_LECUN,
        settings={"input_scaling": "min_max"},
    ),
    Remedy(
        name="pca",
        label="Half the features, by PCA",
        kind="Inputs",
        text="A timestep's features become half as many principal components.",
        paper="Pearson 1901; Hotelling 1933",
        settings=_half,
    ),
    Remedy(
        name="xavier",
        label="Xavier start",
        kind="Start",
        text="W_hh starts uniform with variance 1/H, of a spectral radius of about 1.",
        paper=_GLOROT,
        settings={"recurrent_init": "xavier", "recurrent_gain": 1.0},
    ),
    Remedy(
        name="he",
        label="He start",
        kind="Start",
        text="W_hh starts normal with variance 2/H, of a spectral radius of about √2.",
        paper=_HE,
        settings={"recurrent_init": "he", "recurrent_gain": 1.0},
    ),
    Remedy(
        name="small_start",
        label="Small start",
        kind="Start",
        text="W_hh starts normal with deviation 0.01, close to none.",
        paper=_GLOROT,
        settings={"recurrent_init": "small", "recurrent_gain": 1.0},
    ),
    Remedy(
        name="large_start",
        label="Start that is too large",
        kind="Start",
        text="W_hh starts normal with variance 9/H, of a spectral radius of about 3.",
        paper="Sompolinsky, Crisanti, Sommers 1988",
        settings={"recurrent_init": "large", "recurrent_gain": 1.0},
    ),
    Remedy(
        name="input_he",
        label="He start of the input weights",
        kind="Start",
        text="W_ih starts normal with variance 2/I, larger than PyTorch's own where I is small.",
        paper=_HE,
        settings={"input_init": "he"},
    ),
    Remedy(
        name="chrono",
        label="Chrono start",
        kind="Start",
        text="The gates that keep the memory start so that it lasts 2 to T timesteps, unit by "
        "unit.",
        paper="Tallec, Ollivier 2018 (arXiv 1804.11188)",
        settings={"gate_bias": "chrono", "forget_bias": None},
    ),
    Remedy(
        name="full_batch",
        label="128 sequences, all at every step",
        kind="Batches",
        text="Batch gradient descent: 128 sequences are drawn once, and each step sees all.",
        paper="Cauchy 1847; Bottou 1998",
        settings={"training_size": 128, "batch_size": 128},
    ),
)
