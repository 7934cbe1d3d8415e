"""Words against numbers: every sentence about every scenario is true of what was recorded.

The judge below knows neither `reading`'s code nor the recorded horizons: it takes a sentence
apart by its words and numbers, and looks in the arrays whether it is so. A sentence that it
does not understand is wrong too, so that a new one needs a judge first.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from every import every
from judging import NUMBER, is_power, lag_of, near, reach

from gradviz.config import TASKS, RunConfig
from gradviz.history import Frame, History
from gradviz.reading import read
from gradviz.recorded import load, record
from gradviz.scenarios import SCENARIOS, Scenario
from gradviz.training import Trainer

EVERY = every("name", SCENARIOS)

WHERE = r"(?: in (l\d+), the layer that carries them furthest,?)?"

PRAISE = r"\b(keeps?|kept|preserves?|remembers?|solves?|fix(es)?|prevents?|constant|unchanged)\b"


@dataclass(frozen=True)
class Case:
    """One look at one run: what the sentences are about."""

    history: History
    step: int | None
    """None: the newest."""

    @property
    def upto(self) -> int:
        return self.history.last_step if self.step is None else self.step

    @property
    def config(self) -> RunConfig:
        assert isinstance(self.history.config, RunConfig)
        return self.history.config

    @property
    def frame(self) -> Frame:
        """The newest that is not after the step."""
        return [each for each in self.history.frames if each.step <= self.upto][-1]

    def transport(self, layer: str) -> np.ndarray:
        """(T, Q) log10, of a layer, or "" of the one whose gradients reach furthest."""
        found = {name: each.transport_log10 for name, each in self.frame.layers.items()}
        name = layer or max(found, key=lambda each: reach(found[each]))
        transport = found[name]
        assert transport is not None
        return transport.astype(np.float64)

    def tail(self, column: str, count: int) -> np.ndarray:
        """The last values of a column through the step."""
        steps = self.history.column("step")
        return self.history.column(column)[steps <= self.upto][-count:]


def reaches_back(case: Case, lag: str, layer: str | None, rest: str) -> bool:
    transport = case.transport("" if layer is None else layer)
    T, measured = len(transport), reach(transport)[0]
    if measured != int(lag) or not furthest(case, layer):
        return False
    if found := re.fullmatch(rf"the first input is {NUMBER} further", rest):
        return 0 < int(found[1]) == T - 1 - int(lag)
    if rest == "that is the first input":
        return int(lag) == T - 1
    if found := re.fullmatch(rf"the last answer's symbol was read {NUMBER} before", timeless(rest)):
        return case.config.task == "copy_memory" and int(found[1]) == case.config.seq_len + 10
    if rest == "every timestep has a loss of its own":
        return TASKS[case.config.task].answers == "every"
    if rest == "the readout takes every state, so that the loss reaches each without this way":
        # As large at the first timestep as nothing that came by the state alone could be.
        by_loss = np.median(case.frame.top_layer.hidden_grad_log10.astype(float), axis=1)
        by_state = float(np.median(transport[0]))
        return by_loss[0] - by_loss[-1] > by_state and case.config.readout != "last"
    found = re.fullmatch(
        rf"further back they grow again, to {NUMBER} times their size at t = {NUMBER}", rest
    )
    assert found, rest
    t, middle = int(found[2]), np.median(transport, axis=1)
    beyond = middle[: T - 1 - int(lag)]
    return is_power(found[1], middle[t - 1]) and middle[t - 1] == beyond.max() > 0


def timeless(words: str) -> str:
    return re.sub(r" timesteps?\b", "", words)


def furthest(case: Case, layer: str | None) -> bool:
    """A layer is named where there are several, and it is the one that carries furthest."""
    layers = case.frame.layers
    if layer is None:
        return len(layers) == 1
    return reach(layers[layer].transport_log10) == max(
        reach(each.transport_log10) for each in layers.values()
    )


def reaches_the_first(case: Case, lag: str, layer: str | None, size: str) -> bool:
    transport = case.transport(layer or "")
    all_arrive = all(math.isinf(lag_of(probe)) for probe in transport.T)
    first = float(np.median(transport[0]))
    return (
        furthest(case, layer)
        and all_arrive
        and int(lag) == len(transport) - 1
        and is_power(size, first)
        and first < 2
    )


def reaches_in_some(case: Case, lag: str, layer: str | None, some: str, all_: str) -> bool:
    transport = case.transport(layer or "")
    arrive = sum(math.isinf(lag_of(probe)) for probe in transport.T)
    return (
        furthest(case, layer)
        and int(lag) == len(transport) - 1
        and int(some) == arrive
        and int(all_) == transport.shape[1]
        and transport.shape[1] / 2 <= arrive < transport.shape[1]
    )


def grows(case: Case, layer: str | None, lag: str, exponent: str) -> bool:
    transport = case.transport(layer or "")
    first = float(np.median(transport[0]))
    return (
        furthest(case, layer)
        and int(lag) == len(transport) - 1
        and abs(int(exponent) - first) <= 0.501
        and first >= 2
        and math.isinf(reach(transport)[0])
    )


def learns_only_the_end(case: Case) -> bool:
    """The gradient is below a hundredth of itself at the first input, and nothing is learned.

    Nor does the loss act at early timesteps, or a layer read them last.
    """
    if case.config.readout != "last" or case.config.bidirectional:
        return False
    transport = case.transport("")
    T, (lag, first) = len(transport), reach(transport)
    losses = case.tail("loss", 20)
    learning = len(losses) == 20 and losses.mean() < 0.8 * (case.history.floor or 0)
    return first < -2 and lag < T / 2 and not learning


def loss_is(
    case: Case,
    steps: str,
    loss: str,
    place: str,
    floor: str,
    perplexity: str | None,
    unigram: str | None,
    rate: str | None,
) -> bool:
    if not perplexities_are(case, perplexity, unigram):
        return False
    losses = case.tail("loss", 20)
    mean, nothing = float(losses.mean()), case.history.floor or math.nan
    told = steps == "20" == str(len(losses)) and near(loss, mean) and near(floor, nothing)
    if rate is not None:
        accuracy = float(case.tail("accuracy", 20).mean())
        told = told and abs(float(rate) / 100 - accuracy) <= 0.0051
    else:
        told = told and bool(np.isnan(case.tail("accuracy", 20)).any())
    if found := re.fullmatch(rf"{NUMBER} times less than", place):
        # Of 17.4 times "17" is told.
        return told and abs(float(found[1].replace(",", "")) - nothing / mean) <= 0.51
    if found := re.fullmatch(rf"{NUMBER}% of", place):
        return told and abs(float(found[1]) / 100 - mean / nothing) <= 0.0051 and mean < nothing
    return (
        told
        and {
            "far below": mean < 1e-5 * nothing,
            "about": 0.949 * nothing < mean < 1.201 * nothing,
            "above": mean > 1.19 * nothing,
        }[place]
    )


def perplexities_are(case: Case, told: str | None, unigram: str | None) -> bool:
    """Of language models they are told, and of no others."""
    if told is None or unigram is None:
        return not TASKS[case.config.task].has_perplexity
    mean, floor = float(case.tail("loss", 20).mean()), case.history.floor
    assert floor
    is_own = TASKS[case.config.task].has_perplexity
    return is_own and near(told, math.exp(mean)) and near(unigram, math.exp(floor))


def held_out_was(case: Case, loss: str, step: str, before: str | None) -> bool:
    """The newest loss on other data, and a lower one before where there was one by 5 %."""
    taken = {
        each.step: each.held_out
        for each in case.history.frames
        if each.step <= case.upto and each.held_out is not None
    }
    newest, least = taken[max(taken)], min(taken.values())
    told = int(step.replace(",", "")) == max(taken) and near(loss, newest)
    if before is None:
        return told and least >= 0.949 * newest
    return told and near(before, least) and least < 0.951 * newest


def were_clipped(case: Case, count: str, seen: str, norm: str) -> bool:
    flags, norms = case.tail("clipped", 50), case.tail("grad_norm_pre", 50)
    counted = len(flags) if count.lower() == "all" else int(count)
    return (
        case.config.clip != "none"
        and int(seen) == len(flags)
        and counted == np.count_nonzero(flags)
        and near(norm, max(n for n, flag in zip(norms, flags, strict=True) if flag))
    )


def failed(case: Case, step: str, tensor: str, kind: str) -> bool:
    failure = case.history.failure
    assert failure is not None
    losses = case.history.column("loss")
    # Before the step that failed all was finite.
    whole = np.isfinite(losses[:-1]).all() and case.history.column("step")[-1] == int(step)
    value = {"infinite": math.isinf, "NaN": math.isnan}[kind]
    agrees = value(losses[-1]) if tensor == "loss" else math.isfinite(losses[-1])
    return bool(whole and agrees and failure.step == int(step) and failure.tensor == tensor)


def grew(case: Case, steps: str, noun: str, low: str, high: str, verdict: str, more: str) -> bool:
    column = {"gradient norm": "grad_norm_pre", "loss": "loss"}[noun]
    values = case.history.column(column)
    rises = [
        (values[i], values[i + int(steps)])
        for i in range(len(values) - int(steps))
        if near(low, values[i]) and near(high, values[i + int(steps)])
    ]
    blamed = {"gradient norm": "the gradient exploded", "loss": "the weights ran away"}[noun]
    advised = "clip by norm" in more.lower()
    return bool(
        rises
        and rises[-1][1] > 100 * rises[-1][0]
        and verdict == blamed
        and advised == (case.config.clip != "norm")
        and ("gain" in more) == (case.config.recurrent_init != "default")
    )


def first_to_last(case: Case, ratio: str) -> bool:
    log10 = next(reversed(case.frame.layers.values())).hidden_grad_log10
    nothing_dear = all(each.transport_log10 is None for each in case.frame.layers.values())
    return nothing_dear and is_power(ratio, float(np.median(log10[0]) - np.median(log10[-1])))


def ends_of(case: Case) -> tuple[np.ndarray, np.ndarray, int]:
    """log10 ‖∂L/∂h_1‖ of the probes in the top layer of the encoder, of the decoder; and S."""
    layers = case.frame.layers
    encoder, decoder = (
        [each for name, each in layers.items() if name.startswith(part)][-1].hidden_grad_log10
        for part in ("encoder.l", "decoder.l")
    )
    assert len(layers) == 2 * case.config.num_layers
    return encoder[0].astype(float), decoder[0].astype(float), len(encoder)


def upper_middle(probes: np.ndarray) -> float:
    return sorted(probes.tolist())[len(probes) // 2]


def arrives(case: Case, size: str, timesteps: str | None) -> bool:
    """The lag is told where there is no other way than through the bottleneck."""
    encoder, decoder, S = ends_of(case)
    attends = case.config.attention != "none"
    told = timesteps is None if attends else timesteps is not None and int(timesteps) == S
    return told and is_power(size, upper_middle(encoder - decoder))


def by_the_bottleneck(case: Case, size: str, timesteps: str) -> bool:
    _, decoder, S = ends_of(case)
    top = [each for name, each in case.frame.layers.items() if name.startswith("encoder")][-1]
    assert top.last_state_grad_log10 is not None
    alone = top.last_state_grad_log10[0].astype(float) - decoder
    attends = case.config.attention != "none"
    return attends and int(timesteps) == S and is_power(size, upper_middle(alone))


def of_what_was_read_last(case: Case) -> bool:
    """Under a hundredth arrives, and the loss has not left its floor."""
    encoder, decoder, _ = ends_of(case)
    losses = case.tail("loss", 20)
    floor = case.history.floor or math.nan
    learned = len(losses) == 20 and float(losses.mean()) < 0.8 * floor
    return upper_middle(encoder - decoder) < -2 and not learned


def stops_at(case: Case, most: str | None, lag: str) -> bool:
    """The gradient: nothing from this lag on, something just before it; of several passes k2."""
    config = case.config
    if most or config.bptt_every == 1 or config.readout != "last":
        # Losses at every timestep: what each one reaches is not seen in their sum.
        every = config.bptt_every or config.bptt_window
        return int(lag) == config.bptt_window and bool(most) == (every > 1)
    return all(
        bool(np.isneginf(layer.hidden_grad_log10[: -int(lag)]).all())
        and not np.isneginf(layer.hidden_grad_log10[-int(lag)]).all()
        for layer in case.frame.layers.values()
    )


def goes_on(case: Case, size: str, layer: str | None) -> bool:
    """The transport of the layer that carries furthest."""
    transport = case.transport(layer or "")
    return furthest(case, layer) and is_power(size, float(np.median(transport[0])))


def stopped(
    case: Case, most: str | None, lag: str, size: str | None = None, layer: str | None = None
) -> bool:
    """Not vanished: it reaches as far as it is let, and did not grow either."""
    if not stops_at(case, most, lag):
        return False
    if size is None:
        return all(each.transport_log10 is None for each in case.frame.layers.values())
    transport = case.transport(layer or "")
    at_the_stop = float(np.median(transport[-int(lag)]))
    return goes_on(case, size, layer) and reach(transport)[0] >= int(lag) and at_the_stop < 2


def faded_before(case: Case, horizon: str, layer: str | None, *rest: str) -> bool:
    most, lag, size, again = rest
    measured = reach(case.transport(layer or ""))[0]
    same = layer == again and stops_at(case, most, lag) and goes_on(case, size, layer)
    return same and measured == int(horizon) < int(lag)


def grew_until(case: Case, layer: str | None, exponent: str, *rest: str) -> bool:
    most, lag, size, again = rest
    at_the_stop = float(np.median(case.transport(layer or "")[-int(lag)]))
    same = layer == again and stops_at(case, most, lag) and goes_on(case, size, layer)
    return same and at_the_stop >= 2 and abs(at_the_stop - int(exponent)) <= 0.501


def began_with(case: Case, size: str, layer: str | None) -> bool:
    norms = {name: each.start_norm for name, each in case.frame.layers.items()}
    middle = {name: sorted(each)[len(each) // 2] for name, each in norms.items()}
    largest = max(middle, key=lambda name: middle[name])
    named = layer == (largest if len(norms) > 1 else None)
    return case.config.state == "stateful" and named and near(size, float(middle[largest]))


def began_anew(case: Case) -> bool:
    norms = [each.start_norm for each in case.frame.layers.values()]
    return case.config.state == "stateful" and not any(each.any() for each in norms)


IN_LAYER = r"(?: in (l\d+))?"
STOP = rf"(at most )?{NUMBER} timesteps? back"
ON = rf"the state goes on \(‖∂s_T/∂s_1‖ = {NUMBER}{IN_LAYER}\)\."


def at_once(case: Case, timesteps: str, size: str) -> bool:
    """Of a network without memory, whose one layer is the window."""
    (layer,) = case.frame.layers.values()
    log10 = np.median(layer.hidden_grad_log10, axis=1)
    is_whole = list(case.frame.layers) == ["window"] and len(log10) == int(timesteps)
    return is_whole and is_power(size, float(log10[0] - log10[-1]))


JUDGES: dict[str, Callable[..., bool]] = {
    rf"It reads all {NUMBER} timesteps at once and carries nothing between them: the loss's "
    rf"gradient by the input at t = 1 is {NUMBER} times that at t = T\.": at_once,
    rf"The gradient stops {STOP}: truncation, not vanishing(?:; {ON[:-2]})?\.": stopped,
    rf"Gradients reach {NUMBER} timesteps? back{IN_LAYER} before they fall to 1/e; truncation "
    rf"stops them {STOP}; {ON}": faded_before,
    rf"Gradients grow on their way back{IN_LAYER}, by a factor of about 1e(-?\d+), until "
    rf"truncation stops them {STOP}; {ON}": grew_until,
    rf"Gradients reach {NUMBER} timesteps? back{WHERE}; (.*)\.": reaches_back,
    rf"Gradients reach the first input, {NUMBER} timesteps? back{WHERE}; there they are {NUMBER} "
    r"times as large as at the end\.": reaches_the_first,
    rf"Gradients reach the first input, {NUMBER} timesteps? back,?{WHERE} in {NUMBER} of {NUMBER} "
    r"sequences; in the others they fall below 1/e on the way\.": reaches_in_some,
    rf"Gradients grow on their way back{WHERE}: over {NUMBER} timesteps? by a factor of about "
    r"1e(-?\d+)\.": grows,
    r"With these weights expect it to learn only the end of the sequence\.": learns_only_the_end,
    rf"At the encoder's first timestep the gradient is {NUMBER} times that at the decoder's first"
    rf"(?:, {NUMBER} timesteps? later)?\.": arrives,
    rf"By the bottleneck alone it would be {NUMBER} times; attention leads from an answer to every "
    rf"encoder state without recurrence, past the {NUMBER} timesteps? between\.": by_the_bottleneck,
    r"With these weights expect the decoder to learn only of what was read last\.": (
        of_what_was_read_last
    ),
    rf"At step {NUMBER} the (.*) became (infinite|NaN); the run stopped\.": failed,
    rf"In {NUMBER} steps the (gradient norm|loss) grew from {NUMBER} to {NUMBER}: "
    r"([a-z ]+)\. (.*)\.": grew,
    rf"At t = 1 the gradient is {NUMBER} times that at t = T\.": first_to_last,
}
"""A whole sentence to what makes it true; sentences on the training are judged in two halves."""

HALVES: dict[str, Callable[..., bool]] = {
    rf"the loss of the last {NUMBER} steps is {NUMBER}, (.*) that of a network that learned "
    rf"nothing \({NUMBER}\)(?:, a perplexity of {NUMBER} \(unigram {NUMBER}\))?"
    rf"(?:, the accuracy {NUMBER}%)?": loss_is,
    rf"on data that it does not train on it was {NUMBER} at step {NUMBER}"
    rf"(?:, and {NUMBER} before)?": held_out_was,
    rf"(all|\d+) of the last {NUMBER} steps were clipped, from norms of up to {NUMBER}": (
        were_clipped
    ),
    rf"the batch began with the state of the one before \(‖s_0‖ = {NUMBER}{IN_LAYER}\)": began_with,
    r"the walk through the data began anew, with a state of zeros": began_anew,
}


def judge(case: Case, sentence: str) -> bool:
    """Whether a sentence is true."""
    for pattern, is_true in JUDGES.items():
        if found := re.fullmatch(pattern, sentence):
            return is_true(case, *found.groups())
    halves = (sentence[0].lower() + sentence[1:]).removesuffix(".").split("; ")
    return all(_half(case, half, sentence) for half in halves)


def _half(case: Case, half: str, sentence: str) -> bool:
    for pattern, is_true in HALVES.items():
        if found := re.fullmatch(pattern, half):
            return is_true(case, *found.groups())
    raise AssertionError(f"No judge for “{sentence}”: write one.")


def cases_of(name: str) -> Iterator[tuple[str, Case]]:
    """Every run of a scenario, at every frame and at its end."""
    runs = load(name)
    assert runs is not None, f"record {name}: python -m gradviz.recorded {name}"
    for label, history in runs.items():
        for step in [*(frame.step for frame in history.frames), None]:
            yield label, Case(history, step)


def untrue(case: Case) -> list[str]:
    return [each for each in read(case.history, case.step).sentences if not judge(case, each)]


@EVERY
def test_every_sentence_is_true_of_the_recorded_numbers(name: str) -> None:
    wrong = [(label, case.step, untrue(case)) for label, case in cases_of(name) if untrue(case)]
    assert wrong == []


@EVERY
def test_the_level_agrees_with_the_numbers(name: str) -> None:
    for label, case in cases_of(name):
        level = read(case.history, case.step).level
        failure = case.history.failure
        assert (level == "error") == (failure is not None and case.upto >= failure.step), label
        losses = case.tail("loss", 20)
        if len(losses) == 20 and failure is None:
            solved = losses.mean() < 0.1 * (case.history.floor or 0)
            assert (level == "ok") == solved, (label, case.step)


def test_a_sentence_with_another_number_is_found_untrue() -> None:
    """Every number of every kind of sentence, made somewhat larger: the judge must see it."""
    seen = set()
    for name in SCENARIOS:
        for _, case in cases_of(name):
            for sentence in read(case.history, case.step).sentences:
                kind = re.sub(NUMBER, "#", sentence)
                if kind in seen:
                    continue
                seen.add(kind)
                for other in with_one_number_changed(sentence):
                    assert not judge(case, other), f"{other}\nwas: {sentence}"
    assert len(seen) > 12


def with_one_number_changed(sentence: str) -> Iterator[str]:
    for found in re.finditer(NUMBER, sentence):
        before, told = sentence[: found.start()], found[1]
        # 1/e and t = 1 are names, and so are the parameters' (weight_hh_l0) and the layers'.
        # So is ∂s_1, and s_0.
        if before.endswith(("below ", "fall to ", "At t = ", "input at t = ", "_l", " l", "s_")):
            continue
        yield before + more(told.replace(",", "")) + sentence[found.end() :]


def more(told: str) -> str:
    """A number as it is told, made larger: 13 of 12, 0.34 of 0.17, 1e6 of 1e5."""
    mantissa, _, exponent = told.partition("e")
    if exponent:
        return f"{mantissa}e{int(exponent) + 1}"
    if told.lstrip("-").isdigit():
        # A large one is a measured size, told to three digits.
        return f"{int(told) + 1}" if abs(int(told)) < 1000 else f"{2 * int(told)}"
    return f"{2 * float(told):g}"


def test_a_sentence_of_another_step_or_run_is_found_untrue() -> None:
    """The words of the first step are not those of the last, nor one scenario's another's."""
    runs = {name: load(name) for name in ("gating", "gain_small", "gain_large")}
    cases = [Case(history, 1) for each in runs.values() if each for history in each.values()]
    assert runs["gating"]
    cases.append(Case(runs["gating"][""], None))
    for case in cases:
        for other in cases:
            first = read(other.history, other.step).sentences[0]
            assert judge(case, first) == (case is other), first


STOPPED: tuple[dict[str, object], ...] = (
    {"seq_len": 30, "bptt_window": 10, "recurrent_init": "identity", "activation": "relu"},
    {"seq_len": 30, "bptt_window": 10, "num_layers": 2},
    {"seq_len": 30, "bptt_window": 3, "cell": "gru", "num_layers": 2, "state": "stateful"},
    {"seq_len": 30, "bptt_window": 10, "bptt_every": 4, "task": "copy_memory", "cell": "lstm"},
    {"seq_len": 30, "bptt_window": 4, "bptt_every": 1, "readout": "mean", "cell": "gru"},
    {"seq_len": 10, "state": "stateful", "cell": "lstm"},
    {"seq_len": 10, "state": "stateful", "num_layers": 2, "bptt_window": 3, "readout": "sum"},
    # A linear network that grows by 1.5 a timestep.
    {"seq_len": 40, "bptt_window": 30, "recurrent_init": "identity", "recurrent_gain": 1.5}
    | {"activation": "relu", "learning_rate": 1e-8},
)


SMALL = {"batch_size": 8, "hidden_size": 8}


@pytest.mark.usefixtures("training_thread")
def test_every_sentence_on_a_stop_or_a_state_is_true_and_with_another_number_untrue() -> None:
    """Of runs trained now, measured in full or not."""
    seen = set()
    for settings in STOPPED:
        task = {"task": "sunspots"} if "state" in settings else {}
        for measure in ("full", "light"):
            history = trained(RunConfig(**{**task, **SMALL, **settings}), measure)
            for step in (1, 2, None):
                case = Case(history, step)
                for sentence in read(history, step).sentences:
                    assert judge(case, sentence), (settings, step, sentence)
                    kind = re.sub(NUMBER, "#", sentence)
                    if "truncation" not in kind and "walk" not in kind and "began" not in kind:
                        continue
                    seen.add(re.sub(r" in l#| at most", "", kind.split(";")[0]))
                    for other in with_one_number_changed(sentence):
                        assert not judge(case, other), f"{other}\nwas: {sentence}"
    assert len(seen) >= 5, seen


def trained(config: RunConfig, measure: str) -> History:
    trainer = Trainer(config)
    history = History(config, floor=trainer.floor)
    for _ in range(3):
        history.append(trainer.train_step(measure))  # type: ignore[arg-type]
    return history


@pytest.mark.usefixtures("training_thread")
def test_a_truncated_gradient_is_never_said_to_have_vanished() -> None:
    for settings in STOPPED:
        task = {"task": "sunspots"} if "state" in settings else {}
        config = RunConfig(**{**task, **SMALL, **settings})
        if not config.windows:
            continue
        for measure in ("full", "light"):
            words = " ".join(read(trained(config, measure)).sentences)
            assert "truncation" in words
            assert not re.search(r"At t = 1 the gradient|reach the first input", words)
            assert not re.search(r"(?<!not )vanish", words)


def default_lstms() -> list[tuple[str, str]]:
    """Scenario and label of every LSTM whose forget bias is PyTorch's own, or 0, and untreated."""
    return [
        (name, label)
        for name, scenario in SCENARIOS.items()
        for label, config in scenario.variants.items()
        if config.cell == "lstm" and not config.forget_bias
        if config.gate_bias == "default" and not config.zoneout
    ]


def test_there_are_default_lstms_to_look_at() -> None:
    assert len({name for name, _ in default_lstms()}) >= 4


@every(("name", "label"), default_lstms())
def test_a_default_lstm_is_never_said_to_keep_its_gradient(name: str, label: str) -> None:
    """SCIENCE trap 2. After training it may carry further: then the numbers must show it."""
    runs = load(name)
    assert runs is not None
    history = runs[label]
    for step in [*(frame.step for frame in history.frames), None]:
        case = Case(history, step)
        words = " ".join(read(history, step).sentences)
        assert not re.search(PRAISE, words)
        lag, first = reach(case.transport(""))
        if not math.isinf(lag):
            assert not re.search("reach the first input|grow on their way", words)
    begins = Case(history, 1)
    lag, first = reach(begins.transport(""))
    if begins.config.timesteps >= 30:
        assert lag < 10
        assert first < -3
        assert f"Gradients reach {lag} timestep" in read(history, 1).sentences[0]


@EVERY
def test_no_text_of_a_scenario_praises_an_lstm(name: str) -> None:
    scenario = SCENARIOS[name]
    if any(each.cell == "lstm" and not each.forget_bias for each in scenario.variants.values()):
        assert not re.search(PRAISE, scenario.text)


@pytest.mark.slow
@pytest.mark.usefixtures("training_thread")
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_words_are_true_of_a_run_that_is_trained_now(name: str) -> None:
    scenario: Scenario = replace(SCENARIOS[name], steps=12)
    for history in record(scenario).values():
        for step in [*(frame.step for frame in history.frames), None]:
            assert untrue(Case(history, step)) == []
