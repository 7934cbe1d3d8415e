"""What the pictures of one run show, in words.

How far gradients reach is said by the gradient horizon, the one that `transport` draws: the
least lag k with ‖∂s_T/∂s_{T−k}‖ ≤ 1/e, for the middle probe. Of several layers the
one that carries furthest is meant, and named. Of an encoder–decoder it is said what crosses from
one to the other.
"""

from __future__ import annotations

import math

import numpy as np

from gradviz.config import TASKS, RecordedConfig, RunConfig
from gradviz.history import (
    RECENT,
    Frame,
    History,
    LayerFrame,
    crossing,
    is_reversed,
    perplexity_at,
)
from gradviz.reading.crossing import read_crossing
from gradviz.reading.failure import GREW, LAST_STEPS, failed
from gradviz.reading.phrases import Level, Reading, number, ten_to, timesteps_of
from gradviz.reading.truncation import back, carried, goes_on, stopped_after

Config = RunConfig | RecordedConfig

LOOK_BACK = 50
"""Steps among which the clipped ones are counted."""


def read(history: History, step: int | None = None) -> Reading:
    """Say what is seen at a step; None is the newest."""
    failure = history.failure
    if failure and (step is None or step >= failure.step):
        return Reading(sentences=failed(history, failure), level="error")
    frame = history.frame_at(step)
    if frame is None:
        return Reading(sentences=["Nothing has been measured yet."], level="info")
    share = _share_of_floor(history, step)
    learning = share is not None and share < 0.8
    pair = crossing(frame)
    if pair:
        reach, level = read_crossing(pair, learning=learning)
    else:
        reach, level = _reach(history, frame, learning=learning)
    if share is not None and share < 0.1:
        level = "ok"
    begun = carried(history.config, frame)
    told = "; ".join([*_learned(history, step), *_clipped(history, step), *begun])
    training = [f"{told[0].upper()}{told[1:]}."] if told else []
    return Reading(sentences=[*reach, *training], level=level)


def _reach(history: History, frame: Frame, *, learning: bool) -> tuple[list[str], Level]:
    """How far back the state carries a gradient, and whether that is to worry about."""
    if history.is_memoryless:
        return _at_once(frame), "info"
    config = history.config
    known = {
        name: (layer.horizon, float(np.median(layer.transport_log10[0])))
        for name, layer in frame.layers.items()
        if layer.transport_log10 is not None
        and not math.isnan(layer.horizon)
        # "Back" is towards the first input, which a reversed direction reads last.
        and not is_reversed(name)
    }
    if not known:
        return _ratio(config, frame), "info"
    name = max(known, key=lambda each: known[each])
    layer, horizon = frame.layers[name], known[name][0]
    where = f" in {name}, the layer that carries them furthest" if len(frame.layers) > 1 else ""
    if stopped_after(config) is not None:
        return _stopped(config, layer, f" in {name}" if len(frame.layers) > 1 else "")
    if math.isinf(horizon):
        return _unbroken(layer, where)
    return _short(config, layer, int(horizon), where, learning=learning)


def _stopped(config: Config, layer: LayerFrame, where: str) -> tuple[list[str], Level]:
    """Truncation stops the gradient: after it has fallen to 1/e, before, or while it grows."""
    assert layer.transport_log10 is not None
    middle, lag = np.median(layer.transport_log10, axis=1), stopped_after(config)
    assert lag is not None
    on = goes_on(float(middle[0]), where)
    furthest = float(middle[len(middle) - lag])
    if layer.horizon < lag:
        return [
            f"Gradients reach {timesteps_of(int(layer.horizon))} back{where} before they fall to "
            f"1/e; truncation stops them {back(config)}; {on}."
        ], "info"
    if furthest >= math.log10(GREW):
        return [
            f"Gradients grow on their way back{where}, by a factor of about 1e{furthest:.0f}, "
            f"until truncation stops them {back(config)}; {on}."
        ], "warning"
    return [f"The gradient stops {back(config)}: truncation, not vanishing; {on}."], "info"


def _unbroken(layer: LayerFrame, where: str) -> tuple[list[str], Level]:
    """The gradient never falls to 1/e, at least in half of the sequences."""
    assert layer.transport_log10 is not None
    assert layer.gradient_horizon is not None
    lag = len(layer.transport_log10) - 1
    reaching = int(np.isinf(layer.gradient_horizon).sum())
    if reaching < len(layer.gradient_horizon):
        return [
            f"Gradients reach the first input, {timesteps_of(lag)} back,{where and where + ','} in "
            f"{reaching} of {len(layer.gradient_horizon)} sequences; in the others they fall "
            "below 1/e on the way."
        ], "info"
    first = float(np.median(layer.transport_log10[0]))
    if first >= math.log10(GREW):
        return [
            f"Gradients grow on their way back{where}: over {timesteps_of(lag)} by a factor of "
            f"about 1e{first:.0f}."
        ], "warning"
    return [
        f"Gradients reach the first input, {timesteps_of(lag)} back{where}; there they are "
        f"{ten_to(first)} times as large as at the end."
    ], "info"


def _short(
    config: Config, layer: LayerFrame, lag: int, where: str, *, learning: bool
) -> tuple[list[str], Level]:
    """The gradient falls to 1/e at a lag; what lies beyond may still be more."""
    assert layer.transport_log10 is not None
    timesteps = len(layer.transport_log10)
    beyond = timesteps - 1 - lag
    further = np.median(layer.transport_log10[:beyond], axis=1)
    sentence = f"Gradients reach {timesteps_of(lag)} back{where}; "
    if len(further) and further.max() > 0:
        t = int(further.argmax()) + 1
        return [
            sentence + f"further back they grow again, to {ten_to(float(further.max()))} "
            f"times their size at t = {t}."
        ], "warning"
    faint = len(further) > 0 and float(further[0]) < -2
    if isinstance(config, RunConfig) and config.task == "copy_memory":
        # Its loss acts at every timestep: what counts is the way from an answer to its symbol.
        needed = config.seq_len + 10
        sentence += f"the last answer's symbol was read {timesteps_of(needed)} before."
        return [sentence], "warning" if faint and lag < needed and not learning else "info"
    if told := _directly(config):
        return [sentence + told], "info"
    sentence += f"the first input is {beyond} further." if beyond else "that is the first input."
    if not faint or lag >= timesteps / 2 or learning or _has_another_way(config):
        return [sentence], "info"
    return [
        sentence,
        "With these weights expect it to learn only the end of the sequence.",
    ], "warning"


def _has_another_way(config: Config) -> bool:
    """Whether the first timestep is the end of the way for a direction that reads from T."""
    return isinstance(config, RunConfig) and config.bidirectional


def _directly(config: Config) -> str:
    """That the loss reaches other states than the last as well; empty where it does not."""
    if not isinstance(config, RunConfig):
        return ""
    if TASKS[config.task].answers == "every":
        return "every timestep has a loss of its own."
    if config.readout != "last":
        return "the readout takes every state, so that the loss reaches each without this way."
    return ""


def _at_once(frame: Frame) -> list[str]:
    """Of a network that reads the window as a whole, whose gradients are those of its inputs."""
    log10 = frame.top_layer.hidden_grad_log10
    first, last = float(np.median(log10[0])), float(np.median(log10[-1]))
    reads = f"It reads all {timesteps_of(len(log10))} at once and carries nothing between them"
    if not math.isfinite(first) or not math.isfinite(last):
        return [f"{reads}."]
    return [
        f"{reads}: the loss's gradient by the input at t = 1 is {ten_to(first - last)} times that "
        "at t = T."
    ]


def _ratio(config: Config, frame: Frame) -> list[str]:
    """Without a transport: the first timestep's gradient against the last's."""
    if stopped_after(config) is not None:
        return [f"The gradient stops {back(config)}: truncation, not vanishing."]
    log10 = next(reversed(frame.layers.values())).hidden_grad_log10
    first, last = float(np.median(log10[0])), float(np.median(log10[-1]))
    if not math.isfinite(last) or math.isnan(first):
        return ["The gradients of this step are not all finite numbers."]
    return [f"At t = 1 the gradient is {ten_to(first - last)} times that at t = T."]


def _share_of_floor(history: History, step: int | None) -> float | None:
    """The recent loss over the floor; None before enough steps or without a floor."""
    recent = history.column("loss", upto=step)[-RECENT:]
    if not history.floor or len(recent) < RECENT or not np.isfinite(recent).all():
        return None
    return float(recent.mean()) / history.floor


def _learned(history: History, step: int | None) -> list[str]:
    """Where the loss stands against the floor of having learned nothing."""
    share = _share_of_floor(history, step)
    if share is None or history.floor is None:
        return []
    floor = f"that of a network that learned nothing ({number(history.floor)})"
    if share < 0.1:
        place = (
            f"{1 / share:,.0f} times less than {floor}" if share > 1e-6 else f"far below {floor}"
        )
    elif share < 0.95:
        place = f"{share:.0%} of {floor}"
    elif share < 1.2:
        place = f"about {floor}"
    else:
        place = f"above {floor}"
    accuracy = history.column("accuracy", upto=step)[-RECENT:].mean()
    rate = f", the accuracy {accuracy:.0%}" if np.isfinite(accuracy) else ""
    perplexity = perplexity_at(history, step)
    if perplexity is not None:
        unigram = number(math.exp(history.floor))
        rate = f", a perplexity of {number(perplexity)} (unigram {unigram}){rate}"
    return [
        f"the loss of the last {RECENT} steps is {number(share * history.floor)}, {place}{rate}",
        *_held_out(history, step),
    ]


def _held_out(history: History, step: int | None) -> list[str]:
    """The loss on data that are not trained on, where it was taken."""
    found = history.held_out(step)
    if not len(found):
        return []
    at, loss = int(found[-1, 0]), float(found[-1, 1])
    least = float(found[:, 1].min())
    before = f", and {number(least)} before" if least < 0.95 * loss else ""
    return [f"on data that it does not train on it was {number(loss)} at step {at:,}{before}"]


def _clipped(history: History, step: int | None) -> list[str]:
    """How many of the last steps were clipped, where that is many."""
    flags = history.column("clipped", upto=step)[-LOOK_BACK:]
    count, seen = int(flags.sum()), len(flags)
    if history.config.clip == "none" or seen < LAST_STEPS or count < 0.3 * seen:
        return []
    norms = history.column("grad_norm_pre", upto=step)[-LOOK_BACK:][flags > 0]
    top = f", from norms of up to {number(float(norms.max()))}"
    if count == seen:
        return [f"all of the last {seen} steps were clipped{top}"]
    return [f"{count} of the last {seen} steps were clipped{top}"]
