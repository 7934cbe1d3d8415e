"""RunConfig: the only description of a run.

A page's settings, the URL, a scenario and a test are all RunConfigs. This
module knows neither torch nor streamlit; validation is pydantic's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self, get_args, get_origin
from urllib.parse import parse_qs

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gradviz.config.cell_specs import CELLS, Activation, CellName
from gradviz.config.state import misfit as state_misfit
from gradviz.config.task_specs import TASKS, TaskName
from gradviz.config.truncation import Window, windows
from gradviz.config.window import misfit as window_misfit

WORK_BUDGET = 1_000_000_000
"""Largest hidden_size² · timesteps · batch_size · num_layers of one step; reading in both
directions counts twice.

At this size an LSTM step takes about a second on one CPU thread; beyond it
a live picture is no longer live."""

MOST_CHARACTERS = 200
"""Kinds of characters that a character model tells apart, at most."""

WORD_COST, WORD_BUDGET = 256, 5_000_000_000
"""A language model chooses among all words at every timestep: hidden_size products for each, and a
softmax that takes about as long as WORD_COST. At the budget a step takes about a second, and
20 million probabilities are in memory at once."""


class ConfigError(ValueError):
    """A setting that cannot be.

    `problems` holds one sentence a field; under "work", one for sizes that are too much together.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)


class RunConfig(BaseModel):
    """All that decides a run. Same config, machine and torch version: same numbers.

    Raises:
        ConfigError: one sentence a wrong field, naming what came and its range.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        hide_input_in_errors=True,
        protected_namespaces=(),
    )

    task: TaskName = Field("adding", description="What the network is to learn.")
    seq_len: int = Field(
        60, ge=2, le=1000, description="Length of a sequence (for copy memory: of the wait)."
    )
    data: str = Field(
        "",
        pattern="^([0-9a-f]{16})?$",
        description="The data of your own that it learns from; empty for what comes with gradviz.",
    )
    vocabulary_size: int = Field(
        2000,
        ge=50,
        le=20_000,
        description="So many words, the most common of the text, are told apart.",
    )
    skip_step: int = Field(
        0,
        ge=0,
        le=1000,
        description="Timesteps from the start of one window of the data to the start of the next; "
        "0 is the sequence length, so that windows follow each other.",
    )
    batch_size: int = Field(32, ge=1, le=512, description="Sequences in one step.")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Decides the weights and the batches.")
    forecast_steps: int = Field(
        1, ge=1, le=24, description="How many steps of a series are forecast at once."
    )
    normalise: bool = Field(
        True,
        description="Give each column of a series mean 0 and variance 1.",
    )
    cell: CellName = Field("rnn", description="The recurrent cell.")
    activation: Activation = Field(
        "tanh", description="The RNN's nonlinearity (cells with gates have their own)."
    )
    num_layers: int = Field(1, ge=1, le=8, description="Recurrent layers, one upon the other.")
    bidirectional: bool = Field(
        False,
        description="Each layer reads in both directions, with weights for each.",
    )
    residual: bool = Field(
        False,
        description="What a layer reads is added to what it gives, where both have as many "
        "numbers: from the second layer on.",
    )
    hidden_size: int = Field(32, ge=1, le=512, description="Units of one layer.")
    embedding_size: int = Field(
        64, ge=1, le=512, description="Numbers that stand for one word or character."
    )
    dropout: float = Field(
        0.0,
        ge=0.0,
        le=0.9,
        description="Share of values set to zero at random while it trains: of the embedding, "
        "between layers, before the readout; never from timestep to timestep.",
    )
    readout: Literal["last", "mean", "sum", "attention"] = Field(
        "last",
        description="How the hidden states become one answer, where the task asks for one: the "
        "last, their mean or sum, or a mean by attention.",
    )
    attention: Literal["none", "dot", "general"] = Field(
        "none",
        description="Encoder–decoder: whether the decoder reads all states of the encoder, and how "
        "they are scored: hᵀe, or hᵀWe.",
    )
    reverse_source: bool = Field(
        False, description="Encoder–decoder: whether the source is read from its end."
    )
    teacher_forcing: float = Field(
        1.0,
        ge=0.0,
        le=1.0,
        description="Encoder–decoder: share of timesteps at which the decoder is told the right "
        "symbol before; at the others it goes on from its own.",
    )
    recurrent_init: Literal["default", "orthogonal", "identity", "normal"] = Field(
        "default",
        description="How W_hh starts: as the cell's own default, gain × orthogonal, "
        "gain × identity (IRNN), or normal with spectral radius about the gain.",
    )
    recurrent_gain: float = Field(
        1.0, ge=0.0, le=10.0, description="Factor on W_hh (not on the cell's own default)."
    )
    forget_bias: float | None = Field(
        None,
        ge=-20.0,
        le=20.0,
        description="Of the gate that keeps the memory: its bias (an LSTM's two added up); empty "
        "leaves the cell's own.",
    )
    state: Literal["stateless", "stateful"] = Field(
        "stateless",
        description="Stateful: the state at the end of each sequence of a batch starts the same "
        "sequence of the next, which goes on in the data where this one ended.",
    )
    bptt_window: int = Field(
        0,
        ge=0,
        le=1000,
        description="Truncated backpropagation, k2: timesteps that the gradient goes back through; "
        "0 is the whole sequence.",
    )
    bptt_every: int = Field(
        0,
        ge=0,
        le=1000,
        description="Truncated backpropagation, k1: timesteps from one backward pass to the next; "
        "0 is as many as the window has.",
    )
    optimizer: Literal["sgd", "adam", "adamw", "rmsprop"] = Field(
        "adam", description="PyTorch's optimiser, otherwise at its defaults."
    )
    learning_rate: float = Field(3e-3, ge=1e-8, le=100.0, description="Step size.")
    momentum: float = Field(0.0, ge=0.0, lt=1.0, description="For SGD and RMSprop.")
    clip: Literal["none", "norm", "value", "agc"] = Field(
        "norm",
        description="What is done to a large gradient before the step; agc is adaptive: unit by "
        "unit, beside the norm of the unit's weights.",
    )
    clip_threshold: float = Field(
        1.0,
        ge=1e-8,
        le=1e8,
        description="Largest norm (or entry, or of agc share of the weights' norm) that passes "
        "unclipped.",
    )
    dtype: Literal["float32", "float64"] = Field("float32", description="Of weights and data.")
    device: Literal["cpu", "cuda"] = Field("cpu", description="Where it trains.")
    probe_size: int = Field(
        8, ge=1, le=64, description="Sequences of the batch that are measured: the first ones."
    )
    record_every: int = Field(
        1, ge=1, le=10_000, description="Measure at most every so many steps."
    )

    def __init__(self, **settings: Any) -> None:
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise ConfigError(_sentences(error, settings)) from None

    @model_validator(mode="before")
    @classmethod
    def _seq_len_of_the_task(cls, settings: Any) -> Any:
        """A task whose data fix the length brings its own where none was asked for."""
        spec = TASKS.get(settings.get("task", "")) if isinstance(settings, dict) else None
        if spec and "seq_len" not in settings:
            low, high = spec.seq_len
            default = cls.model_fields["seq_len"].default
            return {**settings, "seq_len": min(max(default, low), high)}
        return settings

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        low, high = TASKS[self.task].seq_len
        if not low <= self.seq_len <= high:
            raise _MisfitError(
                "seq_len", _must_be("seq_len", _span(low, high), self.seq_len, self.task)
            )
        one_way = TASKS[self.task].one_way
        if self.bidirectional and one_way:
            raise _MisfitError(
                "bidirectional",
                f"bidirectional must be False for {self.task}, got True; {one_way}.",
            )
        if self.data and not TASKS[self.task].own_data:
            takers = [name for name, spec in TASKS.items() if spec.own_data]
            raise _MisfitError(
                "data",
                f"data must be empty for {self.task}, got {shown(self.data)}; data of your own are "
                f"for {', '.join(takers)}.",
            )
        if self.word_work > WORD_BUDGET:
            raise _MisfitError(
                "work",
                f"(hidden_size + {WORD_COST}) · vocabulary_size · timesteps · batch_size must be "
                f"at most {WORD_BUDGET:,} for a language model, got ({self.hidden_size} + "
                f"{WORD_COST}) · {self._kinds:,} · {self.timesteps} · {self.batch_size} = "
                f"{self.word_work:.2g}.",
            )
        if found := window_misfit(self) or state_misfit(self):
            raise _MisfitError(*found)
        if self.work > WORK_BUDGET:
            sides = " · 2 directions" if self.bidirectional else ""
            sides += " · 2 networks" if self._is_pair else ""
            times = " · backward windows" if self.overlap > 1 else ""
            count = f" · {self.overlap}" if times else ""
            raise _MisfitError(
                "work",
                f"hidden_size² · timesteps · batch_size · num_layers{times} must be at most the "
                f"work budget of {WORK_BUDGET:,}, got {self.hidden_size}² · {self.timesteps} · "
                f"{self.batch_size} · {self.num_layers}{sides}{count} = {self.work:.2g}.",
            )
        return self

    @property
    def timesteps(self) -> int:
        """T, the timesteps of one sequence; an encoder's and its decoder's are as many each."""
        return self.seq_len + TASKS[self.task].extra_timesteps

    @property
    def layer_names(self) -> tuple[str, ...]:
        """Of the recurrent layers as the instrument names them: "l0", "l0_reverse", "l1", ….

        Of an encoder–decoder "encoder.l0", …, "decoder.l0", …. What is measured of a network that
        reads the whole window at once is the "window".
        """
        if not CELLS[self.cell].is_recurrent:
            return ("window",)
        sides = ("", "_reverse") if self.bidirectional else ("",)
        names = [f"l{index}{side}" for index in range(self.num_layers) for side in sides]
        if not self._is_pair:
            return tuple(names)
        return tuple(f"{part}.{name}" for part in ("encoder", "decoder") for name in names)

    @property
    def windows(self) -> tuple[Window, ...]:
        """Of truncated backpropagation, first to last; () where nothing is truncated."""
        if self._is_pair or not 0 < self.bptt_window < self.timesteps:
            return ()
        at_end = TASKS[self.task].answers == "once" and self.readout == "last"
        every = self.timesteps if at_end else self.bptt_every or self.bptt_window
        return windows(self.timesteps, every, self.bptt_window)

    @property
    def overlap(self) -> int:
        """How often a timestep is gone back through, on average and rounded up; about k2/k1."""
        return max(1, -(-sum(each.end - each.first for each in self.windows) // self.timesteps))

    @property
    def work(self) -> int:
        """hidden_size² · timesteps · batch_size · num_layers, which WORK_BUDGET bounds.

        Times two for both directions and of an encoder–decoder, and times the overlap of truncated
        backpropagation's windows.
        """
        sides = (2 if self.bidirectional else 1) * (2 if self._is_pair else 1)
        layers = self.num_layers * sides * self.overlap
        return self.hidden_size**2 * self.timesteps * self.batch_size * layers

    @property
    def _is_pair(self) -> bool:
        return TASKS[self.task].network == "encoder_decoder"

    @property
    def word_work(self) -> int:
        """Of a language model, which WORD_BUDGET bounds; 0 for other tasks.

        (hidden_size + WORD_COST) · kinds of tokens · timesteps · batch_size.
        """
        return (self.hidden_size + WORD_COST) * self._kinds * self.timesteps * self.batch_size

    @property
    def _kinds(self) -> int:
        """Between which a language model chooses at every timestep."""
        spec = TASKS[self.task]
        if not spec.has_perplexity:
            return 0
        return self.vocabulary_size if spec.tokens == "words" else MOST_CHARACTERS

    def replace(self, **changes: Any) -> RunConfig:
        """The same settings but for `changes`, validated.

        With a new task, a seq_len that it does not allow gives way to the nearest allowed, data
        that it cannot learn from to its own, and a state that it cannot carry to none; what it
        cannot read backward is read forward. With a cell without recurrence, likewise.
        """
        settings = {**self.to_dict(), **changes}
        spec = TASKS.get(settings["task"])
        if spec and "seq_len" not in changes:
            low, high = spec.seq_len
            settings["seq_len"] = min(max(self.seq_len, low), high)
        if spec and "data" not in changes and spec.own_data != TASKS[self.task].own_data:
            settings["data"] = ""
        cell = CELLS.get(settings["cell"])
        one_way = (spec and spec.one_way) or (cell and not cell.is_recurrent)
        if one_way and "bidirectional" not in changes:
            settings["bidirectional"] = False
        if spec and not spec.has_stream and "state" not in changes:
            settings["state"] = "stateless"
        if spec and spec.network == "encoder_decoder" and "bptt_window" not in changes:
            settings |= {"bptt_window": 0, "bptt_every": 0}
        if cell and not cell.is_recurrent:
            settings |= {"state": "stateless", "bptt_window": 0} | changes
        return RunConfig(**settings)

    def to_dict(self) -> dict[str, Any]:
        """Every field, as plain Python values."""
        return self.model_dump()

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> RunConfig:
        """The config of `to_dict`'s output; missing fields take their default.

        Raises:
            ConfigError: for unknown names and values out of range.
        """
        return cls(**settings)

    def differences(self, other: RunConfig | None = None) -> dict[str, Any]:
        """The fields in which this config differs from `other` (None: the default run)."""
        base = (other or RunConfig(task=self.task)).to_dict() | (
            {} if other else {"task": RunConfig.model_fields["task"].default}
        )
        return {name: value for name, value in self.to_dict().items() if value != base[name]}

    def to_query(self) -> dict[str, str]:
        """Every setting that differs from the default, as URL query parameters."""
        return {name: str(value) for name, value in self.differences().items()}

    @classmethod
    def from_query(
        cls, query: str | Mapping[str, str | list[str]], base: RunConfig | None = None
    ) -> tuple[RunConfig, list[str]]:
        """The config a URL asks for, and a sentence for each thing in it that cannot be.

        A field with a problem takes its default; nothing here raises.

        Args:
            query: "a=1&b=2", or names to a value or to all values given under that name.
            base: whose values are the defaults; None is the default run.
        """
        default = "default" if base is None else "first set-up's"
        if isinstance(query, str):
            query = parse_qs(query.lstrip("?"), keep_blank_values=True)
        settings: dict[str, Any] = {}
        problems: list[str] = []
        for name, given in query.items():
            values = [given] if isinstance(given, str) else list(given)
            if name not in cls.model_fields:
                problems.append(f"There is no setting named {shown(name)}; it was ignored.")
            elif len(values) != 1:
                problems.append(
                    f"{name} must be given once, got {len(values)} values; the {default} is used."
                )
            elif name == "forget_bias" and values[0] in {"", "None"}:
                settings[name] = None
            else:
                settings[name] = values[0]
        # Each pass drops the fields that were wrong, so this ends with the default run at worst.
        while True:
            try:
                return base.replace(**settings) if base else cls(**settings), problems
            except ConfigError as error:
                problems += [f"{text} The {default} is used." for text in error.problems.values()]
                wrong = set(error.problems)
                if "work" in wrong:
                    wrong |= _SIZES
                kept = {name: value for name, value in settings.items() if name not in wrong}
                # A task's extra timesteps alone can pass the budget of a base near its end.
                settings = kept if len(kept) < len(settings) else {}


_SIZES = {
    "hidden_size",
    "seq_len",
    "batch_size",
    "num_layers",
    "bidirectional",
    "vocabulary_size",
    "bptt_window",
    "bptt_every",
}

_WORDED = {"data": "empty, or the 16 digits 0…9, a…f of data that were uploaded"}
"""What a field of text may be."""


def allowed(name: str) -> str:
    """What a field may be, in words: "1…512", "one of norm, value"."""
    if name in _WORDED:
        return _WORDED[name]
    field = RunConfig.model_fields[name]
    if field.annotation is bool:
        return "true or false"
    choices = _choices(field.annotation)
    if choices:
        return "one of " + ", ".join(choices)
    low, high, below = bounds(name)
    return f"{_number(low)}…{'below ' if below else ''}{_number(high)}"


def bounds(name: str) -> tuple[float, float, bool]:
    """Least and greatest value of a numeric field; True where the greatest is excluded."""
    schema = RunConfig.model_json_schema()["properties"][name]
    number = schema if "anyOf" not in schema else schema["anyOf"][0]
    below = "exclusiveMaximum" in number
    return number["minimum"], number["exclusiveMaximum" if below else "maximum"], below


def choices(name: str) -> tuple[str, ...]:
    """The values of a field that is chosen from a list, or is yes or no; empty for a number."""
    return _choices(RunConfig.model_fields[name].annotation)


def _choices(annotation: Any) -> tuple[str, ...]:
    if annotation is bool:
        return ("False", "True")
    return get_args(annotation) if get_origin(annotation) is Literal else ()


class _MisfitError(ValueError):
    """Fields that are each in range but do not fit together."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field
        self.sentence = sentence


def _sentences(error: ValidationError, settings: Mapping[str, Any]) -> dict[str, str]:
    problems: dict[str, str] = {}
    for item in error.errors(include_url=False):
        cause = item.get("ctx", {}).get("error")
        if isinstance(cause, _MisfitError):
            problems[cause.field] = cause.sentence
            continue
        name = str(item["loc"][0])
        if name not in RunConfig.model_fields:
            problems[name] = f"There is no setting named {shown(name)}."
        else:
            problems[name] = _must_be(name, allowed(name), settings.get(name))
    return problems


def _must_be(name: str, span: str, got: Any, task: str = "") -> str:
    kind = "a whole number, " if _is_whole(name) else "a number, "
    kind = "" if choices(name) or name in _WORDED else kind
    return f"{name} must be {kind}{span}{f' for {task}' if task else ''}, got {shown(got)}."


def _is_whole(name: str) -> bool:
    return RunConfig.model_fields[name].annotation is int


def _span(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}…{high}"


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) and abs(value) < 1e10 else f"{value:g}"


def shown(value: Any, longest: int = 40) -> str:
    """A value as it came, shortened, without control characters."""
    text = repr(value) if not isinstance(value, str) else f"“{value}”"
    text = "".join(c if c.isprintable() else "�" for c in text[: 4 * longest])
    return text if len(text) <= longest else f"{text[:longest]}… ({len(str(value))} characters)"
