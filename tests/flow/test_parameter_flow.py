"""What the clip and the optimiser did, against PyTorch's own numbers and by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from gradviz.flow import ParameterFlow, WatchError, watch


class Two(nn.Module):
    """Whose gradient the loss says outright."""

    def __init__(self, *values: float) -> None:
        super().__init__()
        self.memory = nn.GRU(1, 1)
        self.weight = nn.Parameter(torch.tensor(values))
        for parameter in self.memory.parameters():
            parameter.requires_grad_(False)

    def backward(self, *grads: float) -> None:
        (self.weight * torch.tensor(grads)).sum().backward()


def noted(model: Two, *grads: float) -> ParameterFlow:
    with watch(model) as watching:
        model.backward(*grads)
    return watching.parameters


def test_before_and_after_a_clip_by_norm() -> None:
    model = Two(1.0, 2.0)
    flow = noted(model, 3.0, 4.0)
    assert flow.grad_norm_pre == 5.0
    assert (flow.grad_norm_post, flow.clip_factor) == (5.0, 1.0)
    assert flow.clip_angle == 0.0
    torch.nn.utils.clip_grad_norm_([model.weight], 1.0)
    assert flow.grad_norm_pre == 5.0
    assert flow.grad_norm_post == pytest.approx(0.9999998, abs=1e-7)
    assert flow.clip_factor == pytest.approx(0.2, rel=1e-6)
    assert flow.clip_angle == pytest.approx(0.0, abs=1e-5)


def test_a_clip_by_value_turns_the_gradient() -> None:
    """SCIENCE trap 9: (0.9, 100) clipped at 1 turns by 41.47°."""
    model = Two(1.0, 2.0)
    flow = noted(model, 0.9, 100.0)
    torch.nn.utils.clip_grad_value_([model.weight], 1.0)
    assert flow.clip_angle == pytest.approx(41.47, abs=0.005)


def test_norms_that_float32_cannot_square() -> None:
    """SCIENCE trap 8: torch's own norm of such a gradient is inf, and its clip zeroes all."""
    model = Two(1.0, 2.0)
    flow = noted(model, 1e20, 1.0)
    assert flow.grad_norm_pre == pytest.approx(1e20, rel=1e-6)
    assert math.isinf(torch.nn.utils.clip_grad_norm_([model.weight], 1.0))
    assert flow.grad_norm_post == 0.0
    assert math.isnan(flow.clip_angle)


def test_the_update_beside_the_weight() -> None:
    model = Two(3.0, 4.0)
    flow = noted(model, 0.3, -0.4)
    assert flow.update_to_weight == 0.0
    torch.optim.SGD([model.weight], lr=0.1).step()
    assert flow.update_to_weight == pytest.approx(0.05 / 5, rel=1e-5)
    assert dict(flow.update_to_weight_by_name) == {"weight": pytest.approx(0.01, rel=1e-5)}
    assert flow.names == ["weight"]


def test_gradients_that_gather_over_two_passes() -> None:
    model = Two(1.0, 1.0)
    with watch(model) as watching:
        model.backward(1.0, 0.0)
        model.backward(2.0, 4.0)
    assert watching.parameters.grad_norm_pre == 5.0


def test_a_sparse_gradient_counts() -> None:
    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(50, 3, sparse=True)
            self.memory = nn.RNN(3, 2)

        def forward(self, text: Tensor) -> Tensor:
            out: Tensor = self.memory(self.words(text))[0][-1].sum()
            return out

    model = Reader()
    text = torch.tensor([[4, 4], [7, 9], [4, 1]])
    with watch(model) as watching:
        model(text).backward()
    dense = [p.grad.to_dense() if p.grad.is_sparse else p.grad for p in model.parameters()]
    expected = math.sqrt(sum(float(each.double().square().sum()) for each in dense))
    assert watching.parameters.grad_norm_pre == pytest.approx(expected, rel=1e-6)
    assert watching.parameters.clip_angle == pytest.approx(0.0, abs=1e-5)


def test_sentences() -> None:
    model = Two(1.0)
    with watch(model) as watching:
        pass
    with pytest.raises(WatchError, match=r"No parameter has received a gradient; call loss"):
        _ = watching.parameters.grad_norm_pre
    flow = noted(model, 1.0)
    model.zero_grad()
    assert flow.grad_norm_pre == 1.0
    with pytest.raises(WatchError, match=r"gradients are gone.*zero_grad"):
        _ = flow.clip_factor
