"""Every remedy of the list has a script, on a disease that it can be tried on."""

from __future__ import annotations

import pytest

from gradviz.config import ConfigError, RunConfig
from gradviz.config.remedy_list import REMEDIES, treated
from gradviz.scenarios import on_page
from gradviz.script import ScriptError, script
from tests.script.running import SMALL, losses_of
from tests.script.test_script_losses import trained

REFUSED: frozenset[str] = frozenset()
"""Remedies that have no script yet."""

STEPS = 3

DISEASES = [
    each.config.replace(**SMALL, num_layers=min(each.config.num_layers, 3))
    for each in on_page("remedies").values()
]


def fitting(name: str) -> RunConfig:
    """The first disease, made small, that the remedy changes."""
    for disease in DISEASES:
        try:
            return treated(disease, [name])
        except ConfigError:
            continue
    raise AssertionError(f"{name} fits no disease")


def is_refused(name: str) -> bool:
    try:
        script(fitting(name))
    except ScriptError:
        return True
    return False


def test_only_these_are_refused() -> None:
    assert {name for name in REMEDIES if is_refused(name)} == REFUSED


@pytest.mark.usefixtures("training_thread")
@pytest.mark.parametrize("name", [each for each in REMEDIES if each not in REFUSED])
def test_a_remedy_s_script_prints_the_losses_of_the_trainer(name: str) -> None:
    config = fitting(name)
    expected = trained(config, STEPS)
    assert len(set(expected)) == STEPS, "losses that stay the same would prove nothing"
    assert losses_of(script(config), STEPS) == pytest.approx(expected, rel=1e-6, abs=1e-6)
