"""gradviz.Recorder: a user's own loop, recorded without a trace in it."""

from __future__ import annotations

import math
import os
import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import gradviz
from gradviz.config import RecordedConfig, RunConfig
from gradviz.figures import LIVE
from gradviz.flow import WatchError, watch
from gradviz.history import Failure, History
from gradviz.reading import read
from gradviz.recorder import Recorder, RecorderError, RecorderWarning
from gradviz.store import Store, StoreError
from gradviz.store import store as store_module

ROOT = Path(__file__).parents[1]


class Classifier(nn.Module):
    """An encoder of two layers with dropout between them, and a readout."""

    def __init__(self, kind: type[nn.RNNBase] = nn.LSTM) -> None:
        super().__init__()
        self.encoder = kind(3, 8, 2, batch_first=True, dropout=0.2)
        self.head = nn.Linear(8, 2)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.head(self.encoder(inputs)[0][:, -1])
        return scores


class Loop:
    """A training as a user would write it; batches of lengths that vary."""

    def __init__(self, kind: type[nn.RNNBase] = nn.LSTM, *, threshold: float = 0.2) -> None:
        torch.manual_seed(3)
        self.model = Classifier(kind)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.01)
        self.threshold = threshold
        self.batch = np.random.default_rng(0)
        self.told_norms: list[float] = []

    def step(self) -> torch.Tensor:
        B, T = int(self.batch.integers(2, 7)), int(self.batch.integers(3, 9))
        inputs = torch.from_numpy(self.batch.normal(size=(B, T, 3)).astype("f4"))
        targets = torch.from_numpy(self.batch.integers(0, 2, B))
        self.optimizer.zero_grad()
        loss = nn.functional.cross_entropy(self.model(inputs), targets)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.threshold)
        self.told_norms.append(float(norm))
        self.optimizer.step()
        return loss.detach()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.db"


def train(loop: Loop, recorder: Recorder, steps: int) -> list[float]:
    """The losses."""
    losses = []
    for _ in range(steps):
        loss = loop.step()
        losses.append(float(loss))
        recorder.step(loss)
    return losses


def recorded(path: Path, run_id: int = 1) -> History:
    with Store(path, read_only=True) as store:
        return store.load(run_id)


def flat_gradient(model: nn.Module) -> torch.Tensor:
    grads = [each.grad for each in model.parameters() if each.grad is not None]
    return torch.cat([each.flatten() for each in grads]).double()


def test_the_angle_of_a_clip_is_kept_where_it_is_known(path: Path) -> None:
    """Of the steps that are measured, and of those that were not clipped."""
    loop, cosines = Loop(threshold=math.inf), []
    with Recorder(path, loop.model, every=2) as recorder:
        for step in range(1, 7):
            loss = loop.step()
            before = flat_gradient(loop.model)
            if step > 3:
                nn.utils.clip_grad_value_(loop.model.parameters(), 1e-3)
            after = flat_gradient(loop.model)
            cosines.append(float(before @ after / (before.norm() * after.norm())))
            recorder.step(loss)
    found = recorded(path).column("clip_angle")
    assert found[:3].tolist() == [0, 0, 0]
    assert np.isnan(found[[3, 5]]).all()
    assert found[4] == pytest.approx(math.degrees(math.acos(cosines[4])), abs=1e-3)
    assert found[4] > 5


def test_it_is_a_public_name() -> None:
    assert gradviz.Recorder is Recorder


def test_scalars_are_of_every_step(path: Path) -> None:
    loop, losses = Loop(), []
    with Recorder(path, loop.model, name="mine", floor=math.log(2)) as recorder:
        for step in range(1, 26):
            loss = loop.step()
            losses.append(float(loss))
            recorder.step(loss, accuracy=step / 25, learning_rate=0.01)
    history = recorded(path, recorder.run_id)
    assert history.column("step").tolist() == list(range(1, 26))
    assert history.column("loss").tolist() == losses
    assert history.column("accuracy").tolist() == [step / 25 for step in range(1, 26)]
    assert history.column("grad_norm_pre") == pytest.approx(loop.told_norms, rel=1e-6)
    after = [min(norm, 0.2) for norm in loop.told_norms]
    assert history.column("grad_norm_post") == pytest.approx(after, rel=1e-5)
    clipped = [norm > 0.2 for norm in loop.told_norms]
    assert 0 < sum(clipped) < 25
    assert history.column("clipped").tolist() == clipped
    assert (history.column("learning_rate") == 0.01).all()
    assert history.floor == math.log(2)
    with Store(path, read_only=True) as store:
        (run,) = store.runs()
    assert (run.name, run.steps, run.ended is not None) == ("mine", 25, True)


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_frames_are_what_watch_measures(path: Path, kind: type[nn.RNNBase]) -> None:
    loop = Loop(kind)
    with Recorder(path, loop.model, every=4, probe_size=3) as recorder:
        for _ in range(9):
            recorder.step(loop.step())
    history = recorded(path)
    assert [frame.step for frame in history.frames] == [1, 5, 9]
    twin = Loop(kind)
    for step in range(1, 10):
        with watch(twin.model, probe_size=3) as watching:
            twin.step()
        if step % 4 != 1:
            continue
        frame = history.frame_at(step)
        assert frame is not None
        assert list(frame.layers) == ["encoder.l0", "encoder.l1"]
        for name, flow in watching.layers.items():
            layer = frame.layers[name]
            assert np.array_equal(
                layer.hidden_grad_log10, np.log10(flow.hidden_grad_norm.numpy()).astype("f4")
            )
            assert set(layer.gates) == set(flow.gates)
            assert layer.transport_log10 is not None
            exact = flow.transport_log10()[:, :2].numpy()
            assert layer.transport_log10 == pytest.approx(exact, abs=0.02)


def test_pictures_and_words_of_a_recording(path: Path) -> None:
    loop = Loop(nn.GRU)
    with Recorder(path, loop.model, every=3) as recorder:
        for _ in range(30):
            recorder.step(loop.step())
    history = recorded(path)
    assert len({len(frame.layers["encoder.l0"].hidden_grad_log10) for frame in history.frames}) > 1
    for picture in LIVE.values():
        for step in (1, 17, None):
            assert picture(history, step).data
    assert "encoder.l" in read(history).sentences[0]


def test_recording_leaves_no_trace(path: Path) -> None:
    bare, losses = Loop(), []
    for _ in range(40):
        losses.append(float(bare.step()))
    state = torch.random.get_rng_state()
    loop = Loop()
    with Recorder(path, loop.model, every=3) as recorder:
        same = []
        for _ in range(40):
            loss = loop.step()
            recorder.step(loss)
            same.append(float(loss))
    assert same == losses
    assert torch.equal(torch.random.get_rng_state(), state)
    for one, other in zip(bare.model.parameters(), loop.model.parameters(), strict=True):
        assert torch.equal(one, other)
    assert not hooks_of(loop.model)


def hooks_of(model: nn.Module) -> list[Any]:
    found: list[Any] = []
    for module in model.modules():
        found += [*module._forward_hooks.values(), *module._forward_pre_hooks.values()]
    for parameter in model.parameters():
        found += list((parameter._post_accumulate_grad_hooks or {}).values())
    return found


def test_steps_between_are_not_watched(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entered = []
    monkeypatch.setattr(
        "gradviz.recorder.watch", lambda *given: (entered.append(1), watch(*given))[1]
    )
    loop = Loop()
    with Recorder(path, loop.model, every=5) as recorder:
        for step in range(1, 12):
            assert len(entered) == 1 + (step - 1) // 5
            assert bool(loop.model.encoder._forward_hooks) == (step % 5 == 1)
            recorder.step(loop.step())


def test_validation_between_the_steps_is_not_recorded(path: Path) -> None:
    loop = Loop(nn.GRU)
    with Recorder(path, loop.model, every=1) as recorder:
        for _ in range(4):
            recorder.step(loop.step())
            with torch.no_grad():
                loop.model(torch.randn(3, 40, 3))
    assert all(len(f.layers["encoder.l0"].hidden_grad_log10) < 10 for f in recorded(path).frames)


def test_without_dear_probes_the_light_quantities_remain(path: Path) -> None:
    loop = Loop()
    with Recorder(path, loop.model, dear_probes=0) as recorder:
        recorder.step(loop.step())
    layer = recorded(path).frames[0].layers["encoder.l1"]
    assert layer.jacobian_norm is layer.transport_log10 is layer.gradient_horizon is None
    assert set(layer.gates) == {"input", "forget", "candidate", "output"}


def test_what_is_known_of_a_users_model(path: Path) -> None:
    loop = Loop(nn.GRU)
    with Recorder(path, loop.model.double(), config={"rate": 0.01, "data": Path("x")}):
        pass
    config = recorded(path).config
    assert config == RecordedConfig(
        model="encoder: GRU(3, 8, num_layers=2, batch_first=True, dropout=0.2)",
        dtype="float64",
        clip="none",
        settings={"rate": 0.01, "data": "x"},
    )
    ours = RunConfig(cell="gru", hidden_size=8)
    with Recorder(path, nn.GRU(2, 8), config=ours) as recorder:
        pass
    assert recorded(path, recorder.run_id).config == ours


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"every": 0}, "every must be a whole number, 1 or more, got 0."),
        ({"every": 2.5}, "every must be a whole number, 1 or more, got 2.5."),
        ({"probe_size": 0}, "probe_size must be a whole number, 1 or more, got 0."),
        ({"dear_probes": -1}, "dear_probes must be a whole number, 0 or more, got -1."),
    ],
)
def test_options_out_of_range(path: Path, options: dict[str, Any], said: str) -> None:
    with pytest.raises(RecorderError) as caught:
        Recorder(path, nn.GRU(1, 2), **options)
    assert str(caught.value) == said
    assert not path.exists()


def test_a_model_that_cannot_be_measured_leaves_no_file(path: Path) -> None:
    model = nn.Linear(2, 2)
    with pytest.raises(WatchError, match="got only Linear"):
        Recorder(path, model)
    assert not path.exists()


def test_a_file_that_cannot_be_opened_leaves_no_hook(tmp_path: Path) -> None:
    model = Classifier()
    with pytest.raises(StoreError, match="The folder of"):
        Recorder(tmp_path / "nowhere" / "runs.db", model)
    assert not hooks_of(model)


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        (torch.ones(32), "loss must be one number, got a tensor of shape (32,); take a mean."),
        (None, "loss must be one number, got NoneType; pass what backward was called on."),
        (np.ones(3), "loss must be one number, got ndarray; pass what backward was called on."),
    ],
)
def test_a_loss_that_is_not_one_number(path: Path, loss: Any, said: str) -> None:
    loop = Loop()
    with Recorder(path, loop.model) as recorder:
        good = loop.step()
        with pytest.raises(RecorderError) as caught:
            recorder.step(loss)
        assert str(caught.value) == said
        recorder.step(good)
        recorder.step(loop.step().item())
    assert recorded(path).last_step == 2


def test_a_step_without_a_backward_pass(path: Path) -> None:
    loop = Loop()
    with Recorder(path, loop.model) as recorder:
        recorder.step(loop.step())
        with pytest.raises(RecorderError, match=r"^No gradient has come since the last step; call"):
            recorder.step(0.5)
    assert recorded(path).last_step == 1


@pytest.mark.parametrize("set_to_none", [True, False])
def test_a_step_after_zero_grad(path: Path, set_to_none: bool) -> None:
    loop = Loop()
    with Recorder(path, loop.model) as recorder:
        loss = loop.step()
        loop.optimizer.zero_grad(set_to_none=set_to_none)
        with pytest.raises(RecorderError, match=r"^The gradients are gone; call recorder\.step"):
            recorder.step(loss)


def test_a_step_after_close(path: Path) -> None:
    loop = Loop()
    recorder = Recorder(path, loop.model)
    loss = loop.step()
    recorder.close()
    recorder.close()
    with pytest.raises(RecorderError, match=r"^The recorder is closed; make a new one"):
        recorder.step(loss)


def fills_the_disk(recorder: Recorder) -> None:
    store = recorder._store
    store.connection.execute("PRAGMA max_page_count = 1")


def locks_the_file(recorder: Recorder) -> None:
    recorder._store.connection.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(recorder.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    recorder.other = other  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("harm", "said"), [(fills_the_disk, "is full"), (locks_the_file, "got it locked")]
)
def test_a_file_that_fails_stops_the_recording_and_not_the_training(
    path: Path, monkeypatch: pytest.MonkeyPatch, harm: Callable[[Recorder], None], said: str
) -> None:
    monkeypatch.setattr(store_module, "COMMIT_S", 0.0)
    bare = Loop()
    losses = [float(bare.step()) for _ in range(60)]
    loop = Loop()
    recorder = Recorder(path, loop.model, every=2)
    same = train(loop, recorder, 5)
    harm(recorder)
    with pytest.warns(RecorderWarning) as warned:
        same += train(loop, recorder, 55)
    recorder.close()
    if hasattr(recorder, "other"):
        recorder.other.close()
    assert same == losses
    assert len(warned) == 1
    sentence = str(warned[0].message)
    assert sentence.startswith("Recording stopped at step ")
    assert said in sentence
    assert warned[0].filename == __file__
    assert recorder.problem is not None
    assert said in recorder.problem
    assert not hooks_of(loop.model)
    assert 5 <= recorded(path).last_step < 60
    with pytest.raises(RecorderError, match="closed"):
        recorder.step(1.0)


def test_an_end_that_cannot_be_written_is_a_warning(path: Path) -> None:
    loop = Loop()
    recorder = Recorder(path, loop.model)
    recorder.step(loop.step())
    locks_the_file(recorder)
    with pytest.warns(RecorderWarning, match="^The end of the run was not recorded: .* locked"):
        recorder.close()
    recorder.other.close()  # type: ignore[attr-defined]
    assert recorder.problem is not None
    assert not hooks_of(loop.model)


def test_weights_that_broke_are_a_failure_and_one_warning(path: Path) -> None:
    loop = Loop(nn.RNN)
    with Recorder(path, loop.model, every=2) as recorder:
        for _ in range(4):
            recorder.step(loop.step())
        loop.model.encoder.weight_hh_l0.data[0, 0] = math.nan
        with pytest.warns(RecorderWarning) as warned:
            train(loop, recorder, 6)
    assert len(warned) == 1
    said = str(warned[0].message)
    assert said.startswith("Step 5 was recorded without its layers. encoder.weight_hh_l0 holds NaN")
    assert warned[0].filename == __file__
    history = recorded(path)
    assert history.last_step == 10
    assert [frame.step for frame in history.frames] == [1, 3]
    assert history.failure == Failure(step=5, tensor="loss", kind="nan")
    assert read(history).sentences[0] == "At step 5 the loss became NaN; the run went on."


@pytest.mark.parametrize("place", ["LayerRecorder.records", "watch"])
def test_a_mistake_of_the_instrument_does_not_end_the_training(
    path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def mistaken(*_: object, **__: object) -> None:
        raise IndexError("list index out of range")

    loop = Loop()
    with Recorder(path, loop.model, every=2) as recorder:
        train(loop, recorder, 3)
        monkeypatch.setattr(f"gradviz.recorder.{place}", mistaken)
        with pytest.warns(RecorderWarning, match=r"^Step 5 .*\. IndexError: list index out of ra"):
            train(loop, recorder, 4)
        monkeypatch.undo()
        train(loop, recorder, 3)
    assert recorded(path).last_step == 10
    assert [frame.step for frame in recorded(path).frames] == [1, 3, 9]


@pytest.mark.parametrize(
    ("value", "kind"), [(math.inf, "inf"), (math.nan, "nan"), (1e25, "norm overflow")]
)
def test_the_first_gradient_that_spoils_a_step_is_named(
    path: Path, value: float, kind: str
) -> None:
    loop = Loop(nn.GRU)
    loop.model.head.weight.register_hook(lambda grad: torch.full_like(grad, value))
    with Recorder(path, loop.model) as recorder:
        recorder.step(loop.step())
    expected = Failure(step=1, tensor="gradient of head.weight", kind=kind)  # type: ignore[arg-type]
    assert recorded(path).failure == expected


def test_several_runs_and_models_in_one_file(path: Path) -> None:
    one, two = Loop(nn.GRU), Loop(nn.RNN)
    with Recorder(path, one.model) as first, Recorder(path, two.model) as second:
        for _ in range(3):
            first.step(one.step())
            second.step(two.step())
        second.step(two.step())
    assert (recorded(path, first.run_id).last_step, recorded(path, second.run_id).last_step) == (
        3,
        4,
    )


SCRIPT = """
import os, sys, torch, gradviz
model = torch.nn.GRU(2, 3)
recorder = gradviz.Recorder(sys.argv[1], model, every=3)
for _ in range(7):
    loss = model(torch.randn(5, 2, 2))[0].mean()
    model.zero_grad()
    loss.backward()
    recorder.step(loss)
{ending}
"""


FORK = "if os.fork() == 0: sys.exit()\nos.wait()"


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["", pytest.param(FORK, id="fork")])
def test_who_forgets_to_close_loses_nothing(path: Path, ending: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT.format(ending=ending), str(path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert recorded(path).last_step == 7
    with Store(path) as store:
        assert store.runs()[0].ended is not None


def test_a_recorder_that_is_dropped_lets_go_of_the_model(path: Path) -> None:
    loop = Loop()
    recorder = Recorder(path, loop.model)
    recorder.step(loop.step())
    del recorder
    assert not hooks_of(loop.model)
    assert recorded(path).last_step == 1


@pytest.fixture(autouse=True)
def _no_file_is_left_open() -> Iterator[None]:
    """Python 3.13 tells of connections that nobody closed."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        yield


def test_the_file_is_whole(path: Path) -> None:
    loop = Loop()
    with Recorder(path, loop.model, every=1) as recorder:
        for _ in range(20):
            recorder.step(loop.step())
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert plain.execute("PRAGMA foreign_key_check").fetchall() == []
