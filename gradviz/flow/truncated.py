"""Truncated backpropagation: one LayerFlow of a sequence whose backward pass went by windows.

Index legend: T timesteps, B recorded sequences, P size of h_t, H hidden size.

A gradient that is truncated is no other scan over other Jacobians, but a sum of scans, each over
the timesteps of its window alone: δ_t = Σ_w δ_t of window w. So what a window's own LayerFlow
found is put in its place and added; it is exactly zero where no window reaches. States, gates,
Jacobians and transport are of the whole forward pass, which goes on where a gradient stops.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from gradviz.cells import LayerPass, Linearisation, followed
from gradviz.config import Window
from gradviz.flow.errors import WatchError
from gradviz.flow.layer_flow import LayerFlow
from gradviz.flow.measured import measured
from gradviz.flow.order import Order
from gradviz.flow.scaled import Scaled
from gradviz.flow.steps import cast
from gradviz.flow.total_gradient import LOWEST, TotalGradient


@measured
def joined(flows: Mapping[str, LayerFlow], windows: Sequence[Window]) -> dict[str, LayerFlow]:
    """The flows of one module's calls, a call a window, as one flow a layer.

    Args:
        flows: "l0", "l0#2", … as `watch` names them.
        windows: of the calls in their order; what they have from `since` to `end` follows each
            other without a gap, from t = 1 to T.

    Raises:
        WatchError: when there are not as many calls as windows, or for a layer that reads backward.
    """
    calls: dict[str, list[LayerFlow]] = {}
    for name, flow in flows.items():
        calls.setdefault(name.split("#")[0], []).append(flow)
    found = {}
    for name, of_layer in calls.items():
        if len(of_layer) != len(windows):
            raise WatchError(
                f"{name} must have been called once a window, {len(windows)} times, got "
                f"{len(of_layer)} calls that a gradient came back to; watch one sequence."
            )
        if of_layer[0].order.is_reverse:
            raise WatchError(
                f"{name} reads backward, so that its state does not go on from window to window; "
                "truncate a network that reads forward only."
            )
        found[name] = _whole(of_layer, windows)
    return found


def _whole(calls: Sequence[LayerFlow], windows: Sequence[Window]) -> LayerFlow:
    passed = _followed([call.passed for call in calls], windows)
    direct = ByWindows(tuple(zip(calls, windows, strict=True)))
    return calls[0].on(passed, direct, Order(len(passed.output)))


def _followed(passes: Sequence[LayerPass], windows: Sequence[Window]) -> LayerPass:
    """Each window's own timesteps, one after the other."""
    places = [window.since - window.first for window in windows]
    return replace(
        passes[0],
        inputs=torch.cat([each.inputs[n:] for each, n in zip(passes, places, strict=True)]),
        output=torch.cat([each.output[n:] for each, n in zip(passes, places, strict=True)]),
        masks=followed([each.masks.since(n) for each, n in zip(passes, places, strict=True)]),
        memory=tuple(
            torch.cat([part[n:] for part, n in zip(parts, places, strict=True)])
            for parts in zip(*(each.memory for each in passes), strict=True)
        ),
    )


@dataclass(frozen=True)
class ByWindows:
    """What comes from outside the recurrence, window by window: each in a flow of its own."""

    windows: tuple[tuple[LayerFlow, Window], ...]

    @property
    def output(self) -> Scaled | None:
        """None: each window's own flow has handed its gradient on to the layer below."""
        return None

    def alone(self, b: int) -> ByWindows:
        """At the states of one sequence."""
        return ByWindows(tuple((flow.alone(b), window) for flow, window in self.windows))

    def total(self, steps: Linearisation) -> TotalGradient:
        """The sum of the windows' own.

        Args:
            steps: of the whole sequence.
        """
        totals = [(flow.total, window) for flow, window in self.windows]
        timesteps = self.windows[-1][1].end
        sums = [
            _sum([(total.scaled(total.parts[part]), window) for total, window in totals], timesteps)
            for part in range(len(totals[0][0].parts))
        ]
        parts = tuple(each.mantissa for each in sums)
        return TotalGradient(parts, sums[0].exponent, cast(steps, parts[0].dtype))


def _sum(terms: Sequence[tuple[Scaled, Window]], timesteps: int) -> Scaled:
    """(T, B, size), each term in the rows of its window."""
    dtype = max((term.mantissa.dtype for term, _ in terms), key=lambda each: each.itemsize)
    like = terms[0][0].mantissa
    mantissa = like.new_zeros(timesteps, *like.shape[1:], dtype=dtype)
    exponent = torch.full_like(mantissa[..., :1], LOWEST, dtype=torch.int32)
    for term, window in terms:
        rows = slice(window.first, window.end)
        term = term.linear(lambda each: each.to(dtype))
        added = Scaled(mantissa[rows], exponent[rows]).plus(term)
        assert added.exponent is not None
        mantissa[rows], exponent[rows] = added.mantissa, added.exponent
    return Scaled(mantissa, exponent.where(exponent > LOWEST, 0))
