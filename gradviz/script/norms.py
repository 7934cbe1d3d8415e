"""What is normalised between the layers, and in front of the readout."""

from __future__ import annotations

from gradviz.script.draft import Draft
from gradviz.script.errors import cannot

FIELDS = frozenset({"norm"})

_CLASSES = {"layer": "LayerNorm", "batch": "BatchNorm"}


def has_norm(draft: Draft) -> bool:
    """Whether there is any."""
    return draft.config.norm != "none"


def norm(draft: Draft, width: str) -> str:
    """The expression that makes one, of so many units."""
    kind = draft.config.norm
    if kind not in _CLASSES:
        raise cannot("norm", ("none", *_CLASSES), kind)
    return f"{draft.use('models.norms', _CLASSES[kind])}({width})"
