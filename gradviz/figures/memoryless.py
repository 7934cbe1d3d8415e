"""What is said of a network that carries nothing from timestep to timestep."""

from __future__ import annotations

from gradviz.history import History

NO_STATE = "A fully connected network carries nothing<br>from timestep to timestep"


def why_none(history: History, otherwise: str) -> str:
    """Why a picture of Jacobians is empty; `otherwise`: of a recurrent network."""
    return NO_STATE if history.is_memoryless else otherwise
