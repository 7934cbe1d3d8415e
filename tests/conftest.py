"""What all tests share: one torch thread, whichever of them runs first."""

from __future__ import annotations

import gc
import sys
from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings

# On a busy machine an example takes as long as it takes.
settings.register_profile("gradviz", deadline=None)
settings.load_profile("gradviz")


@pytest.fixture(autouse=True, scope="session")
def own_data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Uploads and runs of tests stay out of the user's own; servers and workers inherit this."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("data")
        patch.setenv("GRADVIZ_DATA", str(folder))
        patch.setenv("GRADVIZ_RUNS", str(folder / "runs.db"))
        yield


@pytest.fixture(autouse=True)
def denormals_as_they_are() -> Iterator[None]:
    """A sweep's job, a command and a script flush them in this thread: not in the next test's."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)


@pytest.fixture
def training_thread() -> Iterator[None]:
    """This thread as a worker's that trains; its flags are put back afterwards."""
    import torch

    from gradviz.training import prepare_training_thread

    threads = torch.get_num_threads()
    prepare_training_thread()
    yield
    torch.set_num_threads(threads)
    torch.set_flush_denormal(False)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Modules and tests are kept to the end: looking for rubbish among them took 1 s of 6."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_collection_finish() -> None:
    """With two busy cores, two torch threads a step take 50 ms where one takes 2."""
    if "torch" in sys.modules:  # Tests of the server's side are collected without it.
        sys.modules["torch"].set_num_threads(1)
