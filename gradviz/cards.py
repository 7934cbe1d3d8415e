"""`python -m gradviz.cards`: draw Home's cards from the recorded runs, a second for all.

The cards are shipped in gradviz/data/cards. Nothing is trained here: when a scenario changes,
record it anew (`python -m gradviz.recorded`), then draw; a test compares every card with what
its recording draws.
"""

from __future__ import annotations

import sys
from pathlib import Path

from gradviz.figures.card import card
from gradviz.recorded import load
from gradviz.scenarios import on_page

DRAWN = (*on_page("live_training"),)
"""The scenarios with a card: those of one run."""

FOLDER = Path(__file__).parent / "data" / "cards"


def drawn(name: str) -> str:
    """The card of a scenario of one run, as SVG.

    Raises:
        FileNotFoundError: where it was not recorded.
    """
    runs = load(name)
    if runs is None:
        raise FileNotFoundError(f"{name} must be recorded first: python -m gradviz.recorded.")
    return card(next(iter(runs.values())))


def main() -> None:
    """Draw the card of every scenario in Home's gallery."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        for name in DRAWN:
            (FOLDER / f"{name}.svg").write_text(drawn(name), encoding="utf-8")
    except FileNotFoundError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
