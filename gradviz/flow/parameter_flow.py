"""ParameterFlow: what the clip and the optimiser did to the gradient of all parameters."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from gradviz.flow.errors import WatchError
from gradviz.flow.grad_norm import norm_of
from gradviz.flow.measured import measured
from gradviz.remedies import angle_between

LAYER_SUFFIX = re.compile(r"_l\d+(_reverse)?$")


class ParameterFlow:
    """Gradients and weights as they were when backward had run, beside those of now.

    So ask for what concerns the clip after clipping, and for what concerns the update after
    the optimiser's step.
    """

    def __init__(self) -> None:
        self._noted: dict[str, tuple[nn.Parameter, Tensor, Tensor]] = {}

    @measured
    def note(self, name: str, parameter: nn.Parameter) -> None:
        """Copy a parameter and its gradient."""
        if parameter.grad is not None:
            grad = parameter.grad.detach()
            self._noted[name] = (parameter, parameter.detach().clone(), grad.clone())

    @property
    def names(self) -> list[str]:
        """Of the parameters that received a gradient."""
        return list(self._noted)

    @property
    @measured
    def grad_norm_pre(self) -> float:
        """‖g‖₂ of all parameters together, before any clip.

        In float64: torch's own is inf for float32 gradients beyond 1e19.
        """
        return _norm([grad for _, _, grad in self._all()])

    @measured
    def norm_of_layer(self, name: str) -> float | None:
        """‖g‖₂ before any clip of a layer's own parameters; None where it was not noted.

        `name` is a key of `watch.layers`: "encoder.l0_reverse#2", or a cell's.
        """
        place = name.split("#")[0]
        grads = [grad for key, (_, _, grad) in self._noted.items() if _is_of(key, place)]
        return _norm(grads) if grads else None

    @property
    @measured
    def grad_norm_post(self) -> float:
        """‖g‖₂ of the gradients as they are now."""
        return _norm([grad for _, grad in self._now()])

    @property
    def clip_factor(self) -> float:
        """Post-clip over pre-clip norm; 1 for a zero gradient."""
        before = self.grad_norm_pre
        return self.grad_norm_post / before if before else 1.0

    @property
    @measured
    def clip_angle(self) -> float:
        """Degrees between the gradient before the clip and now; nan where either is zero."""
        pairs = self._now()
        return angle_between([_flat(a) for a, _ in pairs], [_flat(b) for _, b in pairs])

    @property
    @measured
    def update_to_weight(self) -> float:
        """‖w_now − w‖₂ / ‖w‖₂ of all parameters together; about 1e-3 is usual."""
        moved = [parameter.detach() - weight for parameter, weight, _ in self._all()]
        return _ratio(_norm(moved), _norm([weight for _, weight, _ in self._all()]))

    @property
    @measured
    def update_to_weight_by_name(self) -> Mapping[str, float]:
        """The same for each parameter."""
        self._all()
        return {
            name: _ratio(_norm([parameter.detach() - weight]), _norm([weight]))
            for name, (parameter, weight, _) in self._noted.items()
        }

    def _all(self) -> list[tuple[nn.Parameter, Tensor, Tensor]]:
        if not self._noted:
            raise WatchError(
                "No parameter has received a gradient; call loss.backward() inside `with watch`."
            )
        return list(self._noted.values())

    def _now(self) -> list[tuple[Tensor, Tensor]]:
        """Each gradient as noted, and as it is now."""
        if any(parameter.grad is None for parameter, _, _ in self._all()):
            raise WatchError(
                "The gradients are gone; ask for what the clip did before optimizer.zero_grad()."
            )
        return [
            (noted, parameter.grad.detach())
            for parameter, _, noted in self._all()
            if parameter.grad is not None
        ]


def _is_of(key: str, place: str) -> bool:
    """Whether a parameter is a layer's.

    Its name lies below that of a cell in a loop or a layer of a Stack; ends as that of a layer of
    a fused module; or has no layer's suffix where a layer of ours is by itself, as "l0".
    """
    module, _, suffix = place.rpartition(".")
    parent, _, own = key.rpartition(".")
    if key.startswith(f"{place}."):
        return True
    is_alone = suffix == "l0" and not LAYER_SUFFIX.search(own)
    return parent == module and (own.endswith(f"_{suffix}") or is_alone)


def _flat(values: Tensor) -> Tensor:
    """In float64; of a sparse gradient its rows."""
    values = values.coalesce().values() if values.is_sparse else values
    return values.double().flatten()


def _norm(parts: list[Tensor]) -> float:
    return float(torch.linalg.vector_norm(torch.stack([norm_of(part) for part in parts])))


def _ratio(moved: float, size: float) -> float:
    return moved / size if size else math.nan
