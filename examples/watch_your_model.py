"""Find out why a text classifier learns nothing, and mend it.

A letter is 20 words about strings or about statements, and then 60 words about other matters,
all cut from Python's own help texts (`pydoc_data.topics`). An nn.LSTM reads it word by word and
must say at the end what it began with.

Run it with `python examples/watch_your_model.py`, or cell by cell in an editor that knows `# %%`.
It takes 10 to 30 seconds and writes a picture, artifacts/watch_your_model.html.
"""

# %% What is needed
from __future__ import annotations

import argparse
import math
import re
from collections import Counter
from pathlib import Path
from pydoc_data.topics import topics
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import gradviz
from gradviz.remedies import set_forget_bias

parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
parser.add_argument("--steps", type=int, default=400, help="optimiser steps of each training")
parser.add_argument("--out", type=Path, default=Path("artifacts/watch_your_model.html"))
options = parser.parse_known_args()[0]  # A notebook's kernel has arguments of its own.

# One thread is quicker for layers of this size; numbers below 1e-38 slow a CPU down tenfold.
torch.set_num_threads(1)
torch.set_flush_denormal(True)

# %% The letters
GROUPS = (
    ("formatstrings", "string-methods", "strings", "typesseq"),
    ("compound", "assignment", "import", "try", "execmodel", "calls", "naming"),
)
OTHER = ("specialnames", "debugger", "types")
FIRST_WORDS, WORDS = 20, 80
RAREST = 3
"""Words that occur less often in the training part are all read as one."""

texts = {
    name: re.findall(r"[a-z]+", topics[name].lower())
    for names in (*GROUPS, OTHER)
    for name in names
}
# The last fifth of each text is kept for testing.
train_texts = {name: words[: len(words) * 4 // 5] for name, words in texts.items()}
test_texts = {name: words[len(words) * 4 // 5 :] for name, words in texts.items()}
counts = Counter(word for words in train_texts.values() for word in words)
known = sorted(word for word, count in counts.items() if count >= RAREST)
numbers = {word: number for number, word in enumerate(known, start=1)}


def letters(
    source: dict[str, list[str]], count: int, generator: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """So many letters as (count, WORDS) word numbers, and the (count,) groups they begin with."""

    def cut(names: tuple[str, ...], length: int) -> list[str]:
        sizes = np.array([len(source[name]) for name in names])
        words = source[str(generator.choice(names, p=sizes / sizes.sum()))]
        start = int(generator.integers(len(words) - length + 1))
        return words[start : start + length]

    groups = generator.integers(len(GROUPS), size=count)
    rows = [cut(GROUPS[group], FIRST_WORDS) + cut(OTHER, WORDS - FIRST_WORDS) for group in groups]
    read = [[numbers.get(word, 0) for word in row] for row in rows]
    return torch.tensor(read), torch.from_numpy(groups)


# %% The model: plain PyTorch
class Classifier(nn.Module):
    """Reads a letter and judges by what it remembers at the last word."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(numbers) + 1, 32)
        self.reader = nn.LSTM(32, 32, batch_first=True)
        self.judge = nn.Linear(32, len(GROUPS))

    def forward(self, words: Tensor) -> Tensor:
        outputs, _ = self.reader(self.embedding(words))
        scores: Tensor = self.judge(outputs[:, -1])
        return scores


# %% A training that looks at its first and last step
class Look(NamedTuple):
    """What `gradviz.watch` saw of one step."""

    log10_norm: NDArray[np.float64]
    """(WORDS,) log10 ‖∂L/∂h_t‖, the mean over the sequences."""
    first_share: float
    """Of the gradient of W_hh: what the words that decide contributed, next to all."""
    horizon: float
    """Timesteps after which a gradient has fallen to 1/e, the median over the sequences."""
    summary: str


class Result(NamedTuple):
    """Of one training."""

    first: Look
    last: Look
    accuracy: float
    """On letters of texts that were not trained on; guessing gives 0.5."""


def train(forget_bias: float | None = None) -> Result:
    """Train a new model; None leaves the forget bias as PyTorch draws it."""
    torch.manual_seed(0)
    generator = np.random.default_rng(0)
    model = Classifier()
    if forget_bias is not None:
        set_forget_bias(model.reader, forget_bias)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

    def step() -> None:
        words, groups = letters(train_texts, 32, generator)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(words), groups).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    def watched_step() -> Look:
        with gradviz.watch(model) as watch:
            step()
        flow = watch.layers["reader.l0"]
        contributions = flow.weight_grad_by_timestep
        return Look(
            log10_norm=flow.hidden_grad_log10.mean(1).numpy(),
            first_share=float(contributions[:FIRST_WORDS].sum() / contributions.sum()),
            horizon=float(flow.gradient_horizon(tolerance=0.01).median()),
            summary=str(watch.summary()),
        )

    first = watched_step()
    for _ in range(options.steps - 2):
        step()
    last = watched_step()
    words, groups = letters(test_texts, 1000, generator)
    with torch.no_grad():
        right = model(words).argmax(-1) == groups
    return Result(first, last, float(right.double().mean()))


def told(name: str, result: Result) -> str:
    """The result in numbers."""
    look = result.first
    falls = f"falls to 1/e within {look.horizon:g} timesteps"
    falls = falls if math.isfinite(look.horizon) else "never falls to 1/e"
    first, last = (f"1e{look.log10_norm[end]:.0f}" for end in (0, -1))
    return (
        f"{name}:\n"
        f"  at the first step a gradient {falls};\n"
        f"  it is {last} at the last word and {first} at the first;\n"
        f"  the words that decide contribute {look.first_share:.1e} of ∂L/∂W_hh;\n"
        f"  test accuracy after {options.steps} steps: {result.accuracy:.0%}."
    )


# %% As PyTorch comes
default = train()
print(default.first.summary)
print()
print(told("PyTorch's own forget bias", default))

# %% [markdown]
# A forget gate near σ(0) = 0.5 halves what the cell remembers at every word, so 60 words later
# nothing is left of the gradient, and the loss stays at that of guessing. The remedy is to
# begin with gates that keep: a forget bias of ln(T − 1) keeps for about T timesteps (Tallec &
# Ollivier 2018).

# %% With the remedy
FORGET_BIAS = math.log(WORDS - 1)
mended = train(FORGET_BIAS)
print()
print(mended.first.summary)
print()
print(told(f"Forget bias ln {WORDS - 1} = {FORGET_BIAS:.2f}", mended))

# %% The picture
figure = go.Figure()
for name, result, colour in (
    ("PyTorch's own forget bias", default, "#d17f00"),
    (f"forget bias ln {WORDS - 1}", mended, "#3d8fd1"),
):
    for when, look, dash in (("first", result.first, "solid"), ("last", result.last, "dot")):
        figure.add_scatter(
            x=list(range(1, WORDS + 1)),
            y=look.log10_norm,
            name=f"{name}, {when} step",
            line={"color": colour, "dash": dash},
        )
figure.add_vrect(
    x0=1, x1=FIRST_WORDS, opacity=0.15, fillcolor="#888888", annotation_text="the words that decide"
)
figure.update_layout(
    title="How much of the gradient reaches each word",
    xaxis_title="timestep t (word)",
    yaxis_title="log₁₀ ‖∂L/∂h_t‖₂, mean over the sequences",
    template="simple_white",
    legend={"orientation": "h", "y": -0.2},
)
options.out.parent.mkdir(parents=True, exist_ok=True)
figure.write_html(options.out)
print(f"\nThe picture is in {options.out}.")
