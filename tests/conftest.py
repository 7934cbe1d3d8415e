"""What all tests share: one torch thread, whichever of them runs first."""

from __future__ import annotations

import sys


def pytest_collection_finish() -> None:
    """With two busy cores, two torch threads a step take 50 ms where one takes 2."""
    if "torch" in sys.modules:  # Tests of the server's side are collected without it.
        sys.modules["torch"].set_num_threads(1)
