"""Words against numbers, of the lags' scenarios: transport, powers of ρ, bound, mean field."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import numpy as np
import pytest
from every import every
from judging import NUMBER

from gradviz.config import RunConfig
from gradviz.config.remedy_fields import GROUP_OF
from gradviz.history import CloseUp, Frame, History, LayerFrame
from gradviz.reading import read_vanishing
from gradviz.recorded import load
from gradviz.scenarios import SCENARIOS, on_page

VANISHING = pytest.mark.parametrize("name", on_page("vanishing"))

EIGENVALUE_ROUNDING = 2**-0.5 * 2**-10
"""Of a recorded eigenvalue's magnitude: both of its parts are multiples of 2^-10."""

PRAISE = re.compile(
    r"\b(keeps?|kept|preserve|remember|solve|fix|prevent|constant|reach|as large as it began)"
)

MEASURED = re.compile(
    rf"Over {NUMBER} timesteps? the measured gradient (?:shrinks to {NUMBER} of itself|grows "
    rf"{NUMBER} times|(ends as large as it began)), a factor of {NUMBER} a timestep on average"
    rf"(?:; in between, {NUMBER} timesteps? back, it is {NUMBER} times as large as at the end)?"
    rf"(?:; training's own is truncated {NUMBER} timesteps? back)?\."
)
LINEAR = re.compile(
    rf"The linear network with the same ρ = {NUMBER} gives {NUMBER}(?:, (about the same)|: the "
    rf"measured factor is {NUMBER} times (less|more))\."
)
LIMITS = re.compile(
    rf"Pascanu's bound {NUMBER} (already promises that it shrinks|only says that it cannot be "
    rf"more|is reached within a factor of 2)(?:; mean field gives {NUMBER} for the rms, measured "
    rf"{NUMBER})?\."
)


def runs_of(name: str) -> Iterator[History]:
    runs = load(name)
    assert runs is not None
    yield from runs.values()


def parts_of(frame: Frame) -> tuple[LayerFrame, CloseUp]:
    closeup = frame.closeup
    assert closeup
    return frame.layers[closeup.layer], closeup


def middle_at(layer: LayerFrame, lag: int) -> float:
    """log10 of the middle probe's transport, the upper of two: half of the probes have less."""
    assert layer.transport_log10 is not None
    probes = sorted(layer.transport_log10[len(layer.transport_log10) - 1 - lag].tolist())
    return float(probes[len(probes) // 2])


def interval(told: str) -> tuple[float, float]:
    """The powers of ten of all numbers that would be told like this."""
    mantissa, _, exponent = told.replace(",", "").partition("e")
    if exponent and "." not in mantissa:
        # The exponent alone was rounded, unless the mantissa is more than 1.
        power = int(exponent) + math.log10(float(mantissa))
        return (power - 0.501, power + 0.501) if mantissa == "1" else (power - 0.06, power + 0.06)
    value = float(mantissa)
    step = 10.0 ** (math.floor(math.log10(value)) - (1 if exponent else 2))
    low, high = (math.log10(value + side * 0.501 * step) for side in (-1, 1))
    return low + int(exponent or 0), high + int(exponent or 0)


def is_power(told: str, low: float, high: float | None = None) -> bool:
    """Whether a number is 10 to a power between low and high."""
    from_, to = interval(told)
    return from_ <= (low if high is None else high) and low <= to


def power_of(factor: float, lag: int) -> float:
    """log10 of factor^lag, multiplied out: a mantissa, and decades set aside."""
    value, decades = 1.0, 0
    for _ in range(lag):
        value *= factor
        while value < 0.1:
            value, decades = value * 10, decades - 1
        while value >= 10:
            value, decades = value / 10, decades + 1
    return decades + math.log10(value)


def radii(layer: LayerFrame, closeup: CloseUp) -> tuple[float, float]:
    """The least and the greatest ρ that was recorded like this, and is no more than ‖W‖₂."""
    assert closeup.recurrent_eigenvalues is not None
    assert layer.jacobian_bound is not None
    largest = max(math.hypot(each.real, each.imag) for each in closeup.recurrent_eigenvalues)
    low, high = (largest + side * EIGENVALUE_ROUNDING for side in (-1, 1))
    assert low <= layer.jacobian_bound
    return low, min(high, layer.jacobian_bound + 1e-6)


def mean_field(weight_variance: float, drive_variance: float) -> float:
    """√χ₁, by Gauss and Hermite's quadrature, at the fixed point that iteration runs into."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    weights = weights / weights.sum()
    q = weight_variance + drive_variance
    for _ in range(3000):
        q = weight_variance * float(weights @ np.tanh(math.sqrt(q) * nodes) ** 2) + drive_variance
    slopes = np.cosh(math.sqrt(q) * nodes) ** -2
    return math.sqrt(weight_variance * float(weights @ slopes**2))


def is_measured(layer: LayerFrame, lag: str, *told: str | None) -> bool:
    less, more, same, factor, back, peak = told
    T = len(layer.hidden_grad_log10)
    curve = [middle_at(layer, k) for k in range(T)]
    end = curve[-1]
    if int(lag) != T - 1 or factor is None:
        return False
    # The factor told, so many times, is what was measured: up to its rounding.
    low, high = (power_of(10**side, T - 1) for side in interval(factor))
    peaks = max(curve) > max(0.0, end) + 0.3
    if peaks != (peak is not None):
        return False
    if peak and not (is_power(peak, max(curve)) and back and curve[int(back)] == max(curve)):
        return False
    size = less or more or "1"
    direction = (less and end < 0) or (more and end > 0) or same
    return bool(low <= end <= high and is_power(size, end) and direction)


def is_linear(frame: Frame, rho: str, gives: str, *verdict: str | None) -> bool:
    layer, closeup = parts_of(frame)
    same, times, which = verdict
    lag = len(layer.hidden_grad_log10) - 1
    low, high = radii(layer, closeup)
    least, most = power_of(low, lag), power_of(high, lag)
    apart = middle_at(layer, lag) - most, middle_at(layer, lag) - least
    if not (is_power(rho, math.log10(low), math.log10(high)) and is_power(gives, least, most)):
        return False
    if same:
        return apart[1] >= -0.302 and apart[0] <= 0.302
    assert times
    sides = apart if which == "more" else (-apart[1], -apart[0])
    return sides[1] > 0.298 and is_power(times, *sides)


def are_limits(frame: Frame, bound: str, verdict: str, *rms: str | None) -> bool:
    layer, closeup = parts_of(frame)
    assert layer.jacobian_bound is not None
    lag = len(layer.hidden_grad_log10) - 1
    allowed, end = power_of(layer.jacobian_bound, lag), middle_at(layer, lag)
    reached = 10 ** (end - allowed) > 0.5
    told = {
        "already promises that it shrinks": allowed < 0 and not reached,
        "only says that it cannot be more": allowed >= -0.001 and not reached,
        "is reached within a factor of 2": reached,
    }
    if not (told[verdict] and is_power(bound, allowed)):
        return False
    expected, measured = rms
    if expected is None or measured is None:
        return False
    assert closeup.weight_variance is not None
    assert closeup.drive_variance is not None
    theory = mean_field(closeup.weight_variance, closeup.drive_variance)
    return is_power(expected, power_of(theory, lag)) and is_power(
        measured, float(closeup.transport_rms_log10[len(layer.hidden_grad_log10) - 1 - lag])
    )


def true(frame: Frame, sentence: str) -> bool:
    if found := MEASURED.fullmatch(sentence):
        *measured, stopped = found.groups()
        return stopped is None and is_measured(parts_of(frame)[0], *measured)
    if found := LINEAR.fullmatch(sentence):
        return is_linear(frame, *found.groups())
    found = LIMITS.fullmatch(sentence)
    assert found, f"No judge for “{sentence}”: write one."
    return are_limits(frame, *found.groups())


@VANISHING
def test_every_sentence_about_the_lags_is_true(name: str) -> None:
    for history in runs_of(name):
        assert isinstance(history.config, RunConfig)
        for frame in history.frames:
            sentences = read_vanishing(history, frame.step).sentences
            assert len(sentences) == (3 if history.config.cell == "rnn" else 1)
            for sentence in sentences:
                assert true(frame, sentence), (frame.step, sentence)


@VANISHING
def test_a_sentence_with_another_number_is_found_untrue(name: str) -> None:
    for history in runs_of(name):
        for frame in (history.frames[0], history.frames[-1]):
            for sentence in read_vanishing(history, frame.step).sentences:
                for other in changed(sentence):
                    assert not true(frame, other), other


@VANISHING
def test_a_sentence_with_another_verdict_is_found_untrue(name: str) -> None:
    swaps = [
        ("grows (.*) times,", r"shrinks to \1 of itself,"),
        ("shrinks to (.*) of itself,", r"grows \1 times,"),
        ("shrinks to .* of itself,|grows .* times,", "ends as large as it began,"),
        (r"less\.", "more."),
        (r": the measured factor .*\.", ", about the same."),
        ("already promises that it shrinks", "only says that it cannot be more"),
        ("only says that it cannot be more", "already promises that it shrinks"),
        ("only says that it cannot be more", "is reached within a factor of 2"),
    ]
    for history in runs_of(name):
        frame = history.frames[-1]
        for sentence in read_vanishing(history).sentences:
            others = {re.sub(old, new, sentence) for old, new in swaps} - {sentence}
            assert others
            for other in others:
                assert not true(frame, other), other


@VANISHING
def test_a_hundredth_and_a_hundredfold_are_to_worry_about(name: str) -> None:
    for history in runs_of(name):
        for frame in history.frames:
            layer, _ = parts_of(frame)
            end = middle_at(layer, len(layer.hidden_grad_log10) - 1)
            level = read_vanishing(history, frame.step).level
            assert level == ("warning" if abs(end) >= 2 else "info"), frame.step


@VANISHING
def test_no_product_of_measured_jacobians_exceeds_the_bound_that_is_told(name: str) -> None:
    for history in runs_of(name):
        for frame in history.frames:
            layer, _ = parts_of(frame)
            if layer.jacobian_bound is None:
                continue
            assert layer.jacobian_norm is not None
            assert layer.transport_log10 is not None
            assert layer.jacobian_norm.max() <= 1.01 * layer.jacobian_bound
            for lag in range(len(layer.transport_log10)):
                measured = layer.transport_log10[len(layer.transport_log10) - 1 - lag].max()
                assert measured <= power_of(layer.jacobian_bound, lag) + 0.006


def default_cells() -> list[tuple[str, str]]:
    """Scenario and label of every run of PyTorch's cells whose weights start as PyTorch's.

    Not of those that have a remedy, nor of short sequences, over which a trained network may keep
    its gradient, and not of those that read both ways.
    """
    return [
        (name, label)
        for name, scenario in SCENARIOS.items()
        for label, config in scenario.variants.items()
        if config.recurrent_init == "default"
        and not config.forget_bias
        and config.cell in {"rnn", "lstm", "gru"}
        and config.timesteps > 20
        and not config.bidirectional
        and not config.differences().keys() & set(GROUP_OF)
    ]


@every(("name", "label"), default_cells())
def test_no_default_cell_is_said_to_keep_its_gradient(name: str, label: str) -> None:
    """SCIENCE trap 2: an LSTM shrinks it too, by its own measured factor a timestep."""
    runs = load(name)
    assert runs is not None
    history = runs[label]
    for frame in history.frames:
        words = " ".join(read_vanishing(history, frame.step).sentences)
        assert not PRAISE.search(words.replace("is reached within a factor of 2", "")), words
    first = next(iter(reversed(history.frames[0].layers.values())))
    if first.transport_log10 is None:
        return
    lag = len(first.transport_log10) - 1
    found = MEASURED.fullmatch(read_vanishing(history, history.frames[0].step).sentences[0])
    assert found
    assert found[2], "it is said to shrink"
    assert float(found[5]) == pytest.approx(10 ** (middle_at(first, lag) / lag), rel=6e-3)
    assert float(found[5]) < 0.8


def test_default_cells_of_every_kind_were_looked_at() -> None:
    cells = {SCENARIOS[name].variants[label].cell for name, label in default_cells()}
    assert cells == {"rnn", "lstm", "gru"}


def changed(sentence: str) -> Iterator[str]:
    """The sentence with one number after the other made clearly larger."""
    for found in re.finditer(NUMBER, sentence):
        before, told = sentence[: found.start()], found[1]
        if before.endswith("within a factor of "):
            continue
        yield before + larger(told, whole="Over" in sentence) + sentence[found.end() :]


def larger(told: str, *, whole: bool) -> str:
    """One more of a count, 1.3 times a measured number, a hundred times a power of ten."""
    mantissa, _, exponent = told.partition("e")
    if exponent:
        return f"{mantissa}e{int(exponent) + 2}"
    if whole and told.isdigit():
        return f"{int(told) + 1}"
    return f"{float(f'{1.3 * float(told):.3g}'):g}"
