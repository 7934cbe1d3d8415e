"""Whose turn it is: a worker's owners share its time alike, and an owner's runs share theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from gradviz.runner.hosted_run import HostedRun


def turns(runs: Mapping[str, HostedRun]) -> list[tuple[str, int]]:
    """Of each owner the run that has waited longest, with how many runs' share it gets.

    So an owner of forty runs takes as much of a worker as one of a single run, which gets
    one slice of two then, as if two runs shared the worker; the forty get one of eighty each.
    """
    busy = sorted(_busy(runs), key=lambda each: each[1].turn)
    counts = Counter(run.owner for _, run in busy)
    first: dict[str, str] = {}
    for name, run in busy:
        first.setdefault(run.owner, name)
    return [(name, len(counts) * counts[owner]) for owner, name in first.items()]


def _busy(runs: Mapping[str, HostedRun]) -> list[tuple[str, HostedRun]]:
    """The runs that go on now; of those in line only the first of each owner's."""
    found, served = [], set()
    for name, run in runs.items():
        if not run.running or (run.in_line and run.owner in served):
            continue
        if run.in_line:
            served.add(run.owner)
        found.append((name, run))
    return found
