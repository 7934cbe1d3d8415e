"""What a page can make files of: its pictures and runs, drawn anew and held still meanwhile.

A file is made when it is clicked, on a thread where Streamlit knows no page: all that a source
needs is bound to it when it is made.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

from gradviz.config import RecordedConfig, RunConfig
from gradviz.config.setups import to_query
from gradviz.exports import ExportError, link_of, run_file, settings_of
from gradviz.history import History
from gradviz.runner import Runner
from gradviz.ui import layout
from gradviz.ui.comparison import SHARED
from gradviz.ui.lesson import Picture, Query, Runs
from gradviz.ui.lessons import LESSONS
from gradviz.ui.session import runner, session
from gradviz.ui.show import histories
from gradviz.ui.stage import Stage

GONE = "The run ended and its memory was freed; train it again."


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """A picture, and what its stamp says of it."""

    figure: go.Figure
    settings: str
    link: str
    """"" where no address shows the same."""


def _no_runs() -> list[str]:
    return []


def _no_run(kind: str, name: str) -> bytes:
    raise ExportError(GONE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Each of its functions raises an ExportError where a run is gone."""

    stem: str
    """How the names of the files begin."""
    pictures: tuple[str, ...]
    """Their names, in their order on the page."""
    draw: Callable[[str, str], Drawn]
    """(picture, theme) to what is shown now."""
    has_runs: bool = False
    runs: Callable[[], list[str]] = _no_runs
    """What the runs are called, to choose from."""
    run: Callable[[str, str], bytes] = _no_run
    """(kind of file, name of the run) to the file."""

    def titles(self) -> dict[str, str]:
        """Picture to its title, as on the page; of two that are alike also its name."""
        found = {name: title_of(self.draw(name, "light").figure) for name in self.pictures}
        often = Counter(found.values())
        return {
            name: title if title and often[title] == 1 else f"{title} ({name})".strip()
            for name, title in found.items()
        }


def title_of(figure: go.Figure) -> str:
    """The title without the facts beneath, and without markup."""
    first = (figure.layout.title.text or "").split("<br>")[0]
    return html.unescape(re.sub("<[^>]*>", "", first))


def of_stage(stage: Stage) -> Source:
    """What a stage shows: its pictures at the step that is looked at, and its runs."""
    registry = runner()
    pictures = stage.lesson.pictures(stage)
    names = tuple(name for name in stage.only if name in pictures) or tuple(pictures)
    return Source(
        stem=stage.lesson.name,
        pictures=names,
        draw=partial(_drawn, stage, registry, pictures, _page_of(stage)),
        has_runs=bool(stage.setups or stage.stored),
        runs=partial(_names_of_runs, stage, registry),
        run=partial(_run, stage, registry),
    )


def _page_of(stage: Stage) -> Callable[[Runs], str]:
    """Histories to the address that shows the same; the browser's own is known only here."""
    address = (st.context.url or "").split("?")[0].rstrip("/")
    address = address.removesuffix(f"/{Path(session().page).stem}")
    if stage.lesson.name in LESSONS:
        return lambda runs: link_of(address, stage.lesson.name, layout.link_query(stage))
    return partial(_link_of_saved, address)


def _link_of_saved(address: str, runs: Runs) -> str:
    """Of saved runs the page that trains the same anew; none of a user's own model."""
    configs = [each.config for each in _all(runs)]
    own = [each for each in configs if isinstance(each, RunConfig)]
    alike = all(getattr(own[0], name) == getattr(each, name) for each in own for name in SHARED)
    if not own or len(own) < len(configs) or not alike:
        return ""
    first: Query = {"task": [own[0].task]}  # An empty query would ask for a page's own default.
    return link_of(address, "live_training" if len(own) == 1 else "compare", first | to_query(own))


@contextmanager
def _held(stage: Stage, registry: Runner) -> Iterator[Runs]:
    """The runs that the page shows, held still."""
    was_saved = bool(stage.stored)
    with ExitStack() as held:
        views = {
            label: [held.enter_context(registry.reading(name)) for name in names]
            for label, names in stage.runs.items()
        }
        if any(view is None for each in views.values() for view in each):
            raise ExportError(GONE)
        found = histories(stage, {k: [v for v in each if v] for k, each in views.items()})
        if was_saved and not found:
            raise ExportError("The saved run is not in the file any more.")
        yield found


def _drawn(
    stage: Stage,
    registry: Runner,
    pictures: Mapping[str, Picture],
    page_of: Callable[[Runs], str],
    name: str,
    theme: str,
) -> Drawn:
    with _held(stage, registry) as runs:
        shown = [frame.step for each in _all(runs) if (frame := each.frame_at(stage.scrub))]
        # As on the page: a step that was measured.
        step = None if stage.scrub is None else max(shown, default=stage.scrub)
        figure = pictures[name](runs, step, theme=theme)
        configs: dict[str, Sequence[RunConfig | RecordedConfig]] = {
            label: [each.config for each in some] for label, some in runs.items()
        }
        link = page_of(runs)
    settings = settings_of(configs, max(shown, default=None))
    if not configs:
        # A page without runs has settings of its own.
        asked = stage.lesson.to_query(stage).items()
        settings = " · ".join(f"{setting}={value}" for setting, value in asked)
    return Drawn(figure=figure, settings=settings, link=link)


def _all(runs: Runs) -> list[History]:
    return [history for some in runs.values() for history in some]


def _by_name(runs: Runs) -> dict[str, History]:
    """The runs by what they are called: a set-up's label, and of several seeds which."""
    found = {}
    for label, some in runs.items():
        for place, history in enumerate(some, start=1):
            seed = f", seed {place} of {len(some)}" if len(some) > 1 else ""
            found[f"{label or 'run'}{seed}"] = history
    return found


def _names_of_runs(stage: Stage, registry: Runner) -> list[str]:
    # Of a recording not all set-ups may be there.
    with _held(stage, registry) as runs:
        return list(_by_name(runs))


def _run(stage: Stage, registry: Runner, kind: str, name: str) -> bytes:
    with _held(stage, registry) as runs:
        found = _by_name(runs)
        if name not in found:
            raise ExportError(GONE)
        return run_file(found[name], kind)
