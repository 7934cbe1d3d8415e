"""Starts of W_hh, W_ih and gates: against torch.nn.init with the same numbers, and their laws."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from gradviz import RunConfig, Trainer
from gradviz.cells import LAYERS, ElmanRnn, FusedGru, Lru, PeepholeLstm, Qrnn, Stack
from gradviz.config import CELLS
from gradviz.model import build_model
from gradviz.remedies import initialise_input, initialise_recurrent, set_chrono_bias
from gradviz.tasks import task_of

GAIN = 1.7
# By hand, with PyTorch's own functions, of the block (rows, columns) that they fill.
BY_TORCH = {
    "xavier": nn.init.xavier_uniform_,
    "he": lambda block: nn.init.kaiming_normal_(block, mode="fan_in", nonlinearity="relu"),
    "orthogonal": nn.init.orthogonal_,
    "small": lambda block: nn.init.normal_(block, std=0.01),
    "large": lambda block: nn.init.normal_(block, std=3 / math.sqrt(block.shape[1])),
    "normal": lambda block: nn.init.normal_(block, std=1 / math.sqrt(block.shape[1])),
}


def blocks(weight: torch.Tensor, size: int) -> list[torch.Tensor]:
    return [weight.detach()[start : start + size] for start in range(0, len(weight), size)]


@pytest.mark.parametrize("kind", BY_TORCH)
def test_w_hh_is_the_gain_times_pytorchs_own(kind: str) -> None:
    """Gate by gate, layer by layer, from the same state of the generator."""
    module = nn.GRU(3, 8, 2, bidirectional=True, dtype=torch.float64)
    torch.manual_seed(5)
    initialise_recurrent(module, kind, GAIN)
    torch.manual_seed(5)
    for name in ("l0", "l0_reverse", "l1", "l1_reverse"):
        for block in blocks(getattr(module, f"weight_hh_{name}"), 8):
            expected = GAIN * BY_TORCH[kind](torch.empty(8, 8, dtype=torch.float64))
            torch.testing.assert_close(block, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("kind", ["xavier", "he", "orthogonal", "small"])
@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.LSTM(3, 8, 2, bidirectional=True, dtype=torch.float64),
        lambda: Stack(lambda size: FusedGru(size, 8, dtype=torch.float64), 3, 2),
        lambda: Stack(lambda size: Qrnn(size, 8, dtype=torch.float64), 12, 1),
        lambda: Stack(lambda size: Lru(size, 8, dtype=torch.float64), 3, 2),
    ],
)
def test_w_ih_is_pytorchs_own_and_nothing_else_changes(make, kind: str) -> None:
    module = make()
    before = {name: each.clone() for name, each in module.state_dict().items()}
    torch.manual_seed(5)
    initialise_input(module, kind)
    torch.manual_seed(5)
    changed = 0
    for name, weight in module.state_dict().items():
        if "weight_ih" not in name:
            assert torch.equal(weight, before[name])
            continue
        for block in blocks(weight, 8):
            expected = BY_TORCH[kind](torch.empty(block.shape, dtype=torch.float64))
            torch.testing.assert_close(block, expected, rtol=1e-12, atol=1e-14)
            changed += 1
    assert changed


@pytest.mark.parametrize(
    ("kind", "radius"), [("xavier", 1.0), ("he", math.sqrt(2)), ("small", 0.16), ("large", 3.0)]
)
def test_the_spectral_radius_is_what_the_variance_says(kind: str, radius: float) -> None:
    """The circular law: √H times the entries' deviation, at H = 256."""
    torch.manual_seed(0)
    module = nn.RNN(3, 256)
    initialise_recurrent(module, kind, 0.5)
    weight = module.weight_hh_l0.detach()
    assert float(torch.linalg.eigvals(weight).abs().max()) == pytest.approx(radius / 2, rel=0.1)
    assert 16 * float(weight.std()) == pytest.approx(radius / 2, rel=0.02)


@pytest.mark.parametrize(("kind", "variance"), [("xavier", 2 / 300), ("he", 2 / 100)])
def test_the_variance_of_w_ih(kind: str, variance: float) -> None:
    torch.manual_seed(0)
    module = nn.RNN(100, 200)
    initialise_input(module, kind)
    assert float(module.weight_ih_l0.detach().var()) == pytest.approx(variance, rel=0.03)


@pytest.mark.parametrize(("inputs", "side"), [(3, "columns"), (20, "rows")])
def test_an_orthogonal_w_ih_is_an_isometry(inputs: int, side: str) -> None:
    module = nn.LSTM(inputs, 8, dtype=torch.float64)
    initialise_input(module, "orthogonal")
    for block in blocks(module.weight_ih_l0, 8):
        square = block.T @ block if side == "columns" else block @ block.T
        torch.testing.assert_close(square, torch.eye(len(square), dtype=torch.float64))


def test_an_irnn_may_read_by_other_weights() -> None:
    config = RunConfig(cell="irnn", input_init="orthogonal", hidden_size=6)
    recurrent = build_model(config, task_of(config)).recurrent
    assert torch.equal(recurrent.weight_hh_l0, torch.eye(6))
    assert float(recurrent.weight_ih_l0.detach().norm()) == pytest.approx(math.sqrt(2), rel=1e-6)


# Rows of the gate that keeps, its sign, and rows of an input gate of its own, all by hand.
CHRONO = {
    "lstm": (1, 1, 0),
    "peephole_lstm": (1, 1, 0),
    "layer_norm_lstm": (1, 1, 0),
    "coupled_lstm": (0, -1, None),
    "gru": (1, 1, None),
    "layer_norm_gru": (1, 1, None),
    "mgu": (0, -1, None),
    "qrnn": (1, 1, None),
    "sru": (0, 1, None),
}


def biases_of(cell: str, **settings: object) -> list[torch.Tensor]:
    """Of each layer and direction, those that add up added up."""
    config = RunConfig(cell=cell, seq_len=40, hidden_size=64, batch_size=4, **settings)
    recurrent = build_model(config, task_of(config)).recurrent
    named = dict(recurrent.named_parameters())
    if not isinstance(recurrent, Stack):
        ends = [f"_l{index}{side}" for index in (0, 1) for side in ("", "_reverse")]
        return [(named[f"bias_ih{end}"] + named[f"bias_hh{end}"]).detach() for end in ends]
    return [
        sum(each.detach() for name, each in named.items() if name.startswith(f"{layer}.bias"))
        for layer in recurrent.layer_names
    ]


@pytest.mark.parametrize("cell", CHRONO)
def test_chrono_biases_are_logarithms_of_uniform_numbers(cell: str) -> None:
    """A gate σ(b) forgets in 1/(1 − σ(b)) timesteps: uniform between 2 and T."""
    keeping, sign, writing = CHRONO[cell]
    found = biases_of(cell, gate_bias="chrono", num_layers=2, bidirectional=True)
    assert len(found) == 4
    lengths = []
    for bias in found:
        kept = sign * bias[64 * keeping : 64 * (keeping + 1)].double()
        lengths.append(1 / (1 - torch.sigmoid(kept)))
        if writing is not None:
            torch.testing.assert_close(bias[64 * writing : 64 * (writing + 1)].double(), -kept)
    both = torch.cat(lengths).sort().values
    assert float(both[0]) >= 2 - 1e-5
    assert float(both[-1]) <= 40 + 1e-3
    # Kolmogorov–Smirnov: of 256 numbers of this law 1 in 1,000 samples is further off than 0.122.
    expected = (both - 2) / 38
    assert float((expected - (torch.arange(256) + 0.5) / 256).abs().max()) < 0.122
    assert not torch.equal(lengths[0], lengths[1])


def test_chrono_leaves_all_other_numbers_alone() -> None:
    torch.manual_seed(1)
    module = nn.GRU(3, 8)
    before = {name: each.clone() for name, each in module.state_dict().items()}
    set_chrono_bias(module, 30)
    for name, each in module.state_dict().items():
        kept = torch.ones(24, dtype=torch.bool)
        if "bias" in name:
            kept[8:16] = False
        assert torch.equal(each[kept], before[name][kept])
    assert not module.bias_hh_l0[8:16].any()
    shortest = Stack(lambda size: PeepholeLstm(size, 8), 3)
    set_chrono_bias(shortest, 2)
    assert torch.equal((shortest.l0.bias_ih + shortest.l0.bias_hh)[:16], torch.zeros(16))


def test_every_cell_with_a_gate_that_keeps_is_here() -> None:
    assert {name for name, spec in CELLS.items() if spec.has_keeping_gate} == set(CHRONO)
    for name, layer in LAYERS.items():
        if layer.forget_gate:
            assert name in CHRONO
    assert not ElmanRnn.forget_gate


@pytest.mark.parametrize(
    "settings",
    [
        {"cell": "rnn", "recurrent_init": "he", "recurrent_gain": 0.7, "input_init": "xavier"},
        {"cell": "lstm", "recurrent_init": "xavier", "input_init": "he", "gate_bias": "chrono"},
        {"cell": "gru", "task": "copy_sequence", "input_init": "small", "gate_bias": "chrono"},
        {"cell": "peephole_lstm", "input_init": "orthogonal", "gate_bias": "chrono"},
        {"cell": "rnn", "recurrent_init": "large", "dtype": "float64"},
    ],
)
def test_a_started_run_trains_the_same_measured_or_not(settings: dict[str, object]) -> None:
    config = RunConfig(**{"seq_len": 8, "hidden_size": 6, "batch_size": 4, **settings})
    one, two = Trainer(config), Trainer(config)
    losses = [one.train_step("full").loss for _ in range(3)]
    assert losses == [two.train_step("none").loss for _ in range(3)]
    data = one.checkpoint()
    after = one.train_step("none").loss
    two.restore(data)
    assert two.train_step("none").loss == after
