"""Stack: layers upon each other, in one direction or two, with skips and dropout between them.

    bidirectional: y^l = [h^l forward; h^l backward]   (Schuster & Paliwal 1997)
    residual:      y^l = h^l + y^{l−1}                 (He et al. 2016, arXiv 1512.03385; for
                   stacked LSTMs Wu et al. 2016, arXiv 1609.08144)

A skip needs the sizes of both to agree: they do from the second layer on, and at the first one
where the inputs have as many units as its output. Dropout is of what goes from one layer to the
next, skips included (Zaremba et al. 2014, arXiv 1409.2329), as PyTorch's modules have it; a
normalisation comes in front of it and behind the skip.

Index legend: T timesteps, B sequences, I input size, D directions, P output size of a layer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from gradviz.cells.layer import RecurrentLayer
from gradviz.cells.linearisation import State


class Stack(nn.Module):
    """(T, B, I) to (T, B, D·P), like PyTorch's recurrent modules of any cell.

    Attributes:
        input_size: I.
        output_size: D·P.
        num_layers: of the stack.
        depth: how many of the layers run, from the lowest up: all, unless it is set.
        bidirectional: whether each layer reads both ways.
        residual: whether a layer adds what it reads to what it gives.
        between: makes the factors of dropout between two layers out of ones.
        norms: of what goes from a layer to the next, one each; empty without.
        layer_names: "l0", "l0_reverse", "l1", …, PyTorch's suffixes, by which they are attributes.
    """

    def __init__(
        self,
        make: Callable[[int], RecurrentLayer],
        input_size: int,
        num_layers: int = 1,
        *,
        bidirectional: bool = False,
        residual: bool = False,
        dropout: float = 0.0,
        norm: Callable[[int], nn.Module] | None = None,
    ) -> None:
        """Of num_layers · D layers.

        Args:
            make: a layer from its input size.
            input_size: of the first.
            num_layers: 1 or more.
            bidirectional: read both ways.
            residual: skips around the layers.
            dropout: share of the values between layers that is set to 0 while training.
            norm: makes a normalisation of so many units; None: there is none.
        """
        super().__init__()
        if num_layers < 1:
            raise ValueError(f"num_layers must be 1 or more, got {num_layers}.")
        self.input_size = input_size
        self.depth = num_layers
        self.num_layers, self.bidirectional, self.residual = num_layers, bidirectional, residual
        self.between = nn.Dropout(dropout)
        self.layer_names: list[str] = []
        for index in range(num_layers):
            row = [make(input_size) for _ in range(self.directions)]
            for suffix, layer in zip(("", "_reverse"), row, strict=False):
                self.layer_names.append(f"l{index}{suffix}")
                self.add_module(self.layer_names[-1], layer)
            input_size = sum(layer.output_size for layer in row)
        self.output_size = input_size
        norms = [norm(input_size) for _ in range(num_layers - 1)] if norm else []
        self.norms = nn.ModuleList(norms)

    @property
    def directions(self) -> int:
        """D."""
        return 2 if self.bidirectional else 1

    @property
    def is_dropping(self) -> bool:
        """Whether it drops out between its layers."""
        return self.training and self.between.p > 0

    @property
    def layers(self) -> list[RecurrentLayer]:
        """In the order of `layer_names`, in which they run."""
        found = [self.get_submodule(name) for name in self.layer_names]
        return [layer for layer in found if isinstance(layer, RecurrentLayer)]

    def is_skipped(self, index: int) -> bool:
        """Whether what layer 0 … num_layers − 1 reads is added to its output."""
        row = self.layers[index * self.directions : (index + 1) * self.directions]
        return self.residual and row[0].input_size == sum(each.output_size for each in row)

    def forward(
        self, inputs: Tensor, state: Sequence[State] | None = None
    ) -> tuple[Tensor, tuple[State, ...]]:
        """The outputs (T, B, D·P) of the top layer that runs, and the last states.

        Args:
            inputs: (T, B, I), time first.
            state: s_0 of each layer and direction, in the order of `layer_names`; None: zeros.
                What a pass gives as last states may be given to the next, through `detached`
                where no gradient is to go from one to the other.
        """
        layers, last = self.layers[: self.depth * self.directions], []
        if state is not None and len(state) != len(layers):
            raise ValueError(
                f"state must hold one for each of {', '.join(self.layer_names[: len(layers)])}, "
                f"got {len(state)}."
            )
        for index in range(self.depth):
            outputs = []
            for direction in range(self.directions):
                place = index * self.directions + direction
                read = inputs.flip(0) if direction else inputs
                output, end = layers[place](read, None if state is None else state[place])
                outputs.append(output.flip(0) if direction else output)
                last.append(end)
            output = outputs[0] if len(outputs) == 1 else torch.cat(outputs, -1)
            inputs = output + inputs if self.is_skipped(index) else output
            if index == self.depth - 1:
                break
            if self.norms:
                inputs = self.norms[index](inputs)
            if self.is_dropping:
                inputs = inputs * self.between(torch.ones_like(inputs))
        return inputs, tuple(last)


def of_another(network: Any, state: Any) -> Any:
    """A state for a network that reads something else: without the last inputs of this one."""
    if not isinstance(network, Stack):
        return state
    pairs = zip(network.layers, state, strict=True)
    return tuple(each[: len(layer.state_sizes)] for layer, each in pairs)


def detached(state: Any) -> Any:
    """A state without its history, for the next batch: a Stack's, or an nn.RNN's, LSTM's, GRU's."""
    if isinstance(state, tuple):
        return tuple(detached(part) for part in state)
    return None if state is None else state.detach()
