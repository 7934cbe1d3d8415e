"""From gradients to new weights: everything between a backward pass and the next forward pass."""

from __future__ import annotations

from typing import Any

import torch

from gradviz.config import RunConfig
from gradviz.model import Model, parts_of
from gradviz.remedies import Clipping, clip_gradients, constrain, decay, learning_rate, penalise
from gradviz.training.optimizer import optimizer_of


class Update:
    """The optimiser and the remedies around it.

    Attributes:
        parameters: those of the model's that are trained now.
        names: theirs, in the same order.
    """

    def __init__(self, config: RunConfig, model: Model) -> None:
        trained = {name: each for name, each in model.named_parameters() if each.requires_grad}
        self.parameters, self.names = list(trained.values()), list(trained)
        self._exempt = list(model.readout.parameters())
        self._parts = parts_of(model)
        self._optimizer = optimizer_of(config, self.parameters)
        self._hold(config)

    def begin(self) -> None:
        """Forget the gradients of the step before."""
        self._optimizer.zero_grad()

    def step(self, config: RunConfig, steps: int) -> Clipping:
        """Clip the gradients that are there, penalties' included, and change the weights by them.

        Args:
            config: in force now.
            steps: taken before.
        """
        penalise(self._parts.matrices, config.l1, config.l2)
        clipping = clip_gradients(
            self.parameters, config.clip, config.clip_threshold, exempt=self._exempt
        )
        rate = learning_rate(config, steps)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        if config.weight_decay is not None:
            decay(self.parameters, rate, config.weight_decay)
        self._optimizer.step()
        self._hold(config, changed=True)
        return clipping

    def _hold(self, config: RunConfig, *, changed: bool = False) -> None:
        """Project weights onto what is allowed: all that are trained, or that a step changed."""
        for parameters, kind in (
            (self._parts.inputs, config.input_constraint),
            (self._parts.recurrent, config.recurrent_constraint),
            (self._parts.biases, config.bias_constraint),
        ):
            held = [each for each in parameters if each.requires_grad]
            if changed:
                held = [each for each in held if each.grad is not None]
            constrain(held, kind, config.constraint_limit, config.hidden_size)

    def state_dict(self) -> dict[str, Any]:
        """All that the next steps depend on."""
        return self._optimizer.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to what `state_dict` gave."""
        self._optimizer.load_state_dict(state)
        # PyTorch casts it all to the parameters' dtype; NAdam's own product is float32.
        for place, saved in state["state"].items():
            kept = self._optimizer.state[self.parameters[place]]
            for name, value in saved.items():
                if isinstance(value, torch.Tensor):
                    kept[name] = kept[name].to(value.dtype)
