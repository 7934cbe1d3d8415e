"""Numbers below float32's range, and the flags of a thread that trains."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

import torch
from torch import Tensor

from gradviz.checks.check import Check
from gradviz.checks.expectation import AtMost, Near
from gradviz.checks.networks import last_summed
from gradviz.flow import LayerFlow
from gradviz.training import prepare_training_thread

TIMESTEPS = 400


def _vanishing() -> LayerFlow:
    """A float32 RNN of H = 8 whose products fall to about 1e-119."""
    module = torch.nn.RNN(2, 8)
    with torch.no_grad():
        module.get_parameter("weight_hh_l0").copy_(0.5 * torch.eye(8))
    return last_summed(module, torch.zeros(TIMESTEPS, 1, 2))


def _product(flow: LayerFlow, dtype: torch.dtype) -> Tensor:
    """∂h_T/∂h_1 as the plain product of the Jacobians."""
    product = torch.eye(8, dtype=dtype)
    for t in range(TIMESTEPS, 1, -1):
        product = product @ flow.jacobian(t)[0].to(dtype)
    return product.double()


def _largest_of_product() -> float:
    """The largest entry of the plain product in float32."""
    return float(_product(_vanishing(), torch.float32).abs().max())


def _transport_off() -> float:
    """Decades between the instrument's transport and the float64 product."""
    flow = _vanishing()
    expected = math.log10(float(torch.linalg.matrix_norm(_product(flow, torch.float64), 2)))
    return abs(float(flow.transport_log10()[0, 0]) - expected)


def _gradient_off() -> float:
    """Decades between ‖∂L/∂h_1‖₂ and that by the float64 product; L is the sum of h_T."""
    flow = _vanishing()
    expected = math.log10(float(_product(flow, torch.float64).sum(0).norm()))
    return abs(math.log10(float(flow.hidden_grad_norm[0, 0])) - expected)


def _in_thread(ask: Callable[[], float]) -> float:
    """In a new thread, whose flags are its own."""
    found: list[float] = []
    thread = threading.Thread(target=lambda: found.append(ask()))
    thread.start()
    thread.join()
    return found[0]


def _denormals() -> int:
    """How many of 1000 products of 1e-20 are not zero."""
    return int((torch.full((1000,), 1e-20) * 1e-20 != 0).sum())


def _denormals_when_training() -> float:
    def ask() -> float:
        prepare_training_thread()
        return _denormals()

    return _in_thread(ask)


def _denormals_elsewhere() -> float:
    """Of a thread, after another has set the flag for itself."""

    def ask() -> float:
        torch.set_flush_denormal(
            False
        )  # A thread begins with the flags of the one that started it.
        _denormals_when_training()
        return _denormals()

    return _in_thread(ask)


def _threads_when_training() -> float:
    def ask() -> float:
        prepare_training_thread()
        return torch.get_num_threads()

    before = torch.get_num_threads()
    try:
        return _in_thread(ask)
    finally:
        torch.set_num_threads(before)


CHECKS = (
    Check(
        name="float32_floor_trap",
        title="Largest entry of ∂h_T/∂h_1 over T = 400 as a plain float32 product: it looks like "
        "exactly zero.",
        source="least float32 1.4e-45; a trap",
        expects=Near(0.0),
        measure=_largest_of_product,
    ),
    Check(
        name="transport_below_float32",
        title="‖∂h_T/∂h_1‖₂, about 1e-119, by gradviz from float32 weights: decades off the "
        "float64 product.",
        source="product of the Jacobians in float64",
        expects=AtMost(0.001),
        measure=_transport_off,
    ),
    Check(
        name="gradient_below_float32",
        title="‖∂L/∂h_1‖₂ there by gradviz: decades off the float64 product.",
        source="product of the Jacobians in float64",
        expects=AtMost(0.001),
        measure=_gradient_off,
    ),
    Check(
        name="denormals_flushed",
        title="Of 1000 products below 1e-38, so many are not zero in a thread that trains; each "
        "would slow the step.",
        source="torch.set_flush_denormal(True)",
        expects=Near(0),
        measure=_denormals_when_training,
    ),
    Check(
        name="denormals_elsewhere_trap",
        title="And in another thread: the flag belongs to the thread that set it.",
        source="torch.set_flush_denormal; a trap",
        expects=Near(1000),
        measure=_denormals_elsewhere,
    ),
    Check(
        name="one_thread",
        title="Torch threads of a thread that trains.",
        source="gradviz.training.prepare_training_thread",
        expects=Near(1),
        measure=_threads_when_training,
    ),
)
