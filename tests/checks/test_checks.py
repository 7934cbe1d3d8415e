"""Every science check is right here, and none is right for a broken instrument."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from every import every

from gradviz.checks import CHECKS, SUBJECTS, Check, chosen, run
from gradviz.checks.expectation import AtMost, Between, Expectation, Near, Says, in_words
from gradviz.checks.networks import largest
from gradviz.config import CELLS
from gradviz.flow import LayerFlow

BY_NAME = {check.name: check for check in CHECKS}


@pytest.mark.parametrize(
    "check",
    [pytest.param(each, marks=[pytest.mark.slow] * each.slow, id=each.name) for each in CHECKS],
)
def test_it_is_right_on_this_machine(check: Check) -> None:
    outcome = run(check)
    assert outcome.verdict == "ok", f"{outcome.title} {outcome.expected}: {outcome.measured}"


OWN = [name for name, spec in CELLS.items() if not spec.is_pytorchs and spec.is_recurrent]
ROWS = {
    "hidden_grad": ["autograd_lstm", "central_differences_lstm"],
    "linear RNN": ["orthogonal_0.9", "orthogonal_1.1"],
    "IRNN": ["irnn"],
    "sum of contributions": ["contributions_gru"],
    "truncated BPTT": ["truncated_lstm", "beyond_the_window"],
    "truncated BPTT by the Trainer": ["truncated_training"],
    "Jacobians of our own cells": [f"jacobian_{cell}" for cell in OWN],
    "gradients of our own cells": [f"input_gradient_{cell}" for cell in OWN],
    "zero peepholes": ["zero_peepholes"],
    "f = 1 − i": ["coupled_gates"],
    "QRNN and SRU": ["qrnn_diagonal", "sru_gate_trap"],
    "powers by cells": ["orthogonal_transport", "linear_rnn", "lru_transport"],
    "zero-weight LSTM": [f"forget_gate_{bias}" for bias in (0, 1, 2, 5)],
    "chrono": ["chrono_gate", "chrono_decay"],
    "GRU, zero weights": ["gru_keeps"],
    "Pascanu bound": ["pascanu_tanh", "pascanu_sigmoid"],
    "non-normal": [f"non_normal_{what}" for what in ("first", "peak", "peak_lag", "decay")],
    "default W_hh": ["default_radius", "default_norm"],
    "clip by norm": ["clip_pre", "clip_post", "clip_below"],
    "sum of all λ": ["lyapunov_sum_tanh", "lyapunov_sum_lstm", "lyapunov_sum_gru"],
    "random network": [f"chaos_{gain}" for gain in (1.5, 2, 3, 5)] + ["quiet_0.5"],
    "critical line": [f"critical_line_{variance}" for variance in (0.001, 0.05, 0.1, 0.3)],
    "wall": ["wall_foot", "wall_height", "wall_step", "wall_step_clipped"],
    "trap 1": ["retain_grad_trap", "through_the_recurrence"],
    "trap 2": ["factor_tanh", "factor_lstm", "factor_gru", "factor_lstm_bias_5"],
    "trap 3": ["forget_product_0", "forget_product_5"],
    "trap 4": ["both_biases_trap", "forget_bias"],
    "trap 5": ["float32_floor_trap", "transport_below_float32"],
    "trap 6": ["denormals_flushed", "denormals_elsewhere_trap"],
    "trap 7": ["one_thread"],
    "trap 8": ["clip_overflow_trap", "clip_names_norm_overflow", "clip_names_nan"],
    "trap 9": ["clip_by_value_turns", "clip_by_norm_keeps"],
    "trap 10": ["product_of_norms_trap"],
}
"""The exact checks and the traps that the science page lists."""


@every("row", ROWS)
def test_every_known_number_is_checked(row: str) -> None:
    checks = [BY_NAME[name] for name in ROWS[row]]
    assert not any(check.slow for check in checks)


def test_names_are_unique_and_words_are_there() -> None:
    assert len(BY_NAME) == len(CHECKS)
    assert not set(BY_NAME) & set(SUBJECTS)
    for check in CHECKS:
        assert check.title.endswith("."), check.name
        assert check.source, check.name


@every("check", CHECKS, ids=lambda check: check.name)
def test_no_check_takes_just_anything(check: Check) -> None:
    for value in (math.nan, math.inf, -math.inf, "", -1234.5):
        assert not check.expects.holds(value)


def patched(name: str, change: Callable[[Any], Any]) -> Any:
    """A LayerFlow's attribute or method whose result is changed."""
    real = getattr(LayerFlow, name)
    if not callable(real):
        return property(lambda flow: change(real.__get__(flow, LayerFlow)))
    return lambda flow, *args, **options: change(real(flow, *args, **options))


BROKEN = {
    "gradient a millionth too large": ("hidden_grad", lambda grad: grad * (1 + 1e-6)),
    "gradient nan": ("hidden_grad", lambda grad: grad * math.nan),
    "direct term only": (
        "hidden_grad",
        lambda grad: (
            grad
            * torch.tensor([0.0, 1.0])
            .repeat_interleave(torch.tensor([len(grad) - 1, 1]))
            .view(-1, 1, 1)
        ),
    ),
    "norms zero": ("jacobian_norm", torch.zeros_like),
    "norms too large": ("jacobian_norm", lambda norm: norm * 1.2),
    "transport vanished": ("transport_log10", lambda log10: log10 - math.inf),
    "a decade lost": ("transport_log10", lambda log10: log10 - 1),
    "contributions doubled": ("weight_grad_at", lambda grad: 2 * grad),
    "disturbances grow too fast": ("lyapunov_exponents", lambda rates: rates + 0.1),
}
WRONG = {
    "gradient a millionth too large": ["autograd_tanh", "autograd_lstm", "irnn", "wall_gradient"],
    "gradient nan": ["autograd_gru", "central_differences_relu", "irnn", "wall_height"],
    "direct term only": ["autograd_tanh", "central_differences_gru", "through_the_recurrence"],
    "norms zero": [
        "pascanu_tanh",
        "pascanu_sigmoid",
        "spectral_norm_lstm",
        "critical_jacobian_0.1",
    ],
    "norms too large": ["pascanu_tanh", "spectral_norm_relu", "critical_jacobian_0.3"],
    "transport vanished": ["orthogonal_0.9", "non_normal_peak", "product_of_norms_trap"],
    "a decade lost": ["orthogonal_1.1", "non_normal_decay", "transport_below_float32"],
    "contributions doubled": ["contributions_gru", "contribution_norms_tanh", "truncated_lstm"],
    "disturbances grow too fast": ["lyapunov_sum_lstm", "chaos_5", "quiet_0.5", "quiet_radius"],
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_instrument_is_found_out(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, change = BROKEN[how]
    monkeypatch.setattr(LayerFlow, name, patched(name, change))
    assert {each: run(BY_NAME[each]).verdict for each in WRONG[how]} == dict.fromkeys(
        WRONG[how], "WRONG"
    )


def test_an_error_is_wrong_in_a_sentence_and_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(flow: LayerFlow, t: int) -> None:
        raise ValueError("t must be 1…3, got 4.")

    monkeypatch.setattr(LayerFlow, "jacobian", fail)
    outcome = run(BY_NAME["jacobian_tanh"])
    assert (outcome.verdict, outcome.measured) == ("WRONG", "ValueError: t must be 1…3, got 4.")
    assert run(BY_NAME["clip_pre"]).verdict == "ok"


def test_a_check_depends_on_no_other_and_leaves_the_random_numbers_alone() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = run(BY_NAME["factor_gru"])
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(6)
    run(BY_NAME["factor_tanh"])
    assert run(BY_NAME["factor_gru"]).measured == first.measured


def test_choosing_by_name_and_by_subject() -> None:
    assert chosen() == [check for check in CHECKS if not check.slow]
    assert chosen(slow=True) == list(CHECKS)
    assert [each.name for each in chosen(["wall_foot", "irnn"])] == ["irnn", "wall_foot"]
    assert chosen(["gates", "irnn"]) == [BY_NAME["irnn"], *SUBJECTS["gates"]]
    assert all(check.slow for check in chosen(["demonstrations"]))
    with pytest.raises(ValueError, match=r"one of total_gradients, .*; got nonsense; --list"):
        chosen(["gates", "nonsense"])


@pytest.mark.parametrize(
    ("expects", "right", "wrong", "words"),
    [
        (Near(5.0), 5, math.nextafter(5, 6), "5 exactly"),
        (Near(-2.0, absolute=0.1), -2.09, -2.11, "-2 ± 0.1"),
        (Near(1e20, relative=1e-6), 1.0000009e20, 1.000002e20, "1e20 (1 ± 1e-6)"),
        (AtMost(1e-9), 0.0, 2e-9, "at most 1e-9"),
        (Between(0.5, 1.0), 1.0, 1.0000001, "0.5 … 1"),
        (Says("inf"), "inf", "nan", "inf"),
    ],
)
def test_expectations(expects: Expectation, right: Any, wrong: Any, words: str) -> None:
    assert expects.holds(right)
    assert not expects.holds(wrong)
    assert str(expects) == words


def test_numbers_show_a_deviation_of_one_in_a_billion() -> None:
    assert in_words(1.0) != in_words(1.0 + 2e-9)
    shown = {3: "3", 0.0: "0", math.inf: "inf", "words": "words", 1e-9: "1e-9", -2.5e30: "-2.5e30"}
    assert {value: in_words(value) for value in shown} == shown


def test_a_nan_is_never_passed_over() -> None:
    assert math.isnan(largest([0.0, math.nan, 1.0]))
    assert largest(iter([0.0, 2.0, 1.0])) == 2.0
