"""watch(model): note what passes through its recurrent modules, and replay it afterwards.

The model runs PyTorch's own modules untouched. Hooks note each call's inputs, a copy of the
weights (the optimiser changes them in place) and the *direct* gradients at its outputs;
nothing is computed until a layer is asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence
from torch.utils.hooks import RemovableHandle

from gradviz.cells import RecurrentLayer, Stack
from gradviz.flow.cell_loop import CellLoops, Loop, loop_flows
from gradviz.flow.copies import WeightCopies
from gradviz.flow.errors import WatchError
from gradviz.flow.hooks import Hook
from gradviz.flow.layer_flow import LayerFlow
from gradviz.flow.parameter_flow import ParameterFlow
from gradviz.flow.passage import Passage
from gradviz.flow.recurrent import Recurrent, recurrent_modules
from gradviz.flow.replay import layer_flows
from gradviz.flow.stack_call import Ran, StackCall, call_of, follow_stack
from gradviz.flow.stack_replay import stack_flows
from gradviz.flow.summary import summary

NO_TASK = -1
"""What PyTorch says outside of a backward pass."""

Call = Passage | StackCall | Loop


class Watch:
    """What was noted; see `watch`.

    Attributes:
        parameters: the gradients of all parameters, before the clip and now.
    """

    def __init__(self, probe_size: int | None) -> None:
        self._probe_size = probe_size
        self._begin()

    def _begin(self) -> None:
        self._passages: list[Passage | StackCall] = []
        self._copies = WeightCopies()
        self._loops = CellLoops(self._copies)
        self._layers: dict[str, LayerFlow] | None = None
        self._frozen: str | None = None
        self._again: tuple[int, set[str]] = (NO_TASK, set())
        self._twice: str | None = None
        self.parameters = ParameterFlow()

    @property
    def _calls(self) -> list[Call]:
        return [*self._passages, *self._loops.found]

    @property
    def layers(self) -> dict[str, LayerFlow]:
        """LayerFlow by "module.l0", "module.l0_reverse"; "l0" when the model is the module.

        A module's second call in one pass has "#2" behind the name; a cell called in a loop
        has its own name. A call that the loss did not use is left out.

        Raises:
            WatchError: before forward and backward have run, or when what ran cannot be measured.
        """
        if self._layers is None:
            self._layers = self._replayed()
        return self._layers

    def summary(self) -> str:
        """A table of the layers: horizon, weakest timestep, saturation, pre-clip norm, reading.

        It measures the transport of up to eight sequences, which takes a moment.

        Raises:
            WatchError: as `layers`.
        """
        return summary(self.layers, self.parameters)

    def _replayed(self) -> dict[str, LayerFlow]:
        calls = self._calls
        if not calls and self._frozen is not None:
            raise WatchError(
                f"No gradient flows through {self._frozen or 'the model'}: neither its parameters "
                "nor what it reads require one; call requires_grad_() on either."
            )
        if self._twice is not None:
            raise WatchError(
                f"{self._twice or 'The model'} ran several times within checkpoints of "
                "use_reentrant=True, which run in another order; pass use_reentrant=False."
            )
        if not calls:
            raise WatchError(
                "Nothing was noted; run the forward pass, with gradients enabled, "
                "inside `with watch`, and not through a compiled copy of the model."
            )
        if not any(call.is_reached for call in calls):
            raise WatchError(
                f"No gradient has come back to {calls[0].name or 'the model'}; "
                "call loss.backward() first."
            )
        counts: dict[str, int] = defaultdict(int)
        found: dict[str, LayerFlow] = {}
        for call in calls:
            counts[call.name] += 1
            if call.is_reached:
                call.check()
                number = "" if counts[call.name] == 1 else f"#{counts[call.name]}"
                for suffix, flow in self._flows(call).items():
                    found[".".join(filter(None, (call.name, suffix))) + number] = flow
        return found

    def _flows(self, call: Call) -> dict[str, LayerFlow]:
        if isinstance(call, Passage):
            return layer_flows(call, self._probe_size)
        if isinstance(call, StackCall):
            return stack_flows(call, self._probe_size)
        return loop_flows(call, self._probe_size)

    def _is_wanted(self, name: str, output: Tensor) -> bool:
        """Whether a call is part of a pass to measure; a pass after a backward begins anew."""
        if not output.requires_grad:
            if torch.is_grad_enabled() and self._frozen is None:
                self._frozen = name
            return False
        if (task := torch._C._current_graph_task_id()) != NO_TASK:
            return self._is_wanted_again(name, task)
        if any(call.is_reached for call in self._calls):
            self._begin()
        self._layers = None
        return True

    def _is_wanted_again(self, name: str, task: int) -> bool:
        """Of a call within backward: a checkpoint runs it a second time.

        What a checkpoint of use_reentrant=True ran in the forward pass was not noted, for it has
        no graph.
        """
        before, names = self._again
        if any(call.name == name for call in self._calls) and name not in names:
            return False
        if before not in (NO_TASK, task):
            parameters = self.parameters  # Some have their gradient of this pass already.
            self._begin()
            self.parameters, names = parameters, set()
        if name in names:
            self._twice = name
            return False
        self._again, self._layers = (task, {*names, name}), None
        return True

    def note_fused(
        self,
        name: str,
        state: torch.Tensor | None,
        module: nn.RNNBase,
        args: tuple[Any, ...],
        options: dict[str, Any],
        output: Any,
    ) -> None:
        """Forward hook of an nn.RNN, nn.LSTM or nn.GRU.

        `state` is of the random generator before the call, where the module drops out.
        """
        if torch.compiler.is_compiling():
            return
        sequence = output[0].data if isinstance(output[0], PackedSequence) else output[0]
        if self._is_wanted(name, sequence):
            given = _call(*args, **options)
            self._passages.append(Passage.of(name, module, given, output, state, self._copies))

    def note_stack(
        self,
        name: str,
        module: Stack | RecurrentLayer,
        ran: list[Ran],
        masks: list[Tensor],
        output: Tensor,
        normed: Sequence[tuple[nn.Module, Tensor]] = (),
    ) -> None:
        """Forward hook of a Stack, or of a layer by itself."""
        if not torch.compiler.is_compiling() and self._is_wanted(name, output):
            self._passages.append(call_of(name, module, ran, masks, output, normed))

    def note_cell(
        self,
        name: str,
        module: nn.RNNCellBase,
        args: tuple[Any, ...],
        options: dict[str, Any],
        output: Any,
    ) -> None:
        """Forward hook of an nn.RNNCell, nn.LSTMCell or nn.GRUCell."""
        if torch.compiler.is_compiling():
            return
        if self._is_wanted(name, output[0] if isinstance(output, tuple) else output):
            self._loops.note(name, module, *_call(*args, **options), output)


def _call(input: Tensor | PackedSequence, hx: Any = None) -> tuple[Any, Any]:
    """What a recurrent module was called with, by position or by name."""
    return input, hx


@contextmanager
def watch(model: nn.Module, probe_size: int | None = None) -> Iterator[Watch]:
    """Watch the recurrent modules of a model during a forward and a backward pass.

    The losses, weights and random numbers are the same with and without it. A forward pass
    after a backward pass begins anew, so a whole training may go on inside.

    Args:
        model: holds `nn.RNN`, `nn.LSTM` or `nn.GRU` modules, `nn.RNNCell`, `nn.LSTMCell` or
            `nn.GRUCell` called in a loop, or layers of gradviz's own (Stack, RecurrentLayer);
            or is one.
        probe_size: record the first so many sequences of the batch; None: all.

    Raises:
        WatchError: when there is nothing to watch or a module cannot be measured.
    """
    if probe_size is not None and probe_size < 1:
        raise WatchError(f"probe_size must be 1 or more, or None for all, got {probe_size}.")
    watching = Watch(probe_size)
    hooks: list[RemovableHandle] = []
    try:
        for name, module in recurrent_modules(model).items():
            hooks += _follow(watching, name, module)
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                hooks.append(_follow_parameter(watching, name, parameter))
        yield watching
    finally:
        for hook in hooks:
            hook.remove()


def _follow(watching: Watch, name: str, module: Recurrent) -> Iterator[RemovableHandle]:
    if isinstance(module, Stack | RecurrentLayer):
        yield from follow_stack(watching, name, module)
        return
    if isinstance(module, nn.RNNCellBase):
        noted = Hook(partial(watching.note_cell, name))
        yield module.register_forward_hook(noted, with_kwargs=True, prepend=True)
        return
    states: list[Tensor] = []

    def before(module: nn.RNNBase, args: tuple[Any, ...]) -> None:
        states.clear()
        if module.dropout and module.training and module.num_layers > 1:
            states.append(torch.get_rng_state())

    def after(module: nn.RNNBase, args: Any, options: Any, output: Any) -> None:
        state = states[0] if states else None
        watching.note_fused(name, state, module, args, options, output)

    yield module.register_forward_pre_hook(Hook(before))
    # Before the user's own, which may give on something else than the module made.
    yield module.register_forward_hook(Hook(after), with_kwargs=True, prepend=True)


def _follow_parameter(watching: Watch, name: str, parameter: nn.Parameter) -> RemovableHandle:
    handle: RemovableHandle = parameter.register_post_accumulate_grad_hook(
        lambda changed: watching.parameters.note(name, parameter)
    )
    return handle
