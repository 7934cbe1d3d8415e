"""The learning rate of every step."""

from __future__ import annotations

from gradviz.script.draft import Draft
from gradviz.script.errors import cannot

FIELDS = frozenset({"warmup_steps", "schedule", "schedule_steps", "schedule_factor"})

_SCHEDULES = ("step", "exponential", "cosine")


def write(draft: Draft) -> None:
    """The optimiser's rate is set anew before each of its steps."""
    config = draft.config
    if config.schedule == "constant" and not config.warmup_steps:
        return
    draft.before_step.append(f"rate = {_rate(draft)}")
    if config.warmup_steps:
        steps = draft.setting("warmup_steps")
        rising = f"    rate = {draft.setting('learning_rate')} * (step + 1) / {steps}"
        draft.before_step += [f"if step < {steps}:", rising]
    draft.before_step.append('optimizer.param_groups[0]["lr"] = rate')


def _rate(draft: Draft) -> str:
    """After the warm-up."""
    config, rate = draft.config, draft.setting("learning_rate")
    if config.schedule == "constant":
        return rate
    if config.schedule not in _SCHEDULES:
        raise cannot("schedule", ("constant", *_SCHEDULES), config.schedule)
    schedule = draft.use("training.schedules", f"{config.schedule}_rate")
    step = f"max(step - {draft.setting('warmup_steps')}, 0)" if config.warmup_steps else "step"
    length, factor = draft.setting("schedule_steps"), draft.setting("schedule_factor")
    return f"{schedule}({rate}, {step}, {length}, {factor})"
