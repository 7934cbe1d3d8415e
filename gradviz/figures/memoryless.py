"""What is said of a network that carries nothing from timestep to timestep."""

from __future__ import annotations

from collections.abc import Iterable

from gradviz.history import History

NO_STATE = "A fully connected network carries nothing<br>from timestep to timestep"


def why_none(history: History, otherwise: str) -> str:
    """Why a picture of Jacobians is empty; `otherwise`: of a recurrent network."""
    return NO_STATE if history.is_memoryless else otherwise


def gradient_of(histories: Iterable[History]) -> str:
    """What the flow's axis shows, ‖∂L/∂h_t‖, of a network without h_t ‖∂L/∂x_t‖."""
    kinds = {history.is_memoryless for history in histories}
    of_state, of_inputs = (f"‖∂L/∂{letter}<sub>t</sub>‖" for letter in "hx")
    if kinds == {True}:
        return of_inputs
    return f"{of_state}, without memory {of_inputs}" if True in kinds else of_state
