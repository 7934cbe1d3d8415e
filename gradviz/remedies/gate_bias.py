"""How the bias of the gate that keeps the memory starts: one value for all units, or chrono.

A high forget bias opens the LSTM's path from the start (Gers, Schmidhuber & Cummins 2000;
Jozefowicz, Zaremba & Sutskever 2015). Chrono initialisation gives each unit a memory of its own
length (Tallec & Ollivier 2018, arXiv 1804.11188, §2), with T_max the longest
dependency that is expected:

    b_f ~ ln U(1, T_max − 1),   b_i = −b_f

A gate of constant σ(b_f) = u/(1 + u) forgets in 1 + u timesteps, from 2 to T_max. PyTorch's GRU
keeps by its update gate z, whose bias takes the place of b_f. Where the gate that writes is the
keeping gate's complement there is no b_i: GRU, coupled LSTM (whose input gate takes −b_f), MGU
(whose gate forgets, and takes −b_f), QRNN, SRU.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gradviz.cells import RecurrentLayer, Stack


@torch.no_grad()
def set_forget_bias(module: nn.RNNBase | Stack, value: float) -> None:
    """Make the *sum* of the forget biases `value` in every layer, in place.

    PyTorch adds `bias_ih` and `bias_hh`; setting both to 1 would be a forget bias of 2.
    The one takes the whole value and the other is 0.

    Args:
        module: an `nn.LSTM`, or a Stack of layers with a forget gate.
        value: of the forget gate's pre-activation, where nothing else drives it.
    """
    for gates in _of_every_layer(module):
        gates.keeping(gates.biases[0].new_full((gates.hidden_size,), value))


@torch.no_grad()
def set_chrono_bias(module: nn.RNNBase | Stack, longest: int) -> None:
    """Chrono initialisation of every layer, in place, from the global generator.

    Args:
        module: an `nn.LSTM` or `nn.GRU`, or a Stack of layers with a gate that keeps.
        longest: T_max in timesteps, 2 or more.
    """
    for gates in _of_every_layer(module):
        drawn = torch.empty_like(gates.biases[0][: gates.hidden_size]).uniform_(1, longest - 1)
        gates.keeping(drawn.log())
        gates.writing(-drawn.log())


@dataclass
class _Gates:
    """Where the biases of one layer's gates are."""

    biases: list[Tensor]
    """Those that add up to the gates' own; rows gate by gate."""
    hidden_size: int
    kept_by: tuple[int, int]
    """The keeping gate's place, and the sign in which it keeps."""
    written_by: int | None
    """The place of an input gate that is not tied to it."""

    def keeping(self, value: Tensor) -> None:
        """Set b_f, (H,)."""
        place, sign = self.kept_by
        self._set(place, sign * value)

    def writing(self, value: Tensor) -> None:
        """Set b_i, (H,), where there is one."""
        if self.written_by is not None:
            self._set(self.written_by, value)

    def _set(self, place: int, value: Tensor) -> None:
        rows = slice(place * self.hidden_size, (place + 1) * self.hidden_size)
        first, *others = self.biases
        first[rows] = value
        for each in others:
            each[rows] = 0.0


def _of_every_layer(module: nn.RNNBase | Stack) -> Iterator[_Gates]:
    if isinstance(module, Stack):
        yield from map(_of_layer, module.layers)
        return
    # Of nn.GRU (r, z, n), of nn.LSTM (i, f, g, o).
    written_by = None if isinstance(module, nn.GRU) else 0
    for index in range(module.num_layers):
        for side in ("", "_reverse")[: 2 if module.bidirectional else 1]:
            pair = [module.get_parameter(f"bias_{way}_l{index}{side}") for way in ("ih", "hh")]
            yield _Gates(list(pair), module.hidden_size, (1, 1), written_by)


def _of_layer(layer: RecurrentLayer) -> _Gates:
    gate, sign = layer.forget_gate or ("update", 1)
    named = dict(layer.named_parameters(recurse=False))
    return _Gates(
        biases=[each for name, each in named.items() if name.startswith("bias")],
        hidden_size=layer.hidden_size,
        kept_by=(layer.gates.index(gate), sign),
        written_by=layer.gates.index("input") if {"input", "forget"} <= {*layer.gates} else None,
    )
