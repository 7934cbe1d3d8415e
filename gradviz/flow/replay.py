"""From a noted call of a fused module to a LayerFlow for each layer and direction.

Index legend: T timesteps, Q recorded sequences, L layers, D directions, P size of h_t.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from gradviz.cells import REPLAYS, LayerPass, Replay, State
from gradviz.flow.errors import WatchError
from gradviz.flow.layer_flow import LayerFlow
from gradviz.flow.measured import measured
from gradviz.flow.order import Order
from gradviz.flow.passage import Passage
from gradviz.flow.scaled import Scaled
from gradviz.flow.total_gradient import Direct

SAME = 1e-2
"""How far a replayed output may lie from the module's: rounding moves it by 1e-6, another
mask of dropout by the size of an activation."""


@measured
def layer_flows(passage: Passage, probes: int | None) -> dict[str, LayerFlow]:
    """By PyTorch's suffix: "l0", "l0_reverse", "l1", ….

    Raises:
        WatchError: when the dropout between layers cannot be drawn again, or a class of the user's
            own computes something else.
    """
    return _Layers(passage, probes).flows()


class _Layers:
    """A call's layers, replayed from the lowest up and scanned from the top down."""

    def __init__(self, passage: Passage, probes: int | None) -> None:
        self.passage, self.module = passage, passage.module
        self.probes = probes
        self.output = passage.time_major(passage.output, probes)
        lengths = passage.lengths
        self.lengths = None if lengths is None else lengths[:probes].to(self.output.device)
        self.dtype = (
            torch.float64
            if passage.weights["weight_hh_l0"].dtype == torch.float64
            else torch.float32
        )
        self.masks = self._masks()

    def flows(self) -> dict[str, LayerFlow]:
        passage, module = self.passage, self.module
        inputs = passage.time_major(passage.inputs, self.probes)
        replays: list[list[tuple[LayerPass, Replay]]] = []
        for layer in range(module.num_layers):
            output = self._output(layer, inputs)
            replays.append(self._replays(layer, inputs, output))
            inputs = output
            if self.masks is not None and layer < module.num_layers - 1:
                inputs = output * self.masks[layer]
        coming = Scaled(passage.grad_of_output(self.probes))
        found: list[tuple[str, LayerFlow]] = []
        for layer in reversed(range(module.num_layers)):
            flows = self._of_layer(layer, replays[layer], coming)
            names = [f"l{layer}", f"l{layer}_reverse"][: len(flows)]
            found = [*zip(names, flows, strict=True), *found]
            if layer:
                coming = self._below(layer, flows)
        return dict(found)

    def _output(self, layer: int, inputs: Tensor) -> Tensor:
        """(T, Q, D·P): the top layer's is known, but for what is to be compared."""
        if layer < self.module.num_layers - 1:
            return self._run(layer, inputs)
        is_known = self.masks is None and self.passage.is_plain
        if is_known and self.passage.is_output_kept:
            return self.output
        ours = self._run(layer, inputs)
        if is_known:
            return ours
        self._compare(ours)
        return self.output

    def _compare(self, ours: Tensor) -> None:
        """Refuse an output that is not what the layer gives when it is run again."""
        where, module = self.passage.name or "the model", self.module
        if not self.passage.is_output_kept:
            raise WatchError(
                f"The output of {where} was changed in place, so it cannot be compared with what "
                "is replayed; change a copy (output.clone())."
            )
        if _is_same(ours, self.output):
            return
        if not self.passage.is_plain:
            raise WatchError(
                f"{where} is of class {type(module).__name__}, which reads or gives something else "
                f"than its nn.{self._kind}; let it hold an nn.{self._kind} and call that."
            )
        raise WatchError(
            f"{where} drops out between its layers while training, and what it dropped on "
            f"{self.output.device} could not be drawn again; "
            "set its dropout to 0, or call eval() before the pass that is watched."
        )

    def _replays(
        self, layer: int, inputs: Tensor, output: Tensor
    ) -> list[tuple[LayerPass, Replay]]:
        """Of each direction, in the order in which it reads."""
        module, found = self.module, []
        for direction, hidden in enumerate(output.chunk(self.passage.directions, -1)):
            order, index = self._order(direction), layer * self.passage.directions + direction
            weights = self.passage.weights_of(layer, direction)
            hidden = order.turned(hidden).to(self.dtype)
            likes = [hidden[0]]
            if self._kind == "LSTM":
                likes.append(hidden.new_zeros(hidden.shape[1], module.hidden_size))
            passed = LayerPass(
                inputs=order.turned(inputs).to(self.dtype),
                output=hidden,
                start=tuple(
                    self.passage.start(part, index, like) for part, like in enumerate(likes)
                ),
                weights={name: each.to(self.dtype) for name, each in weights.items()},
                nonlinearity=getattr(module, "nonlinearity", ""),
            )
            found.append((passed, REPLAYS[self._kind](passed)))
        return found

    def _of_layer(
        self, layer: int, replays: list[tuple[LayerPass, Replay]], coming: Scaled
    ) -> list[LayerFlow]:
        flows = []
        for direction, (passed, replay) in enumerate(replays):
            order, index = self._order(direction), layer * len(replays) + direction
            width = passed.output.shape[-1]
            direct = coming.columns(direction * width, width).moved(order.turned)
            last: State = tuple(
                self.passage.grad_of_last(key, index, part)
                for key, part in zip(("h_n", "c_n"), passed.start, strict=False)
            )
            flows.append(
                LayerFlow(
                    cell_name=self._kind.lower(),
                    passed=passed,
                    replay=REPLAYS[self._kind],
                    replayed=replay,
                    direct=Direct(direct, last, known=self._known(layer)),
                    order=order,
                )
            )
        return flows

    def _known(self, layer: int) -> Tensor | None:
        is_top = layer == self.module.num_layers - 1
        known = self.passage.total_of_top(self.probes) if is_top else None
        return None if known is None else known.to(self.dtype)

    def _below(self, layer: int, flows: list[LayerFlow]) -> Scaled:
        """∂L/∂ the output of the layer below, from all directions."""
        coming = reduce(Scaled.plus, [flow.grad_below() for flow in flows])
        if self.masks is None:
            return coming
        mask = self.masks[layer - 1]
        return coming.linear(lambda each: each * mask)

    def _masks(self) -> list[Tensor] | None:
        """(T, Q, D·P) factors after each layer but the top, drawn again as PyTorch drew them."""
        passage, module = self.passage, self.module
        if not passage.is_dropping:
            return None
        whole = passage.output if isinstance(passage.output, PackedSequence) else None
        like = (
            passage.time_major(passage.output, None).contiguous() if whole is None else whole.data
        )
        with torch.random.fork_rng(devices=[]):
            if passage.random_state is not None:
                torch.set_rng_state(passage.random_state)
            ones = torch.ones_like(like, device="cpu")
            drawn = [
                torch.dropout(ones, module.dropout, True).to(like.device)
                for _ in range(module.num_layers - 1)
            ]
        if whole is None:
            return [each[:, : self.probes] for each in drawn]
        return [passage.time_major(whole._replace(data=each), self.probes) for each in drawn]

    def _run(self, layer: int, inputs: Tensor) -> Tensor:
        """A layer's output by PyTorch's own fused operation, as it ran then."""
        passage, directions = self.passage, self.passage.directions
        weights = [passage.weights_of(layer, direction) for direction in range(directions)]
        flat = [each for row in weights for each in row.values()]
        starts = [inputs.new_zeros(inputs.shape[1], weights[0]["weight_hh"].shape[1])]
        if self._kind == "LSTM":
            starts.append(inputs.new_zeros(inputs.shape[1], self.module.hidden_size))
        rows = range(layer * directions, (layer + 1) * directions)
        state = [
            torch.stack([passage.start(part, row, like) for row in rows])
            for part, like in enumerate(starts)
        ]
        kind = inputs.device.type
        with torch.autocast(kind, passage.autocast, enabled=passage.autocast is not None):
            return run_fused(self.module, inputs, self.lengths, state, flat)

    def _order(self, direction: int) -> Order:
        return Order(len(self.output), bool(direction), self.lengths)

    @property
    def _kind(self) -> str:
        return self.module.mode.split("_")[0]


def run_fused(
    module: nn.RNNBase,
    inputs: Tensor,
    lengths: Tensor | None,
    state: list[Tensor],
    weights: list[Tensor],
) -> Tensor:
    """(T, Q, D·P) of one layer, by the operation that the module itself calls."""
    operation = getattr(torch._VF, module.mode.lower())
    tail: tuple[Any, ...] = (weights, True, 1, 0.0, False, module.bidirectional)

    def given(state: list[Tensor]) -> Any:
        return state if module.mode == "LSTM" else state[0]

    # cuDNN would warn of weights that do not lie in one piece of memory.
    with torch.backends.cudnn.flags(enabled=False):
        if lengths is None:
            output: Tensor = operation(inputs, given(state), *tail, False)[0]
            return output
        packed = pack_padded_sequence(inputs, lengths.cpu(), enforce_sorted=False)
        assert packed.sorted_indices is not None
        state = [each[:, packed.sorted_indices] for each in state]
        data = operation(packed.data, packed.batch_sizes, given(state), *tail)[0]
        return pad_packed_sequence(packed._replace(data=data), total_length=len(inputs))[0]


def _is_same(ours: Tensor, theirs: Tensor) -> bool:
    return bool(
        torch.isclose(ours.float(), theirs.float(), rtol=0, atol=SAME, equal_nan=True).all()
    )
