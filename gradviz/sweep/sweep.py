"""Doing many jobs on an executor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, as_completed
from typing import Any

from gradviz.history import Outcome
from gradviz.sweep.job import Job, trained
from gradviz.sweep.results import Results

Train = Callable[[Job], Mapping[str, Any]]


def swept(
    jobs: Iterable[Job],
    executor: Executor,
    results: Results,
    *,
    told: Callable[[Job], None] = lambda job: None,
    train: Train = trained,
) -> None:
    """Do the jobs that are not among the results yet, each once.

    Args:
        jobs: equal ones are one.
        executor: of processes, or of any library with the interface of concurrent.futures.
        results: to which each outcome is added as it comes.
        told: called with each job that is done, those known before included.
        train: what does one.

    Raises:
        Exception: what a job raised; those that ended before it are kept.
    """
    waiting = {}
    for job in dict.fromkeys(jobs):
        if results.get(job):
            told(job)
        else:
            waiting[executor.submit(train, job)] = job
    try:
        for done in as_completed(waiting):
            job = waiting[done]
            results.add(job, Outcome.from_dict(done.result()))
            told(job)
    finally:
        for each in waiting:
            each.cancel()
