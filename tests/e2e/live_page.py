"""The Live training page as a user meets it."""

from __future__ import annotations

import time
from collections.abc import Callable

from playwright.sync_api import Page, expect

from gradviz import figures

PICTURES = tuple(figures.LIVE)

PATIENCE_S = 60.0
"""A worker is at nice 10: where the machine is busy with other things a step may take seconds."""


class LivePage:
    """Finds things as a user does: by their words."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.play = page.locator(".gv-play")
        self.place = page.locator(".gv-place")
        self.progress = page.locator(".gv-progress")
        self.words = page.locator(".st-key-words")
        self.scrubber = page.locator(".gv-range")
        self.newest = page.get_by_role("button", name="Newest")

    def open(self, server: str, query: str = "") -> LivePage:
        """Go there and wait until the empty pictures stand."""
        self.page.goto(f"{server}/live_training?{query}")
        return self.ready()

    def ready(self) -> LivePage:
        """Wait until all pictures have been drawn once."""
        self.until(lambda: len(self.drawn()) == len(PICTURES))
        return self

    def drawn(self) -> dict[str, int]:
        """How often each picture has been drawn."""
        found: dict[str, int] = self.page.evaluate(
            """() => Object.fromEntries([...document.querySelectorAll(".gv-card")]
                .filter((card) => card.dataset.drawn)
                .map((card) => [card.dataset.picture, Number(card.dataset.drawn)]))"""
        )
        return found

    def trace(self, picture: str, name: str) -> dict[str, list[float]]:
        """A trace's x and y as the browser draws them."""
        found: dict[str, list[float]] = self.page.evaluate(
            """([picture, name]) => {
                const plot = document.querySelector(`[data-picture=${picture}] .gv-plot`);
                const trace = plot?._fullData?.find((each) => each.name === name);
                return trace ? { x: [...trace.x], y: [...trace.y] } : { x: [], y: [] };
            }""",
            [picture, name],
        )
        return found

    def marks(self, picture: str) -> list[str]:
        """The words on a picture's vertical lines."""
        found: list[str] = self.page.evaluate(
            """(picture) => {
                const layout = document.querySelector(`[data-picture=${picture}] .gv-plot`).layout;
                return [...(layout.shapes ?? []).map((shape) => shape.label?.text),
                    ...(layout.annotations ?? []).map((note) => note.text)].filter(Boolean);
            }""",
            picture,
        )
        return found

    def step(self) -> int:
        """The newest step, as the scrubber knows it."""
        return int(self.scrubber.get_attribute("max") or 0)

    def shown(self) -> int:
        """The step the pictures are being drawn of."""
        text = self.place.inner_text()
        return int(text.split()[3]) if text.startswith("pictures") else 0

    def settled(self) -> int:
        """The step all pictures show; -1 while some are still to be drawn."""
        root = self.page.locator(".gv-live-pictures")
        complete = int(root.get_attribute("data-complete") or 0)
        return complete if complete == self.shown() else -1

    def press(self, button: str) -> None:
        """Click a button by its words."""
        self.page.get_by_role("button", name=button, exact=True).click()

    def train_to(self, step: int, seconds: float = 60) -> None:
        """Press Train and wait for a step."""
        expect(self.play).to_contain_text("Train")
        self.play.click()
        self.until(lambda: self.step() >= step, seconds)

    def pause(self) -> int:
        """Press Pause; the step at which the run and its pictures stand."""
        expect(self.play).to_contain_text("Pause")
        self.play.click()
        expect(self.play).to_contain_text("Resume")
        expect(self.progress).to_contain_text("paused")
        self.until(lambda: f"step {self.step():,} " in self.progress.inner_text())
        return self.step()

    def until(self, true: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
        """Wait for something to come true."""
        deadline = time.monotonic() + seconds
        while not true():
            if time.monotonic() > deadline:
                app = self.page.locator("[data-testid=stApp]").inner_text()
                raise AssertionError(f"not true after {seconds} s; the page said:\n{app}")
            self.page.wait_for_timeout(20)
