"""Reloads, closed tabs, killed workers and killed servers."""

from __future__ import annotations

import itertools
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from live_page import LivePage
from playwright.sync_api import Browser, Page, expect
from streamlit.proto.BackMsg_pb2 import BackMsg

from gradviz.shots.serving import serving

pytestmark = pytest.mark.alone

RUN = "cell=gru&seq_len=30&hidden_size=16"


def workers(server_pid: int) -> list[psutil.Process]:
    found = []
    for child in psutil.Process(server_pid).children(recursive=True):
        # A worker that was just killed is a zombie without a command line until it is reaped.
        with suppress(psutil.NoSuchProcess):
            if "gradviz.runner.worker" in " ".join(child.cmdline()):
                found.append(child)
    return found


def eventually(true: Callable[[], bool], seconds: float) -> float:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, f"not true after {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - began


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[tuple[str, int]]:
    with serving(tmp_path) as (address, pid):
        yield address, pid


def test_a_reload_finds_the_run_again(server: str, page: Page) -> None:
    live = LivePage(page).open(server, RUN)
    live.train_to(30)
    page.reload()
    live.ready()
    live.until(lambda: live.step() > 30)
    expect(live.play).to_contain_text("Pause")
    stood = live.pause()
    live.until(lambda: live.settled() == stood)
    # The whole run is there again, from its first step on.
    steps = live.trace("loss", "loss")["x"]
    assert (steps[0], steps[-1]) == (1, stood)


def test_home_and_back_finds_the_run_again(server: str, page: Page) -> None:
    live = LivePage(page).open(server, RUN)
    live.train_to(10)
    page.get_by_role("link", name="Home").click()
    expect(page.get_by_role("heading", name="gradviz")).to_be_visible()
    page.get_by_role("link", name="Live training").click()
    live.ready()
    then = live.step()
    assert then >= 10
    live.until(lambda: live.step() > then)


@pytest.mark.slow
def test_a_closed_tab_stops_its_run_within_35_seconds(
    own_server: tuple[str, int], browser: Browser
) -> None:
    address, pid = own_server
    tab = browser.new_page()
    LivePage(tab).open(address, RUN).train_to(10)
    (worker,) = workers(pid)
    tab.close()
    time.sleep(5)
    before = worker.cpu_times().user
    time.sleep(2)
    assert worker.cpu_times().user - before > 0.2, "a short loss of the connection stops nothing"

    def idle() -> bool:
        then = worker.cpu_times().user
        time.sleep(1)
        return bool(worker.cpu_times().user - then < 0.05)

    eventually(idle, 30)


def test_a_killed_worker_is_replaced_and_the_run_goes_on(
    own_server: tuple[str, int], page: Page
) -> None:
    address, pid = own_server
    live = LivePage(page).open(address, RUN)
    live.train_to(10)
    # The last good state is kept every few seconds.
    live.page.wait_for_timeout(6_000)
    (worker,) = workers(pid)
    worker.kill()
    assert eventually(lambda: any(each.pid != worker.pid for each in workers(pid)), 3) < 3
    expect(page.get_by_text("ended unexpectedly and was replaced")).to_be_visible(timeout=3_000)
    stood = live.step()
    live.press("Resume from the last good state")
    live.until(lambda: "paused" in live.progress.inner_text())
    assert 0 < live.step() <= stood
    live.play.click()
    live.until(lambda: live.step() > stood)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_server_leaves_no_process_behind(tmp_path: Path, browser: Browser) -> None:
    with serving(tmp_path) as (address, pid):
        tab = browser.new_page()
        LivePage(tab).open(address, RUN).train_to(5)
        left = workers(pid)
        assert left
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not any(each.is_running() for each in left), 5)
        tab.close()


def test_who_leaves_while_an_order_is_on_its_way_finds_the_other_page(
    server: str, page: Page
) -> None:
    """Streamlit takes what the old page still sends for a visit there, and empties the new one."""
    pages: list[str] = []
    page.on("websocket", lambda one: one.on("framesent", lambda sent: pages.append(page_of(sent))))
    live = LivePage(page).open(server, RUN)
    live.train_to(5)
    page.evaluate(
        """() => {
            document.querySelector("a[data-testid=stPageLink-NavLink]").click();
            const range = document.querySelector(".gv-range");
            for (const wait of [0, 10, 100, 200])
                setTimeout(() => {
                    range.value = 1 + (wait / 10) % 3;
                    range.dispatchEvent(new Event("input", { bubbles: true }));
                }, wait);
        }"""
    )
    expect(page.get_by_role("heading", name="gradviz")).to_be_visible()
    page.wait_for_timeout(1000)
    visited = [name for name, _ in itertools.groupby(pages)]
    assert visited == ["", visited[-2], visited[-1]]
    expect(page.get_by_role("heading", name="Lessons")).to_be_visible()
    page.get_by_role("link", name="Live training").click()
    live.ready()
    # Who came back is heard.
    live.pause()


def page_of(sent: str | bytes) -> str:
    """Of which page a message of the browser is."""
    message = BackMsg()
    message.ParseFromString(sent if isinstance(sent, bytes) else sent.encode())
    return message.rerun_script.page_script_hash
