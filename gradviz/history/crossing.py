"""Encoder and decoder on one axis of time: the gradient that crosses from one to the other.

Index legend: S timesteps of the encoder, T of the decoder, P probe sequences.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradviz.history.floats import Floats
from gradviz.history.records import Frame, LayerFrame, is_reversed


@dataclass(frozen=True, kw_only=True, slots=True)
class Crossing:
    """The layers of an encoder–decoder, lowest first, by name."""

    encoder: dict[str, LayerFrame]
    decoder: dict[str, LayerFrame]

    @property
    def encoder_timesteps(self) -> int:
        """S; the decoder's t = 1 is at S + 1 of the common axis."""
        return max(len(layer.hidden_grad_log10) for layer in self.encoder.values())

    @property
    def decoder_timesteps(self) -> int:
        """T."""
        return max(len(layer.hidden_grad_log10) for layer in self.decoder.values())

    @property
    def timesteps(self) -> int:
        """S + T."""
        return self.encoder_timesteps + self.decoder_timesteps

    def offset(self, name: str) -> int:
        """What is added to a layer's own t."""
        return 0 if name in self.encoder else self.encoder_timesteps

    @property
    def tops(self) -> tuple[LayerFrame, LayerFrame]:
        """The last layer of each that reads forward; the last of all where none does."""
        return _top(self.encoder), _top(self.decoder)

    @property
    def hidden_grad_log10(self) -> Floats:
        """(S + T, P) of the top layers: log10 ‖∂L/∂h‖."""
        return np.concatenate([layer.hidden_grad_log10 for layer in self.tops])

    @property
    def arriving_log10(self) -> float:
        """log10 of what arrives at the encoder's t = 1 of the gradient at the decoder's t = 1.

        Of the top layers, in the middle probe; nan where one of them is zero or not finite.
        """
        return self._arriving(self.tops[0].hidden_grad_log10)

    @property
    def by_bottleneck_log10(self) -> Floats | None:
        """(S, P) of the encoder's top layer: what came by its last state alone, where measured.

        Without attention that is all of it.
        """
        return self.tops[0].last_state_grad_log10

    @property
    def arriving_alone_log10(self) -> float:
        """As `arriving_log10`, of what came by the bottleneck alone; nan where not measured."""
        alone = self.by_bottleneck_log10
        return np.nan if alone is None else self._arriving(alone)

    def _arriving(self, encoder_SP: Floats) -> float:
        first, later = (each[0].astype(np.float64) for each in (encoder_SP, self._decoder))
        with np.errstate(invalid="ignore"):
            probes = np.sort(first - later)
        # The middle probe's, of an even number the upper of two: one that was measured.
        value = float(probes[len(probes) // 2])
        return value if np.isfinite(value) else np.nan

    @property
    def _decoder(self) -> Floats:
        return self.tops[1].hidden_grad_log10


def crossing(frame: Frame | None) -> Crossing | None:
    """None where a frame is not of one call of an encoder and one of a decoder.

    By the modules' names: "encoder.l0", "model.decoder.l1_reverse".
    """
    parts: dict[str, dict[str, LayerFrame]] = {"encoder": {}, "decoder": {}}
    for name, layer in (frame.layers if frame else {}).items():
        part = _part(name)
        if part not in parts or "#" in name:
            return None
        parts[part][name] = layer
    return Crossing(**parts) if all(parts.values()) else None


def _part(name: str) -> str:
    """The module's own name, "encoder" of "model.encoder.l0"."""
    return name.rpartition(".")[0].rpartition(".")[2]


def _top(layers: dict[str, LayerFrame]) -> LayerFrame:
    forward = [layer for name, layer in layers.items() if not is_reversed(name)]
    return (forward or list(layers.values()))[-1]
