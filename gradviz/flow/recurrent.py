"""Which modules of a model are recurrent, and which models cannot be watched."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from gradviz.cells import RecurrentLayer, Stack
from gradviz.flow.errors import WatchError

Recurrent = nn.RNNBase | nn.RNNCellBase | Stack | RecurrentLayer


def recurrent_modules(model: nn.Module) -> dict[str, Recurrent]:
    """By name; what is inside another that is found is followed with it.

    Raises:
        WatchError: for a model without any, compiled, scripted, or with one under two names.
    """
    found: dict[str, Recurrent] = {}
    names: dict[int, str] = {}
    kinds = set()
    for name, module in model.named_modules(remove_duplicate=False):
        kinds.add(type(module).__name__)
        if not isinstance(module, Recurrent) or _is_within(name, found):
            continue
        if id(module) in names:
            raise WatchError(
                f"{names[id(module)]} and {name} are the same module, so its calls cannot be told "
                "apart by name; watch that module by itself, which names them l0, l0#2, …."
            )
        names[id(module)], found[name] = name, module
    for kind, cause in {
        "OptimizedModule": ("compiled", "torch.compile"),
        "RecursiveScriptModule": ("scripted", "torch.jit.script"),
        "TopLevelTracedModule": ("traced", "torch.jit.trace"),
    }.items():
        if kind in kinds:
            raise WatchError(f"The model is {cause[0]}; watch the one that {cause[1]} was given.")
    if not found:
        raise WatchError(
            "The model must hold an nn.RNN, nn.LSTM or nn.GRU, or one of their cells, "
            f"got only {', '.join(sorted(kinds))}."
        )
    return found


def _is_within(name: str, found: Mapping[str, Recurrent]) -> bool:
    """Whether a module is part of one that was found: of a Stack, or of a layer of ours."""
    return any(not outer or name.startswith(f"{outer}.") for outer in found)
