"""The IRNN: PyTorch's ReLU network with the paper's start."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gradviz.cells import Stack
from gradviz.config import RunConfig
from gradviz.flow import watch
from gradviz.model import SequenceModel, build_model
from gradviz.tasks import task_of


def model_of(**settings: object) -> SequenceModel:
    config = RunConfig(**{"cell": "irnn", "hidden_size": 40, **settings})
    model = build_model(config, task_of(config))
    assert isinstance(model, SequenceModel)
    return model


def test_it_runs_as_pytorchs_relu_network() -> None:
    module = model_of(num_layers=2).recurrent
    assert isinstance(module, nn.RNN)
    assert (module.nonlinearity, module.num_layers) == ("relu", 2)
    assert isinstance(model_of(num_layers=2, residual=True).recurrent, Stack)


@pytest.mark.parametrize("residual", [False, True])
def test_its_start_is_the_papers(residual: bool) -> None:
    module = model_of(num_layers=2, residual=residual, bidirectional=not residual).recurrent
    found = dict(module.named_parameters())
    assert len(found) == (8 if residual else 16)
    for name, weight in ((name, each.detach()) for name, each in found.items()):
        if "weight_hh" in name:
            assert torch.equal(weight, torch.eye(40))
        elif "bias" in name:
            assert not weight.any()
        else:
            assert float(weight.std()) == pytest.approx(0.001, rel=0.3)
            assert abs(float(weight.mean())) < 3e-4


def test_the_gain_is_that_of_the_identity() -> None:
    module = model_of(recurrent_init="identity", recurrent_gain=0.5).recurrent
    assert torch.equal(module.weight_hh_l0, 0.5 * torch.eye(40))
    assert float(module.weight_ih_l0.detach().std()) == pytest.approx(0.001, rel=0.3)
    assert not module.bias_ih_l0.any()


def test_units_that_are_on_carry_a_gradient_of_exactly_one() -> None:
    """T = 500: ∂L/∂h_t = 1 of each unit at every timestep, of Σ h_T."""
    model = model_of(dtype="float64")
    module = model.recurrent
    inputs = torch.rand(500, 3, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.nn.init.uniform_(module.weight_ih_l0, 0.0005, 0.0015)
    with watch(module) as watching:
        module(inputs)[0][-1].sum().backward()
    grads = watching.layers["l0"].hidden_grad
    assert torch.equal(grads, torch.ones(500, 3, 40, dtype=torch.float64))
