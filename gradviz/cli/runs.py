"""`python -m gradviz runs`."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from gradviz.cli.asked import NO_FILE
from gradviz.cli.exporting import write_csv, write_npz
from gradviz.cli.terminal import console, json_line, leave, print_table, quiet_when_nobody_reads
from gradviz.config import RunConfig
from gradviz.store import RunInfo, Store, StoreError, default_path
from gradviz.store.copies import export as copy_runs
from gradviz.store.edits import UNDO_S, purge, restore
from gradviz.store.edits import delete as delete_runs
from gradviz.store.room import compact, in_bytes, room_of

HEADINGS = ("Run", "Name", "Started", "Steps", "Loss", "Horizon", "Ended", "Tags")
SUFFIXES = (".csv", ".npz", ".db")

_file = click.option(
    "--file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Of the runs; without: $GRADVIZ_RUNS, else the app's own.",
)
_run_ids = click.argument("run_ids", metavar="RUN...", nargs=-1, required=True, type=int)


@click.group()
def runs() -> None:
    """List, export or delete the runs that were saved, and make their file smaller.

    RUN is a number that `runs list` shows.

    Exit status: 0 when done, 2 for a wrong call, 3 when a file is in the way or a run is not there.
    """


@runs.command("list")
@_file
@click.option("--deleted", is_flag=True, help="Those that were deleted and can be restored.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, a run each.")
def list_runs(file: Path | None, *, deleted: bool, as_json: bool) -> None:
    """Show the runs of a file, oldest first."""
    path = file or default_path()
    try:
        with Store(path, read_only=True) as store:
            found = store.runs(deleted=deleted)
    except StoreError as error:
        leave(NO_FILE, str(error))
    if as_json:
        with quiet_when_nobody_reads():
            for info in found:
                json_line(_in_json(info))
        return
    if found:
        print_table(console(), HEADINGS, map(_row, found))
    click.echo(f"{len(found)} {'run' if len(found) == 1 else 'runs'} in {path}.")


@runs.command("export")
@_run_ids
@_file
@click.option(
    "--to",
    "target",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The new file: .csv has a row a step; .npz all arrays, with the settings in a .json "
    "beside it; .db is a file of runs to give away.",
)
def export_runs(run_ids: Sequence[int], file: Path | None, target: Path) -> None:
    """Write runs into a file that other programs read.

    CSV and NPZ take one run, .db any number.
    """
    kind = target.suffix.lower()
    if kind not in SUFFIXES:
        raise click.UsageError(f"--to must end with one of {', '.join(SUFFIXES)}, got {target}.")
    if kind != ".db" and len(run_ids) > 1:
        raise click.UsageError(f"{kind} takes one RUN, got {len(run_ids)}; name a .db for them.")
    if target.exists():
        leave(NO_FILE, f"{target} must be a new file, got one that is there; choose another name.")
    written = [target]
    try:
        with Store(file or default_path(), read_only=True) as store:
            _known(store, run_ids)
            if kind == ".db":
                copy_runs(store, run_ids, target)
            elif kind == ".csv":
                write_csv(target, store.load(run_ids[0]))
            else:
                written.append(write_npz(target, store.load(run_ids[0])))
    except StoreError as error:
        leave(NO_FILE, str(error))
    except OSError as error:
        leave(NO_FILE, f"{target} must be writable, got: {error.strerror}; choose another.")
    click.echo(f"Written {' and '.join(map(str, written))}.")


@runs.command("delete")
@_run_ids
@_file
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--for-good", is_flag=True, help="Free the room of all deleted runs; no way back.")
@click.option("--undo", is_flag=True, help="Bring these back instead.")
def delete(
    run_ids: Sequence[int], file: Path | None, *, yes: bool, for_good: bool, undo: bool
) -> None:
    """Take runs from the list; --undo brings them back until --for-good."""
    if undo and for_good:
        raise click.UsageError("--undo and --for-good contradict each other; give one.")
    path = file or default_path()
    try:
        # First for reading alone, which makes no file where there is none.
        with Store(path, read_only=True) as store:
            known = _known(store, run_ids)
        names = ", ".join(f"{each} ({known[each].name})" for each in run_ids)
        if not (yes or undo) and not click.confirm(f"Delete {names} of {path}?"):
            click.echo("Nothing was deleted.")
            return
        with Store(path) as store:
            if undo:
                restore(store, run_ids)
            else:
                delete_runs(store, run_ids)
            if for_good:
                purge(store)
                compact(store)
    except StoreError as error:
        leave(NO_FILE, str(error))
    click.echo(f"{'Restored' if undo else 'Deleted'} {names}.")


@runs.command("compact")
@_file
def compact_file(file: Path | None) -> None:
    """Give the disk back what deleted runs have left.

    Other programs may read and write the file meanwhile. Runs that were deleted less than a day ago
    stay, for they can be restored; `delete --for-good` takes them as well.
    """
    path = file or default_path()
    try:
        Store(path, read_only=True).close()  # Which makes no file where there is none.
        with Store(path) as store:
            count = purge(store, UNDO_S)
            freed = compact(store)
            size = room_of(store).size
    except StoreError as error:
        leave(NO_FILE, str(error))
    gone = f" {count} deleted {'run is' if count == 1 else 'runs are'} gone for good." * (count > 0)
    click.echo(f"{path} is now {in_bytes(size)}, {in_bytes(freed)} less.{gone}")


def _known(store: Store, run_ids: Sequence[int]) -> dict[int, RunInfo]:
    """All runs of the file by number, the deleted ones too.

    Raises:
        StoreError: where one that was asked for is not among them.
    """
    known = {each.run_id: each for deleted in (False, True) for each in store.runs(deleted=deleted)}
    missing = [str(each) for each in run_ids if each not in known]
    if missing:
        there = ", ".join(map(str, sorted(known))) or "none so far"
        raise StoreError(f"RUN must be one of {there} in {store.path}, got {', '.join(missing)}.")
    return known


def _row(info: RunInfo) -> tuple[str, ...]:
    ended = "—" if info.ended is None else _time(info.ended)
    return (
        str(info.run_id),
        info.name,
        _time(info.started),
        f"{info.steps:,}",
        f"{info.losses[-1]:.4g}" if info.losses else "—",
        "—" if math.isnan(info.horizon) else f"{info.horizon:.0f}",
        info.failure or ended,
        ", ".join(info.tags),
    )


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _in_json(info: RunInfo) -> dict[str, object]:
    config = info.config
    loss = info.losses[-1] if info.losses and math.isfinite(info.losses[-1]) else None
    return {
        "run": info.run_id,
        "name": info.name,
        "tags": info.tags,
        "config": config.to_dict() if isinstance(config, RunConfig) else config and asdict(config),
        "versions": info.versions,
        "started": info.started,
        "ended": info.ended,
        "steps": info.steps,
        "floor": info.floor,
        "failure": info.failure or None,
        "loss": loss,
        "horizon": info.horizon if math.isfinite(info.horizon) else None,
        "layers": info.layers,
    }
