"""A scenario's page as it opens, without a page: the figure and the words that it would show."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import plotly.graph_objects as go

from gradviz.exports import Stamp, link_of, settings_of
from gradviz.exports.stamped import Theme
from gradviz.scenarios import SCENARIOS
from gradviz.shots.digest import digest
from gradviz.shots.leads import ON_PAPER
from gradviz.shots.shot import PictureShot, ShotError
from gradviz.ui import layout, recordings
from gradviz.ui.lesson import Runs
from gradviz.ui.lessons import LESSONS
from gradviz.ui.stage import Stage

ADDRESS = "http://127.0.0.1:8501"
"""Where `python dev.py run` serves the app."""

MOST_CAPTION = 360
"""Letters of a caption: more sentences stay in the manifest. The first is always there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A lesson with its recorded runs, at the step that is seen first."""

    shot: PictureShot
    stage: Stage
    runs: Runs

    @property
    def title(self) -> str:
        """The scenario's; the page's, where there is none."""
        name = self.shot.scenario
        if not name or self.shot.picture in ON_PAPER:
            return self.stage.lesson.title
        return SCENARIOS[name].title

    @property
    def sentences(self) -> list[str]:
        """The page's words; of a picture without a run, what it shows."""
        lesson = self.stage.lesson
        if self.shot.picture in ON_PAPER:
            return [ON_PAPER[self.shot.picture]]
        if lesson.read_extra:
            return lesson.read_extra(self.stage.extra).sentences
        return lesson.read(self.runs, self.stage.scrub).sentences

    @property
    def url(self) -> str:
        """The path and query that open this page."""
        return link_of("", self.shot.page, layout.link_query(self.stage))

    @property
    def steps(self) -> list[int]:
        """That the runs show."""
        frames = [run.frame_at(self.stage.scrub) for each in self.runs.values() for run in each]
        return [frame.step for frame in frames if frame]

    def figure(self, theme: Theme) -> go.Figure:
        """The picture as the page draws it."""
        scrub = self.stage.scrub
        step = None if scrub is None else max(self.steps, default=scrub)
        pictures = self.stage.lesson.pictures(self.stage)
        return pictures[self.shot.picture](self.runs, step, theme=theme)

    def stamp(self) -> Stamp:
        """What stands beneath, and in the file."""
        return Stamp(
            picture=self.title,
            caption=f"{self.title}. {_caption(self.sentences)}",
            settings=self._settings(),
            link=ADDRESS + self.url,
        )

    def _settings(self) -> str:
        if self.runs and self.shot.picture not in ON_PAPER:
            configs = {label: [run.config for run in each] for label, each in self.runs.items()}
            return settings_of(configs, max(self.steps, default=None))
        own = asdict(self.stage.extra).items()
        return " · ".join(f"{name}={value:g}" for name, value in own)

    def data(self, theme: Theme) -> str:
        """The hash of what is shown."""
        shown: dict[str, Any] = {"figure": self.figure(theme).to_plotly_json()}
        return digest({**shown, "title": self.title, "words": self.sentences, "url": self.url})


def opened(shot: PictureShot) -> Opened:
    """Open a shot's page.

    Raises:
        ShotError: where the page has no such picture, or no recorded run of these settings.
    """
    lesson = LESSONS[shot.page]
    stage = Stage(key="shot", lesson=lesson, config=lesson.default)
    if shot.scenario:
        lesson.take_scenario(stage, SCENARIOS[shot.scenario])
    if shot.query:
        asked = {**layout.link_query(stage), **shot.query}
        lesson.take_query(stage, {n: [v] if isinstance(v, str) else v for n, v in asked.items()})
    if stage.problems:
        raise ShotError(f"{shot.name} must have settings that can be: {stage.problems[0]}")
    stage.recording = recordings.covering(stage)
    stage.scrub = stage.seen_first
    runs = recordings.runs_of(stage, stage.recording)
    if shot.scenario and not runs:
        raise ShotError(
            f"{shot.scenario} must be recorded first: python -m gradviz.recorded {shot.scenario}."
        )
    pictures = list(lesson.pictures(stage))
    if shot.picture not in pictures:
        raise ShotError(
            f"{shot.name} must be one of the page's pictures, {', '.join(pictures)}; "
            "change gradviz/shots/leads.py."
        )
    return Opened(shot=shot, stage=stage, runs=runs)


def _caption(sentences: list[str]) -> str:
    """As many whole sentences as have room."""
    kept = sentences[:1]
    for sentence in sentences[1:]:
        if len(" ".join([*kept, sentence])) > MOST_CAPTION:
            break
        kept.append(sentence)
    return " ".join(kept)
