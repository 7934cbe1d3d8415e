"""A Chromium of this machine, driven by kaleido: it draws what plotly.js draws, with no network.

Starting it costs seconds (4 to 12 on two busy cores), a picture in a started one 2 or less, so it
stays for a minute after its last picture. kaleido's own server for this waits for ever where its
browser does not start, so the loop is ours.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import shutil
import threading
from pathlib import Path
from typing import Any

from gradviz.exports.font import Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
FILES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)
VARIABLES = ("BROWSER_PATH", "GRADVIZ_CHROMIUM")
"""Where a user says which one."""

TIMEOUT_S = 90.0
IDLE_S = 60.0
NO_BROWSER = (
    "PNG, SVG and PDF need Chromium, Chrome or Edge on this machine, and none was found; "
    "install one, or set BROWSER_PATH to its file. HTML, JSON, CSV and Parquet need none."
)


class ExportError(Exception):
    """Why something cannot be exported, in one sentence."""


def browser_path() -> str | None:
    """The file of a browser, or None; nothing is ever downloaded."""
    for variable in VARIABLES:
        asked = os.environ.get(variable)
        if asked:
            return asked if Path(asked).is_file() else None
    found = filter(None, map(shutil.which, NAMES))
    return next(found, None) or next((file for file in FILES if Path(file).is_file()), None)


class Browser:
    """One browser process for all pictures of this process, one picture after another."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._kaleido: Any = None
        self._leaving: threading.Timer | None = None

    def draw(self, figure: dict[str, Any], kind: str, scale: float) -> bytes:
        """A figure, as plotly's plain dictionary, as PNG, SVG or PDF at the size of its layout.

        Raises:
            ExportError: where there is no browser, or it fails.
        """
        path = browser_path()
        if path is None:
            raise ExportError(NO_BROWSER)
        if not self._turn.acquire(timeout=TIMEOUT_S):
            raise ExportError("Other pictures are being drawn; try again in a minute.")
        try:
            return self._drawn(path, figure, {"format": kind, "scale": scale})
        finally:
            self._leave_later()
            self._turn.release()

    def close(self) -> None:
        """End the browser; the next picture starts another."""
        with self._turn:
            self._close()

    def _drawn(self, path: str, figure: dict[str, Any], opts: dict[str, Any]) -> bytes:
        if self._leaving:
            self._leaving.cancel()
        try:
            return bytes(self._run(self._draw(path, figure, opts)))
        except Exception as error:
            self._close()
            why = str(error).split("\n")[0] or type(error).__name__
            raise ExportError(f"The browser {path} could not draw the picture: {why}") from error

    async def _draw(self, path: str, figure: dict[str, Any], opts: dict[str, Any]) -> bytes:
        if self._kaleido is None:
            # Imported here: half of the formats do without.
            from kaleido import Kaleido

            # Ours before it is open, so that it is closed where that fails.
            self._kaleido = Kaleido(n=1, timeout=TIMEOUT_S, page_generator=Page(), path=path)
            await self._kaleido.__aenter__()
        drawn: bytes = await self._kaleido.calc_fig(figure, opts)
        return drawn

    def _run(self, work: Any) -> Any:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._loop.run_forever, daemon=True).start()
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(TIMEOUT_S)
        finally:
            future.cancel()

    def _close(self) -> None:
        if self._leaving:
            self._leaving.cancel()
        kaleido, self._kaleido = self._kaleido, None
        if kaleido is not None:
            # A browser that died cannot be closed.
            with contextlib.suppress(Exception):
                self._run(kaleido.__aexit__(None, None, None))

    def _leave_later(self) -> None:
        self._leaving = threading.Timer(IDLE_S, self.close)
        self._leaving.daemon = True
        self._leaving.start()


BROWSER = Browser()
atexit.register(BROWSER.close)
