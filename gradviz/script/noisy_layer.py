"""A recurrent layer with noise, written for the kinds of it that a run has.

Where masks change from timestep to timestep an LSTM or GRU is written out, for its candidate is
not to be had from PyTorch's module; other layers are called once a timestep.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradviz.config import CELLS, RunConfig
from gradviz.script.draft import Draft

NAME = "NoisyLayer"

_EQUATIONS = {
    "dropconnect": ("DropConnect (Merity, Keskar & Socher 2017): d_w ⊙ W_hh in the place of W_hh",),
    "variational_dropout": (
        "Variational dropout (Gal & Ghahramani 2016): d_x ⊙ x_t and d_h ⊙ h_{t−1}, the same",
        "    at all timesteps, in the place of x_t and h_{t−1} where a weight multiplies them",
    ),
    "recurrent_dropout": (
        "Recurrent dropout (Semeniuta, Severyn & Barth 2016): d_t ⊙ the candidate in its place",
    ),
    "zoneout": ("Zoneout (Krueger et al. 2016): s_t = s_{t−1} in units of which a share is drawn",),
}
"""In the order in which their masks are drawn."""

_STEPS = {
    "lstm": """\
drive = torch.addmm(b_ih + b_hh, x, w_ih.T)
i, f, g, o = torch.addmm(drive, {read}, w_hh.T).chunk(4, -1)
g = {candidate}
{new}c = torch.sigmoid(f) * c + torch.sigmoid(i) * g
{new}h = torch.sigmoid(o) * torch.tanh({new}c)""",
    "gru": """\
of_r, of_z, of_n = torch.addmm(b_ih, x, w_ih.T).chunk(3, -1)
back_r, back_z, back_n = torch.addmm(b_hh, {read}, w_hh.T).chunk(3, -1)
r, z = torch.sigmoid(of_r + back_r), torch.sigmoid(of_z + back_z)
n = {candidate}
{new}h = torch.lerp(n, h, z)  # (1 − z) ⊙ n + z ⊙ h""",
    "orthogonal_rnn": """\
drives = (x @ self.layer.weight_ih.T).unsqueeze(0)
{new}h = ModReluLoop.apply(drives, {read}, w_hh, self.layer.bias)[0]""",
}
"""One timestep of cells that are written out."""

_CANDIDATES = {"lstm": "torch.tanh(g)", "gru": "torch.tanh(of_n + r * back_n)"}


def noisy(draft: Draft, layer: str) -> str:
    """The name of a class that takes a layer's input size; `layer` makes one without noise."""
    if not draft.classes:
        draft.classes.append("\n".join(_class(draft, layer)))
    return NAME


def is_held(config: RunConfig) -> bool:
    """Whether masks are kept for the other passes of a step."""
    return bool(config.windows and (config.dropconnect or config.variational_dropout))


def _class(draft: Draft, layer: str) -> list[str]:
    config = draft.config
    kinds = [name for name in _EQUATIONS if getattr(config, name)]
    masks = "" if kinds == ["zoneout"] else "; d is 0 for a share p, and else 1/(1 − p)"
    made = ["super().__init__()", f"self.layer = {layer}"]
    if is_held(config):
        made.append("self.held: Any = None")
    return [
        f"class {NAME}(nn.Module):",
        f'    """A layer with noise in its recurrence{masks}.',
        "",
        *_indented([row for name in kinds for row in _EQUATIONS[name]]),
        '    """',
        "",
        "    def __init__(self, input_size: int) -> None:",
        *_indented(_indented(made)),
        "",
        "    def forward(self, inputs: Tensor, state: Any = None) -> tuple[Tensor, Any]:",
        *_indented(_indented(_forward(draft))),
    ]


def _forward(draft: Draft) -> list[str]:
    config = draft.config
    if not _is_by_timestep(config):
        return [*_weights(config), *_masks(draft), f"return {_called(config, 'inputs, state')}"]
    is_counted = config.zoneout or config.recurrent_dropout
    joined = "cat" if _is_module(config) else "stack"
    return [
        *_weights(config),
        *_start(draft),
        *_masks(draft),
        "outputs = []",
        "for t, x in enumerate(inputs):" if is_counted else "for x in inputs:",
        *_indented([*_step(draft), "outputs.append(h)"]),
        f"return torch.{joined}(outputs), {_state(config)}",
    ]


def _is_by_timestep(config: RunConfig) -> bool:
    return bool(config.zoneout or config.variational_dropout or config.recurrent_dropout)


def _is_module(config: RunConfig) -> bool:
    """Whether timesteps are read by a module of PyTorch's."""
    return config.cell == "irnn" or (config.cell == "rnn" and config.activation in {"tanh", "relu"})


def _is_written_out(config: RunConfig) -> bool:
    return config.cell in _STEPS and _is_by_timestep(config)


def _weights(config: RunConfig) -> list[str]:
    """Of the layer, as far as the lines below name them."""
    if config.cell == "orthogonal_rnn":
        return ["w_hh = self.layer.recurrent_weight()"]
    if _is_written_out(config):
        return ["w_ih, w_hh, b_ih, b_hh = self.layer.parameters()"]
    return [f"w_hh = self.layer.{_weight_name(config)}"] if config.dropconnect else []


def _weight_name(config: RunConfig) -> str:
    """Of W_hh in the layer."""
    is_pytorchs = _is_module(config) or config.cell in {"lstm", "gru"}
    return "weight_hh_l0" if is_pytorchs else "weight_hh"


def _start(draft: Draft) -> list[str]:
    """The state before the first timestep."""
    config = draft.config
    sizes = f"inputs.shape[1], {draft.setting('hidden_size')}"
    zeros = f"inputs.new_zeros({'1, ' if _is_module(config) else ''}{sizes})"
    if CELLS[config.cell].state_parts == 2:
        return [f"zeros = {zeros}", "h, c = state or (zeros, zeros)"]
    return [f"h = {zeros} if state is None else state"]


def _masks(draft: Draft) -> list[str]:
    """Drawn, in gradviz's order; and those of weights and inputs used."""
    config = draft.config
    held, lines, used = {}, [], []
    if config.dropconnect:
        share, mask = draft.setting("dropconnect"), draft.use("models.noise", "mask")
        held["d_w"] = f"{mask}({share}, w_hh.shape, inputs)"
        used.append("w_hh = w_hh * d_w")
    if config.variational_dropout:
        share, mask = draft.setting("variational_dropout"), draft.use("models.noise", "mask")
        held["d_x"] = f"{mask}({share}, inputs.shape[1:], inputs)"
        held["d_h"] = f"{mask}({share}, h.shape, inputs)"
        used.append("inputs = inputs * d_x")
    if config.recurrent_dropout:
        share, mask = draft.setting("recurrent_dropout"), draft.use("models.noise", "mask")
        lines.append(f"d = {mask}({share}, (len(inputs), *h.shape), inputs)")
    if config.zoneout:
        share, chosen = draft.setting("zoneout"), draft.use("models.noise", "chosen")
        parts = "hc"[: CELLS[config.cell].state_parts]
        lines += [f"kept_{n} = {chosen}({share}, (len(inputs), *h.shape))" for n in parts]
    return [*_drawn(held, is_held=is_held(config)), *lines, *used]


def _drawn(masks: dict[str, str], *, is_held: bool) -> list[str]:
    """By name: what draws it."""
    if not is_held:
        return [f"{name} = {drawn}" for name, drawn in masks.items()]
    names, values = ", ".join(masks), ", ".join(masks.values())
    return [
        "if self.held is None:  # The first pass of a step draws for them all.",
        f"    self.held = {f'({values})' if len(masks) > 1 else values}",
        f"{names} = self.held",
    ]


def _step(draft: Draft) -> list[str]:
    """One timestep: h, or h and c, anew."""
    config = draft.config
    read = "h * d_h" if config.variational_dropout else "h"
    new = "new_" if config.zoneout else ""
    if config.cell == "orthogonal_rnn":
        draft.use("cells.orthogonal_rnn", "ModReluLoop")
    if config.cell in _STEPS:
        candidate = _CANDIDATES.get(config.cell, "")
        if config.recurrent_dropout:
            candidate = f"d[t] * {candidate}"
        lines = _STEPS[config.cell].format(read=read, new=new, candidate=candidate).splitlines()
    else:
        given = f"x.unsqueeze(0), {_state(config).replace('h', read)}"
        lines = [f"_, {_state(config, new)} = {_called(config, given)}"]
    if config.zoneout:
        parts = "hc"[: CELLS[config.cell].state_parts]
        lines += [f"{n} = torch.where(kept_{n}[t], {n}, new_{n})" for n in parts]
    return lines


def _called(config: RunConfig, given: str) -> str:
    if not config.dropconnect:
        return f"self.layer({given})"
    return f'functional_call(self.layer, {{"{_weight_name(config)}": w_hh}}, ({given}))'


def _state(config: RunConfig, new: str = "") -> str:
    return f"({new}h, {new}c)" if CELLS[config.cell].state_parts == 2 else f"{new}h"


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]
