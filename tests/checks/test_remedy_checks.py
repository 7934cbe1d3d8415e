"""No check of a remedy is right for a remedy that does something else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from gradviz.cells import Noise, layer_norm_rnn, noise, noisy
from gradviz.cells.layer_norm import Normalised
from gradviz.cells.masks import Masks
from gradviz.checks import CHECKS, remedies, run
from gradviz.remedies import initialise_recurrent, omega, set_forget_bias
from gradviz.training import update

BY_NAME = {check.name: check for check in CHECKS}


def at_every_timestep(mask: torch.Tensor | None, every: tuple[int, int]) -> torch.Tensor | None:
    """A mask of variational dropout drawn anew at each timestep."""
    if mask is None:
        return None
    return 2.0 * (torch.rand(*every, mask.shape[-1]) >= 0.5).to(mask)


def without_spread(values: torch.Tensor) -> Normalised:
    return Normalised(values - values.mean(-1, keepdim=True), torch.ones_like(values[..., :1]))


def half_the_gradient(*args: Any, **options: Any) -> Any:
    found = omega(*args, **options)
    return found._replace(value=2 * found.value, gradient=found.gradient / 2)


def opened(module: nn.LSTM, longest: int) -> None:
    set_forget_bias(module, 1.0)


def drawn_normal(module: nn.LSTM, kind: str, gain: float) -> None:
    initialise_recurrent(module, "normal", gain)


def nothing(*args: Any) -> None:
    return None


BROKEN: dict[str, tuple[Any, str, Callable[..., Any], list[str]]] = {
    "zoneout is no part of J": (
        noisy,
        "with_zoneout",
        lambda steps, kept: steps,
        ["zoneout_rnn", "zoneout_lstm", "zoneout_passes", "zoneout_mean"],
    ),
    "nothing is kept": (
        Noise,
        "_passed",
        lambda self, p, shape, like: torch.ones(shape).to(like),
        ["zoneout_keeps", "zoneout_passes"],
    ),
    "dropped weights stay": (
        Masks,
        "on_weights",
        lambda masks, weights: dict(weights),
        ["dropconnect"],
    ),
    "another mask at each timestep": (
        noise,
        "_spread",
        at_every_timestep,
        ["variational_dropout"],
    ),
    "no cap": (update, "constrain", nothing, ["spectral_cap", "spectral_cap_bound"]),
    "half of Ω's gradient": (
        remedies,
        "omega",
        half_the_gradient,
        ["omega_gradient", "omega_orthogonal"],
    ),
    "a normal start": (remedies, "initialise_recurrent", drawn_normal, ["orthogonal_start"]),
    "no chrono": (remedies, "set_chrono_bias", opened, ["chrono_longest", "chrono_mean"]),
    "a norm without spread": (
        layer_norm_rnn,
        "normalised",
        without_spread,
        ["layer_norm_scale"],
    ),
    "no norm": (remedies, "norm_of", lambda kind, size: nn.Identity(), ["batch_norm"]),
    "no decay": (remedies, "decay", nothing, ["decay_is_adamw"]),
    "no penalty": (
        remedies,
        "penalise",
        lambda matrices, l1, l2: remedies.decay(matrices, 0.01, 2 * l2),
        ["l2_under_adam_trap"],
    ),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_remedy_is_found_out(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where, name, change, checks = BROKEN[how]
    monkeypatch.setattr(where, name, change)
    assert {each: run(BY_NAME[each]).verdict for each in checks} == dict.fromkeys(checks, "WRONG")
