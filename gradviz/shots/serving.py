"""A server of this app, for photographs and for tests in a browser."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gradviz.shots.page_reading import ROOT
from gradviz.shots.shot import ShotError

PATIENCE_S = 90.0
"""Until it answers; a busy machine takes ten."""


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, int]]:
    """Its address on this machine and its process id. It ends here, whatever happens.

    Args:
        folder: for its log.

    Raises:
        ShotError: where it does not start.
    """
    port = _free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
    path = folder / f"server-{port}.log"
    with path.open("w") as log:
        server = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait(port, server, path)
        yield f"http://127.0.0.1:{port}", server.pid
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    health = f"http://127.0.0.1:{port}/_stcore/health"
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(health, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    said = log.read_text("utf-8", "replace").strip().splitlines()[-1:] or ["it says nothing"]
    raise ShotError(f"The app's server must answer within {PATIENCE_S:g} s, but: {said[0]}")
