"""The state between two passes."""

from torch import Tensor

State = Tensor | tuple["State", ...]


def detached(state: State) -> State:
    """The same numbers, through which no gradient goes back."""
    if isinstance(state, tuple):
        return tuple(detached(each) for each in state)
    return state.detach()
