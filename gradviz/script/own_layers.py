"""Recurrent layers that are more than one call of a PyTorch module: our own cells, and stacks."""

from __future__ import annotations

from gradviz.config import CELLS, is_noisy
from gradviz.script.draft import Draft
from gradviz.script.errors import cannot
from gradviz.script.layout import exploded
from gradviz.script.noisy_layer import noisy
from gradviz.script.norms import has_norm, norm

CLASSES = {
    "peephole_lstm": "PeepholeLstm",
    "coupled_lstm": "CoupledLstm",
    "layer_norm_rnn": "LayerNormRnn",
    "layer_norm_lstm": "LayerNormLstm",
    "layer_norm_gru": "LayerNormGru",
    "mgu": "Mgu",
    "orthogonal_rnn": "OrthogonalRnn",
    "qrnn": "Qrnn",
    "sru": "Sru",
    "lru": "Lru",
    "linear_rnn": "LinearRnn",
}
"""By the cell, which is also the name of its part."""

MODULES = {"rnn": "nn.RNN", "irnn": "nn.RNN", "lstm": "nn.LSTM", "gru": "nn.GRU"}

FUNCTIONS = {
    "leaky_relu": "functional.leaky_relu",
    "elu": "functional.elu",
    "sigmoid": "torch.sigmoid",
}
"""φ of the RNN where PyTorch's module has it not."""

KEEPS_MEMORY = {
    "peephole_lstm": (1, 1),
    "layer_norm_lstm": (1, 1),
    "layer_norm_gru": (1, 1),
    "lstm": (1, 1),
    "coupled_lstm": (0, -1),
    "mgu": (0, -1),
    "qrnn": (1, 1),
    "sru": (0, 1),
    "gru": (1, 1),
}
"""The block of H rows of its gate that keeps the memory, and the sign of the forget bias there."""

HAS_INPUT_GATE = {"lstm", "peephole_lstm", "layer_norm_lstm"}
"""One that is not tied to the forget gate."""


def made(draft: Draft, input_size: str) -> str:
    """The expression that makes all layers, the first of which reads `input_size` numbers."""
    config = draft.config
    is_skipped = draft.number(input_size) == _width(draft)
    rows = [_row(draft, 0, input_size, is_skipped=is_skipped)]
    above = f"2 * {_hidden(draft)}" if config.bidirectional else _hidden(draft)
    rows += [_row(draft, index, above, is_skipped=True) for index in range(1, config.num_layers)]
    if len(rows) == 1:
        return rows[0]
    if draft.is_pretrained:
        return exploded(draft.use("models.growing_stack", "GrowingStack"), rows)
    return exploded(draft.use("models.stack", "Stack"), rows)


def forget_bias(draft: Draft, layers: str) -> str:
    """The line that sets the bias of the gate that keeps the memory, in all layers."""
    block, sign = KEEPS_MEMORY[draft.config.cell]
    hidden, value = _hidden(draft), draft.setting("forget_bias")
    rows = f"slice({hidden}, 2 * {hidden})" if block else f"slice({hidden})"
    start = draft.use("models.forget_bias", "set_forget_bias")
    return f"{start}({layers}, {rows}, {'' if sign > 0 else '-'}{value})"


def gate_bias(draft: Draft, layers: str) -> str:
    """The line that draws the biases of these gates."""
    config, hidden = draft.config, _hidden(draft)
    if config.gate_bias != "chrono":
        raise cannot("gate_bias", ("default", "chrono"), config.gate_bias)
    if config.cell in HAS_INPUT_GATE:
        start = draft.use("models.chrono", "start_chrono")
        return f"{start}({layers}, {hidden}, {draft.timesteps})"
    block, sign = KEEPS_MEMORY[config.cell]
    rows = f"slice({hidden}, 2 * {hidden})" if block else f"slice({hidden})"
    start = draft.use("models.chrono", "start_chrono_gate")
    return f"{start}({layers}, {rows}, {sign}, {draft.timesteps})"


def _row(draft: Draft, index: int, input_size: str, *, is_skipped: bool) -> str:
    """One layer of the stack, with what is around it."""
    config = draft.config
    layer = _layer(draft, input_size)
    if config.residual and is_skipped:
        layer = f"{draft.use('models.stack', 'Residual')}({layer})"
    if config.dropout and index:
        share = draft.setting("dropout")
        layer = f"{draft.use('models.stack', 'Dropping')}({share}, {layer})"
    if has_norm(draft) and index:
        layer = f"{draft.use('models.stack', 'Normed')}({norm(draft, input_size)}, {layer})"
    return layer


def _layer(draft: Draft, input_size: str) -> str:
    kind, options = _kind(draft)
    sizes = ", ".join([input_size, _hidden(draft), *options])
    if is_noisy(draft.config):
        inner = ", ".join(["input_size", _hidden(draft), *options])
        kind, sizes = noisy(draft, f"{kind}({inner})"), input_size
    if not draft.config.bidirectional:
        return f"{kind}({sizes})"
    return f"{draft.use('models.stack', 'BothWays')}({kind}, {sizes})"


def _kind(draft: Draft) -> tuple[str, list[str]]:
    """The class of a layer, and its arguments behind the sizes."""
    cell, activation = draft.config.cell, draft.config.activation
    if cell in CLASSES:
        return draft.use(f"cells.{cell}", CLASSES[cell]), []
    if cell == "rnn" and activation in FUNCTIONS:
        return draft.use("cells.elman_rnn", "ElmanRnn"), [FUNCTIONS[activation]]
    if cell not in MODULES:
        raise cannot("cell", (*MODULES, *CLASSES), cell)
    if cell == "rnn" and activation not in {"tanh", "relu"}:
        raise cannot("activation", ("tanh", "relu", *FUNCTIONS), activation)
    is_relu = cell == "irnn" or (CELLS[cell].has_activation and activation == "relu")
    return MODULES[cell], ['nonlinearity="relu"'] if is_relu else []


def _hidden(draft: Draft) -> str:
    return draft.setting("hidden_size")


def _width(draft: Draft) -> int:
    return draft.config.hidden_size * (2 if draft.config.bidirectional else 1)
