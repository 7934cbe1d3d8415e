"""`python -m gradviz.cards`: run the scenarios and draw Home's cards from what was measured.

The cards are shipped in gradviz/data/cards. Draw them anew when a scenario changes; a test
compares the settings each card carries with its scenario's.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from gradviz.config import RunConfig
from gradviz.figures.card import card
from gradviz.history import History
from gradviz.scenarios import SCENARIOS
from gradviz.training import Trainer, prepare_training_thread

FOLDER = Path(__file__).parent / "data" / "cards"

STEPS = {
    "vanishing": 800,
    "gating": 800,
    "clipping": 500,
    "forget_bias_low": 600,
    "forget_bias_high": 600,
    "digits_pixels": 400,
    "digits_rows": 300,
    "sunspots": 300,
}
"""Steps until a scenario has shown its point; the others take USUAL_STEPS."""

USUAL_STEPS = 200

FIRST_MEASURED = 30
"""Of the first steps each is measured, because an explosion is over in as many."""

MEASURE_EVERY = 20


def measured_run(config: RunConfig, steps: int) -> History:
    """Train so many steps, or until a number is not finite, measuring gradients only."""
    trainer = Trainer(config)
    history = History(config, floor=trainer.floor)
    for step in range(1, steps + 1):
        measured = step <= FIRST_MEASURED or step % MEASURE_EVERY == 0
        history.append(trainer.train_step("light" if measured else "none"))
        if history.failure:
            break
    return history


def main() -> None:
    """Draw the cards of the scenarios named, or of all."""
    parser = argparse.ArgumentParser(description="Draw Home's cards from real runs.")
    parser.add_argument("scenario", nargs="*", help=f"of {', '.join(SCENARIOS)}; none means all")
    names = parser.parse_args().scenario or list(SCENARIOS)
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown:
        parser.error(f"scenario must be of {', '.join(SCENARIOS)}, got {', '.join(unknown)}.")
    prepare_training_thread()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names:
        history = measured_run(SCENARIOS[name].config, STEPS.get(name, USUAL_STEPS))
        (FOLDER / f"{name}.svg").write_text(card(history), encoding="utf-8")
        print(f"{name}: {history.last_step} steps")


if __name__ == "__main__":
    main()
