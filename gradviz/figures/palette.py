"""The colours of all pictures: the same thing has the same colour everywhere.

They follow Okabe & Ito's, which the colour-blind can tell apart, in shades that keep a contrast of
3:1 on white and on dark.
"""

from __future__ import annotations

BLUE, ORANGE, GREEN, PINK = "#3d8fd1", "#d17f00", "#0a9e73", "#c76ba0"
RED, VIOLET, GREY = "#d55e00", "#8b6fd6", "#888888"
LAYERS = (BLUE, ORANGE, GREEN, PINK)
GATES = {
    "forget": BLUE,
    "input": ORANGE,
    "output": GREEN,
    "candidate": PINK,
    "update": BLUE,
    "reset": ORANGE,
    "highway": GREEN,
}
SETUPS = ("#0b84e8", "#c98500", "#1f7a5c", "#e0409f")
"""Set-ups that are compared: further apart for the colour-blind than LAYERS, since nothing but the
colour tells the lines apart."""
LOSS, ACCURACY = VIOLET, GREEN
BEFORE, AFTER, LIMIT = RED, BLUE, GREY
SCRUB = "#e5446d"

INK = {"light": "#31333f", "dark": "#e6e6ea"}
"""Of words, by theme."""
QUIET = {"light": "#5f6370", "dark": "#a3a8b4"}
"""Of words that stand back: facts below a title, what is said in an empty picture."""
GRID = {"light": "rgba(49,51,63,0.12)", "dark": "rgba(230,230,234,0.16)"}
VEIL = {"light": "rgba(255,255,255,0.75)", "dark": "rgba(14,17,23,0.75)"}
"""Ground of words that stand on lines."""


def faint(colour: str) -> str:
    """The colour of a band, through which lines are seen."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.2)"
