"""`python -m gradviz run`."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import click

from gradviz.cli.asked import NO_FILE, configs_asked, with_seed
from gradviz.cli.interrupted import stop_wished
from gradviz.cli.terminal import console, json_line, leave, progress, quiet_when_nobody_reads
from gradviz.config import RunConfig, word_of
from gradviz.history import SCALARS, History, StepRecord, scalars_of
from gradviz.reading import read
from gradviz.scenarios import SCENARIOS
from gradviz.store import Store, StoreError, default_path

NOT_FINITE, INTERRUPTED = 1, 130
"""Exit statuses; 130 is a shell's own of Ctrl-C."""

STEPS = 200
"""Of --config without --steps."""

DEAR_PROBES = 2
"""Sequences whose spectral norms, transport and horizon are measured, as the Recorder does."""


@click.command()
@click.argument("scenario", required=False)
@click.option(
    "--config",
    "text",
    metavar="SETTINGS",
    help="Instead of a scenario: a page's address, its query, or a JSON file.",
)
@click.option("--steps", type=click.IntRange(1), help="The scenario's own; of --config 200.")
@click.option("--seed", type=int, help="Another than that of the settings.")
@click.option("--every", default=10, type=click.IntRange(1), help="Measure each so many steps; 10.")
@click.option(
    "--file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="That keeps it, made where it is missing; without: $GRADVIZ_RUNS, else the app's own.",
)
@click.option("--no-save", is_flag=True, help="Keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, a step each.")
@click.option("--list", "listing", is_flag=True, help="Show the scenarios; train nothing.")
def run(
    scenario: str | None,
    text: str | None,
    steps: int | None,
    seed: int | None,
    every: int,
    file: Path | None,
    no_save: bool,
    as_json: bool,
    listing: bool,
) -> None:
    """Train a scenario, or settings of your own, keep the run, and say what is seen.

    \b
        python -m gradviz run vanishing
        python -m gradviz run --config "cell=lstm&seq_len=100" --steps 500 --file runs.db
        python -m gradviz run --config settings.json --no-save --json

    The app's page Runs shows it, also while it trains.

    A scenario of several set-ups trains one after another, each a run of its own. Ctrl-C ends
    after the present step, with all that was recorded in the file.

    Exit status: 0 when done, 1 when a number is not finite, 2 for a wrong call, 3 when a file is
    in the way, 130 after Ctrl-C.
    """  # noqa: D301 (click's mark of lines that are kept)
    if listing:
        for each in SCENARIOS.values():
            click.echo(f"{each.name}: {each.title}, {each.steps} steps")
        return
    asked = {label: with_seed(each, seed) for label, each in configs_asked(scenario, text).items()}
    if file and no_save:
        raise click.UsageError("Give --file or --no-save, not both.")
    count = steps or (SCENARIOS[scenario].steps if scenario else STEPS)
    file = None if no_save else file or _of_the_app()
    failed = False
    with (
        _file_trouble_told(),
        quiet_when_nobody_reads(),
        stop_wished() as is_wished,
        Store(file) if file else contextlib.nullcontext() as store,
    ):
        for label, config in asked.items():
            name = ": ".join(filter(None, [scenario, label]))
            with _shown(name, count, as_json=as_json) as tell:
                history, kept = _trained(config, count, every, store, name, tell, is_wished)
            failed |= history.failure is not None
            _end(name, history, kept, file, as_json=as_json)
            if is_wished():
                break
    sys.exit(INTERRUPTED if is_wished() else NOT_FINITE if failed else 0)


def _of_the_app() -> Path:
    """The file that the app shows, its folder made."""
    path = default_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        leave(NO_FILE, f"The folder of {path} could not be made: {error.strerror}.")
    return path


Tell = Callable[[StepRecord], object]


def _trained(
    config: RunConfig,
    steps: int,
    every: int,
    store: Store | None,
    name: str,
    tell: Tell,
    is_wished: Callable[[], bool],
) -> tuple[History, int | None]:
    """The run, and its number in the store; it ends at a number that is not finite."""
    from gradviz.training import Trainer, prepare_training_thread

    prepare_training_thread()
    try:
        trainer = Trainer(config)
    except ValueError as error:  # A ConfigError too: no GPU, data that are too few.
        raise click.UsageError(str(error)) from None
    except LookupError as error:  # Uploaded data that are not on this machine's shelf.
        leave(NO_FILE, str(error))
    trainer.dear_probes = DEAR_PROBES
    history = History(config, floor=trainer.floor)
    title = name or f"{word_of(config.cell)}, {word_of(config.task)}"  # As the app names it.
    with saving(store, config, title, trainer.floor) as (run_id, save):
        for step in range(1, steps + 1):
            is_due = step in (1, steps) or step % max(every, config.record_every) == 0
            record = trainer.train_step("full" if is_due else "none")
            for each in (history.append, save, tell):
                each(record)
            if record.failure or is_wished():
                break
    return history, run_id


@contextlib.contextmanager
def saving(
    store: Store | None, config: RunConfig, name: str, floor: float
) -> Iterator[tuple[int | None, Tell]]:
    """A run in the store, ended however this ends: its number, and what takes its steps."""
    if store is None:
        yield None, lambda record: None
        return
    run_id = store.begin(config, name=name, floor=floor)
    try:
        yield run_id, partial(store.append, run_id)
    finally:
        store.end(run_id)


@contextlib.contextmanager
def _file_trouble_told() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        leave(NO_FILE, str(error))


@contextlib.contextmanager
def _shown(name: str, steps: int, *, as_json: bool) -> Iterator[Tell]:
    """Each step as a line of JSON, or as a bar with the loss."""
    if as_json:
        yield lambda record: json_line({"run": name, **_plain(scalars_of(record))})
        return
    with progress(console(), steps) as advance:
        yield lambda record: advance(f"{name} loss {record.loss:.4g}".strip())


def _plain(row: tuple[float, ...]) -> dict[str, Any]:
    """JSON has no nan and no inf; which of them it was says the last line's failure."""
    named = dict(zip(SCALARS, row, strict=True))
    known = {name: value if math.isfinite(value) else None for name, value in named.items()}
    return {**known, "step": int(row[0]), "clipped": bool(row[SCALARS.index("clipped")])}


def _end(
    name: str, history: History, kept: int | None, file: Path | None, *, as_json: bool
) -> None:
    """What the run came to."""
    sentences, failure = read(history).sentences, history.failure
    if as_json:
        assert isinstance(history.config, RunConfig)
        content = {"run": name, "config": history.config.to_dict(), "steps": history.last_step}
        content |= {"floor": history.floor, "failure": failure and asdict(failure)}
        json_line({**content, "words": sentences, "saved_as": kept})
        return
    loss = float(history.column("loss")[-1])
    floor = "" if history.floor is None else f" (learned nothing: {history.floor:.4g})"
    head = f"{name}: " if name else ""
    click.echo(f"{head}{history.last_step} steps, loss {loss:.4g}{floor}.")
    for sentence in sentences:
        click.echo(f"  {sentence}")
    if kept is not None:
        click.echo(f"  Saved as run {kept} of {file}.")
