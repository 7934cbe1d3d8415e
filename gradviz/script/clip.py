"""What is done to a large gradient before the step."""

from __future__ import annotations

from gradviz.script.draft import Draft
from gradviz.script.errors import cannot

FIELDS = frozenset({"clip", "clip_threshold"})


def write(draft: Draft) -> None:
    """By PyTorch's functions; adaptively by a part, which leaves the readout alone."""
    kind = draft.config.clip
    if kind == "none":
        return
    threshold = draft.setting("clip_threshold")
    if kind == "agc":
        draft.use("training.adaptive_clipping", "clip_adaptively")
        draft.started.append(
            'clipped = [w for name, w in model.named_parameters() if "readout" not in name]'
        )
        draft.clip.append(f"clip_adaptively(clipped, {threshold})")
    elif kind in {"norm", "value"}:
        draft.clip.append(f"nn.utils.clip_grad_{kind}_(model.parameters(), {threshold})")
    else:
        raise cannot("clip", ("none", "norm", "value", "agc"), kind)
