"""Glossary: every term of the pages, in a sentence or two, with its equation and where it is from.

Letters: t = 1…T timesteps, h hidden state, c an LSTM's memory, s the whole state (h, or h and c),
L loss, J_t = ∂s_t/∂s_{t−1}, P_t = ∂s_T/∂s_t, δ_t = ∂L/∂h_t, a_t what a unit sums up, w weights,
g gradient of all weights, η learning rate, θ clip threshold, d and m masks, p a share that is
dropped, or kept by zoneout.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gradviz.glossary.clipping import CLIPPING
from gradviz.glossary.gates import GATES
from gradviz.glossary.gradients import GRADIENTS
from gradviz.glossary.initialisation import STARTS
from gradviz.glossary.jacobians import JACOBIANS
from gradviz.glossary.pictures import PICTURE_TERMS, terms_in
from gradviz.glossary.remedies import REMEDIES
from gradviz.glossary.shapes import SHAPES
from gradviz.glossary.term import Term
from gradviz.glossary.training import TRAINING

__all__ = ["PICTURE_TERMS", "TERMS", "Term", "terms_in"]

TERMS: Mapping[str, Term] = MappingProxyType(
    {
        **TRAINING,
        **GRADIENTS,
        **JACOBIANS,
        **GATES,
        **STARTS,
        **CLIPPING,
        **REMEDIES,
        **SHAPES,
    }
)
"""Key → term, in a teaching order."""
