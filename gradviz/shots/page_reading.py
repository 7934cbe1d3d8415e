"""What a page shows, read without a browser: words, settings, tables, figures.

streamlit.testing runs a page's own program. What a photograph does not show is left out: shut
expanders, popovers, tabs behind the first one.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

import gradviz
from gradviz.shots.digest import digest
from gradviz.shots.shot import PageShot, ShotError

ROOT = Path(gradviz.__file__).parents[1]
"""Of the app: its pages are no part of the package."""

TIMEOUT_S = 60.0


# It warns for each page that no server runs it, which is the point.
logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").disabled = True


def check_app() -> None:
    """See that there is an app.

    Raises:
        ShotError: where gradviz is installed without its pages.
    """
    if not (ROOT / "app.py").is_file():
        raise ShotError(f"Pages are shown by app.py, which is not in {ROOT}; use a checkout.")


def data_of(shot: PageShot) -> str:
    """The hash of what a page shows, in either theme."""
    return digest([*_said(shot), *_known_otherwise(shot)])


def _said(shot: PageShot) -> list[Any]:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT_S)
    if shot.page != "home":
        page.switch_page(shot.file)
    for name, value in shot.query.items():
        page.query_params[name] = value
    page.run()
    if page.exception:
        raise ShotError(f"{shot.name} must be a page without an error; python dev.py run shows it.")
    return [_plain(said, shot.changing) for part in (page.main, page.sidebar) for said in _in(part)]


def _known_otherwise(shot: PageShot) -> list[str]:
    """Of a page that measures: what it measures, for its numbers differ from machine to machine."""
    if shot.page != "self_check":
        return []
    from gradviz.checks import chosen

    return [f"{each.name} {each.title} {each.source}" for each in chosen((), slow=False)]


def _in(block: Any) -> Iterator[Any]:
    """What is seen in a part of a page, in its order."""
    for place, child in block.children.items():
        if not hasattr(child, "children"):
            yield from _of_element(child)
        elif _is_open(child) and not (block.type == "tab_container" and place):
            yield from filter(None, [getattr(child, "label", "")])
            yield from _in(child)


def _is_open(block: Any) -> bool:
    if block.type == "popover":
        return False
    return block.type != "expander" or bool(block.proto.expanded)


def _of_element(element: Any) -> Iterator[Any]:
    kind = element.type
    if kind == "bidi_component":
        yield from _of_component(element.proto)
    elif kind == "arrow_data_frame":
        yield element.value.to_csv(index=False)
    elif kind == "imgs":
        yield [image.url for image in element.proto.imgs]
    else:
        proto = getattr(element, "proto", None)
        told = [getattr(proto, name, "") for name in ("label", "body", "query_string")]
        yield [kind, *map(str, told), str(_value(element))]


def _value(element: Any) -> Any:
    try:
        return element.value
    except (AttributeError, NotImplementedError, ValueError):
        return ""


def _of_component(proto: Any) -> Iterator[Any]:
    """The controls' words and every figure."""
    if proto.WhichOneof("data") != "bytes":
        return
    message = json.loads(proto.bytes)
    yield {name: message.get(name) for name in ("status", "progress", "start", "shown", "last")}
    for name, text in message.get("figures", {}).items():
        yield name
        yield json.loads(text)


def _plain(said: Any, changing: Mapping[str, str]) -> Any:
    """Without what differs from time to time."""
    if not isinstance(said, str | list):
        return said
    if isinstance(said, list):
        return [_plain(each, changing) for each in said]
    for pattern, words in changing.items():
        said = re.sub(pattern, words, said.replace("\\", ""))
    return said
