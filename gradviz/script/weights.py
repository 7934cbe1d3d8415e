"""What holds the weights: constraints, penalties, decay."""

from __future__ import annotations

from gradviz.config import CELLS
from gradviz.script.draft import Draft
from gradviz.script.errors import cannot

FIELDS = frozenset(
    {
        "input_constraint",
        "recurrent_constraint",
        "bias_constraint",
        "constraint_limit",
        "l1",
        "l2",
        "weight_decay",
    }
)

_KINDS = {"input": "weight_ih", "recurrent": "weight_hh", "bias": "bias"}
"""What the names of these weights begin with."""

_ARGUMENTS = {
    "max_norm": ("hidden_size", "constraint_limit"),
    "unit_norm": ("hidden_size",),
    "non_negative": (),
    "spectral": ("hidden_size", "constraint_limit"),
}


def write(draft: Draft) -> None:
    """In the order in which a step of gradviz does them."""
    _penalties(draft)
    _decay(draft)
    for which in _KINDS:
        _constraint(draft, which)


def _penalties(draft: Draft) -> None:
    """Their gradients are added, so that the loss stays the task's."""
    config = draft.config
    terms = []
    if config.l1:
        terms.append(f"    weight.grad.add_(weight.sign(), alpha={draft.setting('l1')})")
    if config.l2:
        terms.append(f"    weight.grad.add_(weight, alpha=2 * {draft.setting('l2')})")
    if terms:
        draft.started.append("matrices = [each for each in model.parameters() if each.ndim == 2]")
        if "self.embedding" in draft.attributes[0]:
            draft.started[-1] = (
                "named = model.named_parameters()\n"
                'matrices = [w for name, w in named if w.ndim == 2 and "embedding" not in name]'
            )
        rows = ["with torch.no_grad():", f"    for weight in {_moving(draft, 'matrices')}:"]
        draft.backward.append("\n".join([*rows, *(f"    {each}" for each in terms)]))


def _decay(draft: Draft) -> None:
    """AdamW's own is that of the optimiser."""
    config = draft.config
    if not config.weight_decay or config.optimizer == "adamw":
        return
    rate = "rate" if draft.before_step else draft.setting("learning_rate")
    draft.before_step.append(
        "with torch.no_grad():\n"
        f"    for weight in {_moving(draft, 'model.parameters()')}:\n"
        f"        weight.mul_(1 - {rate} * {draft.setting('weight_decay')})"
    )


def _moving(draft: Draft, weights: str) -> str:
    """Those that have a gradient: what an encoder gives at each timestep nothing may read.

    Nor have weights one that pre-training has frozen.
    """
    if not (draft.config.is_pair or draft.is_pretrained):
        return weights
    return f"[each for each in {weights} if each.grad is not None]"


def _constraint(draft: Draft, which: str) -> None:
    kind = getattr(draft.config, f"{which}_constraint")
    if kind == "none":
        return
    if kind not in _ARGUMENTS:
        raise cannot(f"{which}_constraint", ("none", *_ARGUMENTS), kind)
    begins = _KINDS[which]
    if which == "input" and not CELLS[draft.config.cell].is_recurrent:
        begins = "weight"
    of = draft.use("training.constraints", "weights_of")
    found = " + ".join(f'{of}(model.{each}, "{begins}")' for each in draft.layers)
    held = {"input": "inward", "recurrent": "recurrent", "bias": "biases"}[which]
    hold = draft.use("training.constraints", f"hold_{kind}")
    arguments = [held, *(draft.setting(each) for each in _ARGUMENTS[kind])]
    call = f"{hold}({', '.join(arguments)})"
    draft.started += [f"{held} = {found}", call]
    draft.after_step.append(call)
