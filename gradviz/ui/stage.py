"""Stage: what one page of a tab has set, started, and is looking at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gradviz.config import ConfigError, RunConfig
from gradviz.history import CloseUpRequest
from gradviz.ui.lesson import Lesson, Setups

UNDO_STEPS = 50

LIVE_FIELDS = ("learning_rate", "clip_threshold")
"""Settings that take effect while a run goes on."""


@dataclass
class Stage:
    """The settings and runs of one lesson in one browser tab."""

    key: str
    """Of the stage among the session's, and of the component that shows it."""
    lesson: Lesson
    config: RunConfig
    """The settings as the controls show them."""
    extra: Any = None
    """The lesson's own settings beside the config; None at first takes the lesson's."""
    undo: list[tuple[RunConfig, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """Sentences about settings that could not be taken; gone with the next change."""
    notice: str = ""
    """A sentence about what happened to the runs; gone with the next run."""
    runs: dict[str, list[str]] = field(default_factory=dict)
    """Ids of the runs by label, one a seed; empty before the first."""
    started: Setups = field(default_factory=dict)
    """What the runs were opened with, their live changes included."""
    recording: str = ""
    """The scenario whose recorded run is shown while there is no run of this tab's own."""
    stored: dict[str, int] = field(default_factory=dict)
    """Saved runs that are shown while there is none of this tab's own: label to id in the file."""
    stored_for: Setups = field(default_factory=dict)
    """The set-ups when they were opened; with others they are shown no more."""
    scrub: int | None = None
    """Step the pictures show; None follows the newest."""
    look: CloseUpRequest = field(default_factory=CloseUpRequest)
    """Where the close-ups look."""
    only: tuple[str, ...] = ()
    """The pictures that are shown; empty for all of the lesson's."""
    scale: float = 1.0
    """Of type and pictures: larger in a lecture."""
    hide: frozenset[str] = frozenset()
    """Parts that are left out here, beside those that the URL asks to."""
    start: str = "Train"
    """What the button says that opens the runs."""
    until: int | None = None
    """How far that button trains; None: without end."""
    opens_at: int = field(init=False)
    """As of the lesson; 0 where a recorded run is shown, or nothing may be seen yet."""
    wants_saving: bool = False
    """Whether its runs are to be saved as soon as they have begun."""
    active_at: float = -1e9
    """time.monotonic() when the runs were last seen training, or last told to do something."""
    handled: int = 0
    """Number of the last order from the pictures' buttons that was obeyed."""
    sent: str = ""
    """The version of the pictures that went to the browser last."""
    fresh: bool = True
    """The next message must carry the pictures whole."""

    def __post_init__(self) -> None:
        self.opens_at = self.lesson.opens_at
        if self.extra is None:
            self.extra = self.lesson.extra

    @property
    def is_default(self) -> bool:
        """Whether the settings are those of a page just opened."""
        return (self.config, self.extra) == (self.lesson.default, self.lesson.extra)

    @property
    def setups(self) -> Setups:
        """The runs that the settings ask for."""
        return self.lesson.setups(self)

    @property
    def seen_first(self) -> int | None:
        """Step that is shown before anybody has looked back."""
        return self.lesson.recorded_at if self.recording and not self.runs else None

    @property
    def ids(self) -> list[str]:
        """Of all runs."""
        return [name for names in self.runs.values() for name in names]

    def change(self, **settings: Any) -> bool:
        """Take new settings; False, with a sentence in `problems`, where they cannot be."""
        try:
            changed = self.config.replace(**settings)
        except ConfigError as error:
            self.problems = list(error.problems.values())
            return False
        self.take(changed)
        return True

    def take(self, config: RunConfig, extra: Any = None) -> None:
        """Set all settings at once; can be undone. An extra of None stays as it is."""
        self.problems = []
        extra = self.extra if extra is None else extra
        if (config, extra) != (self.config, self.extra):
            self.undo = [*self.undo[-UNDO_STEPS:], (self.config, self.extra)]
            self.config, self.extra = config, extra

    def undo_change(self) -> None:
        """Go back to the settings before the last change."""
        self.problems = []
        if self.undo:
            self.config, self.extra = self.undo.pop()

    def take_query(self, query: Mapping[str, list[str]]) -> None:
        """Set the settings a URL asks for."""
        config, problems = RunConfig.from_query(query)
        self.take(config)
        self.problems = problems

    def changed(self) -> list[str]:
        """The settings in which the runs differ from what is set now; empty without runs."""
        if not self.runs:
            return []
        # By place, for a label changes with the settings that it is made of.
        wanted, started = list(self.setups.values()), list(self.started.values())
        if len(wanted) != len(started):
            return ["set-ups"]
        if [len(each) for each in wanted] != [len(each) for each in started]:
            return ["seeds"]
        names: dict[str, None] = {}
        for configs, before in zip(wanted, started, strict=True):
            for now, then in zip(configs, before, strict=True):
                names |= dict.fromkeys(now.differences(then))
        return list(names)
