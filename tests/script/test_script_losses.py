"""A script trains as gradviz does: same data, same weights, same losses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gradviz import Trainer
from gradviz.config import RunConfig
from gradviz.config.remedy_fields.noise import CELLS_OF
from gradviz.script import script
from tests.script.running import config_of, configs, losses_in, losses_of

STEPS = 5

CONFIGS = configs()
EACH = [
    pytest.param(name, marks=() if place % 3 == 0 else pytest.mark.slow)
    for place, name in enumerate(CONFIGS)
]
"""All of them in the full run, every third in the quick one."""


def trained(config: RunConfig, steps: int) -> list[float]:
    trainer = Trainer(config)
    return [trainer.train_step("none").loss for _ in range(steps)]


@pytest.mark.usefixtures("training_thread")
@pytest.mark.parametrize("name", EACH)
def test_it_prints_the_losses_of_the_trainer(name: str) -> None:
    expected = trained(CONFIGS[name], STEPS)
    assert len(set(expected)) == STEPS, "losses that stay the same would prove nothing"
    assert losses_of(script(CONFIGS[name]), STEPS) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@pytest.mark.slow
@pytest.mark.usefixtures("training_thread")
@pytest.mark.parametrize("kind", CELLS_OF)
def test_noise_of_every_cell_that_may_have_it(kind: str) -> None:
    for cell in CELLS_OF[kind]:
        config = config_of(f"cell={cell}&{kind}=0.3&num_layers=2")
        expected = trained(config, STEPS)
        assert losses_of(script(config), STEPS) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@pytest.mark.slow
@pytest.mark.usefixtures("training_thread")
def test_a_script_stands_alone(tmp_path: Path) -> None:
    """In a process and a folder of its own, where gradviz cannot be imported."""
    config = RunConfig(seed=3)
    path = tmp_path / "script.py"
    path.write_text(script(config), encoding="utf-8")
    code = "import runpy, sys; sys.modules['gradviz'] = None; "
    code += f"runpy.run_path({str(path)!r}, run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert not done.stderr
    losses = losses_in(done.stdout.splitlines())
    assert losses == pytest.approx(trained(config, 100), rel=1e-6, abs=1e-6)
