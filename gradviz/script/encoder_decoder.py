"""The model of a pair: an encoder reads the source, a decoder writes the target."""

from __future__ import annotations

from gradviz.config import CELLS
from gradviz.script.draft import Draft
from gradviz.script.dropout import seed_dropout
from gradviz.script.errors import cannot
from gradviz.script.norms import has_norm, norm
from gradviz.script.recurrent import is_fused, recurrent
from gradviz.script.task import task_text

FIELDS = frozenset({"attention", "reverse_source", "teacher_forcing"})

_ATTENTION = {"dot": "DotAttention", "general": "GeneralAttention"}

_OWN = '''\
@torch.no_grad()
def own_symbols(self, {arguments}) -> Tensor:
    """(T, B, 9) what the decoder reads: where it is not told, its own likeliest symbol.

    Scheduled sampling (Bengio et al. 2015): no gradient goes through the choice of a symbol.
    """
    given = [told[0]]
    for t in range(1, len(told)):
        hidden, state = self.decoder(given[-1].unsqueeze(0), state)
        symbols = {answer}[0].argmax(-1)
        own = functional.one_hot(symbols, told.shape[-1]).to(told.dtype)
        given.append(torch.where(is_told[t].unsqueeze(-1), told[t], own))
    return torch.stack(given)'''


def write(draft: Draft) -> None:
    """The attributes in the order of `gradviz.model.EncoderDecoder`, and a forward pass."""
    config, text = draft.config, task_text(draft)
    label = CELLS[config.cell].label
    draft.title = f"{label}: an encoder, and a decoder that begins with its last state."
    recurrent(draft, "encoder", text.input_size)
    recurrent(draft, "decoder", "9")
    hidden = draft.setting("hidden_size")
    if config.attention != "none":
        if config.attention not in _ATTENTION:
            raise cannot("attention", ("none", *_ATTENTION), config.attention)
        kind = draft.use("models.global_attention", _ATTENTION[config.attention])
        draft.attributes.append(f"self.attention = {kind}({hidden})")
    if has_norm(draft):
        draft.attributes.append(f"self.norm = {norm(draft, hidden)}")
    draft.attributes.append(f"self.readout = nn.Linear({hidden}, {text.output_size})")
    draft.methods.append(_forward(draft))
    draft.outputs = "model(inputs, told)"
    draft.backward.append("loss.backward()")
    if config.dropout and config.num_layers > 1:
        seed_dropout(draft)
    if config.teacher_forcing < 1:
        draft.methods.append(_own_symbols(draft))
        share = draft.setting("teacher_forcing")
        draft.forward.append(f"outputs = model(inputs, told, chance < {share})")
        draft.outputs = "outputs"


def _forward(draft: Draft) -> str:
    config = draft.config
    arguments, told = "source: Tensor, told: Tensor", "told"
    if config.teacher_forcing < 1:
        arguments += ", is_told: Tensor"
        told = f"self.own_symbols({_encoded(draft)}state, told, is_told)"
    source = "source.flip(0)" if config.reverse_source else "source"
    lines = [
        f"def forward(self, {arguments}) -> Tensor:",
        f"    {'_' if config.attention == 'none' else 'encoded'}, state = self.encoder({source})",
    ]
    if config.cell == "qrnn":
        is_stack = config.num_layers > 1
        own = "tuple(each[:1] for each in state)" if is_stack else "state[:1]"
        lines.append(f"    state = {own}  # Without the encoder's last inputs.")
    if told != "told":
        lines.append(f"    told = {told}")
    lines += ["    hidden, _ = self.decoder(told, state)", f"    return {_answer(draft)}"]
    return "\n".join(lines)


def _own_symbols(draft: Draft) -> str:
    is_tensor = is_fused(draft) and CELLS[draft.config.cell].state_parts == 1
    state = "Tensor" if is_tensor else "tuple"
    encoded = "encoded: Tensor, " if _encoded(draft) else ""
    arguments = f"{encoded}state: {state}, told: Tensor, is_told: Tensor"
    return _OWN.format(arguments=arguments, answer=_answer(draft))


def _answer(draft: Draft) -> str:
    attended = "self.attention(hidden, encoded)" if _encoded(draft) else "hidden"
    return f"self.readout({f'self.norm({attended})' if has_norm(draft) else attended})"


def _encoded(draft: Draft) -> str:
    return "" if draft.config.attention == "none" else "encoded, "
