"""The model of most runs: an embedding for tokens, recurrent layers, a linear readout."""

from __future__ import annotations

from gradviz.config import CELLS, TASKS
from gradviz.script.draft import Draft
from gradviz.script.recurrent import recurrent
from gradviz.script.task import text_of_task

FIELDS = frozenset({"readout", "embedding_size", "dropout", "state", "bptt_window", "bptt_every"})


def write(draft: Draft) -> None:
    """The attributes in the order of `gradviz.model.SequenceModel`, and a forward pass."""
    config, text = draft.config, text_of_task(draft)
    answers = TASKS[config.task].answers
    draft.title = f"{_a(CELLS[config.cell].label)}; a linear readout of {_READ[answers]}."
    recurrent(draft, "recurrent", text.input_size)
    hidden = draft.setting("hidden_size")
    draft.attributes.append(f"self.readout = nn.Linear({hidden}, {text.output_size})")
    draft.methods.append(
        "def forward(self, inputs: Tensor) -> Tensor:\n"
        "    hidden, _ = self.recurrent(inputs)\n"
        "    return self.readout(hidden[-1])"
    )
    draft.outputs = "model(inputs)"


_READ = {"once": "its last state", "every": "every state"}


def _a(label: str) -> str:
    return f"An {label}" if label[0] in "AEFHILMNORSX" else f"A {label}"
