"""“Export”: a picture of the page, its numbers, or a run, as a file; its link and caption."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import streamlit as st

from gradviz.exports import (
    FORMATS,
    RUN_FORMATS,
    ExportError,
    Stamp,
    browser_path,
    latex_caption,
    link_of,
    picture_file,
    run_file,
    settings_of,
    stamped,
)
from gradviz.exports.browser import NO_BROWSER
from gradviz.exports.stamped import Theme
from gradviz.history import History
from gradviz.runner import Runner
from gradviz.ui import layout
from gradviz.ui.lesson import Runs
from gradviz.ui.session import runner
from gradviz.ui.show import histories
from gradviz.ui.stage import Stage
from gradviz.ui.words import plain

OPEN = "export_open"
MOST_CAPTION = 500
WITHOUT_WORDS = ("csv", "parquet")
"""Files of numbers: no caption, no size."""


_FILES = {**FORMATS, **RUN_FORMATS}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Look:
    """How a picture is to look; by the names that `picture_file` has."""

    width: int
    height: int | None
    scale: float
    theme: Theme

    @property
    def options(self) -> dict[str, Any]:
        """By those names."""
        return asdict(self)


def export(stage: Stage) -> None:
    """Under the pictures, shut at first. What is saved is what is shown at the click."""
    box = st.popover("Export", key=OPEN, icon=":material/ios_share:", on_change="rerun")
    if not box.open:
        return
    with box:
        kinds = list(FORMATS) + (list(RUN_FORMATS) if stage.setups else [])
        kind = st.selectbox("File", kinds, key="export_kind", format_func=_label)
        if kind in RUN_FORMATS:
            _of_a_run(stage, kind)
        else:
            _of_a_picture(stage, kind)


def _label(kind: str) -> str:
    return _FILES[kind].label


def _of_a_picture(stage: Stage, kind: str) -> None:
    name = _chosen("Picture", list(stage.lesson.pictures(stage)), "export_picture", _title)
    caption = ""
    look = _Look(width=900, height=None, scale=2.0, theme="light")
    if kind not in WITHOUT_WORDS:
        caption = st.text_area("Caption", key="export_caption", max_chars=MOST_CAPTION, height=80)
        look = _asked_look(kind)
    link = link_of(_address(stage), stage.lesson.name, layout.link_query(stage))
    make = partial(_picture, stage, runner(), name, caption.strip(), link)
    try:
        figure, stamp = make(look.theme)
        if kind not in WITHOUT_WORDS:
            stamped(figure, stamp, width=look.width, height=look.height, theme=look.theme)
        if FORMATS[kind].is_image and browser_path() is None:
            raise ExportError(NO_BROWSER)
    except ExportError as error:
        st.error(plain(str(error)))
        return
    _save(f"{stage.lesson.name}_{name}", kind, partial(_picture_bytes, make, kind, look))
    st.caption("Link to these settings")
    st.code(link, language=None, wrap_lines=True)
    st.caption("Caption for LaTeX")
    st.code(latex_caption(stamp), language="latex", wrap_lines=True)


def _asked_look(kind: str) -> _Look:
    left, right = st.columns(2)
    width = left.number_input("Width, px", 200, 6000, 900, step=50, key="export_width")
    height = right.number_input(
        "Height, px",
        200,
        6000,
        None,
        step=50,
        key="export_height",
        placeholder="as on the page",
        help="Of the whole, the words beneath included.",
    )
    themes: tuple[Theme, ...] = ("light", "dark")
    theme = left.selectbox("Ground", themes, key="export_theme", format_func=_title)
    scale = 2.0
    if kind == "png":
        scale = right.number_input(
            "Scale",
            0.5,
            6.0,
            2.0,
            step=0.5,
            key="export_scale",
            help="Pixels of the image per px: 1 for a screen, 2 to 4 for print.",
        )
    return _Look(width=width, height=height, scale=scale, theme=theme)


def _of_a_run(stage: Stage, kind: str) -> None:
    try:
        # Of a recording not all set-ups may be there.
        with _held(stage, runner()) as runs:
            seeds = {label: len(some) for label, some in runs.items()}
    except ExportError as error:
        st.error(plain(str(error)))
        return
    places = [(label, seed) for label, count in seeds.items() for seed in range(count)]
    names = {_run_name(label, seed, seeds[label]): (label, seed) for label, seed in places}
    name = _chosen("Run", list(names), "export_run", plain) if len(names) > 1 else next(iter(names))
    _save(
        f"{stage.lesson.name}_run", kind, partial(_run_bytes, stage, runner(), kind, *names[name])
    )


def _run_name(label: str, place: int, count: int) -> str:
    return f"{label or 'run'}, seed {place + 1} of {count}" if count > 1 else label or "run"


def _save(stem: str, kind: str, make: Callable[[], bytes]) -> None:
    """The file is made when the button is clicked: drawing an image takes a second or more."""
    form = _FILES[kind]
    # TensorBoard looks for this word in a file's name.
    name = f"events.out.tfevents.{stem}" if kind == "run_events" else f"{stem}.{form.suffix}"
    st.download_button(
        "Save",
        make,
        file_name=name,
        mime=form.mime,
        key="export_save",
        icon=":material/download:",
        on_click="ignore",
    )


def _chosen(label: str, options: Sequence[str], key: str, words: Callable[[str], str]) -> str:
    if st.session_state.get(key) not in options:
        st.session_state[key] = options[0]
    chosen: str = st.selectbox(label, options, key=key, format_func=words)
    return chosen


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _address(stage: Stage) -> str:
    """Of the app, a base path included; empty where there is no browser."""
    return (st.context.url or "").split("?")[0].rstrip("/").removesuffix(f"/{stage.lesson.name}")


@contextmanager
def _held(stage: Stage, registry: Runner) -> Iterator[Runs]:
    """The runs that the page shows, held still. Also called where Streamlit knows no page."""
    with ExitStack() as held:
        views = {
            label: [held.enter_context(registry.reading(name)) for name in names]
            for label, names in stage.runs.items()
        }
        if any(view is None for each in views.values() for view in each):
            raise ExportError("The run ended and its memory was freed; train it again.")
        yield histories(stage, {k: [v for v in each if v] for k, each in views.items()})


def _picture(
    stage: Stage, registry: Runner, name: str, caption: str, link: str, theme: str
) -> tuple[Any, Stamp]:
    with _held(stage, registry) as runs:
        shown = [frame.step for each in _all(runs) if (frame := each.frame_at(stage.scrub))]
        # As on the page: a step that was measured.
        step = None if stage.scrub is None else max(shown, default=stage.scrub)
        figure = stage.lesson.pictures(stage)[name](runs, step, theme=theme)
        configs = {label: [each.config for each in some] for label, some in runs.items()}
    settings = settings_of(configs, max(shown, default=None))
    if not configs:
        # A page without runs has settings of its own.
        asked = stage.lesson.to_query(stage).items()
        settings = " · ".join(f"{setting}={value}" for setting, value in asked)
    return figure, Stamp(picture=name, caption=caption, settings=settings, link=link)


def _all(runs: Runs) -> list[History]:
    return [history for some in runs.values() for history in some]


def _picture_bytes(make: Callable[[str], tuple[Any, Stamp]], kind: str, look: _Look) -> bytes:
    figure, stamp = make(look.theme)
    return picture_file(figure, kind, stamp, **look.options)


def _run_bytes(stage: Stage, registry: Runner, kind: str, label: str, place: int) -> bytes:
    with _held(stage, registry) as runs:
        return run_file(runs[label][place], kind)
