"""Scripts as they run, and the settings that they are written for."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Sequence
from unittest import mock

from gradviz.config import CELLS, TASKS, RunConfig, choices
from gradviz.script import KNOWN

SMALL = {"hidden_size": 6, "batch_size": 3}

CHANGES: tuple[tuple[str, str], ...] = (
    ("sgd", "optimizer=sgd&momentum=0.9&clip=value&clip_threshold=0.1"),
    ("rmsprop", "optimizer=rmsprop&momentum=0.5&clip=none"),
    ("adaptive clip", "cell=lstm&clip=agc&clip_threshold=0.01&num_layers=2"),
    ("clip that clips", "clip_threshold=0.001&optimizer=sgd"),
    ("relu", "activation=relu&recurrent_init=orthogonal&recurrent_gain=1.2"),
    ("an activation that changes nothing", "cell=gru&activation=relu"),
    ("both directions", "cell=lstm&num_layers=2&bidirectional=True&recurrent_init=identity"),
    ("normal start", "cell=gru&num_layers=2&recurrent_init=normal&recurrent_gain=0.9"),
    ("irnn started otherwise", "cell=irnn&num_layers=2&recurrent_init=normal"),
    ("forget bias", "cell=lstm&num_layers=2&bidirectional=True&forget_bias=2"),
    ("mean", "readout=mean"),
    ("sum", "readout=sum&bidirectional=True"),
    ("attention", "readout=attention&bidirectional=True"),
    ("float64", "dtype=float64"),
    ("float64, number and class", "task=two_in_two_out&dtype=float64"),
    ("float64, tokens", "task=char_lm&seq_len=12&dtype=float64"),
    ("dropout between layers", "cell=lstm&num_layers=2&dropout=0.3"),
    ("dropout of an embedding", "task=word_lm&seq_len=8&dropout=0.4&vocabulary_size=100"),
    ("skips in the data", "task=char_lm&seq_len=12&skip_step=5"),
    ("several forecasts", "task=sunspots&seq_len=12&forecast_steps=3"),
    ("not normalised", "task=series&seq_len=12&normalise=False"),
    ("cut once", "bptt_window=4"),
    ("cut often", "bptt_window=4&readout=mean"),
    ("windows", "cell=lstm&bptt_window=7&bptt_every=3&readout=mean&dropout=0.2"),
    ("windows of every answer", "task=copy_memory&bptt_window=10&bptt_every=4"),
    ("stateful", "task=sunspots&seq_len=20&batch_size=4&state=stateful"),
    ("stateful, two states", "task=series&cell=lstm&num_layers=2&seq_len=9&state=stateful"),
    ("stateful, cut", "task=char_lm&seq_len=12&state=stateful&bptt_window=5&dropout=0.2"),
    ("stateful, windows", "task=char_lm&seq_len=12&state=stateful&bptt_window=5&bptt_every=2"),
    ("many own layers", "cell=sru&num_layers=3&bidirectional=True&residual=True&dropout=0.2"),
    ("own layers, cut", "cell=qrnn&num_layers=2&bptt_window=4"),
    ("own layers, windows", "cell=layer_norm_lstm&readout=sum&bptt_window=7&bptt_every=3"),
    ("own forget bias", "cell=coupled_lstm&forget_bias=-1.5&num_layers=2&recurrent_init=normal"),
    ("own nonlinearity", "activation=elu&num_layers=2&residual=True&recurrent_init=identity"),
    ("fused layers, skips", "cell=lstm&num_layers=2&residual=True&forget_bias=1"),
    ("own layers, stateful", "task=sunspots&cell=qrnn&batch_size=4&state=stateful&num_layers=2"),
    ("own cell, float64", "cell=orthogonal_rnn&dtype=float64"),
    ("window of tokens", "task=text_classification&cell=fully_connected&num_layers=2&dropout=0.2"),
    ("window, skips", "cell=fully_connected&num_layers=3&residual=True"),
    ("attention, dot", "task=copy_sequence&cell=gru&attention=dot&reverse_source=True"),
    ("attention, own symbols", "task=copy_sequence&attention=general&teacher_forcing=0.5"),
    ("pair", "task=reverse_sequence&cell=qrnn&num_layers=2&teacher_forcing=0&dropout=0.1"),
    ("pair, float64", "task=copy_sequence&cell=lstm&teacher_forcing=0.3&dtype=float64"),
    ("Ω and components", "cell=linear_rnn&pca=1&omega=1&bidirectional=True"),
    ("chrono", "cell=lstm&num_layers=2&bidirectional=True&gate_bias=chrono"),
    ("chrono of one gate", "cell=gru&gate_bias=chrono&input_init=small"),
    ("chrono of its opposite", "cell=mgu&num_layers=2&gate_bias=chrono&task=copy_memory"),
    ("penalties", "l1=0.01&l2=0.1&clip_threshold=0.1&cell=lstm&readout=attention"),
    ("penalties of a language", "task=char_lm&seq_len=12&l2=0.1"),
    ("decay", "weight_decay=0.5&optimizer=sgd"),
    ("decay of AdamW", "weight_decay=0.5&optimizer=adamw&warmup_steps=2"),
    ("decay, scheduled", "weight_decay=0.5&schedule=cosine&schedule_steps=3"),
    (
        "norms held",
        "cell=lstm&recurrent_constraint=max_norm&constraint_limit=0.3"
        "&input_constraint=unit_norm&bias_constraint=max_norm",
    ),
    (
        "own layers held",
        "cell=peephole_lstm&num_layers=2&recurrent_constraint=spectral"
        "&constraint_limit=0.5&input_constraint=non_negative&bias_constraint=unit_norm",
    ),
    ("pair with outputs that nothing reads", "task=copy_sequence&cell=sru&clip=agc&weight_decay=1"),
    ("the same, penalised", "task=copy_sequence&cell=lru&l1=0.01&l2=0.01"),
    ("pair held", "task=copy_sequence&attention=general&recurrent_constraint=unit_norm"),
    (
        "window held",
        "cell=fully_connected&input_constraint=max_norm&constraint_limit=0.2"
        "&bias_constraint=non_negative",
    ),
    (
        "layer norm between layers",
        "norm=layer&cell=lstm&num_layers=2&bidirectional=True&residual=True&dropout=0.2"
        "&gate_bias=chrono",
    ),
    (
        "batch norm between layers",
        "norm=batch&cell=irnn&num_layers=3&dropout=0.3&clip=agc&readout=mean",
    ),
    ("norm, in windows", "norm=layer&cell=mgu&num_layers=2&bptt_window=6&bptt_every=3"),
    ("norm, stateful", "norm=batch&task=char_lm&seq_len=12&state=stateful"),
    (
        "norm of a pair",
        "norm=layer&task=copy_sequence&num_layers=2&attention=dot&teacher_forcing=0.5",
    ),
    (
        "norm of the window",
        "norm=batch&cell=fully_connected&num_layers=2&residual=True&dropout=0.2"
        "&bias_constraint=unit_norm",
    ),
    (
        "pre-training",
        "pretrain_steps=1&num_layers=3&norm=layer&warmup_steps=4&clip=agc&clip_threshold=0.01"
        "&cell=gru&residual=True&bidirectional=True",
    ),
    (
        "pre-training of a language",
        "pretrain_steps=2&num_layers=2&task=char_lm&seq_len=12&state=stateful&bptt_window=5"
        "&dropout=0.2&optimizer=adamw&weight_decay=0.3",
    ),
    (
        "pre-training, weights held",
        "pretrain_steps=2&num_layers=2&l1=0.1&l2=0.3&recurrent_constraint=spectral"
        "&constraint_limit=0.2&bias_constraint=max_norm&optimizer=sgd&momentum=0.9&readout=mean",
    ),
    ("zoneout", "zoneout=0.3&clip_threshold=0.05&optimizer=sgd"),
    ("zoneout of two states", "zoneout=0.3&cell=coupled_lstm&num_layers=2&bidirectional=True"),
    ("variational dropout", "variational_dropout=0.3&cell=orthogonal_rnn&dtype=float64"),
    ("dropconnect", "dropconnect=0.3&cell=lstm&recurrent_constraint=spectral"),
    ("dropconnect, in windows", "dropconnect=0.3&activation=elu&bptt_window=6&bptt_every=3"),
    (
        "held masks, in windows",
        "variational_dropout=0.3&dropconnect=0.2&cell=lstm&num_layers=2&bptt_window=6&bptt_every=3"
        "&readout=mean",
    ),
    (
        "all noise at once",
        "zoneout=0.2&dropconnect=0.3&variational_dropout=0.2&recurrent_dropout=0.3&cell=lstm"
        "&num_layers=2&bidirectional=True&norm=layer&dropout=0.2&forget_bias=1&residual=True",
    ),
    (
        "all noise at once, stateful",
        "zoneout=0.2&dropconnect=0.3&variational_dropout=0.2&recurrent_dropout=0.3&cell=gru"
        "&num_layers=2&task=char_lm&seq_len=12&state=stateful&bptt_window=5",
    ),
    (
        "noise in pre-training",
        "recurrent_dropout=0.2&dropconnect=0.2&pretrain_steps=2&num_layers=2&cell=gru&l2=0.1",
    ),
    ("warm-up", "warmup_steps=3&schedule=cosine&schedule_steps=2"),
    ("schedule", "schedule=exponential&schedule_steps=2&optimizer=nadam"),
    ("principal components", "task=series&pca=2&num_layers=2&residual=True&hidden_size=2"),
    ("scaled, then components", "task=digits_rows&seq_len=8&input_scaling=min_max&pca=4"),
    ("scaled, stateful", "task=sunspots&batch_size=4&state=stateful&input_scaling=standard"),
    ("components of a window", "cell=fully_connected&pca=1&residual=True&dtype=float64"),
    ("pair, scaled", "task=copy_sequence&input_scaling=standard&teacher_forcing=0.5"),
    ("rounds", "training_size=5&input_scaling=min_max&dropout=0.2"),
    ("rounds of every answer", "task=copy_memory&training_size=4&dtype=float64"),
    ("rounds of a pair", "task=copy_sequence&training_size=5&teacher_forcing=0.5&pca=3"),
    ("all at once", "training_size=3&bptt_window=7&bptt_every=3&readout=mean&pca=1"),
    ("all at once, tokens", "task=char_lm&training_size=3&bptt_window=5&bptt_every=2"),
    ("rounds of a window", "task=text_classification&cell=fully_connected&training_size=4"),
    ("omega", "omega=1&clip=none&optimizer=sgd&learning_rate=0.01"),
    ("omega of ReLUs", "omega=2&cell=irnn&num_layers=2&bidirectional=True&readout=mean&l2=0.01"),
    ("omega without a nonlinearity", "omega=0.5&cell=linear_rnn&task=copy_memory&bptt_window=5"),
    (
        "omega in windows",
        "omega=1&activation=elu&num_layers=2&bptt_window=7&bptt_every=3&readout=sum",
    ),
    ("omega, skips", "omega=1&activation=leaky_relu&num_layers=2&residual=True&dropout=0.3"),
    (
        "omega far below float32's range",
        "omega=1&seq_len=100&num_layers=2&recurrent_init=normal&recurrent_gain=0.3",
    ),
    (
        "omega, normed",
        "omega=1&num_layers=3&norm=layer&residual=True&dropout=0.2&bidirectional=True",
    ),
    ("omega, normed by batches", "omega=1&num_layers=2&norm=batch&readout=mean"),
    ("omega, layer by layer", "omega=1&num_layers=2&pretrain_steps=2&task=char_lm&seq_len=12"),
    ("omega, stateful", "omega=1&activation=sigmoid&task=sunspots&batch_size=4&state=stateful"),
    ("omega of a pair", "omega=1&task=copy_sequence&num_layers=2&teacher_forcing=0.5"),
    ("schedule in steps", "schedule=step&schedule_steps=2&schedule_factor=0&warmup_steps=2"),
)
"""What a script says in words of its own, and a query that asks for it."""

LAYERS: tuple[tuple[str, str], ...] = (
    (
        "lines broken twice",
        "activation=leaky_relu&num_layers=2&bidirectional=True&residual=True&dropout=0.3",
    ),
    ("sigmoid, in windows", "activation=sigmoid&bptt_window=6&bptt_every=3&readout=mean"),
    ("skips, relu", "activation=relu&num_layers=2&residual=True&recurrent_init=normal"),
    ("skips, irnn", "cell=irnn&num_layers=2&residual=True&bidirectional=True"),
    ("skip around the first layer", "cell=sru&hidden_size=2&residual=True"),
    ("memory of the peephole LSTM", "cell=peephole_lstm&forget_bias=2&num_layers=2&dropout=0.2"),
    ("memory of the MGU", "cell=mgu&forget_bias=1.5&num_layers=2&bidirectional=True"),
    ("memory of the SRU", "cell=sru&forget_bias=-1&num_layers=2"),
    ("memory of the QRNN", "cell=qrnn&forget_bias=1&num_layers=2&bptt_window=5"),
    ("QRNN, stateful", "task=char_lm&cell=qrnn&num_layers=2&state=stateful&seq_len=9"),
    ("LRU, stateful", "task=sunspots&cell=lru&num_layers=2&state=stateful&bptt_window=5"),
    ("orthogonal, in windows", "cell=orthogonal_rnn&bptt_window=6&bptt_every=3&readout=mean"),
    ("window, deep", "cell=fully_connected&num_layers=3&residual=True&dropout=0.3"),
    ("window, skip around the first", "cell=fully_connected&hidden_size=24&residual=True"),
    (
        "pair, clipped adaptively",
        "task=copy_sequence&cell=lstm&reverse_source=True&attention=dot&clip=agc",
    ),
    (
        "pair, dropping out",
        "task=copy_sequence&cell=lstm&num_layers=2&dropout=0.3&teacher_forcing=0.5&forget_bias=1",
    ),
    (
        "pair that tells itself",
        "task=copy_sequence&cell=peephole_lstm&teacher_forcing=0&attention=dot",
    ),
    ("pair of single QRNNs", "task=copy_sequence&cell=qrnn"),
    ("pair of SRUs with skips", "task=copy_sequence&cell=sru&num_layers=2&residual=True"),
)
"""The same, of layers that are not one call of PyTorch's, and of the other two models."""


def config_of(query: str) -> RunConfig:
    """Small, whatever the query leaves open."""
    base = RunConfig().replace(seq_len=12, **SMALL)
    config, problems = RunConfig.from_query(query, base)
    assert not problems, problems
    return config


def configs() -> dict[str, RunConfig]:
    """A name to settings: every cell, every task, every choice and every option."""
    found = {f"cell {name}": config_of(f"cell={name}") for name in CELLS}
    found |= {f"task {name}": config_of(f"task={name}") for name in TASKS}
    for name, field in RunConfig.model_fields.items():
        if name in KNOWN - {"cell", "task", "device", "attention", "state", "gate_bias"}:
            others = [each for each in choices(name) if each != str(field.default)]
            found |= {f"{name} {each}": config_of(f"{name}={each}") for each in others}
    return found | {name: config_of(query) for name, query in CHANGES + LAYERS}


def losses_of(text: str, steps: int) -> list[float]:
    """What a script prints, run in this process."""
    printed = io.StringIO()
    with (
        contextlib.redirect_stdout(printed),
        mock.patch.object(sys, "argv", ["script", str(steps)]),
    ):
        exec(compile(text, "script", "exec"), {"__name__": "__main__"})  # noqa: S102
    return losses_in(printed.getvalue().splitlines())


def losses_in(lines: Sequence[str]) -> list[float]:
    """Of lines “step loss”, the steps counted from 1."""
    rows = [line.split() for line in lines]
    assert [int(step) for step, _ in rows] == list(range(1, len(rows) + 1))
    return [float(loss) for _, loss in rows]
