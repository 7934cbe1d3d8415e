"""What the hooks note of one call of a fused module, until it is replayed.

Index legend: T timesteps, B sequences, Q ≤ B recorded ones, I input size, L layers,
D directions, P size of h_t.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from gradviz.cells import Weights
from gradviz.flow.copies import WeightCopies
from gradviz.flow.errors import (
    refuse_changed_input,
    refuse_non_finite,
    refuse_second_backward,
    version,
)
from gradviz.flow.listening import listen


@dataclass
class Passage:
    """One call of an nn.RNN, nn.LSTM or nn.GRU and the direct gradients that came back."""

    name: str
    module: nn.RNNBase
    inputs: Tensor | PackedSequence
    state: tuple[Tensor, ...] | None
    output: Tensor | PackedSequence
    last: Tensor
    """h_n."""
    weights: dict[str, Tensor]
    """Copies by PyTorch's names: the optimiser changes a module's own in place."""
    is_dropping: bool
    """Whether it dropped out between its layers."""
    random_state: Tensor | None
    """Of the CPU's generator just before, where it dropped out."""
    autocast: torch.dtype | None
    """Of the autocast that it ran in."""
    versions: tuple[int, int]
    """Of inputs and output: how often each had been changed in place."""
    heard: dict[int, Tensor] | None = None
    """Autograd's total gradients by timestep, (B, P), of a top layer that shows its states."""
    grads: dict[str, Tensor] = field(default_factory=dict)
    is_repeated: bool = False
    """Whether a second backward pass came through."""

    @classmethod
    def of(
        cls,
        name: str,
        module: nn.RNNBase,
        given: tuple[Any, Any],
        output: Any,
        before: Any,
        copies: WeightCopies,
    ) -> Passage:
        """Note a call and follow its outputs' gradients."""
        inputs, state = given
        sequence, last = output
        passage = cls(
            name=name,
            module=module,
            inputs=_detached(inputs),
            # Copies: who carries a state on often does so in one buffer.
            state=None if state is None else tuple(each.detach().clone() for each in _tuple(state)),
            output=_detached(sequence),
            last=_tuple(last)[0].detach(),
            weights=copies.of(name, _weights(module)),
            is_dropping=bool(module.dropout) and module.training and module.num_layers > 1,
            random_state=before,
            autocast=_autocast(_data(sequence).device.type),
            versions=(version(_data(inputs)), version(_data(sequence))),
        )
        for key, tensor in zip(
            ("output", "h_n", "c_n"), (_data(sequence), *_tuple(last)), strict=False
        ):
            tensor.register_hook(lambda grad, key=key: passage.receive(key, grad))
        if isinstance(sequence, Tensor) and not isinstance(module, nn.LSTM):
            passage.heard = listen(sequence.grad_fn, sequence.shape[passage.time_axis])
        return passage

    @property
    def time_axis(self) -> int:
        """Of a padded batch; a single sequence has no other."""
        assert isinstance(self.output, Tensor)
        return int(self.module.batch_first and self.output.dim() == 3)

    def receive(self, key: str, grad: Tensor | None) -> None:
        """Keep the gradient that came back to an output.

        oneDNN's LSTM gives None to an output that the loss did not use.
        """
        if grad is None:
            return
        self.is_repeated |= key in self.grads
        self.grads[key] = grad.detach()

    @property
    def is_reached(self) -> bool:
        """Whether a gradient has come back."""
        return bool(self.grads)

    def check(self) -> None:
        """Refuse what cannot be replayed.

        Raises:
            WatchError: after a second backward pass, with inputs that are no longer there, or with
                weights that are not finite.
        """
        if self.is_repeated:
            refuse_second_backward(self.name)
        if version(_data(self.inputs)) != self.versions[0]:
            refuse_changed_input(self.name)
        # Weights that are not finite show in the last states, which are far fewer.
        if not math.isfinite(self.last.sum().item()):
            refuse_non_finite(self.name, self.weights)

    @property
    def is_plain(self) -> bool:
        """Whether it runs as PyTorch wrote it, whatever its class."""
        base = {"LSTM": nn.LSTM, "GRU": nn.GRU}.get(self.module.mode, nn.RNN)
        return is_run_by(self.module, base)

    @property
    def is_output_kept(self) -> bool:
        """Whether nothing has written into the output since."""
        return version(_data(self.output)) == self.versions[1]

    @property
    def directions(self) -> int:
        """D."""
        return 2 if self.module.bidirectional else 1

    @property
    def lengths(self) -> Tensor | None:
        """(B,) of a packed batch."""
        if isinstance(self.inputs, Tensor):
            return None
        return pad_packed_sequence(self.inputs)[1]

    def weights_of(self, layer: int, direction: int) -> Weights:
        """A layer's, in PyTorch's order; zeros for biases it does not have."""
        suffix = f"_l{layer}{direction * '_reverse'}"
        ih, hh = self.weights[f"weight_ih{suffix}"], self.weights[f"weight_hh{suffix}"]
        found = {"weight_ih": ih, "weight_hh": hh}
        for name in ("bias_ih", "bias_hh"):
            found[name] = self.weights.get(f"{name}{suffix}", hh.new_zeros(len(hh)))
        if f"weight_hr{suffix}" in self.weights:
            found["weight_hr"] = self.weights[f"weight_hr{suffix}"]
        return found

    def time_major(self, values: Tensor | PackedSequence, probes: int | None) -> Tensor:
        """(T, Q, …), padded with zeros."""
        if not isinstance(values, Tensor):
            values = pad_packed_sequence(values)[0]
        elif values.dim() == 2:
            values = values.unsqueeze(1)
        elif self.module.batch_first:
            values = values.transpose(0, 1)
        return values[:, :probes]

    def grad_of_output(self, probes: int | None) -> Tensor:
        """(T, Q, D·P); zeros if the loss did not use it."""
        grad, output = self.grads.get("output"), self.output
        if grad is None:
            return torch.zeros_like(self.time_major(output, probes))
        if isinstance(output, PackedSequence):
            return self.time_major(output._replace(data=grad), probes)
        return self.time_major(grad, probes)

    def total_of_top(self, probes: int | None) -> Tensor | None:
        """(T, Q, P) ∂L/∂h_t of the top layer where autograd was heard; else None."""
        if not self.heard or not isinstance(self.output, Tensor):
            return None
        if len(self.heard) < self.output.shape[self.time_axis]:
            return None
        return torch.stack([self.heard[t][:probes] for t in range(len(self.heard))])

    def grad_of_last(self, key: str, index: int, like: Tensor) -> Tensor:
        """(Q, P) or (Q, H), of row L·D; zeros if the loss did not use it."""
        grad = self.grads.get(key)
        return torch.zeros_like(like) if grad is None else _row(grad, index, len(like)).to(like)

    def start(self, part: int, index: int, like: Tensor) -> Tensor:
        """(Q, P) or (Q, H) the initial state; zeros if none was given."""
        if self.state is None or part >= len(self.state):
            return torch.zeros_like(like)
        return _row(self.state[part], index, len(like)).to(like)


def is_run_by(module: nn.Module, base: type[nn.Module]) -> bool:
    """Whether its forward pass is the base's own, as in a class that only adds to it."""
    return type(module).forward is base.forward and "forward" not in vars(module)


def _row(state: Tensor, index: int, batch: int) -> Tensor:
    chosen = state[index]
    return chosen.unsqueeze(0) if chosen.dim() == 1 else chosen[:batch]


def _tuple(state: Any) -> tuple[Tensor, ...]:
    return state if isinstance(state, tuple) else (state,)


def _data(sequence: Tensor | PackedSequence) -> Tensor:
    return sequence if isinstance(sequence, Tensor) else sequence.data


def _detached(sequence: Tensor | PackedSequence) -> Tensor | PackedSequence:
    if isinstance(sequence, Tensor):
        return sequence.detach()
    return sequence._replace(data=sequence.data.detach())


def _weights(module: nn.RNNBase) -> dict[str, Tensor]:
    # The flat list is what the forward pass used, also under weight drop or functional_call.
    pairs = zip(module._flat_weights_names, module._flat_weights, strict=True)
    return {name: weight for name, weight in pairs if weight is not None}


def _autocast(kind: str) -> torch.dtype | None:
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else None
