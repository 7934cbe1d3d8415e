"""Noise in the recurrence: what is drawn at random in every step."""

from __future__ import annotations

from gradviz.config import is_noisy
from gradviz.script.draft import Draft
from gradviz.script.errors import refuse_omega
from gradviz.script.noisy_layer import NAME, is_held

FIELDS = frozenset({"zoneout", "dropconnect", "variational_dropout", "recurrent_dropout"})


def write(draft: Draft) -> None:
    """In the loop: masks of a step's own."""
    if not is_noisy(draft.config):
        return
    refuse_omega(draft.config, "noise in the recurrence")
    generator, seed = draft.use("models.noise", "NOISE"), draft.use("models.noise", "noise_seed")
    rows = [f"{generator}.manual_seed({seed}({draft.setting('seed')}, step))"]
    if is_held(draft.config):
        draft.started.append(f"noisy = [m for m in model.modules() if isinstance(m, {NAME})]")
        rows += ["for layer in noisy:", "    layer.held = None"]
    draft.forward[:0] = rows
