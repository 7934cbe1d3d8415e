"""The science checks: numbers known beforehand, measured by gradviz on this machine.

One file a subject, and one line here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from gradviz.checks import (
    cells,
    clipping,
    contributions,
    demonstrations,
    error_surface,
    gates,
    jacobians,
    linear_networks,
    lyapunov,
    mean_field,
    noise,
    precision,
    remedies,
    total_gradients,
    vanishing,
)
from gradviz.checks.check import Check, Outcome, Verdict, run

__all__ = ["CHECKS", "SUBJECTS", "Check", "Outcome", "Verdict", "chosen", "run"]

SUBJECTS: Mapping[str, Sequence[Check]] = MappingProxyType(
    {
        "total_gradients": total_gradients.CHECKS,
        "contributions": contributions.CHECKS,
        "linear_networks": linear_networks.CHECKS,
        "gates": gates.CHECKS,
        "jacobians": jacobians.CHECKS,
        "cells": cells.CHECKS,
        "lyapunov": lyapunov.CHECKS,
        "mean_field": mean_field.CHECKS,
        "vanishing": vanishing.CHECKS,
        "precision": precision.CHECKS,
        "clipping": clipping.CHECKS,
        "noise": noise.CHECKS,
        "remedies": remedies.CHECKS,
        "error_surface": error_surface.CHECKS,
        "demonstrations": demonstrations.CHECKS,
    }
)
"""The checks by subject."""

CHECKS: tuple[Check, ...] = tuple(check for checks in SUBJECTS.values() for check in checks)


def chosen(names: Sequence[str] = (), *, slow: bool = False) -> list[Check]:
    """The checks of these names or subjects, in their usual order; of no names all.

    Args:
        names: of checks and subjects. What is named is chosen, slow or not.
        slow: with no names, the slow ones as well.

    Raises:
        ValueError: for a name that is neither.
    """
    known = {*SUBJECTS, *(check.name for check in CHECKS)}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(
            f"NAME must be a check or one of {', '.join(SUBJECTS)}; got {', '.join(unknown)}; "
            "--list shows all checks."
        )
    if not names:
        return [check for check in CHECKS if slow or not check.slow]
    return [
        check
        for subject, checks in SUBJECTS.items()
        for check in checks
        if subject in names or check.name in names
    ]
