"""Remedies that let chance into the recurrence."""

from __future__ import annotations

from gradviz.config.remedy_list.remedy import Remedy

NOISE = (
    Remedy(
        name="zoneout",
        label="Zoneout, 0.5",
        kind="Noise",
        text="At each timestep half of the units, others every time, keep their value.",
        paper="Krueger et al. 2016 (arXiv 1606.01305)",
        settings={"zoneout": 0.5},
    ),
    Remedy(
        name="dropconnect",
        label="DropConnect, 0.3",
        kind="Noise",
        text="At each step three tenths of the recurrent weights are 0, at all timesteps the same.",
        paper="Merity, Keskar, Socher 2017 (arXiv 1708.02182)",
        settings={"dropconnect": 0.3},
    ),
    Remedy(
        name="variational_dropout",
        label="Variational dropout, 0.3",
        kind="Noise",
        text="A layer reads 0 for three tenths of inputs and states, the same at all timesteps.",
        paper="Gal, Ghahramani 2016 (arXiv 1512.05287)",
        settings={"variational_dropout": 0.3},
    ),
    Remedy(
        name="recurrent_dropout",
        label="Recurrent dropout, 0.3",
        kind="Noise",
        text="Three tenths of what would be written are left out; what is remembered stays.",
        paper="Semeniuta, Severyn, Barth 2016 (arXiv 1603.05118)",
        settings={"recurrent_dropout": 0.3},
    ),
)
