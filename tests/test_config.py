"""RunConfig: its limits, what it says of wrong settings, and its ways to text and back."""

from __future__ import annotations

import re
from typing import Any, get_args
from urllib.parse import urlencode

import pytest
from every import every
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gradviz.config import (
    CELLS,
    TASKS,
    WORD_BUDGET,
    WORK_BUDGET,
    CellName,
    ConfigError,
    RunConfig,
    TaskName,
    allowed,
    bounds,
    choices,
    word_of,
)
from gradviz.config.remedy_fields import giving_way

LIMITS = {
    "seq_len": (2, 1000),
    "vocabulary_size": (50, 20_000),
    "skip_step": (0, 1000),
    "batch_size": (1, 512),
    "seed": (0, 2**31 - 1),
    "num_layers": (1, 8),
    "hidden_size": (1, 512),
    "forecast_steps": (1, 24),
    "teacher_forcing": (0.0, 1.0),
    "embedding_size": (1, 512),
    "dropout": (0.0, 0.9),
    "bptt_window": (0, 1000),
    "bptt_every": (0, 1000),
    "recurrent_gain": (0.0, 10.0),
    "forget_bias": (-20.0, 20.0),
    "learning_rate": (1e-8, 100.0),
    "clip_threshold": (1e-8, 1e8),
    "probe_size": (1, 64),
    "record_every": (1, 10_000),
    "warmup_steps": (0, 10_000),
    "schedule_steps": (1, 100_000),
    "schedule_factor": (0.0, 1.0),
    "pca": (0, 64),
    "training_size": (0, 10_000),
    "pretrain_steps": (0, 100_000),
    "constraint_limit": (0.001, 1000.0),
    "l1": (0.0, 1.0),
    "l2": (0.0, 1.0),
    "weight_decay": (0.0, 10.0),
    "omega": (0.0, 1000.0),
    "zoneout": (0.0, 0.9),
    "dropconnect": (0.0, 0.9),
    "variational_dropout": (0.0, 0.9),
    "recurrent_dropout": (0.0, 0.9),
}
CHOSEN = {
    "task": tuple(TASKS),
    "cell": tuple(CELLS),
    "activation": ("tanh", "relu", "leaky_relu", "elu", "sigmoid"),
    "readout": ("last", "mean", "sum", "attention"),
    "state": ("stateless", "stateful"),
    "attention": ("none", "dot", "general"),
    "recurrent_init": (
        *("default", "orthogonal", "identity", "normal"),
        *("xavier", "he", "small", "large"),
    ),
    "input_init": ("default", "xavier", "he", "orthogonal", "small"),
    "gate_bias": ("default", "chrono"),
    "input_scaling": ("none", "standard", "min_max"),
    "optimizer": ("sgd", "adam", "adamw", "nadam", "rmsprop", "adagrad"),
    "schedule": ("constant", "step", "exponential", "cosine"),
    "clip": ("none", "norm", "value", "agc"),
    "norm": ("none", "layer", "batch"),
    "input_constraint": ("none", "max_norm", "unit_norm", "non_negative", "spectral"),
    "recurrent_constraint": ("none", "max_norm", "unit_norm", "non_negative", "spectral"),
    "bias_constraint": ("none", "max_norm", "unit_norm", "non_negative"),
    "dtype": ("float32", "float64"),
    "device": ("cpu", "cuda"),
}
FLAGS = {"bidirectional", "residual", "reverse_source", "normalise"}
SMALL = {"seq_len": 10, "hidden_size": 4, "batch_size": 2}
NEEDED: dict[str, dict[str, Any]] = {
    "state": {"task": "sunspots"},
    "gate_bias": {"cell": "lstm"},
    # Data of one's own may have as many columns.
    "pca": {"task": "series", "data": "0" * 16},
    "pretrain_steps": {"num_layers": 2},
    "recurrent_dropout": {"cell": "gru"},
}
"""Other settings without which a field cannot have all its values."""


def problem(**settings: Any) -> dict[str, str]:
    with pytest.raises(ConfigError) as error:
        RunConfig(**settings)
    return error.value.problems


def test_every_field_has_a_default_a_description_and_a_test_here() -> None:
    assert RunConfig() == RunConfig(**RunConfig().to_dict())
    fields = RunConfig.model_fields
    assert all(field.description and not field.is_required() for field in fields.values())
    assert set(LIMITS) | set(CHOSEN) | {"momentum", "data"} | FLAGS == set(fields)


@every(("name", "limits"), LIMITS.items())
def test_limits(name: str, limits: tuple[float, float]) -> None:
    low, high = limits
    small = {key: value for key, value in SMALL.items() if key != name} | NEEDED.get(name, {})
    for inside in (low, high):
        assert getattr(RunConfig(**small, **{name: inside}), name) == inside
    below = low - 1 if isinstance(low, int) else low - 1e-9
    above = high + 1 if isinstance(high, int) else high * 1.001
    for outside in (below, above, float("inf"), float("-inf"), float("nan")):
        sentence = problem(**small, **{name: outside})[name]
        assert sentence.startswith(f"{name} must be ")
        assert sentence.endswith(f", got {outside!r}.")
        assert allowed(name) in sentence
    assert bounds(name) == (low, high, False)


def test_momentum_is_below_1() -> None:
    assert RunConfig(momentum=0.999).momentum == 0.999
    for outside in (1.0, -0.1):
        assert problem(momentum=outside) == {
            "momentum": f"momentum must be a number, 0…below 1, got {outside!r}."
        }


@every(("name", "values"), CHOSEN.items())
def test_choices(name: str, values: tuple[str, ...]) -> None:
    assert choices(name) == values
    for value in values:
        assert getattr(RunConfig(**NEEDED.get(name, {}), **{name: value}), name) == value
    assert problem(**{name: "LSTM2"})[name] == (
        f"{name} must be one of {', '.join(values)}, got “LSTM2”."
    )


def test_tasks_and_their_names_agree() -> None:
    assert get_args(TaskName) == tuple(TASKS)


@pytest.mark.parametrize("name", ["seq_len", "seed", "hidden_size", "probe_size"])
def test_whole_numbers(name: str) -> None:
    assert "must be a whole number" in problem(**{name: 3.5})[name]
    for junk in ("abc", None, [1], {}):
        assert name in problem(**{name: junk})


def test_several_problems_are_all_named() -> None:
    assert set(problem(hidden_size=-1, cell="GRU", clip_threshold=0)) == {
        "hidden_size",
        "cell",
        "clip_threshold",
    }


def test_an_unknown_setting_is_refused() -> None:
    assert problem(hidden=3) == {"hidden": "There is no setting named “hidden”."}


def test_is_frozen_and_hashable() -> None:
    config = RunConfig()
    with pytest.raises(ValidationError):
        config.seed = 3
    assert len({config, RunConfig(), RunConfig(seed=1)}) == 2


@every("task", list(TASKS))
def test_the_length_belongs_to_the_task(task: str) -> None:
    low, high = TASKS[task].seq_len
    assert low <= RunConfig(task=task).seq_len <= high
    for length in {low, high}:
        assert RunConfig(task=task, seq_len=length, **{"hidden_size": 8}).seq_len == length
    for length in {low - 1, high + 1} - {1, 1001}:
        span = str(low) if low == high else f"{low}…{high}"
        assert problem(task=task, seq_len=length) == {
            "seq_len": f"seq_len must be a whole number, {span} for {task}, got {length}."
        }


def test_data_that_fix_the_length() -> None:
    assert RunConfig(task="digits_pixels").seq_len == 64
    assert RunConfig(task="digits_rows").seq_len == 8
    assert RunConfig(task="copy_memory", seq_len=30).timesteps == 50


@pytest.mark.parametrize(
    ("settings", "field", "sentence"),
    [
        (
            {"task": "char_lm", "input_scaling": "standard"},
            "input_scaling",
            "input_scaling must be none for char_lm, which reads tokens: an embedding is looked up "
            "for each, got standard.",
        ),
        (
            {"pca": 3},
            "pca",
            "pca must be at most 2 for adding, which reads so many numbers at a timestep, got 3.",
        ),
        (
            {"training_size": 31},
            "training_size",
            "training_size must be 0 or at least the batch size, 32, got 31.",
        ),
        (
            {"task": "sunspots", "state": "stateful", "training_size": 40},
            "training_size",
            "training_size must be 0 where the state goes on in the next batch, which reads the "
            "data in their order, got 40.",
        ),
        (
            {"task": "copy_memory", "seq_len": 180, "training_size": 2001},
            "training_size",
            "training_size must be at most 2,000 sequences of 200 timesteps of 10 numbers, "
            "4,000,000 numbers in all, got 2,001.",
        ),
        (
            {"gate_bias": "chrono"},
            "gate_bias",
            "gate_bias must be default for rnn, which has no gate that keeps its memory, got "
            "chrono.",
        ),
        (
            {"cell": "lstm", "gate_bias": "chrono", "forget_bias": 0.0},
            "gate_bias",
            "gate_bias must be default where a forget bias is given, 0, got chrono; empty the one "
            "or the other.",
        ),
        (
            {"cell": "fully_connected", "input_init": "he"},
            "input_init",
            "input_init must be default for fully_connected, which has no recurrent layer, got he.",
        ),
    ],
)
def test_inputs_and_starts_that_do_not_fit(
    settings: dict[str, Any], field: str, sentence: str
) -> None:
    assert problem(**settings) == {field: sentence}


def test_a_new_cell_or_task_turns_off_what_it_cannot_have() -> None:
    own = RunConfig(task="copy_memory", pca=6, input_scaling="standard", cell="gru")
    assert own.replace(task="temporal_order").pca == 6
    assert own.replace(task="adding").pca == 0
    text = own.replace(task="word_lm")
    assert (text.pca, text.input_scaling) == (0, "none")
    with pytest.raises(ConfigError, match="pca must be at most 2"):
        own.replace(task="adding", pca=6)
    with pytest.raises(ConfigError, match="pca must be a whole number"):
        own.replace(task="adding", pca="many")
    started = RunConfig(cell="gru", gate_bias="chrono", input_init="he", forget_bias=2.0)
    assert started.replace(cell="mgu", forget_bias=None).gate_bias == "chrono"
    assert started.replace(cell="rnn").gate_bias == "default"
    assert started.replace(cell="rnn").input_init == "he"
    assert started.replace(cell="fully_connected", input_init="default").seed == started.seed
    assert started.replace(cell="fully_connected").input_init == "default"


def test_the_work_budget_is_named_when_it_is_passed() -> None:
    sizes = {"hidden_size": 500, "seq_len": 1000, "batch_size": 4, "num_layers": 1}
    assert RunConfig(**sizes).work == WORK_BUDGET
    sentence = problem(**sizes | {"num_layers": 2})["work"]
    assert "work budget of 1,000,000,000" in sentence
    assert "500² · 1000 · 4 · 2 = 2e+09" in sentence


@pytest.mark.parametrize("name", sorted(FLAGS))
def test_yes_or_no(name: str) -> None:
    default = name == "normalise"
    assert getattr(RunConfig(), name) is default
    for text in ("True", "true", "1"):
        config, problems = RunConfig.from_query({name: text})
        assert (getattr(config, name), problems) == (True, [])
    changed = RunConfig(**{name: not default})
    assert changed.to_query() == {name: str(not default)}
    assert problem(**{name: "maybe"}) == {name: f"{name} must be true or false, got “maybe”."}
    assert choices(name) == ("False", "True")


def test_data_stay_with_tasks_of_their_kind() -> None:
    text = RunConfig(task="word_lm", data="0" * 16)
    assert text.replace(task="char_lm").data == "0" * 16
    assert text.replace(task="series").data == ""
    assert text.replace(task="series", data="1" * 16).data == "1" * 16


def test_layers_are_named_as_the_instrument_names_them() -> None:
    assert RunConfig(num_layers=2).layer_names == ("l0", "l1")
    both = RunConfig(num_layers=2, bidirectional=True)
    assert both.layer_names == ("l0", "l0_reverse", "l1", "l1_reverse")
    assert both.work == 2 * both.replace(bidirectional=False).work
    sizes = {"hidden_size": 500, "seq_len": 1000, "batch_size": 4}
    sentence = problem(**sizes, bidirectional=True)["work"]
    assert "500² · 1000 · 4 · 1 · 2 directions = 2e+09" in sentence
    config, problems = RunConfig.from_query({**map_str(sizes), "bidirectional": "True"})
    assert config == RunConfig()
    assert len(problems) == 1


def map_str(values: dict[str, int]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def test_a_language_model_reads_in_one_direction() -> None:
    assert problem(task="char_lm", bidirectional=True) == {
        "bidirectional": "bidirectional must be False for char_lm, got True; what is to be "
        "foretold at a timestep is the next input, which the reverse direction has read."
    }
    assert not RunConfig(bidirectional=True).replace(task="word_lm").bidirectional


def test_every_cell_has_a_spec_and_words() -> None:
    assert set(get_args(CellName)) == set(CELLS)
    for name, spec in CELLS.items():
        assert word_of(name) == spec.label
        assert spec.paper
        assert spec.has_forget_bias <= bool(spec.gates)
    assert [name for name, spec in CELLS.items() if spec.is_pytorchs] == [
        "rnn",
        "lstm",
        "gru",
        "irnn",
    ]
    assert CELLS["rnn"].is_plain
    assert not CELLS["peephole_lstm"].is_plain


def test_an_encoder_and_its_decoder_are_twice_the_work() -> None:
    sizes = {"hidden_size": 500, "seq_len": 200, "batch_size": 10}
    assert RunConfig(task="copy_sequence", **sizes).work == WORK_BUDGET
    sentence = problem(task="copy_sequence", num_layers=2, **sizes)["work"]
    assert sentence.endswith("500² · 200 · 10 · 2 · 2 networks = 2e+09.")


def test_an_encoder_and_its_decoder_are_not_truncated() -> None:
    sentence = problem(task="copy_sequence", bptt_window=5)["bptt_window"]
    assert sentence.startswith("bptt_window must be 0 for copy_sequence: ")
    assert RunConfig(bptt_window=5, bptt_every=2).replace(task="copy_sequence").bptt_window == 0


def test_copy_memory_works_at_its_extra_timesteps_too() -> None:
    sizes = {"hidden_size": 500, "seq_len": 1000, "batch_size": 4}
    assert "work" in problem(task="copy_memory", **sizes)


def test_a_state_needs_data_that_go_on() -> None:
    assert RunConfig(task="sunspots", state="stateful", skip_step=60).seq_len == 60
    sentence = problem(task="adding", state="stateful")["state"]
    assert sentence.startswith("state must be stateless for adding")
    assert re.search(r"those of sunspots, .* do\.$", sentence)
    sentence = problem(task="sunspots", seq_len=20, state="stateful", skip_step=10)["skip_step"]
    assert sentence.startswith("skip_step must be 0 or the sequence length, 20,")
    assert RunConfig(task="sunspots", state="stateful").replace(task="recall").state == "stateless"


@pytest.mark.parametrize(
    "settings", [{"task": "sunspots", "state": "stateful"}, {"bptt_window": 9, "readout": "mean"}]
)
def test_what_goes_on_reads_forward(settings: dict[str, Any]) -> None:
    sentence = problem(**settings, bidirectional=True)["bidirectional"]
    assert sentence.startswith("bidirectional must be off where")
    assert sentence.endswith("got on.")
    assert RunConfig(bptt_window=1000, bidirectional=True).windows == ()


def test_losses_must_go_back_through_all_timesteps_since_the_last_pass() -> None:
    assert RunConfig(bptt_window=20, bptt_every=20).bptt_every == 20
    assert RunConfig(bptt_every=20).bptt_window == 0
    assert problem(bptt_window=19, bptt_every=20) == {
        "bptt_every": "bptt_every must be at most bptt_window, 19, or some losses would reach no "
        "weight, got 20."
    }


@pytest.mark.parametrize("window", [0, 60, 1000])
def test_a_window_of_the_whole_sequence_truncates_nothing(window: int) -> None:
    assert RunConfig(bptt_window=window, readout="mean").windows == ()


@pytest.mark.parametrize(
    ("settings", "expected", "overlap"),
    [
        # k1 is k2 where it is not given.
        ({"bptt_window": 4}, [(0, 0, 2), (2, 2, 6), (6, 6, 10)], 1),
        ({"bptt_window": 4, "bptt_every": 4}, [(0, 0, 2), (2, 2, 6), (6, 6, 10)], 1),
        ({"bptt_window": 5, "bptt_every": 2}, None, 3),
        ({"bptt_window": 9, "bptt_every": 5}, [(0, 0, 5), (1, 5, 10)], 2),
        # Answered once from the last state, there is one window.
        ({"bptt_window": 4, "readout": "last"}, [(6, 6, 10)], 1),
        ({"bptt_window": 4, "bptt_every": 1, "readout": "last"}, [(6, 6, 10)], 1),
    ],
)
def test_windows(
    settings: dict[str, Any], expected: list[tuple[int, ...]] | None, overlap: int
) -> None:
    config = RunConfig(**{"seq_len": 10, "readout": "mean", **settings})
    if expected:
        assert [tuple(each) for each in config.windows] == expected
    assert config.overlap == overlap
    assert config.work == RunConfig(seq_len=10).work * overlap
    for window in config.windows:
        assert 0 <= window.first <= window.since < window.end <= 10
        assert window.end - window.first <= config.bptt_window


@given(st.integers(2, 40), st.integers(1, 40), st.integers(0, 40))
def test_windows_take_every_loss_once(timesteps: int, length: int, every: int) -> None:
    if length < every:
        return
    config = RunConfig(seq_len=timesteps, bptt_window=length, bptt_every=every, readout="sum")
    if length >= timesteps:
        assert config.windows == ()
        return
    ends = [each.end for each in config.windows]
    assert [each.since for each in config.windows] == [0, *ends[:-1]]
    assert ends[-1] == timesteps
    assert all((timesteps - end) % (every or length) == 0 for end in ends)
    assert all(each.first == max(each.end - length, 0) for each in config.windows)


def test_windows_that_overlap_would_drop_out_other_numbers() -> None:
    text = {"task": "char_lm", "bptt_window": 20, "dropout": 0.2}
    assert RunConfig(**text, num_layers=2).overlap == 1
    assert RunConfig(**text, bptt_every=10).overlap == 2
    sentence = problem(**text, num_layers=2, bptt_every=10)["bptt_every"]
    assert sentence.startswith("bptt_every must be 0 or bptt_window, 20, with dropout between")
    assert sentence.endswith("got 10.")


def test_many_windows_count_as_work() -> None:
    sizes = {"hidden_size": 200, "seq_len": 1000, "batch_size": 4, "readout": "mean"}
    assert RunConfig(**sizes, bptt_window=600, bptt_every=300).overlap == 2
    sentence = problem(**sizes, bptt_window=900, bptt_every=50)["work"]
    assert "num_layers · backward windows must be" in sentence
    assert "200² · 1000 · 4 · 1 · 11 = 1.8e+09" in sentence


def test_replace_validates_and_keeps_the_rest() -> None:
    config = RunConfig(cell="gru", seed=5, seq_len=100)
    assert config.replace(seed=6) == RunConfig(cell="gru", seed=6, seq_len=100)
    with pytest.raises(ConfigError, match="hidden_size must be a whole number, 1…512, got 0"):
        config.replace(hidden_size=0)


@pytest.mark.parametrize(
    ("before", "task", "after"),
    [(100, "digits_rows", 8), (1000, "sunspots", 150), (2, "temporal_order", 10), (9, "recall", 9)],
)
def test_replace_brings_the_length_into_the_new_tasks_range(
    before: int, task: Any, after: int
) -> None:
    assert RunConfig(seq_len=before).replace(task=task).seq_len == after


def test_replace_does_not_bend_a_length_that_was_asked_for() -> None:
    with pytest.raises(ConfigError, match="seq_len"):
        RunConfig().replace(task="digits_rows", seq_len=9)


@st.composite
def configs(draw: st.DrawFn) -> RunConfig:
    """Any valid config."""
    settings: dict[str, Any] = {name: draw(st.sampled_from(CHOSEN[name])) for name in CHOSEN}
    for name, (low, high) in LIMITS.items():
        kind = st.integers if isinstance(low, int) else st.floats
        settings[name] = draw(kind(low, high))
    settings |= {name: draw(st.booleans()) for name in FLAGS}
    settings["momentum"] = draw(st.floats(0, 1, exclude_max=True))
    settings["forget_bias"] = draw(st.none() | st.floats(-20, 20))
    most = min(10.0, 0.99 / settings["learning_rate"])
    settings["weight_decay"] = draw(st.none() | st.floats(0, most))
    spec = TASKS[settings["task"]]
    low, high = spec.seq_len
    settings["seq_len"] = draw(st.integers(low, high))
    if spec.own_data:
        settings["data"] = draw(st.just("") | st.from_regex("[0-9a-f]{16}", fullmatch=True))
    if spec.has_perplexity:
        settings |= {"batch_size": draw(st.integers(1, 4)), "seq_len": draw(st.integers(low, 50))}
    settings["hidden_size"] = draw(st.integers(1, 8))
    settings["num_layers"] = draw(st.integers(1, 4)) if not settings["dropout"] else 1
    if spec.answers == "every" and settings["cell"] == "fully_connected":
        settings["cell"] = "rnn"
    if spec.network == "encoder_decoder":
        settings["bptt_window"] = 0
    if not CELLS[settings["cell"]].is_recurrent:
        settings |= {"bidirectional": False, "state": "stateless", "bptt_window": 0}
    window = settings["bptt_window"]
    settings["bptt_every"] = draw(st.integers(-(-window // 4), window)) if window else 0
    if not spec.has_stream:
        settings["state"] = "stateless"
    if settings["state"] == "stateful" or window or spec.one_way:
        settings["bidirectional"] = False
    if spec.tokens:
        settings |= {"input_scaling": "none", "pca": 0}
    elif spec.features and not settings.get("data"):
        settings["pca"] = draw(st.integers(0, spec.features))
    size = draw(st.integers(settings["batch_size"], 512)) if settings["seq_len"] < 100 else 0
    settings["training_size"] = size if settings["state"] == "stateless" else 0
    cell = CELLS[settings["cell"]]
    if not cell.is_recurrent:
        settings["input_init"] = "default"
    if not cell.has_keeping_gate or settings["forget_bias"] is not None:
        settings["gate_bias"] = "default"
    if settings["state"] == "stateful":
        settings["skip_step"] = draw(st.sampled_from([0, settings["seq_len"]]))
    is_pair = spec.network == "encoder_decoder"
    if settings["num_layers"] == 1 or is_pair or not CELLS[settings["cell"]].is_recurrent:
        settings["pretrain_steps"] = 0
    if window or is_pair or settings["batch_size"] == 1:
        settings["norm"] = draw(st.sampled_from(["none", "layer"]))
    if settings["norm"] == "batch":
        settings["pretrain_steps"] = 0
    settings |= giving_way(RunConfig().to_dict() | settings)
    if settings["zoneout"] or settings["recurrent_dropout"]:
        settings["bptt_every"] = 0
    return RunConfig(**settings)


@pytest.mark.parametrize("data", ["1", "0123456789abcdeF", "0123456789abcdef\n", "../../etc", 7])
def test_data_are_named_by_16_digits(data: Any) -> None:
    assert RunConfig(task="char_lm", data="0123456789abcdef").data == "0123456789abcdef"
    sentence = problem(task="char_lm", data=data)["data"]
    assert sentence.startswith("data must be empty, or the 16 digits 0…9, a…f of data")
    assert sentence.isprintable()


def test_data_are_for_tasks_that_can_learn_from_them() -> None:
    own = RunConfig(task="word_lm", data="0123456789abcdef")
    assert own.replace(task="char_lm").data == own.data
    assert own.replace(task="text_classification").data == ""
    with pytest.raises(ConfigError, match=r"data must be empty for text_classification, got .* fo"):
        RunConfig(task="text_classification", data=own.data)
    with pytest.raises(ConfigError, match="for adding"):
        own.replace(task="adding", data=own.data)


def test_a_language_model_is_bounded_by_what_it_chooses_from() -> None:
    large = {"task": "word_lm", "hidden_size": 244, "batch_size": 100, "seq_len": 50}
    assert RunConfig(**large, vocabulary_size=2000).word_work == WORD_BUDGET
    assert problem(**large, vocabulary_size=2001)["work"].endswith(
        "got (244 + 256) · 2,001 · 50 · 100 = 5e+09."
    )
    assert RunConfig(task="text_classification", vocabulary_size=20_000).word_work == 0
    assert RunConfig(task="char_lm", vocabulary_size=20_000).word_work == 288 * 200 * 60 * 32
    config, problems = RunConfig.from_query("task=word_lm&vocabulary_size=20000&batch_size=512")
    assert config == RunConfig(task="word_lm")
    assert len(problems) == 1


@given(configs())
def test_round_trip_through_a_query(config: RunConfig) -> None:
    query = config.to_query()
    assert RunConfig.from_query(query) == (config, [])
    assert RunConfig.from_query("?" + urlencode(query)) == (config, [])


@given(configs())
def test_round_trip_through_a_dict(config: RunConfig) -> None:
    assert RunConfig.from_dict(config.to_dict()) == config


@given(configs())
def test_a_query_holds_only_what_differs(config: RunConfig) -> None:
    default = RunConfig(task=config.task).to_dict()
    for name in config.to_query():
        assert name == "task" or getattr(config, name) != default[name]


def test_the_default_run_has_an_empty_query() -> None:
    assert RunConfig().to_query() == {}
    assert RunConfig.from_query("") == (RunConfig(), [])
    assert RunConfig(task="digits_rows").to_query() == {"task": "digits_rows"}


def test_differences_of_two_configs() -> None:
    one, other = RunConfig(seed=1, cell="gru"), RunConfig(seed=2, cell="gru")
    assert one.differences(other) == {"seed": 1}
    assert one.differences(one) == {}


@every(
    ("query", "field", "words"),
    [
        ("hidden_size=-1", "hidden_size", "1…512, got “-1”"),
        ("hidden_size=4096", "hidden_size", "1…512, got “4096”"),
        ("hidden_size=1e999", "hidden_size", "1…512, got “1e999”"),
        ("hidden_size=", "hidden_size", "1…512, got “”"),
        ("learning_rate=1e999", "learning_rate", "1e-08…100, got “1e999”"),
        ("learning_rate=nan", "learning_rate", "got “nan”"),
        ("learning_rate=inf", "learning_rate", "got “inf”"),
        ("cell=<script>alert(1)</script>", "cell", f"{allowed('cell')}, got “<script>"),
        ("cell=LSTM", "cell", f"{allowed('cell')}, got “LSTM”"),
        ("seed=99999999999999999999", "seed", "0…2147483647"),
        ("seed=" + "9" * 10_000, "seed", "(10000 characters)"),
        ("task=" + "x" * 10_000, "task", "(10000 characters)"),
        ("seq_len=9&task=digits_rows", "seq_len", "8 for digits_rows, got 9"),
        ("forget_bias=abc", "forget_bias", "-20…20, got “abc”"),
        ("momentum=1", "momentum", "below 1, got “1”"),
        ("clip_threshold=0", "clip_threshold", "got “0”"),
        ("cell=lstm%00", "cell", "got “lstm�”"),
        ("cell=lstm%0aX", "cell", "got “lstm�X”"),
        ("seq_len=٣٠٠٠", "seq_len", "2…1000"),
    ],
)
def test_a_wrong_value_in_a_url_is_named_and_takes_its_default(
    query: str, field: str, words: str
) -> None:
    config, problems = RunConfig.from_query(query + "&clip=value")
    default = RunConfig(task=config.task)
    assert getattr(config, field) == getattr(default, field)
    assert config.clip == "value"
    assert len(problems) == 1
    assert problems[0].startswith(f"{field} must be ")
    assert words in problems[0]
    assert problems[0].endswith("The default is used.")
    assert len(problems[0]) < 400  # All tasks are named.
    assert problems[0].isprintable()


def test_repeated_keys() -> None:
    config, problems = RunConfig.from_query("seed=1&seed=2&cell=gru")
    assert config == RunConfig(cell="gru")
    assert problems == ["seed must be given once, got 2 values; the default is used."]
    assert RunConfig.from_query({"seed": ["4"]}) == (RunConfig(seed=4), [])


def test_unknown_names_in_a_url() -> None:
    config, problems = RunConfig.from_query("__class__=x&model_config=1&<script>=2&seed=3")
    assert config == RunConfig(seed=3)
    assert [each.split(" named ")[0] for each in problems] == ["There is no setting"] * 3
    assert all(each.endswith("; it was ignored.") for each in problems)


@pytest.mark.parametrize("value", ["", "None"])
def test_a_forget_bias_left_to_pytorch(value: str) -> None:
    assert RunConfig.from_query({"forget_bias": value}) == (RunConfig(), [])


def test_a_url_beyond_the_work_budget_takes_the_usual_sizes() -> None:
    config, problems = RunConfig.from_query("hidden_size=512&seq_len=1000&batch_size=512&cell=gru")
    assert config == RunConfig(cell="gru")
    assert len(problems) == 1
    assert "work budget" in problems[0]


NAMES = st.sampled_from(list(RunConfig.model_fields)) | st.text(max_size=20)


@given(st.dictionaries(NAMES, st.text(max_size=60) | st.lists(st.text(max_size=9), max_size=3)))
def test_no_query_ever_raises(query: dict[str, Any]) -> None:
    config, problems = RunConfig.from_query(query)
    assert RunConfig.from_dict(config.to_dict()) == config
    assert all(each.isprintable() and each.endswith(".") for each in problems)


@given(st.text(max_size=200))
def test_no_query_string_ever_raises(query: str) -> None:
    config, _ = RunConfig.from_query(query)
    assert isinstance(config, RunConfig)
