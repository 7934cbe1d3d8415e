"""Keep a whole training in a file of runs, and draw it from there.

An nn.GRU learns to guess the next letter of Python's own help texts (`pydoc_data.topics`). Two
lines are gradviz's: the one that makes the recorder, and the one after each optimiser step.

Run it with `python examples/record_your_training.py`, or cell by cell in an editor that knows
`# %%`. It takes about 15 seconds and writes runs.db and artifacts/record_your_training.html.
"""

# %% What is needed
from __future__ import annotations

import argparse
import string
from pathlib import Path
from pydoc_data.topics import topics

import torch
from torch import Tensor, nn

import gradviz
from gradviz.store import Store

parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
parser.add_argument("--steps", type=int, default=200, help="optimiser steps")
parser.add_argument("--runs", type=Path, default=Path("runs.db"), help="file of runs")
parser.add_argument("--out", type=Path, default=Path("artifacts/record_your_training.html"))
options = parser.parse_known_args()[0]  # A notebook's kernel has arguments of its own.

# One thread is quicker for layers of this size; numbers below 1e-38 slow a CPU down tenfold.
torch.set_num_threads(1)
torch.set_flush_denormal(True)

# %% The letters
LETTERS = string.ascii_lowercase + " .,()"
LENGTH, BATCH = 60, 32
text = torch.tensor([LETTERS.find(letter) + 1 for letter in topics["compound"].lower()])


def batch(generator: torch.Generator) -> Tensor:
    """(BATCH, LENGTH + 1) letters by number, 0 for those that are rare."""
    starts = torch.randint(len(text) - LENGTH, (BATCH, 1), generator=generator)
    return text[starts + torch.arange(LENGTH + 1)]


# %% The model: plain PyTorch
class NextLetter(nn.Module):
    """Scores of the next letter, after each letter."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(LETTERS) + 1, 16)
        self.reader = nn.GRU(16, 64, num_layers=2, batch_first=True)
        self.scores = nn.Linear(64, len(LETTERS) + 1)

    def forward(self, letters: Tensor) -> Tensor:
        scores: Tensor = self.scores(self.reader(self.embedding(letters))[0])
        return scores


# %% The training, recorded
torch.manual_seed(0)
model = NextLetter()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
generator = torch.Generator().manual_seed(0)

with gradviz.Recorder(options.runs, model, name="next letter, GRU") as recorder:
    for _ in range(options.steps):
        letters = batch(generator)
        optimizer.zero_grad()
        scores = model(letters[:, :-1])
        loss = nn.functional.cross_entropy(scores.flatten(0, 1), letters[:, 1:].flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        recorder.step(loss)

# %% What was kept
with Store(options.runs, read_only=True) as store:
    history = store.load(recorder.run_id)
print(f"{options.runs} holds run {recorder.run_id}: steps taken {recorder.steps},")
print(f"measured {len(history.frames)}; layers {', '.join(history.layer_names)}.")
print(f"The loss is {loss.item():.2f} at the last step.")

# %% Its picture: where the gradient is strong, over the whole training
options.out.parent.mkdir(parents=True, exist_ok=True)
gradviz.figures.gradient_flow_over_training(history).write_html(options.out)
print(f"The picture is in {options.out}.")
