"""The network without memory: fully connected layers that read the whole window at once."""

from __future__ import annotations

from gradviz.config import TASKS
from gradviz.script.draft import Draft
from gradviz.script.dropout import seed_dropout
from gradviz.script.layout import exploded
from gradviz.script.norms import has_norm, norm
from gradviz.script.task import task_text


def write(draft: Draft) -> None:
    """The attributes in the order of `gradviz.model.WindowModel`, and a forward pass."""
    config, text = draft.config, task_text(draft)
    draft.title = "A fully connected network over all timesteps at once; a linear readout."
    draft.equations = ("z_l = tanh(W_l z_{l−1} + b_l), where z_0 = [x_1; …; x_T]",)
    read, hidden, width = "inputs", "hidden", text.input_size
    if TASKS[config.task].tokens:
        draft.arguments["kinds"] = "kinds"
        width = draft.setting("embedding_size")
        draft.attributes.append(f"self.embedding = nn.Embedding({text.input_size}, {width})")
        read = "self.embedding(inputs)"
    draft.layers.append("hidden")
    draft.attributes.append(f"self.hidden = {_layers(draft, width)}")
    if config.dropout:
        seed_dropout(draft)
        draft.attributes.append(f"self.dropout = nn.Dropout({draft.setting('dropout')})")
        hidden = "self.dropout(hidden)"
        read = f"self.dropout({read})" if TASKS[config.task].tokens else read
    units = draft.setting("hidden_size")
    draft.attributes.append(f"self.readout = nn.Linear({units}, {text.output_size})")
    draft.methods.append(
        "def forward(self, inputs: Tensor) -> Tensor:\n"
        f"    hidden = self.hidden({read}.transpose(0, 1))\n"
        f"    return self.readout({hidden})"
    )
    draft.outputs = "model(inputs)"
    draft.backward.append("loss.backward()")


def _layers(draft: Draft, width: str) -> str:
    """From the window (B, T, I) to the top layer (B, H)."""
    config, units = draft.config, draft.setting("hidden_size")
    is_skipped = config.timesteps * draft.number(width) == config.hidden_size
    first = f"{draft.setting('seq_len')} * {width}"
    rows = ["nn.Flatten()", *_layer(draft, first, is_skipped=is_skipped)]
    for _ in range(1, config.num_layers):
        if config.dropout:
            rows.append(f"nn.Dropout({draft.setting('dropout')})")
        rows += _layer(draft, units, is_skipped=True)
    return exploded("nn.Sequential", rows)


def _layer(draft: Draft, width: str, *, is_skipped: bool) -> list[str]:
    units = draft.setting("hidden_size")
    rows = [f"nn.Linear({width}, {units})", "nn.Tanh()"]
    if draft.config.residual and is_skipped:
        rows = [f"{draft.use('models.skip', 'Skip')}(nn.Sequential({', '.join(rows)}))"]
    return [*rows, norm(draft, units)] if has_norm(draft) else rows
