"""From gradients to new weights: everything between a backward pass and the next forward pass."""

from __future__ import annotations

from typing import Any

from gradviz.config import RunConfig
from gradviz.model import Model
from gradviz.remedies import Clipping, clip_gradients, learning_rate
from gradviz.training.optimizer import optimizer_of


class Update:
    """The optimiser and the remedies around it.

    Attributes:
        parameters: those of the model's that are trained now.
    """

    def __init__(self, config: RunConfig, model: Model) -> None:
        self.parameters = [each for each in model.parameters() if each.requires_grad]
        self._exempt = list(model.readout.parameters())
        self._optimizer = optimizer_of(config, self.parameters)

    def begin(self) -> None:
        """Forget the gradients of the step before."""
        self._optimizer.zero_grad()

    def step(self, config: RunConfig, steps: int) -> Clipping:
        """Clip the gradients that are there and change the weights by them.

        Args:
            config: in force now.
            steps: taken before.
        """
        clipping = clip_gradients(
            self.parameters, config.clip, config.clip_threshold, exempt=self._exempt
        )
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate(config, steps)
        self._optimizer.step()
        return clipping

    def state_dict(self) -> dict[str, Any]:
        """All that the next steps depend on."""
        return self._optimizer.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to what `state_dict` gave."""
        self._optimizer.load_state_dict(state)
