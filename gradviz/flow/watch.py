"""watch(model): note what passes through its recurrent modules, and replay it afterwards.

The model runs PyTorch's own fused modules untouched. Hooks note each module's inputs, a
copy of its weights (the optimiser changes them in place) and the *direct* gradients at its
outputs; nothing is computed until a layer is asked for.

Index legend: T timesteps, B recorded sequences, I input size, H hidden size.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from gradviz.cells import REPLAYS, LayerPass, Replay, Weights
from gradviz.flow.layer_flow import LayerFlow


class WatchError(RuntimeError):
    """A model or a moment that the instrument cannot measure, in one sentence."""


class _Call(NamedTuple):
    """What a module was called with, by position or by name."""

    input: Any
    hx: Any = None


@dataclass
class _Passage:
    """One module's forward pass and the direct gradients that came back."""

    name: str
    module: nn.RNNBase
    inputs: Tensor
    state: tuple[Tensor, ...] | None
    output: Tensor
    weights: list[Weights]
    grads: dict[str, Tensor] = field(default_factory=dict)


class Watch:
    """What was noted; see `watch`."""

    def __init__(self, probe_size: int | None) -> None:
        self._probe_size = probe_size
        self._passages: dict[str, _Passage] = {}

    @cached_property
    def layers(self) -> dict[str, LayerFlow]:
        """LayerFlow by "module.l0"; just "l0" when the watched model is the module itself.

        Raises:
            WatchError: before forward and backward have run.
        """
        if not self._passages:
            raise WatchError(
                "Nothing was noted; run the forward pass, with gradients enabled, "
                "inside `with watch`."
            )
        found: dict[str, LayerFlow] = {}
        for passage in self._passages.values():
            if not passage.grads:
                raise WatchError(
                    f"No gradient has come back to {passage.name or 'the model'}; "
                    "call loss.backward() first."
                )
            found.update(self._replayed(passage))
        return found

    def note(self, name: str, module: nn.RNNBase, call: _Call, output: Any) -> None:
        """Forward hook: keep the passage and follow its outputs' gradients."""
        _refuse(name, module, call)
        sequence, last = output
        if not sequence.requires_grad:
            return
        given = call.hx if call.hx is None or isinstance(call.hx, tuple) else (call.hx,)
        passage = _Passage(
            name=name,
            module=module,
            inputs=call.input.detach(),
            state=None if given is None else tuple(each.detach() for each in given),
            output=sequence.detach(),
            weights=[_weights(module, layer) for layer in range(module.num_layers)],
        )
        self._passages[name] = passage
        self.__dict__.pop("layers", None)
        last = last if isinstance(last, tuple) else (last,)
        for key, tensor in zip(("output", "h_n", "c_n"), (sequence, *last), strict=False):
            tensor.register_hook(lambda grad, key=key: passage.grads.__setitem__(key, grad))

    @torch.no_grad()
    def _replayed(self, passage: _Passage) -> dict[str, LayerFlow]:
        module = passage.module
        inputs = self._time_major(passage, passage.inputs)
        output = inputs
        replays: list[tuple[Replay, Tensor]] = []
        batch = inputs.shape[1]
        zeros = inputs.new_zeros(batch, module.hidden_size)
        for layer, weights in enumerate(passage.weights):
            h0, c0 = self._start(passage, 0, layer, zeros), self._start(passage, 1, layer, zeros)
            top = layer == module.num_layers - 1
            if top:
                output = self._time_major(passage, passage.output)
            else:
                output = _one_layer(module, weights, inputs, h0, c0)
            before = torch.cat([h0.unsqueeze(0), output[:-1]])
            passed = LayerPass(
                inputs, before, output, c0, weights, getattr(module, "nonlinearity", "")
            )
            replays.append((REPLAYS[module.mode.split("_")[0]](passed), output))
            inputs = output
        direct = self._direct(passage, output)
        flows: dict[str, LayerFlow] = {}
        for layer in reversed(range(module.num_layers)):
            replay, hidden = replays[layer]
            flow = LayerFlow(
                cell_name=module.mode.split("_")[0].lower(),
                hidden=hidden,
                cell=replay.cell,
                gates=dict(replay.gates),
                linearisation=replay.linearisation,
                direct=direct,
                direct_last=tuple(
                    self._last_grad(passage, key, layer, zeros) for key in ("h_n", "c_n")
                ),
                weight_hh=passage.weights[layer].hh,
            )
            flows[f"{passage.name}.l{layer}".lstrip(".")] = flow
            if layer:
                direct = flow.input_grad() @ passage.weights[layer].ih.double()
        return dict(reversed(flows.items()))

    def _time_major(self, passage: _Passage, tensor: Tensor) -> Tensor:
        if tensor.dim() == 2:
            tensor = tensor.unsqueeze(1)
        elif passage.module.batch_first:
            tensor = tensor.transpose(0, 1)
        return tensor[:, : self._probe_size]

    def _start(self, passage: _Passage, part: int, layer: int, zeros: Tensor) -> Tensor:
        if passage.state is None or part >= len(passage.state):
            return zeros
        return self._of_layer(passage.state[part], layer)

    def _of_layer(self, state: Tensor, layer: int) -> Tensor:
        chosen = state[layer]
        return chosen.unsqueeze(0) if chosen.dim() == 1 else chosen[: self._probe_size]

    def _direct(self, passage: _Passage, like: Tensor) -> Tensor:
        grad = passage.grads.get("output")
        return torch.zeros_like(like) if grad is None else self._time_major(passage, grad)

    def _last_grad(self, passage: _Passage, key: str, layer: int, zeros: Tensor) -> Tensor:
        grad = passage.grads.get(key)
        return zeros if grad is None else self._of_layer(grad, layer)


@contextmanager
def watch(model: nn.Module, probe_size: int | None = None) -> Iterator[Watch]:
    """Watch the recurrent modules of a model during a forward and a backward pass.

    The losses, weights and random numbers are the same with and without it.

    Args:
        model: holds unidirectional `nn.RNN`, `nn.LSTM` or `nn.GRU` modules, or is one.
        probe_size: record the first so many sequences of the batch; None: all.

    Raises:
        WatchError: when there is nothing to watch or a module cannot be measured.
    """
    if probe_size is not None and probe_size < 1:
        raise WatchError(f"probe_size must be 1 or more, or None for all, got {probe_size}.")
    if any(type(each).__name__ == "OptimizedModule" for each in model.modules()):
        raise WatchError("The model is compiled; watch the one that torch.compile was given.")
    found = {name: each for name, each in model.named_modules() if isinstance(each, nn.RNNBase)}
    if not found:
        kinds = sorted({type(each).__name__ for each in model.modules()})
        raise WatchError(
            f"The model must hold an nn.RNN, nn.LSTM or nn.GRU, got only {', '.join(kinds)}."
        )
    watching = Watch(probe_size)
    hooks = [
        module.register_forward_hook(
            lambda module, args, options, output, name=name: watching.note(
                name, module, _Call(*args, **options), output
            ),
            with_kwargs=True,
        )
        for name, module in found.items()
    ]
    try:
        yield watching
    finally:
        for hook in hooks:
            hook.remove()


def _refuse(name: str, module: nn.RNNBase, call: _Call) -> None:
    where = name or "the model"
    if module.bidirectional:
        raise WatchError(f"{where} is bidirectional; only one direction can be measured so far.")
    if module.proj_size:
        raise WatchError(
            f"{where} has proj_size={module.proj_size}; only 0 can be measured so far."
        )
    if module.dropout and module.training and module.num_layers > 1:
        raise WatchError(
            f"{where} drops out between its layers while training, which cannot be replayed; "
            "set its dropout to 0 or call eval()."
        )
    if not isinstance(call.input, Tensor):
        raise WatchError(
            f"{where} was given a {type(call.input).__name__}; give it a padded tensor."
        )
    if call.input.dtype not in (torch.float32, torch.float64):
        raise WatchError(f"{where} must be float32 or float64, got {call.input.dtype}.")


def _weights(module: nn.RNNBase, layer: int) -> Weights:
    """Copies of a layer's; zeros for biases it does not have."""
    ih, hh = (getattr(module, f"weight_{side}_l{layer}").detach().clone() for side in ("ih", "hh"))
    if not module.bias:
        return Weights(ih, hh, *2 * [hh.new_zeros(len(hh))])
    biases = (getattr(module, f"bias_{side}_l{layer}").detach().clone() for side in ("ih", "hh"))
    return Weights(ih, hh, *biases)


def _one_layer(
    module: nn.RNNBase, weights: Weights, inputs: Tensor, h0: Tensor, c0: Tensor
) -> Tensor:
    """The output of a lower layer, by PyTorch's own fused operation."""
    state: Any = h0.unsqueeze(0)
    if module.mode == "LSTM":
        state = [state, c0.unsqueeze(0)]
    operation = getattr(torch._VF, module.mode.lower())
    output: Tensor = operation(inputs, state, [*weights], True, 1, 0.0, False, False, False)[0]
    return output
