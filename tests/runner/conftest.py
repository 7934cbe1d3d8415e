"""One worker for all tests of live runs: it takes some seconds of imports, at nice 10."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gradviz.runner import Runner


@pytest.fixture(scope="package")
def runner() -> Iterator[Runner]:
    started = Runner(workers=1)
    yield started
    started.shutdown()
