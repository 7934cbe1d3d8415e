"""watch.summary(): its numbers are the layers' own, its words follow from them."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from gradviz.flow import WatchError, watch
from gradviz.flow.summary import reading


def rows_of(text: str) -> dict[str, str]:
    """Layer to its line; what a long reading wrapped is joined."""
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines()[2:-1]:
        if line[1:2].strip():
            name = line.split()[0]
        found[name] = f"{found.get(name, '')} {' '.join(line.split())}"
    return found


def linear(factor: float) -> nn.RNN:
    """A relu network whose units stay active: transport factor^k exactly."""
    module = nn.RNN(1, 3, nonlinearity="relu")
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
        module.weight_hh_l0.copy_(factor * torch.eye(3))
        module.bias_ih_l0.fill_(1e-3)
    return module


@pytest.mark.parametrize(
    ("factor", "timesteps", "words"),
    [
        (0.9, 61, "fades to 1/e within 10 of 60 timesteps; 1e-3 is left at the first"),
        (0.1, 61, "1e-60 is left at the first, which float32 reads as 0"),
        (1.0, 40, "reaches the first input, 1 times its size at the end"),
        (1.5, 41, "grows on its way back, 1e7-fold in all"),
        (0.5, 1, "one timestep: there is no way back"),
    ],
)
def test_words_follow_the_transport(factor: float, timesteps: int, words: str) -> None:
    module = linear(factor)
    with watch(module) as watching:
        module(torch.zeros(timesteps, 2, 1))[0][-1].sum().backward()
    assert words in reading(watching.layers["l0"])
    assert words.split()[0] in watching.summary()


def test_every_layer_has_a_row_of_its_own_numbers() -> None:
    torch.manual_seed(0)
    model = nn.ModuleDict(
        {"encoder": nn.LSTM(2, 6, 2, bidirectional=True), "cell": nn.GRUCell(12, 4)}
    )
    with watch(model) as watching:
        state = None
        for row in model["encoder"](torch.randn(30, 5, 2))[0]:
            state = model["cell"](row, state)
        state.square().sum().backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1e-3)
    text = watching.summary()
    rows = rows_of(text)
    assert list(rows) == list(watching.layers)
    for name, flow in watching.layers.items():
        horizon = sorted(flow.gradient_horizon(tolerance=0.01).tolist())[2]
        assert f" {flow.cell_name} 30 × 5 {horizon:.0f} " in rows[name]
    own = [p.grad for n, p in model.encoder.named_parameters() if n.endswith("_l0_reverse")]
    size = math.sqrt(sum(float(each.double().square().sum()) for each in own))
    factor = watching.parameters.clip_factor
    # The gradients were clipped since; the table has the norm from before.
    assert f"{size / factor:.2g}" in rows["encoder.l0_reverse"]
    assert text.splitlines()[-1].endswith(f"0.001 now (× {factor:.3g}, turned by 0.0°).")
    assert max(map(len, text.splitlines())) <= 118


def test_saturation_is_counted() -> None:
    module = nn.GRU(1, 4)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
        module.bias_ih_l0[:4] = 10.0
    with watch(module) as watching:
        module(torch.zeros(5, 2, 1))[0].sum().backward()
    assert " 50% " in watching.summary()


def test_what_is_not_finite_is_said() -> None:
    module = nn.RNN(1, 2)
    inputs = torch.zeros(5, 2, 1)
    inputs[2] = math.nan
    with watch(module) as watching:
        module(inputs)[0].sum().backward()
    assert "its states are not all finite numbers" in " ".join(watching.summary().split())


def test_a_layer_too_large_to_measure_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradviz.flow.summary.MOST_WORK", 10.0)
    module = nn.RNN(1, 2)
    with watch(module) as watching:
        module(torch.zeros(5, 2, 1))[0].sum().backward()
    assert "too large to measure" in " ".join(watching.summary().split())


def test_backward_outside_the_block_leaves_the_norms_unknown() -> None:
    module = nn.RNN(1, 2)
    with watch(module) as watching:
        loss = module(torch.zeros(5, 2, 1))[0].sum()
    with pytest.raises(WatchError, match="No gradient has come back"):
        watching.summary()
    loss.backward()
    assert "not noted; call backward inside" in watching.summary()
