"""QRNN, SRU, LRU and the linear RNN on the pages: their pictures and words are of what they carry.

And their scenarios learn.
"""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest
from every import every

from gradviz import RunConfig, Trainer, figures
from gradviz.history import CloseUpRequest, History, memory_paths
from gradviz.reading import read, read_gates, read_vanishing
from gradviz.scenarios import SCENARIOS

SYMBOLS = {"qrnn": "c", "sru": "c", "lru": "x", "linear_rnn": "h"}
GATED = ("qrnn", "sru")


def history_of(cell: str, **more: object) -> History:
    config = RunConfig(cell=cell, seq_len=15, hidden_size=8, forget_bias=2.0, **more)
    trainer, history = Trainer(config), History(config)
    trainer.closeup = CloseUpRequest()
    for _ in range(3):
        history.append(trainer.train_step("full"))
    return history


@pytest.fixture(scope="module", params=SYMBOLS)
def history(request: pytest.FixtureRequest) -> History:
    return history_of(request.param)


def cell_of(history: History) -> str:
    assert isinstance(history.config, RunConfig)
    return history.config.cell


def y_title(figure: go.Figure) -> str:
    return str(figure.layout.yaxis.title.text)


def test_the_gradient_is_said_to_be_of_what_is_carried(history: History) -> None:
    symbol = SYMBOLS[cell_of(history)]
    assert history.symbol == symbol
    assert y_title(figures.gradient_flow(history)) == f"‖∂L/∂{symbol}<sub>t</sub>‖"
    flow = figures.gradient_flow(history).data
    assert any(f"‖∂L/∂{symbol}‖" in str(each.hovertemplate) for each in flow)
    bar = figures.gradient_flow_over_training(history).data[0].colorbar.title.text
    assert bar == f"‖∂L/∂{symbol}<sub>t</sub>‖"
    compared = figures.compare_flow({"one": [history], "two": [history]})
    assert y_title(compared) == f"log10 ‖∂L/∂{symbol}<sub>t</sub>‖"
    pulse = figures.pulse(history)
    assert [each.name for each in pulse.data if each.type == "bar"] == [f"{symbol}<sub>t</sub>"]
    assert f"of {symbol}<sub>T</sub>" in pulse.layout.title.text


def test_of_different_cells_both_are_named() -> None:
    runs = {"one": [history_of("qrnn")], "two": [history_of("lstm")]}
    figure = figures.compare_flow(runs)
    assert y_title(figure) == "log10 ‖∂L/∂c<sub>t</sub>‖ or ‖∂L/∂h<sub>t</sub>‖"
    said = {each.name: each.hovertemplate for each in figure.data if each.hovertemplate}
    assert "∂L/∂c" in said["one"]
    assert "∂L/∂h" in said["two"]


ALL = {**figures.LIVE, **figures.GATES, **figures.VANISHING}


@every("name", ALL)
def test_every_picture_is_drawn(history: History, name: str) -> None:
    figure = ALL[name](history)
    gated = name in {"gates", "forget_path", "half_life", "saturation_triangle"}
    if not gated or cell_of(history) in GATED:
        assert len(figure.data) > 0
    else:
        assert "This cell has no gates" in figure.layout.annotations[0].text


def test_without_gates_the_maps_are_of_the_state() -> None:
    lru = history_of("lru")
    figure = figures.gate_maps(lru)
    (heatmap,) = (each for each in figure.data if each.uid == "hidden")
    assert len(heatmap.y) == 16  # Real and imaginary parts of 8 units.
    assert figure.layout.yaxis2.title.text == "x<sub>t</sub>"
    assert "mean x" in figures.gate_means(lru).data[1].hovertemplate


def test_gates_are_named_with_their_letters() -> None:
    qrnn, sru = (figures.gate_maps(history_of(cell)) for cell in GATED)
    titles = [qrnn.layout[f"yaxis{row}"].title.text for row in (2, 3, 4)]
    assert titles == ["forget f", "output o", "candidate z"]
    titles = [sru.layout[f"yaxis{row}"].title.text for row in (2, 3)]
    assert titles == ["forget f", "highway r"]


def test_a_qrnns_forget_path_is_its_gradient_and_an_srus_is_not() -> None:
    ratios = {}
    for cell in GATED:
        paths = memory_paths(history_of(cell).frame_at(None))
        assert paths is not None
        assert paths.whole_log10 is not None
        ratios[cell] = float(np.abs(paths.whole_log10 - paths.gate_log10).max())
    # Spectral norms are measured to 1 %.
    assert ratios["qrnn"] < 0.006
    assert ratios["sru"] > 0.02


def test_the_words_are_true_of_the_cell(history: History) -> None:
    assert "PyTorch" not in " ".join(read(history).sentences)
    found = " ".join(read_gates(history).sentences)
    cell = cell_of(history)
    if cell not in GATED:
        assert found == "This cell has no gates: pick LSTM or GRU."
        return
    assert "forget gates of l0 are at" in found
    assert ("about as large" in found) or cell == "sru"


def test_only_of_the_linear_network_theory_speaks(history: History) -> None:
    found = " ".join(read_vanishing(history).sentences)
    assert ("The linear network with the same ρ" in found) == (cell_of(history) == "linear_rnn")
    assert "mean field" not in found


@pytest.mark.slow
@pytest.mark.parametrize("name", ["qrnn", "sru", "lru", "linear"])
@pytest.mark.parametrize("seed", [0, 1])
def test_its_scenario_learns(name: str, seed: int) -> None:
    """Half of what a guess costs, at the scenario's last ten steps."""
    scenario = SCENARIOS[name]
    trainer = Trainer(scenario.config.replace(seed=seed))
    losses = [trainer.train_step("none").loss for _ in range(scenario.steps)]
    floor = {"adding": 1 / 6, "recall": np.log(8)}[scenario.config.task]
    assert np.mean(losses[-10:]) < floor / 2


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", SYMBOLS)
def test_truncation_leaves_the_forward_pass_as_it_is(cell: str, layers: int) -> None:
    """A window begins with the inputs that a convolution still reads, not with zeros."""
    config = RunConfig(task="copy_memory", cell=cell, seq_len=5, hidden_size=8, num_layers=layers)
    config = config.replace(dtype="float64")
    for window, steps in ((7, 3), (4, 4)):
        cut = config.replace(bptt_window=window, bptt_every=steps)
        one, two = (Trainer(each).train_step("light") for each in (config, cut))
        assert one.loss == pytest.approx(two.loss, rel=1e-12)
        assert one.grad_norm_pre != two.grad_norm_pre


@pytest.mark.parametrize("cell", SYMBOLS)
def test_an_encoder_hands_its_memory_to_a_decoder(cell: str) -> None:
    """Not its last inputs, of which the decoder has others."""
    config = RunConfig(task="copy_sequence", cell=cell, seq_len=6, hidden_size=8, num_layers=2)
    trainer = Trainer(config.replace(teacher_forcing=0.5))
    record = trainer.train_step("full")
    assert tuple(record.layers) == ("encoder.l0", "encoder.l1", "decoder.l0", "decoder.l1")
    grads = record.layers["encoder.l1"].hidden_grad_norm
    assert grads is not None
    assert float(grads.min()) > 0
