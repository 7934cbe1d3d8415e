"""Histories made with NumPy instead of a training, so that a picture's numbers are known.

Index legend: T timesteps, P probe sequences, Q of them with the dear quantities, H hidden size.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gradviz.config import TASKS, RunConfig
from gradviz.history import CloseUp, Frame, History, LayerFrame, LayerRecord, StepRecord

GATES = {
    "rnn": (),
    "lstm": ("input", "forget", "candidate", "output"),
    "gru": ("reset", "update", "candidate"),
}


def layer_frame(
    config: RunConfig, *, rate: float = 0.9, noise: float = 0.1, probes: int = 8, seed: int = 0
) -> LayerFrame:
    """A layer whose gradient shrinks by `rate` each timestep back, and its transport alike."""
    draw = np.random.default_rng(seed)
    T, Q = config.timesteps, max(probes // 2, 1)
    transport = (T - 1 - np.arange(T))[:, None] * np.log10(rate) + np.zeros((T, Q))
    reached = 10 ** transport[::-1] <= 1 / np.e
    lag = np.where(reached.any(axis=0), reached.argmax(axis=0), np.inf)
    bounded = config.cell == "rnn"
    return LayerFrame(
        hidden_grad_log10=(transport[:, :1] + draw.normal(0, noise, (T, probes))).astype("f4"),
        gates={
            gate: np.stack([np.full(T, 0.5), np.full(T, 0.3), np.full(T, 0.7)]).astype("f4")
            for gate in GATES[config.cell]
        },
        jacobian_norm=np.full((T, Q), rate, dtype="f4"),
        jacobian_bound=1.25 if bounded else None,
        transport_log10=transport.astype("f4"),
        gradient_horizon=lag.astype("f4"),
    )


def frame(config: RunConfig, step: int = 1, **layer: Any) -> Frame:
    """A frame with a layer for each of the config's."""
    names = enumerate(config.layer_names)
    layers = {name: layer_frame(config, seed=i, **layer) for i, name in names}
    return Frame(step=step, layers=layers)


def row(step: int, **scalars: float) -> tuple[float, ...]:
    """One step's scalars; what is not named is unremarkable."""
    usual = {
        "loss": 0.2,
        "accuracy": np.nan,
        "grad_norm_pre": 0.5,
        "grad_norm_post": 0.5,
        "clipped": 0.0,
        "learning_rate": 3e-3,
        "clip_threshold": 1.0,
        "clip_angle": 0.0,
    }
    return (float(step), *(usual | scalars).values())


def fabricate(
    config: RunConfig | None = None,
    *,
    steps: int = 120,
    every: int = 5,
    floor: float | None = 1 / 6,
    scalars: dict[str, Any] | None = None,
    **layer: Any,
) -> History:
    """A run of `steps` steps with a frame every `every`; scalars by name, one value or (steps,)."""
    config = config or RunConfig()
    history = History(config, floor=floor)
    columns = {name: np.broadcast_to(values, steps) for name, values in (scalars or {}).items()}
    for step in range(1, steps + 1):
        now = {name: float(values[step - 1]) for name, values in columns.items()}
        history.append_scalars([row(step, **now)])
        if (step - 1) % every == 0:
            history.append_frame(frame(config, step, **layer))
    return history


def record(step: int, layers: dict[str, LayerRecord] | None = None, **more: Any) -> StepRecord:
    """A StepRecord."""
    usual: dict[str, Any] = {
        "loss": 0.2,
        "accuracy": None,
        "grad_norm_pre": 2.0,
        "grad_norm_post": 1.0,
        "clipped": True,
        "learning_rate": 3e-3,
        "clip_threshold": 1.0,
    }
    return StepRecord(step=step, layers=layers or {}, **(usual | more))


def gate_closeup(config: RunConfig, *, forget_bias: float = 0.0, seed: int = 0) -> CloseUp:
    """A close-up of an LSTM, GRU or RNN run by hand on a sequence of its task's kind.

    An LSTM's ∂c_T/∂c_t is found by complex steps, not by the instrument's formula.
    """
    draw = np.random.default_rng(seed)
    inputs = sequence_of(config, draw)
    run = HandRun(config, inputs, forget_bias=forget_bias, draw=draw)
    states, gates = run.forward()
    T, H = len(inputs), config.hidden_size
    lstm = config.cell == "lstm"
    N = 2 * H if lstm else H
    return CloseUp(
        layer=config.layer_names[-1],
        sequence=1,
        timestep=T,
        unit=1,
        inputs=inputs,
        hidden=states[1:, 0].astype("f4"),
        gates={name: np.stack(values).astype("f4") for name, values in gates.items()},
        saturation={
            name: np.stack([np.less(g, 0.1).mean(0), np.greater(g, 0.9).mean(0)], 1).astype("f4")
            for name, g in gates.items()
            if name != "candidate"
        },
        forget_path_log10=forget_path(gates["forget"]) if lstm else None,
        cell_transport_log10=run.cell_transport(states) if lstm else None,
        recurrent_eigenvalues=None,
        jacobian_eigenvalues=np.zeros(N, "c8"),
        jacobian_singular_values=np.zeros(N, "f4"),
        pulse=np.zeros((T + 1, N), "f4"),
        pulse_log10=np.zeros(T + 1),
        transport_rms_log10=np.zeros(T),
        weight_variance=None,
        drive_variance=None,
        words=words_of(config),
    )


def words_of(config: RunConfig) -> tuple[str, ...]:
    """T words or characters, where the task reads a text."""
    said = {"words": ["the", "<unk>", "function", "<eos>"], "characters": list("a b\n")}
    found = said.get(TASKS[config.task].tokens, [])
    return tuple(found[t % 4] for t in range(config.timesteps)) if found else ()


def looked(config: RunConfig, *closeups: CloseUp, **made: Any) -> History:
    """A run with a close-up at each step 1, 2, …; without any given, `gate_closeup`'s."""
    history = History(config)
    for step, closeup in enumerate(closeups or (gate_closeup(config, **made),), start=1):
        history.append_scalars([row(step)])
        history.append_frame(replace(frame(config, step), closeup=closeup))
    return history


def forget_path(forget: list[Any]) -> np.ndarray[Any, Any]:
    """(T,) log10 of the greatest entry of f_T … f_{t+1}, multiplied out."""
    products = [np.ones_like(forget[0])]
    for gate in forget[:0:-1]:
        products.append(products[-1] * gate)
    return np.log10(np.max(products, axis=1))[::-1]


def sequence_of(config: RunConfig, draw: np.random.Generator) -> np.ndarray[Any, Any]:
    """(T, I) float32: an input as the task of the config has it."""
    T = config.timesteps
    eye = np.eye(10, dtype="f4")
    match config.task:
        case "adding":
            marks = np.isin(np.arange(T), [T // 5, T // 2 + T // 4])
            return np.stack([draw.random(T), marks], 1).astype("f4")
        case "copy_memory":
            tokens = np.full(T, 8)
            tokens[:10], tokens[config.seq_len + 9] = draw.integers(0, 8, 10), 9
            return eye[tokens]
        case "temporal_order":
            tokens = draw.integers(2, 6, T)
            tokens[[T // 8, T // 2 + 1]] = draw.integers(0, 2, 2)
            return eye[tokens, :6]
        case "recall":
            return eye[draw.integers(0, 8), :8] * (np.arange(T) == 0)[:, None].astype("f4")
        case "copy_sequence" | "reverse_sequence":  # What the decoder is told.
            return eye[np.append(8, draw.integers(0, 8, T - 1)), :9]
        case "wave_from_vector":
            return (np.arange(T) == 0)[:, None] * draw.uniform(-1, 1, 2).astype("f4")
        case "two_in_two_out":
            tokens = np.where(np.arange(T) == T // 2, 4, draw.integers(0, 4, T))
            return np.column_stack([draw.random(T), eye[tokens, :5]]).astype("f4")
        case "series":
            return draw.normal(size=(T, 3)).astype("f4")
        case "sunspots":
            return (1 - np.cos(np.arange(T) * 0.57)).astype("f4")[:, None]
        case "word_lm" | "char_lm" | "text_classification":
            return draw.normal(size=(T, config.embedding_size)).astype("f4")
    zero = np.hypot(*(np.indices((8, 8)) - 3.5) / [[[1.2]], [[0.9]]])
    return np.exp(-((zero - 3) ** 2)).astype("f4").reshape(T, -1)


class HandRun:
    """A recurrent layer in NumPy, float64, PyTorch's equations and default weights."""

    def __init__(
        self,
        config: RunConfig,
        inputs: np.ndarray[Any, Any],
        *,
        forget_bias: float,
        draw: np.random.Generator,
    ) -> None:
        H, rows = config.hidden_size, {"rnn": 1, "lstm": 4, "gru": 3}[config.cell]
        bound = H**-0.5
        self.cell, self.H = config.cell, H
        self.drive = inputs @ draw.uniform(-bound, bound, (inputs.shape[1], rows * H))
        self.weight = draw.uniform(-bound, bound, (rows * H, H))
        if config.cell == "lstm":
            self.drive[:, H : 2 * H] += forget_bias

    def forward(self) -> tuple[np.ndarray[Any, Any], dict[str, list[Any]]]:
        """States (T + 1, 2, H), h and c, from zero, and the gates of each timestep."""
        states, gates = [np.zeros((2, self.H))], {name: [] for name in GATES[self.cell]}
        for t in range(len(self.drive)):
            state, now = self.step(states[-1], t)
            states.append(state)
            for name, value in now.items():
                gates[name].append(value)
        return np.stack(states), gates

    def step(self, state: np.ndarray[Any, Any], t: int) -> tuple[Any, dict[str, Any]]:
        """One timestep from (2, …, H); h is state[0]."""
        h, c = state
        a = np.split(h @ self.weight.T, len(self.weight) // self.H, axis=-1)
        x = np.split(self.drive[t], len(a), axis=-1)
        if self.cell == "rnn":
            return np.stack([np.tanh(a[0] + x[0]), c]), {}
        if self.cell == "gru":
            r, z = sigmoid(a[0] + x[0]), sigmoid(a[1] + x[1])
            n = np.tanh(x[2] + r * a[2])
            return np.stack([(1 - z) * n + z * h, c]), {"reset": r, "update": z, "candidate": n}
        i, f, o = (sigmoid(a[k] + x[k]) for k in (0, 1, 3))
        g = np.tanh(a[2] + x[2])
        c = f * c + i * g
        gates = {"input": i, "forget": f, "candidate": g, "output": o}
        return np.stack([o * np.tanh(c), c]), gates

    def cell_transport(
        self, states: np.ndarray[Any, Any], tiny: float = 1e-100
    ) -> np.ndarray[Any, Any]:
        """(T,) log10 ‖∂c_T/∂c_t‖₂ by a complex step in each unit of each c_t, h_t with it."""
        moved = np.zeros((2, 0, self.H), complex)
        for t, before in enumerate(states[:-1]):
            moved, _ = self.step(moved, t)
            _, gates = self.step(before, t)
            cell = states[t + 1, 1] + 1j * tiny * np.eye(self.H)
            moved = np.append(moved, [gates["output"] * np.tanh(cell), cell], axis=1)
        carried = moved[1].imag.reshape(-1, self.H, self.H) / tiny
        return np.log10(np.linalg.norm(carried, 2, axis=(1, 2)))


def sigmoid(x: Any) -> Any:
    """1/(1 + e^−x)."""
    return 1 / (1 + np.exp(-x))
