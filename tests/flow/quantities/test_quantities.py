"""The registry: every quantity gives what it declares, and nothing measured is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from every import every
from passes import KINDS, build, flow_of, inputs_of
from torch import Tensor

import gradviz
from gradviz.flow import LayerFlow, watch
from gradviz.flow.quantities import QUANTITIES, Quantity

DOCS = Path(__file__).parents[3] / "docs/instrument.md"

NOT_IN_THE_REGISTRY = {
    # What a layer is, and how it read.
    *("cell_name", "order", "passed", "steps", "widths", "state_size", "hidden", "cell"),
    *("output", "reads", "weight_hh", "alone", "on", "direct"),
    # For the layer below, and for the schedule of a live run.
    *("total", "grad_below", "states", "dear_cost"),
    # Other views of weight_grad_by_timestep.
    *("weight_grad", "weight_grad_at"),
}
"""Of LayerFlow's public names those that are no quantity."""

ALWAYS_MET = {None, "recurrent weights"}
NEEDS_MET = {
    "tanh": ALWAYS_MET | {"a plain RNN"},
    "relu": ALWAYS_MET | {"a plain RNN"},
    "lstm": ALWAYS_MET | {"a memory", "gates"},
    "gru": ALWAYS_MET | {"an update gate", "gates"},
}

CASES = [
    (kind, quantity)
    for kind in KINDS
    for quantity in QUANTITIES
    if quantity.of == "layer" and quantity.needs in NEEDS_MET[kind]
]


def arrays(value: Any) -> list[np.ndarray]:
    """One, or one each of a dictionary's or tuple's."""
    if isinstance(value, dict):
        return [array for each in value.values() for array in arrays(each)]
    if isinstance(value, tuple):
        return [array for each in value for array in arrays(each)]
    return [np.asarray(value)]


@every(("kind", "quantity"), CASES)
def test_a_quantity_gives_arrays_of_the_axes_it_declares(kind: str, quantity: Quantity) -> None:
    flow = flow_of(build(kind), inputs_of(6, 3))
    assert quantity.fits(flow)
    sizes = {"timestep": 6, "sequence": 3, "unit": 4, "state": flow.state_size, "side": 2}
    found = arrays(quantity.measure(flow))
    assert found
    for array in found:
        assert array.shape == tuple(sizes[axis] for axis in quantity.axes)
        assert array.dtype.kind in "fc"
        assert not np.isnan(array).any()


def test_every_measurement_of_a_layer_is_in_the_registry() -> None:
    flow = flow_of(build("lstm"), inputs_of(3, 1))
    public = {name for name in [*dir(LayerFlow), *vars(flow)] if not name.startswith("_")}
    named = [each.name for each in gradviz.quantities() if each.of == "layer"]
    assert len(named) == len(set(named))
    assert set(named) == public - NOT_IN_THE_REGISTRY


@pytest.mark.parametrize(
    "quantity", [each for each in QUANTITIES if each.of == "parameters"], ids=lambda each: each.name
)
def test_a_quantity_of_the_parameters_is_one_number(quantity: Quantity) -> None:
    module = build("gru")
    with watch(module) as watching:
        module(inputs_of(6, 3))[0].sum().backward()
    torch.nn.utils.clip_grad_value_(module.parameters(), 0.1)
    torch.optim.SGD(module.parameters(), lr=0.1).step()
    assert quantity.axes == ()
    found = quantity.measure(watching.parameters)
    assert isinstance(found, float)
    assert found == getattr(watching.parameters, quantity.name) > 0


def test_a_quantity_measures_what_the_layer_of_its_name_does() -> None:
    for kind in ("tanh", "lstm", "gru"):
        flow = flow_of(build(kind), inputs_of(4, 2))
        for quantity in QUANTITIES:
            if quantity.of != "layer" or not quantity.fits(flow):
                continue
            own = getattr(flow, quantity.name)
            if quantity.name == "jacobian_singular_values":
                own = own(t=1, b=0)
            elif quantity.name in ("jacobian", "jacobian_eigenvalues"):
                own = own(t=1)
            elif callable(own):
                own = own()
            for one, other in zip(arrays(own), arrays(quantity.measure(flow)), strict=True):
                np.testing.assert_array_equal(one, other)


def test_options_go_through() -> None:
    flow = flow_of(build("tanh"), inputs_of(4, 2))
    by_name = {each.name: each for each in gradviz.quantities()}
    one = by_name["transport_log10"].measure(flow, probes=1)
    assert isinstance(one, Tensor)
    assert one.shape == (4, 1)
    last = by_name["jacobian"].measure(flow, t=4)
    assert isinstance(last, Tensor)
    torch.testing.assert_close(last, flow.jacobian(4))


@every("quantity", QUANTITIES, ids=lambda each: each.name)
def test_a_quantity_says_what_it_is(quantity: Quantity) -> None:
    for words in (quantity.title, quantity.equation, quantity.paper, quantity.unit):
        assert words
        assert words == words.strip()
    assert quantity.name in str(quantity)
    assert quantity.equation in str(quantity)
    assert "<function" not in repr(quantity)


@every("quantity", QUANTITIES, ids=lambda each: each.name)
def test_the_docs_explain_it(quantity: Quantity) -> None:
    assert f"`{quantity.name}`" in DOCS.read_text("utf-8")


def test_an_unknown_axis_gets_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"^axes must be of timestep, .*, got time\.$"):
        Quantity(
            name="speed",
            title="speed",
            equation="v",
            paper="none",
            unit="1",
            axes=("time",),
            cost="light",
            measure=lambda flow: flow,
        )
