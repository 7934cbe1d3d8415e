"""What is dropped out in a step."""

from __future__ import annotations

from gradviz.script.draft import Draft


def seed_dropout(draft: Draft) -> None:
    """The line that decides the masks of a step, in front of the forward pass."""
    seed = draft.use("training.dropout", "dropout_seed")
    draft.forward.insert(0, f"torch.manual_seed({seed}({draft.setting('seed')}, step))")
