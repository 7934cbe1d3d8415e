"""Remedies of the step that the optimiser takes: clips, optimisers, rates, batches, truncation."""

from __future__ import annotations

from gradviz.config.remedy_list.remedy import Remedy
from gradviz.config.run_config import RunConfig

_PASCANU = "Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063)"


def _quarter(config: RunConfig) -> dict[str, int]:
    return {"bptt_window": max(2, config.timesteps // 4)}


STEPS = (
    Remedy(
        name="clip_norm",
        label="Clip by norm, 1",
        kind="Clipping",
        text="A gradient longer than 1 is shortened to 1; its direction stays.",
        paper=_PASCANU,
        settings={"clip": "norm", "clip_threshold": 1.0},
    ),
    Remedy(
        name="clip_value",
        label="Clip by value, 0.1",
        kind="Clipping",
        text="Every entry of the gradient is cut to ±0.1, which may turn it.",
        paper="Graves 2013 (arXiv 1308.0850)",
        settings={"clip": "value", "clip_threshold": 0.1},
    ),
    Remedy(
        name="clip_adaptive",
        label="Clip adaptively, 0.1",
        kind="Clipping",
        text="The gradient of each unit's weights is shortened to a tenth of these weights' norm.",
        paper="Brock, De, Smith, Simonyan 2021 (arXiv 2102.06171)",
        settings={"clip": "agc", "clip_threshold": 0.1},
    ),
    Remedy(
        name="sgd_momentum",
        label="SGD with momentum 0.9",
        kind="Optimiser",
        text="The step goes along an average of the gradients so far.",
        paper="Polyak 1964; Sutskever, Martens, Dahl, Hinton 2013",
        settings={"optimizer": "sgd", "momentum": 0.9},
    ),
    Remedy(
        name="rmsprop",
        label="RMSprop, 0.003",
        kind="Optimiser",
        text="Each weight's gradient is divided by its recent size.",
        paper="Tieleman, Hinton 2012",
        settings={"optimizer": "rmsprop", "learning_rate": 3e-3, "momentum": 0.0},
    ),
    Remedy(
        name="adagrad",
        label="AdaGrad, 0.03",
        kind="Optimiser",
        text="Each weight's gradient is divided by the size of all its gradients so far.",
        paper="Duchi, Hazan, Singer 2011",
        settings={"optimizer": "adagrad", "learning_rate": 3e-2},
    ),
    Remedy(
        name="adam",
        label="Adam, 0.003",
        kind="Optimiser",
        text="An average of the gradients, each weight's divided by its recent size.",
        paper="Kingma, Ba 2015 (arXiv 1412.6980)",
        settings={"optimizer": "adam", "learning_rate": 3e-3},
    ),
    Remedy(
        name="nadam",
        label="NAdam, 0.003",
        kind="Optimiser",
        text="Adam with Nesterov's momentum.",
        paper="Dozat 2016",
        settings={"optimizer": "nadam", "learning_rate": 3e-3},
    ),
    Remedy(
        name="small_rate",
        label="A tenth of the learning rate",
        kind="Learning rate",
        text="Every step is a tenth as long.",
        paper="Bengio 2012 (arXiv 1206.5533)",
        settings=lambda config: {"learning_rate": float(f"{config.learning_rate / 10:.6g}")},
    ),
    Remedy(
        name="warm_up",
        label="Warm-up, 100 steps",
        kind="Learning rate",
        text="The learning rate rises in a straight line through the first 100 steps.",
        paper="Goyal et al. 2017 (arXiv 1706.02677)",
        settings={"warmup_steps": 100},
    ),
    Remedy(
        name="cosine",
        label="Cosine schedule, 300 steps",
        kind="Learning rate",
        text="The learning rate falls along half a cosine to a hundredth, in 300 steps.",
        paper="Loshchilov, Hutter 2017 (arXiv 1608.03983)",
        settings={"schedule": "cosine", "schedule_steps": 300, "schedule_factor": 0.01},
    ),
    Remedy(
        name="step_schedule",
        label="A tenth every 150 steps",
        kind="Learning rate",
        text="The learning rate falls to a tenth after every 150 steps.",
        paper="Goodfellow, Bengio, Courville 2016, §8.3",
        settings={"schedule": "step", "schedule_steps": 150, "schedule_factor": 0.1},
    ),
    Remedy(
        name="stochastic",
        label="One sequence a step",
        kind="Batches",
        text="Stochastic gradient descent: each step sees one sequence.",
        paper="Robbins, Monro 1951; Bottou 1998",
        settings={"batch_size": 1},
    ),
    Remedy(
        name="large_batch",
        label="128 sequences a step",
        kind="Batches",
        text="Each step sees the mean gradient of 128 sequences.",
        paper="Keskar et al. 2017 (arXiv 1609.04836)",
        settings={"batch_size": 128},
    ),
    Remedy(
        name="truncation",
        label="Truncation to a quarter",
        kind="Truncation",
        text="A gradient goes back through a quarter of the timesteps, and no further.",
        paper="Williams, Peng 1990",
        settings=_quarter,
    ),
)
