"""The linearisation of an LSTM, for what only an LSTM has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from gradviz.cells.lstm import LstmLinearisation
from gradviz.flow.steps import cast, going, probed

if TYPE_CHECKING:
    from gradviz.flow.layer_flow import LayerFlow


def lstm_steps(flow: LayerFlow, name: str, probes: int | None = None) -> LstmLinearisation:
    """In float64, also behind a sequence's end.

    Args:
        flow: of a layer.
        name: of the quantity that asks.
        probes: of the first so many sequences; None: all.

    Raises:
        ValueError: for another cell.
    """
    steps = going(flow.steps)
    if not isinstance(steps, LstmLinearisation):
        raise ValueError(f"{name} is an LSTM's; this layer is a {flow.cell_name}.")
    found = probed(cast(steps, torch.float64), probes)
    assert isinstance(found, LstmLinearisation)
    return found
