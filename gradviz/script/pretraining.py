"""Layers trained one after the other, and then together."""

from __future__ import annotations

from gradviz.config import TASKS
from gradviz.script.draft import Draft

FIELDS = frozenset({"pretrain_steps"})


def write(draft: Draft) -> None:
    """Stages, each with an optimiser and a state of its own."""
    if not draft.is_pretrained:
        return
    steps, layers = draft.setting("pretrain_steps"), draft.setting("num_layers")
    stage = f"step // {steps}"
    rows = [f"model.recurrent.begin_stage({stage})"]
    if TASKS[draft.config.task].tokens:
        rows = [f"stage = {stage}", "model.recurrent.begin_stage(stage)"]
        rows.append(f"model.embedding.requires_grad_(stage in (0, {layers}))")
    rows.append(f"optimizer = {draft.optimizer}")
    if draft.is_stateful:
        rows.append("state = None")
    draft.stage += [
        f"if step % {steps} == 0 and step <= {layers} * {steps}:",
        *(f"    {row}" for row in rows),
    ]
