"""What each timestep adds to ∂L/∂W_hh: the terms sum to the gradient, and truncation cuts them.

Index legend: T timesteps, G gates, H hidden size.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from gradviz.checks.check import Check
from gradviz.checks.expectation import AtMost, Says
from gradviz.checks.networks import CELLS, build, deviation, last_summed, weighted
from gradviz.config import RunConfig
from gradviz.flow import watch
from gradviz.training import Trainer

TIMESTEPS, WINDOW = 30, 8


def _inputs() -> Tensor:
    return torch.randn(TIMESTEPS, 4, 3, dtype=torch.float64)


def _sum_of_all(cell: str) -> float:
    """Deviation of Σ_t contribution_t from the gradient that backward left."""
    module = build(cell, 3, 8)
    with watch(module) as watching:
        weighted(module(_inputs())[0]).backward()
    flow = watching.layers["l0"]
    total = torch.stack([flow.weight_grad_at(t) for t in range(1, TIMESTEPS + 1)]).sum(0)
    return deviation(total.double(), _grad(module))


def _norms(cell: str) -> float:
    """Deviation of the (T,) norms from the norms of the terms."""
    flow = last_summed(build(cell, 3, 8), _inputs())
    terms = torch.stack([flow.weight_grad_at(t) for t in range(1, TIMESTEPS + 1)])
    return deviation(flow.weight_grad_by_timestep, terms.double().flatten(1).norm(dim=-1))


def _truncated(cell: str) -> float:
    """Deviation of the last K contributions' sum from truncated BPTT's gradient."""
    module, inputs = build(cell, 3, 8), _inputs()
    flow = last_summed(module, inputs)
    last = range(TIMESTEPS - WINDOW + 1, TIMESTEPS + 1)
    total = torch.stack([flow.weight_grad_at(t) for t in last]).sum(0)
    module.zero_grad()
    with torch.no_grad():
        state = module(inputs[:-WINDOW])[1]
    module(inputs[-WINDOW:], state)[0][-1].sum().backward()
    return deviation(total.double(), _grad(module))


def _truncated_by_the_trainer() -> float:
    """The same of the Trainer's own truncation, on a task of its own."""
    whole = RunConfig(cell="lstm", seq_len=TIMESTEPS, hidden_size=8, clip="none", dtype="float64")
    trainer, cut = Trainer(whole), Trainer(whole.replace(bptt_window=WINDOW))
    with watch(trainer.model.watched) as watching:
        trainer.train_step("none")
    cut.train_step("none")
    found = _grad(cut.model.get_submodule("recurrent"))
    return deviation(watching.layers["l0"].weight_grad(WINDOW).double(), found)


def _beyond_the_window() -> str:
    """Which of the two stretches of a truncated sequence receive a gradient at all."""
    module, inputs = build("gru", 3, 8), _inputs()
    with watch(module) as watching:
        state = module(inputs[:-WINDOW])[1]
        module(inputs[-WINDOW:], state.detach())[0][-1].sum().backward()
    return ", ".join(watching.layers)


def _grad(module: nn.Module) -> Tensor:
    grad = module.get_parameter("weight_hh_l0").grad
    assert grad is not None
    return grad


CHECKS = (
    *(
        Check(
            name=f"contributions_{cell}",
            title=f"Contributions of all timesteps to ∂L/∂W_hh of {cell}: deviation of their sum "
            "from PyTorch's gradient.",
            source="∂L/∂W_hh = Σ_t contribution_t",
            expects=AtMost(1e-9),
            measure=partial(_sum_of_all, cell),
        )
        for cell in CELLS
    ),
    *(
        Check(
            name=f"contribution_norms_{cell}",
            title=f"Norms of the contributions of {cell}: deviation from those of the matrices.",
            source="‖contribution_t‖_F",
            expects=AtMost(1e-9),
            measure=partial(_norms, cell),
        )
        for cell in CELLS
    ),
    *(
        Check(
            name=f"truncated_{cell}",
            title=f"Last {WINDOW} contributions of {cell}: deviation of their sum from the "
            f"gradient by truncated backpropagation with a window of {WINDOW}.",
            source="Williams & Peng 1990",
            expects=AtMost(1e-9),
            measure=partial(_truncated, cell),
        )
        for cell in CELLS
    ),
    Check(
        name="truncated_training",
        title=f"Last {WINDOW} contributions of a training's first step: deviation of their sum "
        f"from the gradient of the same training with bptt_window={WINDOW}.",
        source="Williams & Peng 1990",
        expects=AtMost(1e-9),
        measure=_truncated_by_the_trainer,
    ),
    Check(
        name="beyond_the_window",
        title="Of two calls with the state detached between them, the loss reaches the second "
        "only: beyond the window there is nothing.",
        source="truncated backpropagation",
        expects=Says("l0#2"),
        measure=_beyond_the_window,
    ),
)
