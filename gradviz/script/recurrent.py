"""The recurrent layers of a model: PyTorch's fused module where it has one, else `own_layers`."""

from __future__ import annotations

from collections.abc import Sequence

from gradviz.config import CELLS, is_noisy
from gradviz.script import own_layers
from gradviz.script.draft import Draft
from gradviz.script.errors import cannot
from gradviz.script.norms import has_norm
from gradviz.script.omega import hears_each_layer

FIELDS = frozenset(
    {
        "cell",
        "activation",
        "num_layers",
        "bidirectional",
        "residual",
        "hidden_size",
        "recurrent_init",
        "recurrent_gain",
        "forget_bias",
        "input_init",
        "gate_bias",
    }
)

_MODULES = {"rnn": "RNN", "irnn": "RNN", "lstm": "LSTM", "gru": "GRU"}

_INPUT_STARTS = ("xavier", "he", "orthogonal", "small")

_STARTS = ("identity", "normal", "large", *_INPUT_STARTS)

_PLAIN = "W_ih x_t + b_ih + W_hh h_{t−1} + b_hh"

EQUATIONS = {
    "tanh": (f"h_t = tanh({_PLAIN})",),
    "relu": (f"h_t = max(0, {_PLAIN})",),
    "lstm": (
        "i, f, g, o = σ, σ, tanh, σ of W_ih x_t + b_ih + W_hh h_{t−1} + b_hh",
        "c_t = f ⊙ c_{t−1} + i ⊙ g",
        "h_t = o ⊙ tanh(c_t)",
    ),
    "gru": (
        "r, z = σ of W_ih x_t + b_ih + W_hh h_{t−1} + b_hh",
        "n = tanh(W_in x_t + b_in + r ⊙ (W_hn h_{t−1} + b_hn))",
        "h_t = (1 − z) ⊙ n + z ⊙ h_{t−1}",
    ),
}


def recurrent(draft: Draft, name: str, input_size: str) -> None:
    """Add the attribute `name` to the model, and how its weights start."""
    config = draft.config
    draft.layers.append(name)
    draft.attributes.append(f"self.{name} = {_made(draft, input_size)}")
    if config.cell == "irnn":
        start = draft.use("models.start", "start_irnn")
        draft.attributes.append(f"{start}(self.{name})")
    if CELLS[config.cell].has_recurrent_weight:
        gain = draft.setting("recurrent_gain") if config.recurrent_init != "default" else ""
        _start(draft, name, "recurrent_init", _STARTS, ["weight_hh", gain])
    _start(draft, name, "input_init", _INPUT_STARTS, ["weight_ih"])
    if config.gate_bias != "default":
        draft.attributes.append(own_layers.gate_bias(draft, f"self.{name}"))
    if CELLS[config.cell].has_forget_bias and config.forget_bias is not None:
        draft.attributes.append(own_layers.forget_bias(draft, f"self.{name}"))


def _start(
    draft: Draft, name: str, setting: str, known: Sequence[str], which: Sequence[str]
) -> None:
    """The line that draws some weights of the attribute `name` anew."""
    kind = getattr(draft.config, setting)
    if kind == "default":
        return
    if kind not in known:
        raise cannot(setting, ("default", *known), kind)
    start = draft.use("models.start", f"start_{kind}")
    blocks = draft.use("models.start", "gate_blocks")
    weights, *gain = which
    found = f'{blocks}(self.{name}, "{weights}", {draft.setting("hidden_size")})'
    draft.attributes.append(f"{start}({', '.join([found, *gain])})")


def _made(draft: Draft, input_size: str) -> str:
    """The expression that makes the layers."""
    config = draft.config
    kind = {"rnn": config.activation, "irnn": "relu"}.get(config.cell, config.cell)
    draft.equations = EQUATIONS.get(kind, ())
    if not is_fused(draft):
        return own_layers.made(draft, input_size)
    options = [input_size, draft.setting("hidden_size")]
    if config.num_layers > 1:
        options.append(draft.setting("num_layers"))
    if kind == "relu":
        options.append('nonlinearity="relu"')
    if config.num_layers > 1 and config.dropout:
        options.append(f"dropout={draft.setting('dropout')}")
    if config.bidirectional:
        options.append("bidirectional=True")
    return f"nn.{_MODULES[config.cell]}({', '.join(options)})"


def is_fused(draft: Draft) -> bool:
    """Whether PyTorch has a module for all layers together."""
    config = draft.config
    has_norms = config.num_layers > 1 and has_norm(draft)
    if config.residual or has_norms or draft.is_pretrained or is_noisy(config):
        return False
    if hears_each_layer(draft):
        return False
    has_activation = config.cell != "rnn" or config.activation in {"tanh", "relu"}
    return config.cell in _MODULES and has_activation
