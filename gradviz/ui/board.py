"""Board: what has come of a stage's remedies so far, and the same as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from gradviz.config import RunConfig
from gradviz.history import Outcome, outcome_of
from gradviz.reading import Score, best_first, scoreboard
from gradviz.ui.lesson import Runs
from gradviz.ui.session import runner
from gradviz.ui.stage import Stage
from gradviz.ui.treatment import UNTREATED, goal, plan_of

_SPREADS = (
    "horizon_at_first",
    "horizon",
    "near_one",
    "loss",
    "held_out",
    "steps_to_solve",
    "step_ms",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """The rows, and how far the runs have come."""

    scores: list[Score]
    """The untreated, then the courses in their order, then what was refused."""
    configs: Mapping[str, RunConfig]
    """Label to settings, with the first seed; without those that were refused."""
    steps: int
    """That each run takes."""
    runs: int
    done: int
    """Runs that have ended, at their last step or before."""
    share: float
    """Of all steps; one that ended early counts as a whole."""

    @property
    def ranks(self) -> dict[str, int]:
        """Label to place, 1 the best, of what has been judged."""
        best = [each for each in best_first(self.scores) if is_judged(each)]
        return {each.label: place for place, each in enumerate(best, start=1)}


@dataclass(frozen=True, slots=True)
class _Come:
    """One run: its outcome, whether it takes no further step, and the sentence why it was ended."""

    outcome: Outcome
    is_over: bool
    stopped: str = ""


def board_of(stage: Stage, runs: Runs) -> Board:
    """Of the runs as they are shown."""
    steps = goal(stage)
    come = {label: list(_come(stage, label, runs, steps)) for label in runs}
    stopped = {
        label: next(each.stopped for each in of if each.stopped)
        for label, of in come.items()
        if label != UNTREATED and any(each.stopped for each in of)
    }
    outcomes = {label: [each.outcome for each in of] for label, of in come.items()}
    scores = scoreboard(
        outcomes[UNTREATED],
        {label: of for label, of in outcomes.items() if label not in {UNTREATED, *stopped}},
        _refused(stage, runs) | stopped,
        steps=steps,
        # Of a recorded run there is one seed.
        seeds=len(outcomes[UNTREATED]),
    )
    every = [each for of in come.values() for each in of]
    taken = sum(steps if each.is_over else each.outcome.steps for each in every)
    return Board(
        scores=scores,
        configs={label: of[0] for label, of in (stage.started or stage.setups).items()},
        steps=steps,
        runs=len(every),
        done=sum(each.is_over for each in every),
        share=taken / (steps * len(every)) if every else 0.0,
    )


def is_judged(score: Score) -> bool:
    """Whether a row has its verdict."""
    return score.verdict not in {"waiting", "refused"}


def csv_of(board: Board, page: str) -> str:
    """A line a row with all digits, its settings and the link to it."""
    lines = [_line(score, board, page) for score in board.scores]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def link_to(config: RunConfig, page: str) -> str:
    """The set-up on Live training.

    Args:
        config: of the set-up.
        page: the address of this page; "" where it is not known.
    """
    folder = urlsplit(page)._replace(query="", fragment="").geturl().rpartition("/")[0]
    return f"{folder}/live_training?{urlencode(query_of(config))}"


def query_of(config: RunConfig) -> dict[str, str]:
    """As a link needs it: without any, a page opens with settings of its own."""
    return config.to_query() or {"task": config.task}


def _come(stage: Stage, label: str, runs: Runs, steps: int) -> Iterator[_Come]:
    names: Sequence[str] = stage.runs.get(label, [])
    for place, history in enumerate(runs[label]):
        is_over = history.failure is not None or history.last_step >= steps
        if place >= len(names):
            yield _Come(outcome_of(history), is_over)
            continue
        with runner().reading(names[place]) as view:
            step_ms = view.step_ms if view else None
            ended = view is not None and view.status == "stopped" and history.failure is None
            message = view.message if view and ended else ""
            yield _Come(outcome_of(history, step_ms=step_ms), is_over or ended, message)


def _refused(stage: Stage, runs: Runs) -> dict[str, str]:
    return {label: why for label, why in plan_of(stage).refused.items() if label not in runs}


def _line(score: Score, board: Board, page: str) -> dict[str, Any]:
    config = board.configs.get(score.label)
    found: dict[str, Any] = {
        "remedy": score.label,
        "verdict": score.verdict,
        "rank": board.ranks.get(score.label, ""),
        "seeds": score.seeds,
        "steps": score.steps,
    }
    for name in _SPREADS:
        spread = getattr(score, name)
        for end in ("low", "median", "high"):
            found[f"{name}_{end}"] = "" if spread is None else getattr(spread, end)
    return found | {
        "floor": _known(score.floor),
        "failed": len(score.failed_at),
        "failed_at": " ".join(map(str, score.failed_at)),
        "solved": score.solved,
        "time_ratio": _known(score.time_ratio),
        "sentence": score.sentence,
        "settings": urlencode(query_of(config)) if config else "",
        "link": link_to(config, page) if config else "",
    }


def _known(value: float | None) -> float | str:
    return "" if value is None else value
