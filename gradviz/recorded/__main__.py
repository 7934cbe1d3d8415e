"""`python -m gradviz.recorded`: train the scenarios and keep their runs in gradviz/data/recorded.

Make them anew when a scenario or what is measured changes; a test compares the settings of each
recording with its scenario's. Then draw Home's cards from them: `python -m gradviz.cards`.
"""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from gradviz.recorded import FOLDER, path_of, record, recording, write
from gradviz.scenarios import SCENARIOS


def main() -> None:
    """Record the scenarios named, or all."""
    parser = argparse.ArgumentParser(description="Record the scenarios' runs.")
    parser.add_argument("scenario", nargs="*", help=f"of {', '.join(SCENARIOS)}; none means all")
    names = parser.parse_args().scenario or list(SCENARIOS)
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown:
        parser.error(f"scenario must be of {', '.join(SCENARIOS)}, got {', '.join(unknown)}.")
    from gradviz.training import prepare_training_thread

    prepare_training_thread()
    FOLDER.mkdir(parents=True, exist_ok=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        for name in names:
            _record(name, progress)


def _record(name: str, progress: Progress) -> None:
    scenario = SCENARIOS[name]
    task = progress.add_task(name, total=scenario.steps * len(scenario.variants))
    runs = record(scenario, told=lambda steps: progress.advance(task, steps))
    write(path_of(name), recording(scenario, runs))
    sizes = f"{path_of(name).stat().st_size / 1000:.0f} kB"
    ends = ", ".join(f"{label or 'one run'}: {runs[label].last_step} steps" for label in runs)
    progress.console.print(f"{name}: {sizes} ({ends})")


if __name__ == "__main__":
    main()
