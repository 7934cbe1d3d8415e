"""The scoreboard of remedies: what each did to one failing set-up, a row and a sentence each.

`verdicts` says by which rule each is judged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gradviz.history import NEAR_ONE, RECENT, Outcome
from gradviz.reading.differences import NONE, Spread, number_of
from gradviz.reading.phrases import number
from gradviz.reading.verdicts import Verdict, is_solved, verdict

IN_WORDS = "In words"
"""Title of the column of sentences."""

SLOWER, FASTER = 1.5, 0.67
"""Ratios of a step's time that are worth a word: on a busy machine less is noise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """One row. Spreads are over seeds."""

    label: str
    verdict: Verdict
    seeds: int = 0
    """Runs that have ended or begun."""
    steps: int = 0
    """The newest of all."""
    first_lag: int | None = None
    horizon_at_first: Spread | None = None
    """Timesteps back; inf where a gradient reaches the first input."""
    horizon: Spread | None = None
    near_one: Spread | None = None
    """Share of timesteps with ‖J_t‖₂ in NEAR_ONE, at last."""
    loss: Spread | None = None
    """Mean of the last RECENT steps, of the seeds that did not fail."""
    held_out: Spread | None = None
    """Loss on data that are not trained on, of the seeds that did not fail."""
    floor: float | None = None
    failed_at: tuple[int, ...] = ()
    solved: int = 0
    steps_to_solve: Spread | None = None
    step_ms: Spread | None = None
    time_ratio: float | None = None
    """Median time of a step over that without the remedy."""
    sentence: str = ""

    def cells(self) -> dict[str, str]:
        """Column title → words; the same columns in every row."""
        near = f"‖J‖ in {NEAR_ONE[0]:g}…{NEAR_ONE[1]:g}"
        if self.verdict == "refused":
            return dict.fromkeys(Score(label="", verdict="waiting").cells(), NONE) | {
                "Remedy": self.label,
                "Verdict": self.verdict,
                IN_WORDS: self.sentence,
            }
        return {
            "Remedy": self.label,
            "Verdict": self.verdict,
            "Horizon at first": _words(self.horizon_at_first),
            "Horizon at last": _words(self.horizon),
            near: _percent(self.near_one),
            f"Loss, last {RECENT} steps": _words(self.loss),
            "Of the floor": _of_floor_cell(self.loss, self.floor),
            "Loss, unseen data": _words(self.held_out),
            "Failed": f"{len(self.failed_at)} of {self.seeds}",
            "Solved": f"{self.solved} of {self.seeds}",
            "Steps to solve": _words(self.steps_to_solve),
            "Time of a step": f"{self.time_ratio:.1f} ×" if self.time_ratio else NONE,
            IN_WORDS: self.sentence,
        }


def scoreboard(
    untreated: Sequence[Outcome],
    treated: Mapping[str, Sequence[Outcome]],
    refused: Mapping[str, str] | None = None,
    *,
    steps: int,
    seeds: int,
    time_ratios: Mapping[str, float] | None = None,
) -> list[Score]:
    """A row without remedies, then one for each that was tried or refused.

    Args:
        untreated: what came of the set-up by itself, a run a seed.
        treated: label to what came with the remedy, on the same seeds.
        refused: label to the sentence why that cannot be.
        steps: that each run is to take; before that, or a failure, it is not judged.
        seeds: runs that there are to be of each.
        time_ratios: label to the time of a step over that of one without, where it was measured
            better than by the runs themselves.
    """
    base = _score("Untreated", untreated)
    is_ready = _has_ended(untreated, steps, seeds)
    rows = [replace(base, verdict="untreated" if is_ready else "waiting", sentence=_alone(base))]
    for label, outcomes in treated.items():
        row = _score(label, outcomes)
        if is_ready and _has_ended(outcomes, steps, seeds):
            ratio = time_ratios.get(label) if time_ratios else _time_ratio(row, base)
            row = replace(row, verdict=verdict(outcomes, untreated), time_ratio=ratio)
            row = _told(row, base)
        rows.append(row)
    rows += [
        Score(label=label, verdict="refused", sentence=why)
        for label, why in (refused or {}).items()
    ]
    return rows


def _has_ended(outcomes: Sequence[Outcome], steps: int, seeds: int) -> bool:
    ended = [each for each in outcomes if each.steps >= steps or each.failed_at is not None]
    return len(ended) == len(outcomes) == seeds


def _score(label: str, outcomes: Sequence[Outcome]) -> Score:
    begun = [each for each in outcomes if each.steps]
    return Score(
        label=label,
        verdict="waiting",
        seeds=len(begun),
        steps=max((each.steps for each in begun), default=0),
        first_lag=max((each.first_lag for each in begun if each.first_lag), default=None),
        horizon_at_first=Spread.over(each.horizon_at_first for each in begun),
        horizon=Spread.over(each.horizon for each in begun),
        near_one=Spread.over(each.near_one for each in begun),
        loss=Spread.over(each.loss for each in begun if each.failed_at is None),
        held_out=Spread.over(each.held_out for each in begun if each.failed_at is None),
        floor=next((each.floor for each in begun if each.floor), None),
        failed_at=tuple(sorted(each.failed_at for each in begun if each.failed_at is not None)),
        solved=sum(map(is_solved, begun)),
        steps_to_solve=Spread.over(each.solved_at for each in begun if is_solved(each)),
        step_ms=Spread.over(each.step_ms for each in begun),
    )


def _time_ratio(row: Score, base: Score) -> float | None:
    return row.step_ms.median / base.step_ms.median if row.step_ms and base.step_ms else None


def _told(row: Score, base: Score) -> Score:
    words = [_what_came(row, base), _reach(row, base), _pace(row)]
    return replace(row, sentence=" ".join(each for each in words if each))


def _alone(base: Score) -> str:
    if not base.seeds:
        return ""
    return " ".join(each for each in (_came(base), _horizon(base)) if each)


def _what_came(row: Score, base: Score) -> str:
    """What came of it, and of the set-up without it."""
    lead = {
        "cures": "Cures it: ",
        "helps": "Helps: ",
        "survives": "Survives, and learns nothing: ",
        "harms": "Harms: ",
    }.get(row.verdict, "No difference beyond that between seeds: ")
    came = _came(row)
    return f"{lead}{came[0].lower()}{came[1:]} Untreated, {_came(base, short=True)}"


def _came(row: Score, *, short: bool = False) -> str:
    """Failures, or seeds that solved it, or the loss."""
    count = "all" if row.seeds > 1 else "the one"
    if len(row.failed_at) == row.seeds:
        words = f"{count} {_runs(row.seeds)} failed, at step {_range(row.failed_at)}"
    elif row.failed_at:
        words = f"{len(row.failed_at)} of {row.seeds} runs failed, at step {_range(row.failed_at)}"
        words += f", and the others end at a loss of {_of_floor(row.loss, row.floor)}"
    elif row.held_out:
        words = f"the loss on unseen data ends at {_of_floor(row.held_out, row.floor)}"
        if row.loss:
            words += f"; on the training set at {_of_floor(row.loss, row.floor)}"
    elif row.solved == row.seeds and row.steps_to_solve:
        words = f"{count} {_runs(row.seeds)} solved the task, by step "
        words += row.steps_to_solve.words()
    elif row.solved:
        words = f"{row.solved} of {row.seeds} runs solved the task"
    else:
        words = f"the loss ends at {_of_floor(row.loss, row.floor)}"
    return f"{words if short else words[0].upper() + words[1:]}."


def _of_floor(loss: Spread | None, floor: float | None) -> str:
    if loss is None:
        return "an unknown number"
    if not floor:
        return number(loss.median)
    return f"{number(loss.median)}, {share_of(loss.median, floor)} its floor"


def share_of(loss: float, floor: float) -> str:
    """“12% of”, or “19 times”."""
    share = loss / floor
    return f"{number(share)} times" if share >= 10 else f"{share:.0%} of"


def _reach(row: Score, base: Score) -> str:
    """The horizon at last, where it is another than without."""
    if row.horizon is None or base.horizon is None or row.horizon.median == base.horizon.median:
        return ""
    return f"{_horizon(row)[:-1]}, not {_timesteps(base.horizon.median)}."


def _horizon(row: Score) -> str:
    if row.horizon is None:
        return ""
    return f"The gradient horizon is at last {_timesteps(row.horizon.median)}."


def _timesteps(horizon: float) -> str:
    if math.isinf(horizon):
        return "the whole sequence"
    return f"{number_of(horizon)} timestep{'' if horizon == 1 else 's'}"


def _pace(row: Score) -> str:
    if row.time_ratio is None or FASTER < row.time_ratio < SLOWER:
        return ""
    return f"A step takes {number(float(f'{row.time_ratio:.2g}'))} times as long."


def _runs(count: int) -> str:
    return f"{count} runs" if count > 1 else "run"


def _range(steps: tuple[int, ...]) -> str:
    return "…".join(f"{step:,}" for step in sorted({min(steps), max(steps)}))


def _of_floor_cell(loss: Spread | None, floor: float | None) -> str:
    if not loss or not floor:
        return NONE
    return share_of(loss.median, floor).removesuffix(" of").replace(" times", " ×")


def _words(spread: Spread | None) -> str:
    return spread.words() if spread else NONE


def _percent(spread: Spread | None) -> str:
    return f"{spread.median:.0%}" if spread else NONE


_BEST: tuple[Verdict, ...] = (
    "cures",
    "helps",
    "survives",
    "untreated",
    "no difference",
    "harms",
    "waiting",
)


def best_first(rows: Sequence[Score]) -> list[Score]:
    """By verdict, and within it by failures, steps to solve and loss; refused ones last."""
    return sorted(rows, key=_rank)


def _rank(row: Score) -> tuple[float, ...]:
    place = _BEST.index(row.verdict) if row.verdict in _BEST else len(_BEST)
    steps = row.steps_to_solve.median if row.steps_to_solve else math.inf
    loss = row.loss.median if row.loss else math.inf
    return place, len(row.failed_at), -row.solved, steps, loss
