"""The settings that every run has, but for its remedies: `remedy_fields` has those."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from gradviz.config.cell_specs import Activation, CellName
from gradviz.config.task_specs import TaskName


class Basics(BaseModel):
    """How these must fit together RunConfig says."""

    task: TaskName = Field("adding", title="Task", description="What the network is to learn.")
    seq_len: int = Field(
        60,
        ge=2,
        le=1000,
        title="Sequence length",
        description="Length of a sequence (for copy memory: of the wait).",
    )
    data: str = Field(
        "",
        pattern="^([0-9a-f]{16})?$",
        title="Data",
        description="The data of your own that it learns from; empty for what comes with gradviz.",
    )
    vocabulary_size: int = Field(
        2000,
        ge=50,
        le=20_000,
        title="Vocabulary (words)",
        description="So many words, the most common of the text, are told apart.",
    )
    skip_step: int = Field(
        0,
        ge=0,
        le=1000,
        title="Skip between windows",
        description="Timesteps from the start of one window of the data to the start of the next; "
        "0 is the sequence length, so that windows follow each other.",
    )
    batch_size: int = Field(
        32, ge=1, le=512, title="Batch size", description="Sequences in one step."
    )
    seed: int = Field(
        0, ge=0, le=2**31 - 1, title="Seed", description="Decides the weights and the batches."
    )
    forecast_steps: int = Field(
        1,
        ge=1,
        le=24,
        title="Steps ahead",
        description="How many steps of a series are forecast at once.",
    )
    normalise: bool = Field(
        True,
        title="Normalised columns",
        description="Give each column of a series mean 0 and variance 1.",
    )
    cell: CellName = Field("rnn", title="Cell", description="The recurrent cell.")
    activation: Activation = Field(
        "tanh",
        title="Nonlinearity",
        description="The RNN's nonlinearity (cells with gates have their own).",
    )
    num_layers: int = Field(
        1, ge=1, le=8, title="Layers", description="Recurrent layers, one upon the other."
    )
    bidirectional: bool = Field(
        False,
        title="Both directions",
        description="Each layer reads in both directions, with weights for each.",
    )
    residual: bool = Field(
        False,
        title="Skips between layers",
        description="What a layer reads is added to what it gives, where both have as many "
        "numbers: from the second layer on.",
    )
    hidden_size: int = Field(
        32, ge=1, le=512, title="Hidden size", description="Units of one layer."
    )
    embedding_size: int = Field(
        64,
        ge=1,
        le=512,
        title="Embedding size",
        description="Numbers that stand for one word or character.",
    )
    dropout: float = Field(
        0.0,
        ge=0.0,
        le=0.9,
        title="Dropout",
        description="Share of values set to zero at random while it trains: of the embedding, "
        "between layers, before the readout; never from timestep to timestep.",
    )
    readout: Literal["last", "mean", "sum", "attention"] = Field(
        "last",
        title="Readout",
        description="How the hidden states become one answer, where the task asks for one: the "
        "last, their mean or sum, or a mean by attention.",
    )
    attention: Literal["none", "dot", "general"] = Field(
        "none",
        title="Attention",
        description="Encoder–decoder: whether the decoder reads all states of the encoder, and how "
        "they are scored: hᵀe, or hᵀWe.",
    )
    reverse_source: bool = Field(
        False,
        title="Source reversed",
        description="Encoder–decoder: whether the source is read from its end.",
    )
    teacher_forcing: float = Field(
        1.0,
        ge=0.0,
        le=1.0,
        title="Teacher forcing",
        description="Encoder–decoder: share of timesteps at which the decoder is told the right "
        "symbol before; at the others it goes on from its own.",
    )
    recurrent_init: Literal[
        "default", "orthogonal", "identity", "normal", "xavier", "he", "small", "large"
    ] = Field(
        "default",
        title="Start of W_hh",
        description="How W_hh starts: as the cell's own default, orthogonal, "
        "identity (IRNN), normal of spectral radius about 1, uniform of the same (Xavier), normal "
        "of √2 (He), of 0.01 √H (small) or of 3 (large); all but the first times the gain.",
    )
    recurrent_gain: float = Field(
        1.0,
        ge=0.0,
        le=10.0,
        title="Gain of W_hh",
        description="Factor on W_hh (not on the cell's own default), and so on its spectral "
        "radius.",
    )
    forget_bias: float | None = Field(
        None,
        ge=-20.0,
        le=20.0,
        title="Forget bias",
        description="Of the gate that keeps the memory: its bias (an LSTM's two added up); empty "
        "leaves the cell's own.",
    )
    state: Literal["stateless", "stateful"] = Field(
        "stateless",
        title="State between batches",
        description="Stateful: the state at the end of each sequence of a batch starts the same "
        "sequence of the next, which goes on in the data where this one ended.",
    )
    bptt_window: int = Field(
        0,
        ge=0,
        le=1000,
        title="Backward window k2",
        description="Truncated backpropagation, k2: timesteps that the gradient goes back through; "
        "0 is the whole sequence.",
    )
    bptt_every: int = Field(
        0,
        ge=0,
        le=1000,
        title="Backward every k1",
        description="Truncated backpropagation, k1: timesteps from one backward pass to the next; "
        "0 is as many as the window has.",
    )
    optimizer: Literal["sgd", "adam", "adamw", "nadam", "rmsprop", "adagrad"] = Field(
        "adam", title="Optimiser", description="PyTorch's optimiser, otherwise at its defaults."
    )
    learning_rate: float = Field(
        3e-3, ge=1e-8, le=100.0, title="Learning rate", description="Step size."
    )
    momentum: float = Field(
        0.0, ge=0.0, lt=1.0, title="Momentum", description="For SGD and RMSprop."
    )
    clip: Literal["none", "norm", "value", "agc"] = Field(
        "norm",
        title="Clip",
        description="What is done to a large gradient before the step; agc is adaptive: unit by "
        "unit, beside the norm of the unit's weights.",
    )
    clip_threshold: float = Field(
        1.0,
        ge=1e-8,
        le=1e8,
        title="Clip threshold",
        description="Largest norm (or entry, or of agc share of the weights' norm) that passes "
        "unclipped.",
    )
    dtype: Literal["float32", "float64"] = Field(
        "float32", title="Precision", description="Of weights and data."
    )
    device: Literal["cpu", "cuda"] = Field("cpu", title="Device", description="Where it trains.")
    probe_size: int = Field(
        8,
        ge=1,
        le=64,
        title="Probe sequences",
        description="Sequences of the batch that are measured: the first ones.",
    )
    record_every: int = Field(
        1,
        ge=1,
        le=10_000,
        title="Measured every",
        description="Measure at most every so many steps.",
    )
