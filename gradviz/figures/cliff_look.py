"""What the pictures of the one-unit error surface share: how a descent is named, coloured, cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradviz.figures.palette import AFTER, BEFORE, LAYERS
from gradviz.theory import cliff
from gradviz.theory.cliff import B_SPAN, W_SPAN, Descent, Doubles

LOWEST = -4.0
"""log10 E below which all is one colour: at the wall's foot E is 0 somewhere."""

CLICK = "Click a start in the contour"

PLACE = "w = %{x:.3f}, b = %{y:.3f}"


def name_of(each: Descent) -> str:
    """Of a descent, by its clip."""
    if each.clip_threshold is None:
        return "not clipped"
    return f"clipped at {each.clip_threshold:g}"


def colour_of(each: Descent, index: int) -> str:
    """Of a descent, the index-th of the picture."""
    if each.clip_threshold is None:
        return BEFORE
    return AFTER if index < 2 else LAYERS[index % len(LAYERS)]


def facts_of(descents: Sequence[Descent]) -> str:
    """Below the title: the start that all have in common, or how to choose one."""
    if not descents:
        return CLICK
    w, b = descents[0].points[0]
    return f"start w = {w:.4g}, b = {b:.5g} · learning rate {descents[0].learning_rate:g}"


def has_left(each: Descent) -> bool:
    """Whether its last step ends outside the picture, or is no number."""
    return each.ended != "steps"


def path_in_picture(each: Descent) -> Doubles:
    """(n, 2): the path inside the picture, its last piece cut at the border."""
    if not has_left(each) or not cliff.is_drawn(*each.points[0]):
        return each.points
    return np.concatenate([each.points[:-1], [_border(each.points[-2], each.points[-1])]])


def _border(inside: Doubles, outside: Doubles) -> Doubles:
    """Where the way from a point in the picture to one outside leaves it."""
    if not np.isfinite(outside).all():
        return inside
    way = outside - inside
    limits = np.where(way > 0, *np.array([W_SPAN, B_SPAN]).T[::-1])
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = (limits - inside) / way
    return np.asarray(inside + way * np.nanmin(shares[way != 0]))


def log_error(E: Doubles) -> Any:
    """log10 E, float32, not below LOWEST."""
    return np.log10(np.maximum(E, 10**LOWEST)).astype("f4")
