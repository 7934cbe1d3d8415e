"""The model of most runs: an embedding for tokens, recurrent layers, a linear readout.

Its attributes come in the order of `gradviz.model.SequenceModel`, in which weights are drawn.
"""

from __future__ import annotations

from gradviz.config import CELLS, TASKS
from gradviz.script.draft import Draft
from gradviz.script.dropout import seed_dropout
from gradviz.script.errors import cannot
from gradviz.script.norms import has_norm, norm
from gradviz.script.recurrent import recurrent
from gradviz.script.task import task_text
from gradviz.script.through_time import Way, way_of

FIELDS = frozenset({"readout", "embedding_size", "dropout", "state", "bptt_window", "bptt_every"})

_READ = {
    "last": "its last state",
    "mean": "the mean of its states",
    "sum": "the sum of its states",
    "attention": "a mean of its states by attention",
    "every": "every state",
}

_POOLS = {
    "last": "hidden[-1]",
    "mean": "hidden.mean(0)",
    "sum": "hidden.sum(0)",
    "attention": "self.pool(hidden)",
}


def write(draft: Draft) -> None:
    """Attributes, methods, and what they make of a batch."""
    config = draft.config
    if config.readout not in _POOLS:
        raise cannot("readout", _POOLS, config.readout)
    layers = f"{config.num_layers} layers of " if config.num_layers > 1 else ""
    label = CELLS[config.cell].label
    read = _READ["every" if _answers_every(draft) else config.readout]
    draft.title = f"{layers or _article(label)}{label}, and a linear readout of {read}."
    _attributes(draft)
    way = way_of(draft)
    if way.reads_twice:
        draft.methods.append(_method("read_out", "hidden: Tensor", "Tensor", _read_out(draft)))
    else:
        draft.methods.append(_forward(draft, way))
    if config.dropout:
        seed_dropout(draft)
    way.propagate(draft, _embedded(draft, "model") if way.reads_twice else "inputs")


def _answers_every(draft: Draft) -> bool:
    return TASKS[draft.config.task].answers == "every"


def _attributes(draft: Draft) -> None:
    config, text = draft.config, task_text(draft)
    width = text.input_size
    if TASKS[config.task].tokens:
        draft.arguments["kinds"] = "kinds"
        width = draft.setting("embedding_size")
        draft.attributes.append(f"self.embedding = nn.Embedding({text.input_size}, {width})")
    recurrent(draft, "recurrent", width)
    width = ("2 * " if config.bidirectional else "") + draft.setting("hidden_size")
    if has_norm(draft):
        draft.attributes.append(f"self.norm = {norm(draft, width)}")
    if config.readout == "attention" and not _answers_every(draft):
        pool = draft.use("models.attention_pool", "AttentionPool")
        draft.attributes.append(f"self.pool = {pool}({width})")
    if config.dropout:
        draft.attributes.append(f"self.dropout = nn.Dropout({draft.setting('dropout')})")
    draft.attributes.append(f"self.readout = nn.Linear({width}, {text.output_size})")


def _forward(draft: Draft, way: Way) -> str:
    read = way.read(draft, _embedded(draft, "self"))
    *pooled, answer = _read_out(draft)
    if draft.is_stateful:
        state = draft.use("models.state", "State")
        arguments = f"inputs: Tensor, state: {state} | None"
        return _method(
            "forward", arguments, f"tuple[Tensor, {state}]", [read, *pooled, f"{answer}, last"]
        )
    return _method("forward", "inputs: Tensor", "Tensor", [read, *pooled, answer])


def _embedded(draft: Draft, of: str) -> str:
    """What the first layer reads."""
    if not TASKS[draft.config.task].tokens:
        return "inputs"
    embedded = f"{of}.embedding(inputs)"
    return f"{of}.dropout({embedded})" if draft.config.dropout else embedded


def _read_out(draft: Draft) -> list[str]:
    """From `hidden` (T, B, P) to the answer."""
    config, lines = draft.config, []
    if has_norm(draft):
        lines.append("hidden = self.norm(hidden)")
    pooled = _POOLS[config.readout]
    if _answers_every(draft):
        pooled = "hidden"
    elif config.readout == "last" and config.bidirectional:
        # The state that the reverse direction ends with lies at t = 1.
        lines.append("onward, back = hidden.chunk(2, -1)")
        pooled = "torch.cat([onward[-1], back[0]], -1)"
    if config.dropout:
        pooled = f"self.dropout({pooled})"
    return [*lines, f"return self.readout({pooled})"]


def _method(name: str, arguments: str, returned: str, lines: list[str]) -> str:
    head = f"def {name}(self, {arguments}) -> {returned}:"
    return "\n".join([head, *(f"    {line}" for line in lines)])


def _article(label: str) -> str:
    spelt = label[:2].isupper()
    return "An " if label[0] in ("AEFHILMNORSX" if spelt else "AEIOU") else "A "
