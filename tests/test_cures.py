"""The shelf “Remedies”: what each scenario came to, beside the same run without its remedy.

Of the recordings, which are of seed 0; and, trained anew, of seeds 1 and 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from judging import reach

from gradviz.config import RunConfig
from gradviz.config.remedy_fields import GROUPS
from gradviz.history import History
from gradviz.recorded import load
from gradviz.scenarios import SCENARIOS, Scenario, on_page
from gradviz.training import Trainer

Runs = tuple[History, History]
"""With the remedy, and without."""

WITHOUT: dict[str, str] = {
    "cure_chrono": "sick_forgetful_lstm",
    "cure_zoneout": "sick_forgetful_lstm",
    "cure_standardised": "sick_vanishing",
    "cure_omega": "sick_vanishing",
    "cure_spectral": "sick_infinite",
    "cure_batch_norm": "deep",
    "cure_weight_decay": "clipping",
}
"""The scenario that is the same run without its remedy; “by heart” has a loss beside it instead."""


def horizon(history: History, frame: int) -> float:
    (layer,) = history.frames[frame].layers.values()
    return reach(layer.transport_log10)[0]


def share(history: History, step: int) -> float:
    """Of the floor, that the mean of the 20 losses before has."""
    assert history.floor
    return float(history.column("loss", upto=step)[-20:].mean()) / history.floor


def chrono(with_it: History, without: History) -> bool:
    reaches = math.isinf(horizon(with_it, 0)) and horizon(without, 0) < 10
    return reaches and share(with_it, 300) < 0.3 and share(without, 300) > 0.95


def zoneout(with_it: History, without: History) -> bool:
    further = 2 * horizon(without, 0) < horizon(with_it, 0) < 20
    return further and share(with_it, 200) > 0.95


def standardised(with_it: History, without: History) -> bool:
    reaches = horizon(with_it, -1) > 15 and horizon(without, -1) < 10
    return reaches and share(with_it, 500) < 0.8 * share(without, 500)


def omega(with_it: History, without: History) -> bool:
    reaches = horizon(with_it, -1) > 15 and horizon(with_it, 0) == horizon(without, 0) < 10
    return reaches and share(with_it, 400) > 0.9


def spectral(with_it: History, without: History) -> bool:
    norms = [layer.jacobian_norm for each in with_it.frames for layer in each.layers.values()]
    bounded = max(float(each.max()) for each in norms if each is not None) < 1.001
    return bounded and not with_it.failure and bool(without.failure) and share(with_it, 120) > 0.9


def batch_norm(with_it: History, without: History) -> bool:
    return share(with_it, 120) < 0.5 < share(without, 120)


def weight_decay(with_it: History, without: History) -> bool:
    nearer = horizon(with_it, -1) < horizon(without, -1)
    return nearer and share(with_it, 400) > 0.9 and share(without, 400) < 0.1


JUDGES: dict[str, Callable[[History, History], bool]] = {
    "cure_chrono": chrono,
    "cure_zoneout": zoneout,
    "cure_standardised": standardised,
    "cure_omega": omega,
    "cure_spectral": spectral,
    "cure_batch_norm": batch_norm,
    "cure_weight_decay": weight_decay,
}


def recorded(name: str) -> History:
    runs = load(name)
    assert runs is not None
    (history,) = runs.values()
    return history


def trained(scenario: Scenario, seed: int) -> History:
    """Measured at the first and at the last step that a judge looks at."""
    config = scenario.config.replace(seed=seed)
    trainer = Trainer(config)
    trainer.dear_probes = 8
    history = History(config, floor=trainer.floor)
    for step in range(1, scenario.steps + 1):
        history.append(trainer.train_step("full" if step in (1, scenario.steps) else "none"))
        if history.failure:
            break
    return history


def test_the_shelf_is_judged() -> None:
    shelf = [name for name, each in on_page("live_training").items() if each.shelf == "remedies"]
    assert list(WITHOUT) == list(JUDGES)
    assert sorted(shelf) == sorted([*JUDGES, "cure_by_heart"])


@pytest.mark.parametrize("name", WITHOUT)
def test_a_remedy_is_all_that_differs(name: str) -> None:
    changed = SCENARIOS[name].config.differences(SCENARIOS[WITHOUT[name]].config)
    assert set(changed) <= {name for group in GROUPS for name in group.names}
    assert len(changed) == 1


@pytest.mark.parametrize("name", JUDGES)
def test_what_was_recorded_is_what_its_notes_say(name: str) -> None:
    assert JUDGES[name](recorded(name), recorded(WITHOUT[name]))
    assert not JUDGES[name](recorded(WITHOUT[name]), recorded(name))


def test_by_heart_is_not_on_others() -> None:
    """Every digit of the set is told; on others the loss falls, turns, and is far above."""
    history = recorded("cure_by_heart")
    unseen = history.held_out()[:, 1]
    assert history.column("accuracy")[-20:].mean() > 0.99
    assert unseen[-1] > 20 * history.column("loss")[-20:].mean()
    assert unseen.argmin() < len(unseen) - 1
    assert unseen.min() < 0.9 * min(unseen[0], unseen[-1])


def test_a_standardised_mark_is_as_large_as_its_notes_say() -> None:
    """2 of 30 marks are 1: a share p, of deviation √(p (1 − p))."""
    trainer = Trainer(RunConfig(seq_len=30, input_scaling="standard"))
    marks = trainer.task.sample(64, torch.Generator().manual_seed(0)).inputs[..., 1]
    share = 2 / 30
    assert float(marks.max()) == pytest.approx((1 - share) / math.sqrt(share * (1 - share)), 0.02)


@pytest.mark.slow
@pytest.mark.usefixtures("training_thread")
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", JUDGES)
def test_other_seeds_come_to_the_same(name: str, seed: int) -> None:
    with_it, without = (trained(SCENARIOS[each], seed) for each in (name, WITHOUT[name]))
    assert JUDGES[name](with_it, without)
