"""Pascanu's Ω, which asks each timestep to pass the gradient on at its size."""

from __future__ import annotations

from gradviz.script.draft import Draft
from gradviz.script.errors import cannot

FIELDS = frozenset({"omega"})

_NOTE = "Ω is computed in float64, in gradviz mostly not: after many steps last digits may differ."

_SLOPES = ("tanh", "relu", "leaky_relu", "elu", "sigmoid", "linear")


def write(draft: Draft) -> None:
    """Its gradient is added behind the way back, so that the loss stays the task's.

    Through a batch norm, which couples sequences, the gradient of a lower layer is autograd's.
    """
    if not draft.config.omega:
        return
    draft.notes.append(_NOTE)
    layers = [f"model.{each}" for each in draft.layers]
    if draft.config.num_layers > 1 and draft.config.norm != "batch":
        _of_stacks(draft, layers)
    elif hears_each_layer(draft) or len(layers) > 1:
        every = draft.use("training.omega", "layers_heard")
        draft.started.append(f"heard = {' + '.join(f'{every}({each})' for each in layers)}")
        lines = (f"found = {_ways_back(draft, 'each')}", _added(draft, "each"))
        draft.backward += ["for each in heard:", *(f"    {line}" for line in lines)]
    else:
        heard = draft.use("training.omega", "Heard")
        draft.started.append(f"heard = {heard}({layers[0]})")
        draft.backward += [f"found = {_ways_back(draft, 'heard')}", _added(draft, "heard")]


def _ways_back(draft: Draft, heard: str) -> str:
    """The expression that finds δ of a layer by itself."""
    scan = draft.use("training.omega", "total_gradients" if _windows(draft) else "directions")
    return f"{draft.use('training.omega', 'ways_back')}({heard}, {_slope(draft)}, {scan})"


def _of_stacks(draft: Draft, stacks: list[str]) -> None:
    """Each by itself: an encoder, a decoder."""
    level = draft.use("training.omega_of_stack", "Level")
    down = draft.use("training.omega_of_stack", "go_down")
    rows = ", ".join(f"[{level}(each) for each in {stack}.layers]" for stack in stacks)
    draft.started.append(f"stacks = [{rows}]")
    trained = "[e for e in levels if e.reads]" if draft.is_pretrained else "levels"
    found = f"{down}({trained}, {_slope(draft)}, skips={draft.config.residual})"
    draft.backward = [_retaining(each) for each in draft.backward]
    draft.backward += [
        "for levels in stacks:",
        f"    for each, found in {found}:",
        f"        {_added(draft, 'each')}",
    ]


def _retaining(line: str) -> str:
    """The way back through the layers, after which autograd still knows what is between them."""
    if line == "loss.backward()":
        return "loss.backward(retain_graph=True)"
    return line.replace("(own, asked)", "(own, asked, retain_graph=True)")


def _added(draft: Draft, heard: str) -> str:
    """The line that adds the gradient."""
    windows = _windows(draft)
    whole = draft.use("training.omega", "summed" if windows else "followed")
    found = f"*{whole}(found{f', {windows}' if windows else ''})"
    add = draft.use("training.omega", "add_omega")
    return f"{add}({heard}.weight, {found}, {draft.setting('omega')})"


def _windows(draft: Draft) -> str:
    """The constant of windows that overlap; empty without."""
    return "WINDOWS" if "WINDOWS" in draft.settings else ""


def hears_each_layer(draft: Draft) -> bool:
    """Whether what each of several layers gives must be known, which one module would hide."""
    config = draft.config
    return config.omega > 0 and (config.num_layers > 1 or config.bidirectional)


def _slope(draft: Draft) -> str:
    """The function that is φ′."""
    cell, activation = draft.config.cell, draft.config.activation
    known = {"rnn": activation, "irnn": "relu", "linear_rnn": "linear"}
    if cell not in known:
        raise cannot("cell", known, cell)
    if known[cell] not in _SLOPES:
        raise cannot("activation", _SLOPES, activation)
    return draft.use("training.slopes", f"{known[cell]}_slope")
