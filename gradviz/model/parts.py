"""Which of a model's parameters are input weights, recurrent weights and biases of its layers.

Index legend: G gates of a cell, H hidden size, I input size of a layer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn

from gradviz.cells import RecurrentLayer
from gradviz.model.window import WindowLayers

_PREFIXES = {"inputs": "weight_ih", "recurrent": "weight_hh", "biases": "bias"}
"""Of PyTorch's names, which our own cells share."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """Of all recurrent layers, directions, encoder and decoder.

    The baseline without memory has input weights and biases. In none of the first three are an
    embedding, the readout, attention, peepholes, gains, a highway's weights.
    """

    inputs: tuple[nn.Parameter, ...]
    """W_ih, (G·H, I) each; of a convolution the weights of all its inputs side by side."""
    recurrent: tuple[nn.Parameter, ...]
    """W_hh, (G·H, H) each."""
    biases: tuple[nn.Parameter, ...]
    """(G·H,) each, two of a layer of PyTorch's."""
    matrices: tuple[nn.Parameter, ...]
    """Every weight matrix of the model, readout and attention included, but for embeddings."""


def parts_of(model: nn.Module) -> Parts:
    """A model's."""
    found: dict[str, list[nn.Parameter]] = {part: [] for part in _PREFIXES}
    for name, parameter in _named(model):
        for part, prefix in _PREFIXES.items():
            if name.startswith(prefix):
                found[part].append(parameter)
    tables = {id(each.weight) for each in model.modules() if isinstance(each, nn.Embedding)}
    return Parts(
        inputs=tuple(found["inputs"]),
        recurrent=tuple(found["recurrent"]),
        biases=tuple(found["biases"]),
        matrices=tuple(
            each for each in model.parameters() if each.dim() == 2 and id(each) not in tables
        ),
    )


def _named(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """The layers' own parameters, by the names that recurrent layers give them."""
    for module in model.modules():
        if isinstance(module, nn.RNNBase | RecurrentLayer):
            yield from module.named_parameters(recurse=False)
        elif isinstance(module, WindowLayers):
            for layer in module.layers:
                for name, parameter in layer.named_parameters():
                    yield {"weight": "weight_ih"}.get(name, name), parameter


def recurrent_weights(watched: nn.Module) -> dict[str, nn.Parameter]:
    """(G·H, H) W_hh by the name that the instrument gives its layer: "l0", "encoder.l0_reverse".

    Args:
        watched: what the instrument watches of a model.
    """
    found = {}
    for outer, module in watched.named_modules():
        if isinstance(module, nn.RNNBase | RecurrentLayer):
            for name, parameter in module.named_parameters(recurse=False):
                if name.startswith("weight_hh"):
                    suffix = name.removeprefix("weight_hh").removeprefix("_")
                    found[".".join(filter(None, (outer, suffix)))] = parameter
    return found
