"""“Export”: a picture of the page, its numbers, or a run, as a file; its link and caption."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
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
    picture_file,
    stamped,
)
from gradviz.exports.browser import NO_BROWSER
from gradviz.exports.stamped import Theme
from gradviz.ui.export_source import Source, of_stage
from gradviz.ui.session import Session, session
from gradviz.ui.stage import Stage
from gradviz.ui.words import plain

MOST_CAPTION = 500
WITHOUT_WORDS = ("csv", "parquet")
"""Files of numbers: no caption, no size."""

LOOK_S = 1.0
"""Between two looks at whether a file could be made."""

_FIRST = {
    "export_kind": "png",
    "export_width": 900,
    "export_theme": "light",
    "export_scale": 2.0,
}
"""What the form holds at first; afterwards what it held last."""

_FILES = {**FORMATS, **RUN_FORMATS}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Look:
    """How a picture is to look; by the names that `picture_file` has."""

    width: int = 900
    height: int | None = None
    scale: float = 2.0
    theme: Theme = "light"

    @property
    def options(self) -> dict[str, Any]:
        """By those names."""
        return asdict(self)


def export(stage: Stage) -> None:
    """A button under the pictures, beside that of each picture, and what it opens."""
    offer(stage.key, partial(of_stage, stage))


def opened_by_pictures(stage: Stage) -> None:
    """What the button of each picture opens, without one under them."""
    _opened(stage.key, partial(of_stage, stage))


def offer(key: str, source: Callable[[], Source]) -> None:
    """A button, and what it opens.

    Args:
        key: of the stage, or of what else shows the pictures.
        source: called where that is open.
    """
    st.button(
        "Export",
        key=f"export_{key}",
        icon=":material/ios_share:",
        on_click=_open,
        args=(key,),
        help="A picture of this page, its numbers or its run as a file.",
    )
    _opened(key, source)


def _opened(key: str, source: Callable[[], Source]) -> None:
    """The form, where it was asked for; a picture's own button asks for it too.

    Streamlit may lose the word that it was shut, so a rerun of the whole page never opens it again.
    """
    state = session()
    state.is_exporting = state.export_asked == key
    state.export_asked = ""
    if state.is_exporting:
        st.dialog("Export", on_dismiss=_close)(_form)(source())


def _open(key: str) -> None:
    session().export_asked = key


def _close() -> None:
    session().is_exporting = False


def _form(source: Source) -> None:
    """What is saved is what is shown at the click."""
    state = session()
    _seed(state)
    kinds = list(FORMATS) + (list(RUN_FORMATS) if source.has_runs else [])
    kind = _chosen("File", kinds, "export_kind", _label)
    try:
        if kind in RUN_FORMATS:
            _of_a_run(source, kind)
        else:
            _of_a_picture(source, kind)
    except ExportError as error:
        st.error(plain(str(error)))
    _keep(state)


def _seed(state: Session) -> None:
    for key, value in (_FIRST | state.export_form).items():
        st.session_state.setdefault(key, value)
    if state.export_picture:
        st.session_state["export_picture"] = state.export_picture
        state.export_picture = ""


def _keep(state: Session) -> None:
    """A widget that is not drawn forgets: the next picture is to look like this one."""
    keys = (*_FIRST, "export_height")
    state.export_form |= {key: st.session_state[key] for key in keys if key in st.session_state}


def _label(kind: str) -> str:
    return _FILES[kind].label


def _of_a_picture(source: Source, kind: str) -> None:
    titles = source.titles()
    name = _chosen("Picture", source.pictures, "export_picture", titles.__getitem__)
    save = st.container()  # Above the words: within reach without scrolling on a phone.
    caption, look = "", _Look()
    if kind not in WITHOUT_WORDS:
        caption = st.text_area("Caption", key="export_caption", max_chars=MOST_CAPTION, height=80)
        look = _asked_look(kind)
    make = partial(_picture, source, name, caption.strip())
    figure, stamp = make(look.theme)
    with save:
        if kind not in WITHOUT_WORDS:
            stamped(figure, stamp, width=look.width, height=look.height, theme=look.theme)
        if FORMATS[kind].is_image and browser_path() is None:
            raise ExportError(NO_BROWSER)
        _save(f"{source.stem}_{name}", kind, partial(_picture_bytes, make, kind, look))
    if stamp.link:
        st.caption("Link to these settings")
        st.code(stamp.link, language=None, wrap_lines=True)
    st.caption("Caption for LaTeX")
    st.code(latex_caption(stamp), language="latex", wrap_lines=True)


def _asked_look(kind: str) -> _Look:
    left, right = st.columns(2)
    width = left.number_input("Width, px", 200, 6000, step=50, key="export_width")
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
    left, right = st.columns(2)  # On a phone each row's two stand below each other.
    themes: tuple[Theme, ...] = ("light", "dark")
    theme = left.selectbox("Ground", themes, key="export_theme", format_func=str.capitalize)
    scale = 2.0
    if kind == "png":
        scale = right.number_input(
            "Scale",
            0.5,
            6.0,
            step=0.5,
            key="export_scale",
            help="Pixels of the image per px: 1 for a screen, 2 to 4 for print.",
        )
    return _Look(width=width, height=height, scale=scale, theme=theme)


def _of_a_run(source: Source, kind: str) -> None:
    names = source.runs()
    name = _chosen("Run", names, "export_run", str) if len(names) > 1 else names[0]
    _save(f"{source.stem}_run", kind, partial(source.run, kind, name))


def _save(stem: str, kind: str, make: Callable[[], bytes]) -> None:
    """The file is made when the button is clicked: drawing an image takes a second or more."""
    form = _FILES[kind]
    # TensorBoard looks for this word in a file's name.
    name = f"events.out.tfevents.{stem}" if kind == "run_events" else f"{stem}.{form.suffix}"
    st.download_button(
        f"Save .{form.suffix}",
        partial(_made, session(), make),
        file_name=name,
        mime=form.mime,
        # One for each kind: a click on the last kind's button, while its place is taken, is lost.
        key=f"export_save_{kind}",
        icon=":material/download:",
        on_click="ignore",
        type="primary",
    )
    st.fragment(_problem, run_every=LOOK_S)(session())


def _made(state: Session, make: Callable[[], bytes]) -> bytes:
    """A file, or a sentence for `_problem`: Streamlit's own says nothing of the cause."""
    state.export_problem = ""
    try:
        return make()
    except ExportError as error:
        state.export_problem = str(error)
        raise
    except Exception as error:
        logging.getLogger("gradviz").exception("export")
        state.export_problem = f"The file could not be made ({type(error).__name__}); try again."
        raise


def _problem(state: Session) -> None:
    """Why the last file could not be made; all that was set stays."""
    if state.export_problem:
        st.error(plain(state.export_problem))


def _chosen(label: str, options: Sequence[str], key: str, words: Callable[[str], str]) -> str:
    if st.session_state.get(key) not in options:
        st.session_state[key] = options[0]
    chosen: str = st.selectbox(label, options, key=key, format_func=words)
    return chosen


def _picture(source: Source, name: str, caption: str, theme: str) -> tuple[Any, Stamp]:
    drawn = source.draw(name, theme)
    stamp = Stamp(picture=name, caption=caption, settings=drawn.settings, link=drawn.link)
    return drawn.figure, stamp


def _picture_bytes(make: Callable[[str], tuple[Any, Stamp]], kind: str, look: _Look) -> bytes:
    figure, stamp = make(look.theme)
    return picture_file(figure, kind, stamp, **look.options)
