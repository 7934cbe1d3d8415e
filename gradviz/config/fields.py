"""The settings of a run, one by one: what each is, what it may be, and that in words."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, Field

from gradviz.config.cell_specs import Activation, CellName
from gradviz.config.task_specs import TaskName


class Fields(BaseModel):
    """What RunConfig is made of; how these must fit together is said there."""

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


_WORDED = {"data": "empty, or the 16 digits 0…9, a…f of data that were uploaded"}
"""What a field of text may be."""


def allowed(name: str) -> str:
    """What a field may be, in words: "1…512", "one of norm, value"."""
    if name in _WORDED:
        return _WORDED[name]
    field = Fields.model_fields[name]
    if field.annotation is bool:
        return "true or false"
    choices = _choices(field.annotation)
    if choices:
        return "one of " + ", ".join(choices)
    low, high, below = bounds(name)
    return f"{_number(low)}…{'below ' if below else ''}{_number(high)}"


def bounds(name: str) -> tuple[float, float, bool]:
    """Least and greatest value of a numeric field; True where the greatest is excluded."""
    schema = Fields.model_json_schema()["properties"][name]
    number = schema if "anyOf" not in schema else schema["anyOf"][0]
    below = "exclusiveMaximum" in number
    return number["minimum"], number["exclusiveMaximum" if below else "maximum"], below


def choices(name: str) -> tuple[str, ...]:
    """The values of a field that is chosen from a list, or is yes or no; empty for a number."""
    return _choices(Fields.model_fields[name].annotation)


def _choices(annotation: Any) -> tuple[str, ...]:
    if annotation is bool:
        return ("False", "True")
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def must_be(name: str, span: str, got: Any, task: str = "") -> str:
    """The sentence for a value out of range."""
    kind = "a whole number, " if _is_whole(name) else "a number, "
    kind = "" if choices(name) or name in _WORDED else kind
    return f"{name} must be {kind}{span}{f' for {task}' if task else ''}, got {shown(got)}."


def _is_whole(name: str) -> bool:
    return Fields.model_fields[name].annotation is int


def span(low: int, high: int) -> str:
    """“2…1000”, or the one number that there is."""
    return str(low) if low == high else f"{low}…{high}"


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) and abs(value) < 1e10 else f"{value:g}"


def shown(value: Any, longest: int = 40) -> str:
    """A value as it came, shortened, without control characters."""
    text = repr(value) if not isinstance(value, str) else f"“{value}”"
    text = "".join(c if c.isprintable() else "�" for c in text[: 4 * longest])
    return text if len(text) <= longest else f"{text[:longest]}… ({len(str(value))} characters)"
