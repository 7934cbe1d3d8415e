"""Each cell's vjp as the backward of PyTorch's own one-step cell: torch.autograd.gradcheck.

It compares with differences of the forward pass alone, so it shares nothing with the closed forms.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gradviz.cells import REPLAYS, LayerPass

I, H, P = 2, 4, 3  # noqa: E741

MODULES: dict[str, tuple[type[nn.RNNBase], dict[str, Any]]] = {
    "tanh": (nn.RNN, {}),
    "relu": (nn.RNN, {"nonlinearity": "relu"}),
    "lstm": (nn.LSTM, {}),
    "projected": (nn.LSTM, {"proj_size": P}),
    "gru": (nn.GRU, {}),
}


def function_of(module: nn.RNNBase) -> type[torch.autograd.Function]:
    """(x, *state) → state by the module's forward and our backward."""
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
    weights = dict(zip(names, (each.detach() for each in module._flat_weights), strict=False))

    class Step(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor, *state: Tensor) -> Any:
            hx = tuple(each.unsqueeze(0) for each in state)
            with torch.no_grad():
                _, last = module(x.unsqueeze(0), hx if len(hx) == 2 else hx[0])
            last = last if isinstance(last, tuple) else (last,)
            passed = LayerPass(
                x.unsqueeze(0),
                last[0],
                state,
                weights,
                getattr(module, "nonlinearity", ""),
            )
            ctx.steps = REPLAYS[module.mode.split("_")[0]](passed).linearisation
            out = tuple(each[0] for each in last)
            return out if len(out) == 2 else out[0]

        @staticmethod
        def backward(ctx: Any, *grads: Tensor) -> Any:
            vector = tuple(each.unsqueeze(0) for each in grads)
            into = ctx.steps.input_grad(vector) @ weights["weight_ih"]
            return (into[0], *(each[0] for each in ctx.steps.vjp(vector)))

    return Step


# PyTorch's own word on every LSTM with a projection, at construction.
@pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")
@pytest.mark.parametrize("name", MODULES)
def test_gradcheck(name: str) -> None:
    torch.manual_seed(0)
    kind, options = MODULES[name]
    module = kind(I, H, dtype=torch.float64, **options)
    sizes = {"lstm": (H, H), "projected": (P, H)}.get(name, (H,))
    given = tuple(
        torch.randn(3, size, dtype=torch.float64, requires_grad=True) for size in (I, *sizes)
    )
    assert torch.autograd.gradcheck(function_of(module).apply, given)
